/** Cases made of people's texts: what was written, by whom, where; taken and closed here. */
import { MapPin, MessageSquareText } from 'lucide';
import type { TextCase } from '../api/inbound';
import { Button } from '../design/Button';
import { Icon } from '../design/Icon';
import { ago, named, t, time } from '../i18n';
import { look } from '../map/CityMap';
import { textCases } from '../state/cases';
import { nowMs } from '../state/clock';
import { go, openMember } from '../state/place';
import { CaseMoves, CaseState, storyOf } from './case-parts';
import { phoneOf } from './manage/messages/words';

export function TextCaseRow({ found }: { found: TextCase }) {
  const { member, number, unit, texts, taken_at, ended_at } = found;
  const more = found.count - texts.length;
  return (
    <li class="entry" data-testid="text-case">
      <span class="line">
        <Icon node={MessageSquareText} size={20} title={t('textcase')} />
        <strong class="grow clip">{named(unit)}</strong>
        <CaseState found={found} />
      </span>
      <span class="second num">
        {t('cases.since', {
          at: time(found.opened_at, nowMs.value),
          ago: ago(found.opened_at, nowMs.value),
        })}
        {' · '}
        {found.opened_by ? t('textcase.by', { who: found.opened_by.name }) : t('textcase.itself')}
      </span>
      {texts.map((each) => (
        <p key={each.id} class="message">
          {each.text}
        </p>
      ))}
      {more > 0 && <span class="row-more">{t('textcase.more', { count: more })}</span>}
      <span class="line-wrap">
        {member && (
          <button type="button" class="link" onClick={() => openMember(member.id)}>
            {member.name}
          </button>
        )}
        <a class="num" href={`tel:${number}`}>
          {phoneOf(number)}
        </a>
      </span>
      {(taken_at || ended_at) && <span class="row-more">{storyOf(found)}</span>}
      <span class="line-wrap">
        <CaseMoves found={found} of={textCases} testId="text-case" />
        <Button icon={MapPin} look="plain" onClick={() => show(found)}>
          {t('cases.place')}
        </Button>
      </span>
    </li>
  );
}

function show({ unit, lon, lat }: TextCase): void {
  go({ unit: unit.id });
  if (lon !== null && lat !== null) look({ lon, lat });
}

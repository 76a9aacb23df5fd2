import { Check, CheckCheck, MapPin } from 'lucide';
import type { Emergency } from '../api/types';
import { Badge } from '../design/Badge';
import { Button } from '../design/Button';
import { Empty, Failure, Skeleton } from '../design/Feedback';
import { Panel } from '../design/Panel';
import { PresenceMark } from '../design/Presence';
import { ago, named, t, time } from '../i18n';
import { ruleCases, textCases } from '../state/cases';
import { nowMs } from '../state/clock';
import { close, emergencies, emergenciesError, loadEmergencies, take } from '../state/emergencies';
import { openPanel } from '../state/place';
import { goTo } from './Alarm';
import { RuleCaseRow } from './RuleCases';
import { TextCaseRow } from './TextCases';

/** SOS calls, cases of rules and of texts: open ones first, SOS before all, then those of before. */
export function CasesPanel() {
  return (
    <Panel title={t('cases')} label={t('cases')} onClose={() => openPanel(null)} flush>
      <Cases />
    </Panel>
  );
}

function Cases() {
  if (emergencies.value === null) {
    const error = emergenciesError.value;
    return error ? (
      <Failure what={t('cases')} error={error} onRetry={() => void loadEmergencies()} />
    ) : (
      <Skeleton label={t('cases')} />
    );
  }
  const ofRules = ruleCases.list.value ?? [];
  const ofTexts = textCases.list.value ?? [];
  const broken = [ruleCases, textCases].filter(({ error }) => error.value !== null);
  if (emergencies.value.length + ofRules.length + ofTexts.length + broken.length === 0)
    return <Empty title={t('cases.none')}>{t('cases.none.how')}</Empty>;
  const rank = (each: Emergency) => (each.closed_at !== null ? 2 : each.taken_at !== null ? 1 : 0);
  const ordered = emergencies.value.toSorted((a, b) => rank(a) - rank(b));
  const calls = (isOver: boolean) =>
    ordered
      .filter(({ closed_at }) => (closed_at !== null) === isOver)
      .map((emergency) => <Case key={emergency.id} emergency={emergency} />);
  const found = (isOver: boolean) => [
    ...ofRules
      .filter(({ ended_at }) => (ended_at !== null) === isOver)
      .map((each) => <RuleCaseRow key={`rule ${each.id}`} found={each} />),
    ...ofTexts
      .filter(({ ended_at }) => (ended_at !== null) === isOver)
      .map((each) => <TextCaseRow key={`text ${each.id}`} found={each} />),
  ];
  return (
    <>
      {broken.map(({ error, load }, place) => (
        <Failure
          key={place} // there are two, in this order
          what={t('cases.all')}
          error={error.value}
          onRetry={() => void load()}
        />
      ))}
      <ul class="entries">
        {calls(false)}
        {found(false)}
        {calls(true)}
        {found(true)}
      </ul>
    </>
  );
}

function Case({ emergency }: { emergency: Emergency }) {
  const { member, taken_at, closed_at } = emergency;
  const isOpen = closed_at === null;
  return (
    <li class="entry" data-testid="case-row">
      <span class="line">
        {isOpen && <PresenceMark state="fresh" sos />}
        <strong class="grow clip">{member?.name ?? t('sos.unknown')}</strong>
        {!isOpen ? (
          <Badge>{t('sos.closed')}</Badge>
        ) : taken_at ? (
          <Badge tone="good">{t('sos.taken')}</Badge>
        ) : (
          <Badge tone="bad">{t('sos.open')}</Badge>
        )}
      </span>
      <span class="second num">
        {time(emergency.pressed_at, nowMs.value)} · {ago(emergency.pressed_at, nowMs.value)}
        {emergency.grid && ` · ${named(emergency.grid)}`}
      </span>
      {member?.phone && (
        <a class="num" href={`tel:${member.phone}`}>
          {member.phone}
        </a>
      )}
      {emergency.note && <p class="message">{emergency.note}</p>}
      {taken_at && (
        <span class="row-more">
          {t('sos.takenby', { who: emergency.taken_by?.name ?? '–', ago: ago(taken_at, nowMs.value) })}
        </span>
      )}
      {isOpen && (
        <span class="line-wrap">
          <Button icon={MapPin} onClick={() => goTo(emergency)}>
            {t('sos.show')}
          </Button>
          {taken_at ? (
            <Button icon={CheckCheck} onClick={() => void close(emergency.id)} testId="close-case">
              {t('sos.close')}
            </Button>
          ) : (
            <Button icon={Check} look="main" onClick={() => void take(emergency.id)}>
              {t('sos.take')}
            </Button>
          )}
        </span>
      )}
    </li>
  );
}

/** What they said, and beside it what the draft says; where both are the same it stands once. */
import { ArrowRight } from 'lucide';
import type { ComponentChildren } from 'preact';
import type { Reading, Said, Suggested, Why } from '../../api/cap';
import { Icon } from '../../design/Icon';
import { LevelMark } from '../../design/LevelMark';
import { Section } from '../../design/Panel';
import { named, number, t, time, tWord } from '../../i18n';
import { nowMs } from '../../state/clock';

const MOST_UNITS = 24;
const PERCENT = 100;

interface Props {
  reading: Reading;
  said: Said;
  draft: Suggested;
}

export function Mapping({ reading, said, draft }: Props) {
  const when = (at: string | null) => (at ? time(at, nowMs.value) : '–');
  return (
    <>
      <Section title={t('cap.mapping')}>
        <div class="cap-map" data-testid="cap-mapping">
          <span class="cap-side">{t('cap.theirs')}</span>
          <span />
          <span class="cap-side">{t('cap.ours')}</span>
          <Line
            name={t('level')}
            theirs={reading.why.level?.said || said.severity}
            ours={<LevelMark level={draft.level} size={20} named />}
            why={reading.why.level}
          />
          <Line
            name={t('compose.event')}
            theirs={said.event}
            ours={tWord('event', draft.event)}
            why={reading.why.event}
          />
          <Line name={t('compose.headline')} theirs={said.headline || '–'} ours={draft.headline} />
          {said.expires_at && (
            <Line
              name={t('cap.expires')}
              theirs={when(said.expires_at)}
              ours={draft.expires_at ? when(draft.expires_at) : t('cap.expires.none')}
            />
          )}
          <Line
            name={t('cap.drill')}
            theirs={reading.status}
            ours={draft.is_drill ? t('drill') : t('cap.drill.no')}
          />
        </div>
      </Section>
      <Where reading={reading} said={said} draft={draft} />
      <Section title={t('compose.description')}>
        <p class="alert-text">{draft.description || '–'}</p>
      </Section>
      {draft.instruction && (
        <Section title={t('compose.instruction')}>
          <p class="alert-text">{draft.instruction}</p>
        </Section>
      )}
      <Section title={t('cap.details')}>
        <p class="second">
          {t('cap.values', {
            severity: said.severity,
            urgency: said.urgency,
            certainty: said.certainty,
            onset: when(said.effective_at),
          })}
        </p>
        {said.parameters.length > 0 && (
          <p class="second cap-pairs">
            {said.parameters.map(({ name, value }) => `${name}: ${value}`).join(' · ')}
          </p>
        )}
      </Section>
    </>
  );
}

interface LineProps {
  name: string;
  theirs: string;
  ours: ComponentChildren;
  why?: Why;
}

function Line({ name, theirs, ours, why }: LineProps) {
  return (
    <>
      <span class="cap-name">{name}</span>
      {theirs === ours ? (
        <span class="cap-same">{theirs}</span>
      ) : (
        <>
          <span class="cap-theirs">{theirs}</span>
          <span class="cap-arrow">
            <Icon node={ArrowRight} />
          </span>
          <span class="cap-ours">{ours}</span>
        </>
      )}
      {why && <span class="cap-why">{why.why}</span>}
    </>
  );
}

/** The area in their words, and our units that it touches, each with the share that lies in it. */
function Where({ reading, said, draft }: Props) {
  const shown = reading.units.slice(0, MOST_UNITS);
  const isAll = draft.targets.length === 1 && reading.units.length > 1;
  return (
    <Section title={t('cap.where')}>
      <p class="alert-text">{said.places.join(t('list.comma')) || '–'}</p>
      {said.geocodes.length > 0 && (
        <p class="second cap-pairs">
          {said.geocodes.map(({ name, value }) => `${name} ${value}`).join(' · ')}
        </p>
      )}
      {isAll && <p class="second">{t('cap.where.all', { name: named(draft.targets[0]!) })}</p>}
      <div class="chips" data-testid="cap-units">
        {shown.map((unit) => (
          <span key={unit.id} class="chip chip-plain">
            {named(unit)}
            <span class="quiet num">{unit.share === null ? t('cap.coded') : shareOf(unit.share)}</span>
          </span>
        ))}
        {reading.units.length > shown.length && (
          <span class="second">{t('cap.where.more', { count: reading.units.length - shown.length })}</span>
        )}
      </div>
    </Section>
  );
}

function shareOf(share: number): string {
  const percent = share * PERCENT;
  return percent < 1 ? '<1 %' : `${number(percent)} %`;
}

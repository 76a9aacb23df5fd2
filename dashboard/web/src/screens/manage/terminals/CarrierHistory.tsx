/** Who carried it from when to when: one bar for the whole time, then each with its dates. */
import type { TerminalCard } from '../../../api/terminals';
import { Section } from '../../../design/Panel';
import { day, t, time } from '../../../i18n';
import { type Carried, carriedSpans } from '../../../state/carriers';
import { nowMs } from '../../../state/clock';

export function CarrierHistory({ terminal }: { terminal: TerminalCard }) {
  const spans = carriedSpans(terminal.carriers, terminal.issued_at, nowMs.value);
  return (
    <Section title={t('terminals.history')}>
      {spans.length === 0 && <p class="second">{t('terminals.history.none')}</p>}
      {spans.length > 1 && (
        <div class="carried-bar" aria-hidden="true">
          {[...spans].reverse().map((span) => (
            <span
              key={span.since}
              class={span.isNow ? 'carried-part carried-now' : 'carried-part'}
              style={{ flexGrow: span.share }}
              title={span.member.name}
            />
          ))}
        </div>
      )}
      <ol class="carried" data-testid="carriers">
        {spans.map((span) => (
          <li key={span.since} class={span.isNow ? 'carried-row carried-now' : 'carried-row'}>
            <span class="carried-dot" />
            <span class="grow">{span.member.name}</span>
            <span class="second num">{when(span)}</span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

function when({ isAlways, isNow, since, until }: Carried): string {
  const from = moment(since);
  if (isAlways) return isNow ? t('carried.always') : t('carried.first', { until: moment(until!) });
  return isNow ? t('carried.since', { from }) : t('carried.span', { from, until: moment(until!) });
}

const HOURS_MATTER_MS = 48 * 3_600_000;

/** Of late the hour matters, later on the day is enough. */
const moment = (at: string): string =>
  nowMs.value - Date.parse(at) < HOURS_MATTER_MS ? time(at, nowMs.value) : day(at);

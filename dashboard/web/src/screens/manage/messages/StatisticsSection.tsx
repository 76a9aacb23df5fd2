/** Figures of messages: each day, unit, provider and state, and how long they took to arrive. */
import { useState } from 'preact/hooks';
import {
  DELIVERY_STATES,
  getStatistics,
  type States,
  type Statistics,
  type Times,
} from '../../../api/messages';
import { Failure, Skeleton } from '../../../design/Feedback';
import { Select, TextField } from '../../../design/Field';
import { Page } from '../../../design/Page';
import { Section } from '../../../design/Panel';
import { ago, named, number, span, t } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { nowMs } from '../../../state/clock';
import { isPhone } from '../../../state/frame';
import { UnitFilter, unitFilter } from '../forms/UnitFilter';
import { kindName, ShareBar, ShareLegend, ShareParts, StateBadge, shareOf } from './words';

const EVERY_MS = 30_000;
const percent = (part: number, of: number): string => (of === 0 ? '–' : `${number((part / of) * 100, 1)}%`);
const took = (seconds: number | null): string =>
  seconds === null ? '–' : seconds < 10 ? `${number(seconds, 1)} s` : span(seconds);

export function StatisticsSection() {
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [channel, setChannel] = useState('sms');
  const query = { unit: unitFilter.value, from, to, channel };
  const { value, error, reload } = useFetched(
    `message statistics ${JSON.stringify(query)}`,
    () => getStatistics(query),
    EVERY_MS,
  );
  return (
    <Page
      title={t('section.sms-statistics')}
      note={
        value?.counted_at
          ? t('sms.counted', { ago: ago(value.counted_at, nowMs.value) })
          : t('section.sms-statistics.note')
      }
      filters={
        <>
          <UnitFilter />
          <Select
            bare
            name="statistics-channel"
            label={t('sms.channel')}
            value={channel}
            onValue={setChannel}
            options={(['sms', 'terminal', 'push'] as const).map((each) => [each, t(`sms.channel.${each}`)])}
          />
          <TextField
            type="date"
            name="statistics-from"
            label={t('audit.from')}
            value={from || (value?.from ?? '')}
            onValue={setFrom}
          />
          <TextField
            type="date"
            name="statistics-to"
            label={t('audit.to')}
            value={to || (value?.to ?? '')}
            onValue={setTo}
          />
        </>
      }
    >
      {value ? (
        <Figures value={value} />
      ) : error ? (
        <Failure what={t('section.sms-statistics')} error={error} onRetry={reload} />
      ) : (
        <Skeleton label={t('section.sms-statistics')} />
      )}
    </Page>
  );
}

function Figures({ value }: { value: Statistics }) {
  const { delivered, waiting, failed, expired, unknown, total } = shareOf(value.states);
  const settled = delivered + failed + expired + unknown;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <div class="statistics" tabIndex={0} role="group" aria-label={t('section.sms-statistics')}>
      <div class="plan-figures" data-testid="figures">
        <Figure name={t('sms.statistics.total')} value={number(total)} isMain />
        <Figure name={t('sms.statistics.delivered')} value={percent(delivered, settled)} />
        <Figure name={t('sms.share.failed')} value={number(failed)} />
        <Figure name={t('sms.share.expired')} value={number(expired)} />
        <Figure name={t('sms.share.unknown')} value={number(unknown)} />
        <Figure name={t('sms.statistics.waiting')} value={number(waiting)} />
        <Figure name={t('sms.statistics.p50')} value={took(value.times.p50_s)} />
        <Figure name={t('sms.statistics.p90')} value={took(value.times.p90_s)} />
      </div>
      <Section title={t('sms.statistics.days')}>
        <ShareLegend />
        <Days days={value.days} />
      </Section>
      <div class="statistics-pair">
        <Breakdown
          title={t('sms.statistics.units')}
          head={t('filter.unit')}
          rows={value.units.map((each) => ({
            key: String(each.unit.id),
            name: each.is_itself ? t('sms.statistics.itself', { unit: named(each.unit) }) : named(each.unit),
            states: each.states,
            times: each.times,
          }))}
        />
        <div class="statistics-column">
          <ByState states={value.states} />
          <Breakdown
            title={t('sms.statistics.providers')}
            head={t('sms.provider')}
            rows={value.providers.map((each) => ({
              key: each.provider,
              name: each.provider || t('sms.statistics.noprovider'),
              states: each.states,
              times: each.times,
            }))}
          />
          <Breakdown
            title={t('sms.statistics.kinds')}
            head={t('sms.kind')}
            rows={value.kinds.map((each) => ({
              key: each.kind,
              name: kindName(each.kind),
              states: each.states,
            }))}
          />
        </div>
      </div>
    </div>
  );
}

const Figure = ({ name, value, isMain }: { name: string; value: string; isMain?: boolean }) => (
  <div class={isMain ? 'plan-figure plan-main' : 'plan-figure'}>
    <span class="plan-value num">{value}</span>
    <span class="second">{name}</span>
  </div>
);

/** A column for each day, as high as the busiest one allows; in words for who cannot see it. */
function Days({ days }: { days: Statistics['days'] }) {
  const highest = Math.max(1, ...days.map((each) => shareOf(each.states).total));
  const every = Math.ceil(days.length / (isPhone.value ? 5 : 16));
  return (
    <ul class="days" aria-label={t('sms.statistics.days')} data-testid="days">
      {days.map((each, at) => {
        const share = shareOf(each.states);
        const words = t('sms.share', { ...share });
        return (
          <li key={each.day} class="day" title={`${each.day}: ${words}`} aria-label={`${each.day}: ${words}`}>
            <span class="day-count num" aria-hidden="true">
              {share.total > 0 ? number(share.total) : ''}
            </span>
            <span class="day-room" aria-hidden="true">
              <span class="day-bar" style={{ height: `${(share.total / highest) * 100}%` }}>
                <ShareParts share={share} />
              </span>
            </span>
            <span class="day-name num" aria-hidden="true">
              {at % every === 0 ? each.day.slice(5) : ''}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

/** How many stand in each state, those that nothing is in as well. */
function ByState({ states }: { states: States }) {
  const { total } = shareOf(states);
  return (
    <Section title={t('sms.statistics.states')}>
      <table class="breakdown" data-testid="by-state">
        <thead>
          <tr>
            <th scope="col">{t('sms.state')}</th>
            <th scope="col" class="data-end">
              {t('sms.statistics.messages')}
            </th>
            <th scope="col" class="data-end">
              {t('sms.statistics.part')}
            </th>
          </tr>
        </thead>
        <tbody>
          {DELIVERY_STATES.map((state) => (
            <tr key={state}>
              <th scope="row">
                <StateBadge state={state} />
              </th>
              <td class="data-end num">{number(states[state] ?? 0)}</td>
              <td class="data-end num">{percent(states[state] ?? 0, total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

interface BreakdownProps {
  title: string;
  head: string;
  rows: readonly { key: string; name: string; states: States; times?: Times }[];
}

function Breakdown({ title, head, rows }: BreakdownProps) {
  const hasTimes = rows.some(({ times }) => times !== undefined);
  return (
    <Section title={title}>
      {rows.length === 0 ? (
        <p class="second">{t('sms.statistics.none')}</p>
      ) : (
        <table class="breakdown">
          <thead>
            <tr>
              <th scope="col">{head}</th>
              <th scope="col" class="data-end">
                {t('sms.statistics.messages')}
              </th>
              <th scope="col">{t('sms.progress')}</th>
              {hasTimes && (
                <th scope="col" class="data-end">
                  {t('sms.statistics.half')}
                </th>
              )}
              {hasTimes && (
                <th scope="col" class="data-end">
                  {t('sms.statistics.most')}
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ key, name, states, times }) => (
              <tr key={key}>
                <th scope="row" class="clip">
                  {name}
                </th>
                <td class="data-end num">{number(shareOf(states).total)}</td>
                <td>
                  <ShareBar states={states} />
                </td>
                {hasTimes && <td class="data-end num">{took(times?.p50_s ?? null)}</td>}
                {hasTimes && <td class="data-end num">{took(times?.p90_s ?? null)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

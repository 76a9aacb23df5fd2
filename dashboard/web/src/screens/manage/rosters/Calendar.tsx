/** Two weeks of a roster: a row for each kind of shift, a column for each day, in it who is there. */
import { ChevronLeft, ChevronRight } from 'lucide';
import { useState } from 'preact/hooks';
import { type CalendarDay, getCalendar, type RosterCard } from '../../../api/duty';
import type { Named } from '../../../api/types';
import { Button, SquareButton } from '../../../design/Button';
import { Empty, Failure, Skeleton } from '../../../design/Feedback';
import { day, t, weekday } from '../../../i18n';
import { useFetched } from '../../../state/async';
import { nowMs } from '../../../state/clock';
import { dateAfter, mondayOf } from '../../../state/cycle';

const DAYS = 14;

/** The date it is now where the roster is kept. */
const todayIn = (timezone: string, now: number): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: timezone }).format(now);

export function Calendar({ roster }: { roster: RosterCard }) {
  const today = todayIn(roster.timezone, nowMs.value);
  const [from, setFrom] = useState(mondayOf(today));
  const { value, error, reload } = useFetched(`calendar ${roster.id} ${from}`, () =>
    getCalendar(roster.id, from, DAYS),
  );
  return (
    <div class="calendar">
      <div class="calendar-head">
        <SquareButton
          icon={ChevronLeft}
          label={t('rosters.before')}
          onClick={() => setFrom(dateAfter(from, -DAYS))}
        />
        <strong class="num" aria-live="polite">
          {t('carried.span', { from: day(from), until: day(dateAfter(from, DAYS - 1)) })}
        </strong>
        <SquareButton
          icon={ChevronRight}
          label={t('rosters.after')}
          onClick={() => setFrom(dateAfter(from, DAYS))}
        />
        <Button onClick={() => setFrom(mondayOf(today))}>{t('rosters.today')}</Button>
      </div>
      {!value &&
        (error ? (
          <Failure what={t('rosters.calendar')} error={error} onRetry={reload} />
        ) : (
          <Skeleton label={t('rosters.calendar')} />
        ))}
      {value && roster.shifts.length === 0 && (
        <Empty title={t('rosters.noshifts')}>{t('rosters.noshifts.how')}</Empty>
      )}
      {value && roster.shifts.length > 0 && <Weeks days={value.days} today={today} zone={roster.timezone} />}
    </div>
  );
}

interface Kind {
  key: string;
  name: string;
  starts: string;
  ends: string;
}

/** The kinds of shift of these days, by the hour they begin. */
function kindsOf(days: readonly CalendarDay[], clock: (at: string) => string): Kind[] {
  const found = new Map<string, Kind>();
  for (const { shifts } of days)
    for (const { name, starts_at, ends_at } of shifts) {
      const [starts, ends] = [clock(starts_at), clock(ends_at)];
      found.set(`${starts} ${ends} ${name}`, { key: `${starts} ${ends} ${name}`, name, starts, ends });
    }
  return [...found.values()].sort((a, b) => a.key.localeCompare(b.key));
}

function Weeks({ days, today, zone }: { days: readonly CalendarDay[]; today: string; zone: string }) {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
  const clock = (at: string) => format.format(new Date(at));
  const kinds = kindsOf(days, clock);
  const people = (date: CalendarDay, kind: Kind): readonly Named[] | null =>
    date.shifts.find(
      ({ name, starts_at, ends_at }) => `${clock(starts_at)} ${clock(ends_at)} ${name}` === kind.key,
    )?.members ?? null;
  return (
    <section class="calendar-weeks" aria-label={t('rosters.calendar')} data-testid="calendar">
      {[days.slice(0, DAYS / 2), days.slice(DAYS / 2)].map((week) => (
        <table key={week[0]?.date} class="calendar-table">
          <thead>
            <tr>
              <td />
              {week.map(({ date }) => (
                <th key={date} scope="col" class={dayClass(date, today)}>
                  <span class="second">{weekday(date)}</span> <span class="num">{Number(date.slice(8))}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {kinds.map((kind) => (
              <tr key={kind.key}>
                <th scope="row">
                  {kind.name}
                  <span class="quiet num calendar-hours">{`${kind.starts}–${kind.ends}`}</span>
                </th>
                {week.map((date) => (
                  <td key={date.date} class={dayClass(date.date, today)}>
                    <People people={people(date, kind)} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </section>
  );
}

function People({ people }: { people: readonly Named[] | null }) {
  if (people === null) return null;
  if (people.length === 0) return <span class="calendar-nobody">{t('rosters.nobody')}</span>;
  return (
    <span class="calendar-people">
      {people.map(({ id, name }) => (
        <span key={id} class="calendar-person">
          {name}
        </span>
      ))}
    </span>
  );
}

function dayClass(date: string, today: string): string {
  const weekend = [0, 6].includes(new Date(`${date}T00:00:00Z`).getUTCDay());
  return [date === today && 'calendar-today', weekend && 'calendar-weekend'].filter(Boolean).join(' ');
}

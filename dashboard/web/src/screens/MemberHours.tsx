/** A member's day by the hour: how far, and in which grids for how long. */
import { getHours, type HourInGrid } from '../api/history';
import { Button } from '../design/Button';
import { clockHour, named, number, span, t } from '../i18n';
import { useFetched } from '../state/async';
import { serverNow } from '../state/clock';
import { byHour, type Hour, sums } from '../state/hours';
import { midnight } from '../state/spans';

const KM_M = 1000;
const HOUR_S = 3600;

const way = (metres: number): string =>
  metres < KM_M ? `${number(metres)} m` : `${number(metres / KM_M, 1)} km`;
const gridName = (row: HourInGrid): string => (row.grid ? named(row.grid) : t('hours.elsewhere'));

/** Loaded once, when it is opened: each look enters the audit trail. */
export function MemberHours({ id }: { id: number }) {
  const { value, error, reload } = useFetched(`hours ${id}`, () => getHours(id, midnight(serverNow())));
  if (!value) {
    return error ? <Button onClick={reload}>{t('hours.retry')}</Button> : <p class="quiet">{t('loading')}</p>;
  }
  if (value.hours.length === 0) return <p class="second">{t('hours.none')}</p>;
  const all = sums(value.hours);
  return (
    <>
      <p class="line" data-testid="hours-sum">
        <strong class="num">{way(all.distanceM)}</strong>
        <span class="second num">{t('hours.in', { span: span(all.inGridsS), count: all.grids })}</span>
      </p>
      <ol class="hours">
        {byHour(value.hours).map((hour) => (
          <HourRow key={hour.hour} hour={hour} />
        ))}
      </ol>
    </>
  );
}

function HourRow({ hour }: { hour: Hour }) {
  const inGridsS = hour.grids.reduce((sum, { in_grid_s }) => sum + in_grid_s, 0);
  return (
    <li class="hour">
      <span class="hour-at num">{clockHour(hour.hour)}</span>
      <span class="hour-what">
        {hour.grids.map((row) => (
          <span key={row.grid?.id ?? 0} class="hour-grid">
            <span class="clip">{gridName(row)}</span>
            <span class="second num">{span(row.in_grid_s)}</span>
          </span>
        ))}
        <span class="hour-bar" aria-hidden="true">
          <span style={{ width: `${Math.min(100, (inGridsS / HOUR_S) * 100)}%` }} />
        </span>
      </span>
      <span class="hour-way num">{way(hour.distanceM)}</span>
    </li>
  );
}

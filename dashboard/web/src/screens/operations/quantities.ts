/** Quantities as people read them: rates, milliseconds, shares. */
import { locale, number, t } from '../../i18n';

export type Kind = 'rate' | 'count' | 'ms' | 'share';

const SECOND_MS = 1_000;

/** Few digits: one after the point only where the number is small. Null is a dash: nobody knows. */
export function shown(value: number | null, kind: Kind): string {
  if (value === null) return '–';
  if (kind === 'share') return new Intl.NumberFormat(locale.value, { style: 'percent' }).format(value);
  if (kind === 'ms')
    return value < SECOND_MS
      ? t('ops.ms', { value: number(value) })
      : t('ops.s', { value: number(value / SECOND_MS, 1) });
  return number(value, kind === 'rate' && value < 10 ? 1 : 0);
}

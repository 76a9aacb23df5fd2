/** Who was where: what is asked, and what to do when the answer is no list. */
import type { Polygon } from 'geojson';
import { ApiError } from '../api/errors';
import type { Where } from '../api/history';

/** A drawn area, while there is one, goes before the unit. */
export const whereOf = (unit: number, area: Polygon | null): Where => (area ? { area } : { unit });

/** Whether an answer for one place is an answer for another: the same unit, or the very same drawing. */
export function isSamePlace(one: Where, other: Where): boolean {
  if ('area' in one) return 'area' in other && one.area === other.area;
  return 'unit' in other && one.unit === other.unit;
}

export type Advice = 'was.much.area' | 'was.much.unit' | 'was.flaw.crossing';

/** What to do about a refusal; null when the server's own words say it. */
export function adviceFor(error: unknown, where: Where): Advice | null {
  if (!(error instanceof ApiError)) return null;
  if (error.word === 'too_much') return 'area' in where ? 'was.much.area' : 'was.much.unit';
  // What the form could not see: a point finer than the lattice.
  if (error.kind === 'invalid' && error.message.startsWith('body.area')) return 'was.flaw.crossing';
  return null;
}

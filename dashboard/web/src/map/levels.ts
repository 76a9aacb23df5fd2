/** Which levels of grids are drawn, and for which unit each is fetched: whole when small, else below the chosen unit. */
import type { Unit } from '../api/types';
import type { GridLevel } from './grids';

const MOST_AT_ONCE = 1500; // polygons of one level: more are neither told apart nor quick to fetch

/** Levels present below the root, coarsest first, each with its number of units. */
export function gridLevels(units: readonly Unit[], rankOf: (level: string) => number): GridLevel[] {
  const counts = new Map<string, number>();
  for (const { level } of units) if (level !== 'department') counts.set(level, (counts.get(level) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => rankOf(a) - rankOf(b))
    .map(([code, count], rank) => ({ code, rank, count }));
}

/** The unit to fetch a level for, or null while it has too many grids to be of use. */
export function scopeOf(
  level: GridLevel,
  root: number,
  chosen: number,
  countBelow: (unit: number, level: string) => number,
): number | null {
  if (level.count <= MOST_AT_ONCE) return root;
  return countBelow(chosen, level.code) <= MOST_AT_ONCE ? chosen : null;
}

/** Adds each grid's numbers to all its ancestors. */
export function sumUp<T extends { online: number; silent: number; total: number; sos: number }>(
  leaves: ReadonlyMap<number, T>,
  parentOf: (unit: number) => number | null,
): Map<number, { online: number; silent: number; total: number; sos: number }> {
  const sums = new Map<number, { online: number; silent: number; total: number; sos: number }>();
  for (const [leaf, count] of leaves) {
    for (let unit: number | null = leaf; unit !== null; unit = parentOf(unit)) {
      const sum = sums.get(unit) ?? { online: 0, silent: 0, total: 0, sos: 0 };
      sum.online += count.online;
      sum.silent += count.silent;
      sum.total += count.total;
      sum.sos += count.sos;
      sums.set(unit, sum);
    }
  }
  return sums;
}

/** A member's hours, as the panel shows them. */
import type { HourInGrid } from '../api/history';

export interface Hour {
  hour: string;
  distanceM: number;
  grids: HourInGrid[]; // the longest time first
}

/** One entry an hour, the latest first. */
export function byHour(rows: readonly HourInGrid[]): Hour[] {
  const hours = new Map<string, Hour>();
  for (const row of rows) {
    const known = hours.get(row.hour) ?? { hour: row.hour, distanceM: 0, grids: [] };
    known.distanceM += row.distance_m;
    known.grids.push(row);
    hours.set(row.hour, known);
  }
  return [...hours.values()].reverse();
}

export interface Sums {
  distanceM: number;
  inGridsS: number;
  grids: number;
}

export const sums = (rows: readonly HourInGrid[]): Sums => ({
  distanceM: rows.reduce((sum, row) => sum + row.distance_m, 0),
  inGridsS: rows.reduce((sum, row) => sum + row.in_grid_s, 0),
  grids: new Set(rows.flatMap(({ grid }) => (grid ? [grid.id] : []))).size,
});

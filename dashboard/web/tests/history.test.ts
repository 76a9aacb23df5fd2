import { describe, expect, it } from 'vitest';
import type { HourInGrid } from '../src/api/history';
import { byHour, sums } from '../src/state/hours';
import { localText, midnight, spanBetween } from '../src/state/spans';

const aRow = (hour: string, grid: number | null, inGridS: number, distanceM: number): HourInGrid => ({
  hour,
  grid: grid === null ? null : { id: grid, name: `grid ${grid}` },
  fixes: 1,
  distance_m: distanceM,
  in_grid_s: inGridS,
});

describe('a span between two fields', () => {
  it('is what was typed, in the reader’s own time', () => {
    const typed = localText(Date.UTC(2026, 2, 1, 8, 30));
    expect(spanBetween(typed, '2026-03-02T00:00')?.from).toBe('2026-03-01T08:30:00.000Z');
  });

  it.each([
    ['', '2026-03-02T00:00'],
    ['2026-03-02T00:00', ''],
    ['2026-03-02T00:00', '2026-03-02T00:00'],
    ['2026-03-02T00:01', '2026-03-02T00:00'],
  ])('is none from %j to %j', (from, to) => {
    expect(spanBetween(from, to)).toBeNull();
  });

  it('of today begins at midnight where the reader is', () => {
    const begun = new Date(midnight(Date.UTC(2026, 2, 1, 12)));
    expect([begun.getHours(), begun.getMinutes(), begun.getSeconds()]).toEqual([0, 0, 0]);
  });
});

describe('hours', () => {
  const rows = [
    aRow('2026-03-01T08:00:00Z', 5, 1800, 900),
    aRow('2026-03-01T08:00:00Z', null, 60, 100),
    aRow('2026-03-01T09:00:00Z', 5, 3600, 2000),
  ];

  it('come one by one, the latest first, each with its grids', () => {
    expect(byHour(rows).map(({ hour, distanceM, grids }) => [hour, distanceM, grids.length])).toEqual([
      ['2026-03-01T09:00:00Z', 2000, 1],
      ['2026-03-01T08:00:00Z', 1000, 2],
    ]);
  });

  it('add up, and what lies outside is no grid', () => {
    expect(sums(rows)).toEqual({ distanceM: 3000, inGridsS: 5460, grids: 1 });
  });
});

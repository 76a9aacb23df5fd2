import { expect, test } from 'vitest';
import type { Alert } from '../src/api/types';
import { only } from '../src/state/alerts';
import { STEPS, stepOf, tally } from '../src/state/reach';

const parents: Record<number, number | null> = { 1: null, 2: 1, 3: 2, 4: 2 };
const columns = (unit: number[], audience: number[], acknowledged: number[]) => {
  const none = unit.map(() => 0);
  return { unit, audience, acknowledged, told: none, delivered: none, failed: none };
};
const share = (acknowledged: number, audience: number) =>
  stepOf({ acknowledged, audience, told: 0, delivered: 0, failed: 0 });

test("a grid's numbers are those of all below it", () => {
  const sums = tally(columns([2, 3, 4], [1, 10, 5], [1, 4, 0]), (unit) => parents[unit] ?? null);
  expect(sums.get(4)).toMatchObject({ audience: 5, acknowledged: 0 });
  expect(sums.get(2)).toMatchObject({ audience: 16, acknowledged: 5 });
  expect(sums.get(1)).toMatchObject({ audience: 16, acknowledged: 5 });
});

test('who is told nobody has no colour at all', () => {
  const sums = tally(columns([3], [2], [0]), (unit) => parents[unit] ?? null);
  expect(sums.has(4)).toBe(false);
});

test('each step is a fifth, and everybody is in the last one', () => {
  expect([share(0, 10), share(1, 10), share(2, 10), share(9, 10), share(10, 10)]).toEqual([0, 0, 1, 4, 4]);
  expect(share(0, 0)).toBe(0);
  expect(STEPS).toHaveLength(5);
});

test('drills and real warnings are counted apart', () => {
  const alerts = [{ is_drill: true }, { is_drill: false }, { is_drill: false }] as Alert[];
  expect(only('real', alerts)).toHaveLength(2);
  expect(only('drills', alerts)).toHaveLength(1);
  expect(only('all', alerts)).toHaveLength(3);
});

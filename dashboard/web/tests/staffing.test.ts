import { describe, expect, it } from 'vitest';
import { barOf, cardOf, freeRows, missingIn, without, withPrimary } from '../src/state/staffing';

describe('staffing against a role set', () => {
  it('says how many are missing to the least', () => {
    expect(barOf({ least: 2, most: 4, have: 1 })).toEqual({ filled: 1, missing: 1, room: 2, over: 0 });
    expect(missingIn([{ role: 'leader', least: 1, most: 1, have: 0 }])).toBe(1);
  });

  it('says how many are beyond the most', () => {
    expect(barOf({ least: 1, most: 1, have: 3 })).toEqual({ filled: 1, missing: 0, room: 0, over: 2 });
  });

  it('takes any number where there is no most', () => {
    expect(barOf({ least: 1, most: null, have: 5 })).toEqual({ filled: 5, missing: 0, room: 0, over: 0 });
  });
});

describe('assignments', () => {
  const rows = [{ is_primary: true }, { is_primary: false }];

  it('have one primary, always', () => {
    expect(withPrimary(rows, 1)).toEqual([{ is_primary: false }, { is_primary: true }]);
    expect(without(rows, 0)).toEqual([{ is_primary: true }]);
    expect(without([rows[0]!], 0)).toEqual([]);
  });
});

describe("a unit's card", () => {
  it('keeps whole numbers as numbers and leaves empty rows out', () => {
    const usual = { population: '1200', households: ' ', buildings: '' };
    const free = [
      ['river', 'Jinshui'],
      ['', 'lost'],
      ['area', '0371'],
    ] as const;
    expect(cardOf(usual, free)).toEqual({ population: 1200, river: 'Jinshui', area: '0371' });
  });

  it('shows everything beside the usual three as free rows', () => {
    expect(freeRows({ population: 1, river: 'Jinshui', schools: 2 })).toEqual([
      ['river', 'Jinshui'],
      ['schools', '2'],
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { changes, isChanged, merged, theirChanges } from '../src/state/edits';

const base = { name: 'North', code: '1', card: { population: 10 } };

describe('two people who edit one unit', () => {
  it('send only what they changed', () => {
    expect(changes(base, { ...base, name: 'East' })).toEqual({ name: 'East' });
    expect(isChanged(base, { ...base, card: { population: 10 } })).toBe(false);
  });

  it('see what the other one saved beside what they had typed', () => {
    const mine = { ...base, name: 'East' };
    const theirs = { ...base, name: 'West', card: { population: 12 } };
    expect(theirChanges(base, mine, theirs)).toEqual([
      { field: 'name', mine: 'East', theirs: 'West' },
      { field: 'card', mine: undefined, theirs: { population: 12 } },
    ]);
  });

  it('keep what they changed and leave the rest as the other one saved it', () => {
    const theirs = { ...base, name: 'West', code: '2' };
    expect(merged(base, { ...base, name: 'East' }, theirs)).toEqual({ ...base, name: 'East', code: '2' });
  });
});

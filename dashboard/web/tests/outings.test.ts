import { beforeEach, describe, expect, it } from 'vitest';
import { forgetOutings, outsideSince, sayOuting } from '../src/state/outings';

const SINCE = '2026-01-05T08:00:00Z';

describe('who is out of their own grid', () => {
  beforeEach(forgetOutings);

  it('is what the server told with the person, until something is said live', () => {
    expect(outsideSince({ id: 1, outside_since: SINCE })).toBe(SINCE);
    expect(outsideSince({ id: 1, outside_since: null })).toBeNull();
  });

  it('follows what is said live, of each person apart', () => {
    sayOuting(1, SINCE);
    sayOuting(2, null);
    expect(outsideSince({ id: 1, outside_since: null })).toBe(SINCE);
    expect(outsideSince({ id: 2, outside_since: SINCE })).toBeNull();
    expect(outsideSince({ id: 3, outside_since: SINCE })).toBe(SINCE);
  });

  it('is the server’s word again after a lost connection', () => {
    sayOuting(1, SINCE);
    forgetOutings();
    expect(outsideSince({ id: 1, outside_since: null })).toBeNull();
  });
});

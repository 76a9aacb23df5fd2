/** What our own connection is worth, as a pure function of when we last heard from the server. */
export type LinkState = 'connecting' | 'live' | 'late' | 'lost';

export const LATE_AFTER_MS = 4_000; // four missed frames
export const LOST_AFTER_MS = 15_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;

export interface LinkFacts {
  isOpen: boolean;
  heardAtMs: number | null; // our clock; null when never
  closedAtMs: number | null;
}

export function linkState(facts: LinkFacts, nowMs: number): LinkState {
  if (facts.heardAtMs === null) return facts.closedAtMs === null ? 'connecting' : 'lost';
  const quietMs = nowMs - facts.heardAtMs;
  if (quietMs > LOST_AFTER_MS) return 'lost';
  if (!facts.isOpen && facts.closedAtMs !== null && nowMs - facts.closedAtMs > LATE_AFTER_MS) return 'lost';
  return quietMs > LATE_AFTER_MS || !facts.isOpen ? 'late' : 'live';
}

/** Doubling, capped, with up to half taken off at random so that a city of screens does not return at once. */
export function retryDelayMs(attempt: number, random: number): number {
  const full = Math.min(FIRST_RETRY_MS * 2 ** attempt, LONGEST_RETRY_MS);
  return full * (1 - random / 2);
}

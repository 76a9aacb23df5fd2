/** Who carried a terminal when, as spans on one line. */
import type { Carrier } from '../api/terminals';

/** The history begins here for a first carrier: nobody is known who had the terminal before. */
const ALWAYS = Date.parse('2000-01-02T00:00:00Z');
const LEAST_SHARE = 0.04; // an hour among years is still to be seen

export interface Carried extends Carrier {
  isAlways: boolean; // since it was first registered
  isNow: boolean;
  share: number; // of the line, 0 to 1
}

/** Newest first. The line begins with the first known moment and ends now. */
export function carriedSpans(carriers: readonly Carrier[], issuedAt: string, nowMs: number): Carried[] {
  const newest = [...carriers].sort((a, b) => Date.parse(b.since) - Date.parse(a.since));
  const known = newest.map(({ since }) => Date.parse(since)).filter((at) => at >= ALWAYS);
  const begin = Math.min(nowMs, Date.parse(issuedAt), ...known);
  const lengths = newest.map(({ since, until }) => {
    const from = Math.max(begin, Date.parse(since));
    return Math.max(0, (until === null ? nowMs : Date.parse(until)) - from);
  });
  const least = LEAST_SHARE * Math.max(1, nowMs - begin);
  const drawn = lengths.map((length) => Math.max(length, least));
  const whole = drawn.reduce((sum, length) => sum + length, 0);
  return newest.map((carrier, at) => ({
    ...carrier,
    isAlways: Date.parse(carrier.since) < ALWAYS,
    isNow: carrier.until === null,
    share: drawn[at]! / whole,
  }));
}

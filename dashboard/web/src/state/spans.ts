/** Spans of time as people type them: local, to the minute. */

const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** RFC 3339. */
export interface Span {
  from: string;
  to: string;
}

/** What a field of type datetime-local holds for a moment. */
export function localText(ms: number): string {
  const offsetMs = new Date(ms).getTimezoneOffset() * MINUTE_MS;
  return new Date(ms - offsetMs).toISOString().slice(0, 16);
}

/** The span between two such fields; null while one is empty, or they are the wrong way round. */
export function spanBetween(from: string, to: string): Span | null {
  const [begin, end] = [new Date(from), new Date(to)];
  if (!(begin.getTime() < end.getTime())) return null; // NaN is not less than anything
  return { from: begin.toISOString(), to: end.toISOString() };
}

/** Midnight of the day of a moment, where the reader is. */
export function midnight(ms: number): string {
  const day = new Date(ms);
  day.setHours(0, 0, 0, 0);
  return day.toISOString();
}

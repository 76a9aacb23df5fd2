/** What the samples of all workers say together: a figure for now, and a line over the last quarter of an hour. */
import type { Pulse, RefusedReport, Sample, Worker } from '../api/ingest';

export const BUCKET_MS = 10_000; // two samples
export const FRESH_MS = 15_000; // a sample that is older is not "now"

/** `add`: workers share it out between them. `worst`: the largest of them speaks for all. */
export interface Measure {
  of: (sample: Sample) => number | null;
  across: 'add' | 'worst';
}

const perSecond = (of: (sample: Sample) => number): Measure => ({
  of: (sample) => (of(sample) * 1000) / sample.span_ms,
  across: 'add',
});
const standing = (of: (sample: Sample) => number): Measure => ({ of, across: 'add' });
const worst = (of: (sample: Sample) => number | null): Measure => ({ of, across: 'worst' });

export const MEASURES = {
  packets: perSecond((sample) => sample.packets),
  positions: perSecond((sample) => sample.positions),
  lag: worst((sample) => sample.lag_p99_ms),
  inbox: standing((sample) => sample.inbox),
  database: worst((sample) => sample.database_ms / sample.span_ms),
  batch: worst((sample) => (sample.batches ? sample.packets / sample.batches : null)),
  connections: standing((sample) => sample.connections),
  silent: standing((sample) => sample.silent),
  late: worst((sample) => sample.late_tracks),
  refused: perSecond((sample) => sample.refused),
} as const satisfies Record<string, Measure>;
export type MeasureName = keyof typeof MEASURES;

/** The newest sample of a worker that still lives and gave it just now. */
export function freshest(worker: Worker, atMs: number): Sample | null {
  const last = worker.samples.at(-1);
  return worker.state === 'living' && last && atMs - last.at_ms <= FRESH_MS ? last : null;
}

function together(values: readonly (number | null)[], across: Measure['across']): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  return across === 'add' ? known.reduce((sum, value) => sum + value, 0) : Math.max(...known);
}

/** Null: no worker has said anything lately, so nobody knows. */
export function figure(pulse: Pulse, { of, across }: Measure): number | null {
  const samples = pulse.workers.map((worker) => freshest(worker, pulse.at_ms));
  return together(
    samples.map((sample) => sample && of(sample)),
    across,
  );
}

/** One value for each BUCKET_MS of the time that is shown, oldest first; null where no sample reaches. */
export function line(pulse: Pulse, measure: Measure): (number | null)[] {
  const count = Math.floor((pulse.shown_s * 1000) / BUCKET_MS);
  const firstMs = pulse.at_ms - count * BUCKET_MS;
  const lines = pulse.workers.map((worker) => ownLine(worker.samples, measure, firstMs, count));
  return Array.from({ length: count }, (_, at) =>
    together(
      lines.map((own) => own[at] ?? null),
      measure.across,
    ),
  );
}

/** A sample counts in each bucket by the time that it covers of it: one that waited out an outage fills them all. */
function ownLine(
  samples: readonly Sample[],
  { of }: Measure,
  firstMs: number,
  count: number,
): (number | null)[] {
  const sums = new Array<number>(count).fill(0);
  const covered = new Array<number>(count).fill(0);
  for (const sample of samples) {
    const value = of(sample);
    if (value === null) continue;
    const [fromMs, toMs] = [Math.max(0, sample.at_ms - sample.span_ms - firstMs), sample.at_ms - firstMs];
    for (let at = Math.floor(fromMs / BUCKET_MS); at < count && at * BUCKET_MS < toMs; at += 1) {
      const overlap = Math.min(toMs, (at + 1) * BUCKET_MS) - Math.max(fromMs, at * BUCKET_MS);
      sums[at]! += value * overlap;
      covered[at]! += overlap;
    }
  }
  return sums.map((sum, at) => (covered[at] ? sum / covered[at]! : null));
}

/** Newest first, each once. What is known is dropped when more came than a page holds: a list must have no hole. */
export function withNewer(
  known: readonly RefusedReport[],
  newest: readonly RefusedReport[],
): RefusedReport[] {
  const oldest = newest.at(-1);
  if (!oldest || !known.some(({ id }) => id >= oldest.id)) return [...newest];
  return [...newest, ...known.filter(({ id }) => id < oldest.id)];
}

import { describe, expect, it } from 'vitest';
import { type Pulse, type RefusedReport, readPulse, type Sample, type Worker } from '../src/api/ingest';
import { strokes } from '../src/design/Chart';
import { BUCKET_MS, figure, line, MEASURES, withNewer } from '../src/state/pulse';

const AT = 1_800_000_000_000;

const aSample = (more: Partial<Sample> = {}): Sample => ({
  at_ms: AT,
  span_ms: 5_000,
  packets: 0,
  positions: 0,
  late: 0,
  duplicates: 0,
  refused: 0,
  batches: 0,
  largest_batch: 0,
  inbox: 0,
  lag_p50_ms: null,
  lag_p99_ms: null,
  lag_max_ms: null,
  commit_p50_ms: null,
  commit_max_ms: null,
  database_ms: 0,
  cpu_ms: 0,
  connections: 0,
  online: 0,
  silent: 0,
  offline: 0,
  late_tracks: 0,
  ...more,
});

const aWorker = (samples: Sample[], state: Worker['state'] = 'living'): Worker => ({
  id: '1',
  name: 'listen-1883',
  state,
  started_at: '2027-01-15T08:00:00Z',
  heartbeat_at: '2027-01-15T08:00:00Z',
  stopped_at: null,
  packets: 0,
  positions_stored: 0,
  duplicates: 0,
  refused: 0,
  connections: 0,
  samples,
});

const aPulse = (...workers: Worker[]): Pulse => ({
  at_ms: AT,
  shown_s: 60,
  workers,
  reasons: { recent: [], today: [] },
});

describe('the figures of now', () => {
  it('add what workers share out, and take the worst of what each has for itself', () => {
    const pulse = aPulse(
      aWorker([aSample({ packets: 500, lag_p99_ms: 20, late_tracks: 7, silent: 3 })]),
      aWorker([aSample({ packets: 1_000, lag_p99_ms: 900, late_tracks: 7, silent: 4 })]),
    );
    const now = (name: keyof typeof MEASURES) => figure(pulse, MEASURES[name]);
    expect([now('packets'), now('lag'), now('late'), now('silent')]).toEqual([300, 900, 7, 7]);
  });

  it('count seconds as they were, not as they should have been', () => {
    const pulse = aPulse(aWorker([aSample({ span_ms: 20_000, packets: 100, database_ms: 15_000 })]));
    expect(figure(pulse, MEASURES.packets)).toBe(5);
    expect(figure(pulse, MEASURES.database)).toBe(0.75);
  });

  it('are unknown when nobody living has said anything lately', () => {
    const old = aWorker([aSample({ at_ms: AT - 60_000, packets: 100 })]);
    const dead = aWorker([aSample({ packets: 100 })], 'lost');
    expect(figure(aPulse(old, dead, aWorker([])), MEASURES.packets)).toBeNull();
  });

  it('know no lag and no batch where nothing was disposed of', () => {
    const pulse = aPulse(aWorker([aSample()]));
    expect(figure(pulse, MEASURES.lag)).toBeNull();
    expect(figure(pulse, MEASURES.batch)).toBeNull();
  });
});

describe('the line over time', () => {
  it('has a value for each ten seconds and a gap where no sample reaches', () => {
    const samples = [
      aSample({ at_ms: AT - 45_000, packets: 10 }),
      aSample({ at_ms: AT - 5_000, packets: 50 }),
      aSample({ at_ms: AT, packets: 100 }),
    ];
    expect(line(aPulse(aWorker(samples)), MEASURES.packets)).toEqual([null, 2, null, null, null, 15]);
  });

  it('spreads a sample that waited out an outage over all of it', () => {
    const samples = [aSample({ span_ms: 3 * BUCKET_MS, packets: 60 })];
    expect(line(aPulse(aWorker(samples)), MEASURES.packets)).toEqual([null, null, null, 2, 2, 2]);
  });

  it('adds workers where both were there', () => {
    const one = aWorker([aSample({ at_ms: AT - 10_000, connections: 4 }), aSample({ connections: 5 })]);
    const other = aWorker([aSample({ connections: 7 })]);
    expect(line(aPulse(one, other), MEASURES.connections).slice(-2)).toEqual([4, 12]);
  });

  it('is drawn as one stroke for each stretch, below the ceiling', () => {
    expect(strokes([null, 0, 10, null, 20], 10)).toEqual(['M45.0 35.0L90.0 1.0', 'M180.0 1.0h0.1']);
    expect(strokes([], 10)).toEqual([]);
  });
});

describe('what travels', () => {
  it('has its names once, above the rows', () => {
    const { samples: _, ...worker } = aWorker([]);
    const pulse = readPulse({
      ...aPulse(),
      columns: ['at_ms', 'packets'],
      workers: [{ ...worker, samples: [[AT, 7]] }],
    });
    expect(pulse.workers[0]!.samples).toEqual([{ at_ms: AT, packets: 7 }]);
    expect(pulse).not.toHaveProperty('columns');
  });
});

describe('the refused reports', () => {
  const reports = (...ids: number[]) => ids.map((id) => ({ id }) as RefusedReport);
  const ids = (rows: RefusedReport[]) => rows.map(({ id }) => id);

  it('get newer ones on top, each once, and keep what was loaded below', () => {
    expect(ids(withNewer(reports(5, 4, 3, 2, 1), reports(7, 6, 5)))).toEqual([7, 6, 5, 4, 3, 2, 1]);
  });

  it('begin again when more came than a page holds, rather than hide some', () => {
    expect(ids(withNewer(reports(3, 2, 1), reports(9, 8, 7)))).toEqual([9, 8, 7]);
  });

  it('are nothing while there are none', () => {
    expect(withNewer([], [])).toEqual([]);
  });
});

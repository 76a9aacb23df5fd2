/** How ingest does, and what it refused: for accounts of the whole city. */
import { get } from './client';

/** One worker over `span_ms` that ended at `at_ms`; milliseconds are null where nothing was disposed of. */
export interface Sample {
  at_ms: number;
  span_ms: number;
  packets: number;
  positions: number;
  late: number;
  duplicates: number;
  refused: number;
  batches: number;
  largest_batch: number;
  inbox: number;
  lag_p50_ms: number | null;
  lag_p99_ms: number | null;
  lag_max_ms: number | null;
  commit_p50_ms: number | null;
  commit_max_ms: number | null;
  database_ms: number;
  cpu_ms: number;
  connections: number;
  online: number;
  silent: number;
  offline: number;
  late_tracks: number; // of all workers
}

export interface Worker {
  id: string;
  name: string;
  state: 'living' | 'stopped' | 'lost';
  started_at: string;
  heartbeat_at: string;
  stopped_at: string | null;
  packets: number; // since its start, as the next three
  positions_stored: number;
  duplicates: number;
  refused: number;
  connections: number;
  samples: Sample[]; // in order of time
}

export interface ReasonCount {
  reason: string;
  reports: number;
}

export interface Pulse {
  at_ms: number;
  shown_s: number;
  workers: Worker[];
  reasons: { recent: ReasonCount[]; today: ReasonCount[] };
}

export interface RefusedReport {
  id: number;
  received_at: string;
  terminal: string | null;
  topic: string;
  reason: string;
  detail: string;
  payload: string;
}

type Row = (number | null)[];

/** Samples travel as rows: their names stand once above them. */
export interface PulseAnswer extends Omit<Pulse, 'workers'> {
  columns: string[];
  workers: (Omit<Worker, 'samples'> & { samples: Row[] })[];
}

export function readPulse({ columns, workers, ...rest }: PulseAnswer): Pulse {
  const sample = (row: Row) =>
    Object.fromEntries(columns.map((name, at) => [name, row[at]])) as unknown as Sample;
  return { ...rest, workers: workers.map((worker) => ({ ...worker, samples: worker.samples.map(sample) })) };
}

export const getPulse = async (): Promise<Pulse> => readPulse(await get<PulseAnswer>('ingest/pulse'));

export const getRefused = async (query: {
  reason?: string | null;
  before?: number;
  limit?: number;
}): Promise<RefusedReport[]> => (await get<{ refused: RefusedReport[] }>('ingest/refused', query)).refused;

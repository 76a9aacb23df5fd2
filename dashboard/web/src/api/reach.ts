/** How far an alert came: live reach, the people to call, and the addresses of its report and exports. */
import { address, get } from './client';
import type { Reach, Told } from './types';

export interface ChannelReach {
  people: number;
  told: number;
  delivered: number;
  failed: number;
  unknown: number;
  queued: number;
}

/** Columns of the same length: `unit[i]` has `audience[i]` people. */
export type UnitColumns = { unit: number[] } & Record<keyof Reach, number[]>;

/** All of it is of the account's own subtree. */
export interface ReachReport {
  total: Reach;
  by_level: Record<string, Reach>;
  by_channel: Record<string, ChannelReach>;
  by_answer: Record<string, number>;
  units: UnitColumns;
}

export type Why = 'failed' | 'unknown' | 'overdue';
export const WHYS: readonly Why[] = ['failed', 'unknown', 'overdue'];

export interface Call extends Told {
  why: Why;
  told_at: string | null;
  superior: { name: string; phone: string | null } | null;
}

export interface Calls {
  total: number; // of what was asked for
  counts: Partial<Record<Why, number>>; // of all
  answer_within_s: number | null; // null: nobody is late
  people: Call[];
}

/** Which people to call; what is empty is not asked. */
export interface CallFilter {
  why: Why | '';
  level: string;
  channel: string;
  state: string;
  unit: number | null;
}

export const getReach = (alert: string) => get<ReachReport>(`alerts/${alert}/reach`);
export const getCalls = (alert: string, filter: CallFilter, limit: number, offset: number) =>
  get<Calls>(`alerts/${alert}/calls`, { ...filter, limit, offset });

export const callsFile = (alert: string, filter: CallFilter, language: string) =>
  address(`alerts/${alert}/calls.csv`, { ...filter, language });
export const reportPage = (alert: string, language: string) =>
  address(`alerts/${alert}/report`, { language });
export const reportFile = (alert: string, kind: 'json' | 'csv') => address(`alerts/${alert}/report.${kind}`);

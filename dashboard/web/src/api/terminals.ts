/** Terminals through their lives, and the credential that is shown once. */
import { get, post } from './client';
import type { Named } from './types';

export const TERMINAL_STATES = ['in_use', 'spare', 'lost', 'revoked', 'retired'] as const;
export type TerminalState = (typeof TERMINAL_STATES)[number];

export interface Terminal {
  id: number;
  code: string;
  state: TerminalState;
  member: Named | null;
  unit: Named | null; // null: belongs to the top
  interval_s: number | null;
  model: string;
  note: string;
  last_seen_at: string | null;
  issued_at: string;
  revision: number;
}

export interface Carrier {
  member: Named;
  since: string;
  until: string | null;
}

export interface TerminalCard extends Terminal {
  carriers: Carrier[];
}

export interface TerminalChange {
  unit: number | null;
  interval_s: number | null;
  model: string;
  note: string;
}

/** Everything a terminal needs to log in. The server keeps a hash of it only. */
export interface Credential {
  terminal: string;
  secret: string;
  url: string;
  otrc: Record<string, unknown>; // the OwnTracks app's configuration
  otrc_url: string;
  qr_svg: string;
  config: Record<string, unknown>; // of a generic MQTT terminal
}

export interface Issued {
  terminal: TerminalCard;
  credential: Credential;
}

export interface TerminalQuery {
  q?: string;
  unit?: number | null;
  state?: TerminalState | null;
  limit: number;
  offset: number;
}

export const findTerminals = (query: TerminalQuery) =>
  get<{ total: number; is_capped?: boolean; terminals: Terminal[] }>('terminals', { ...query });
export const getTerminal = (id: number) => get<TerminalCard>(`terminals/${id}`);
export const addTerminal = (
  terminal: Omit<TerminalChange, 'unit'> & { unit: number; code?: string; member?: number },
) => post<Issued>('terminals', terminal);
export const changeTerminal = (id: number, revision: number, change: Partial<TerminalChange>) =>
  post<TerminalCard>(`terminals/${id}`, { revision, ...change });
export const handTerminal = (id: number, revision: number, member: number | null) =>
  post<TerminalCard>(`terminals/${id}/hand`, { revision, member });

export type TerminalStep = 'lost' | 'found' | 'retire' | 'revoke';
export const stepTerminal = (id: number, step: TerminalStep, revision: number) =>
  post<TerminalCard>(`terminals/${id}/${step}`, { revision });
export const rotateTerminal = (id: number, revision: number) =>
  post<Issued>(`terminals/${id}/rotate`, { revision });

/** Texts that people wrote to the city, and the cases made of them. */
import { address, get, post } from './client';
import type { LevelColour, Named } from './types';

export const INBOUND_KINDS = ['acknowledgement', 'text', 'stop', 'start'] as const;
export type InboundKind = (typeof INBOUND_KINDS)[number];

export interface TextPlace {
  unit: Named | null; // null: outside all grids, or in a unit that is not ours
  is_elsewhere: boolean;
  by: 'coordinates' | 'name' | 'code' | 'person';
  said: string;
  lon: number | null;
  lat: number | null;
}

export interface Inbound {
  id: number;
  at: string;
  kind: InboundKind;
  number: string;
  destination: string;
  gateway: string;
  text: string;
  member: Named | null; // whose number it is
  unit: Named | null; // theirs
  alert: { id: string; level: LevelColour | null; headline: string | null } | null;
  place: TextPlace | null;
  candidates: Named[]; // units it may be about
  case: { id: number; unit: Named | null; is_open: boolean } | null;
  is_stopped: boolean; // the number, now
}

export interface InboundQuery {
  kind: string;
  q: string;
  unit: number | null;
  from?: string;
  to?: string;
}

export interface TextCase {
  id: number;
  number: string;
  unit: Named;
  member: Named | null;
  lon: number | null;
  lat: number | null;
  count: number;
  texts: { id: number; at: string; text: string }[]; // the newest first
  opened_at: string;
  opened_by: Named | null; // null: by itself
  heard_at: string;
  taken_at: string | null;
  taken_by: Named | null;
  ended_at: string | null;
  ended_by: Named | null;
}

export const getInbound = (query: InboundQuery, before: number | null) =>
  get<{ inbound: Inbound[]; next: number | null }>('inbound', { ...query, before, limit: 100 });
export const getOneInbound = (id: number) => get<Inbound>(`inbound/${id}`);
export const inboundFile = (query: InboundQuery) => address('inbound.csv', { ...query });
export const openTextCase = (id: number, unit: number) => post<Inbound>(`inbound/${id}/case`, { unit });
export const liftStop = (id: number) => post<Inbound>(`inbound/${id}/lift`);

export const getTextCases = () => get<{ cases: TextCase[] }>('text-cases');
export const takeTextCase = (id: number) => post<TextCase>(`text-cases/${id}/take`);
export const closeTextCase = (id: number) => post<TextCase>(`text-cases/${id}/close`);

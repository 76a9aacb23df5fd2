/** Messages of other services (CAP): brought, read beside what they would be here, and settled. */
import type { MultiPolygon, Polygon } from 'geojson';
import { address, get, post } from './client';
import type { Alert, AlertContent, AlertState, LevelColour, Named } from './types';

export type MessageState = 'waiting' | 'drafted' | 'dismissed' | 'overtaken';
export type Offer = 'draft' | 'edit' | 'level' | 'lift' | 'cancel' | 'nothing';

export interface Message {
  id: number;
  unit: Named;
  sender: string;
  identifier: string;
  sent_at: string;
  kind: 'Alert' | 'Update' | 'Cancel';
  headline: string;
  level: LevelColour | null;
  is_drill: boolean;
  source: string;
  signature: 'none' | 'unchecked' | 'verified';
  signer: string;
  state: MessageState;
  received_at: string;
  received_by: Named | null; // null: a feed
  alert: string | null;
  overtaken_by: number | null;
  reason: string;
  settled_at: string | null;
  settled_by: Named | null;
}

export interface Pair {
  name: string;
  value: string;
}

export interface Said {
  language: string;
  categories: string[];
  event: string;
  urgency: string;
  severity: string;
  certainty: string;
  response_types: string[];
  parameters: Pair[];
  geocodes: Pair[];
  places: string[];
  effective_at: string | null;
  expires_at: string | null;
  sender_name: string;
  headline: string;
  description: string;
  instruction: string;
  web: string;
}

export interface Suggested {
  level: LevelColour;
  event: string;
  headline: string;
  description: string;
  instruction: string;
  targets: Named[];
  area: Polygon | MultiPolygon | null;
  expires_at: string | null;
  is_drill: boolean;
}

export interface Why {
  said: string;
  why: string;
}

export interface Reading extends Message {
  status: string;
  scope: string;
  note: string;
  blocks: { language: string; event: string }[];
  block: number | null;
  said: Said | null;
  draft: Suggested | null;
  why: Partial<Record<'level' | 'event', Why>>;
  units: (Named & { share: number | null })[];
  notes: string[];
  earlier: { id: number; headline: string } | null;
  offer: Offer;
  offered_alert: {
    id: string;
    headline: string;
    level: LevelColour;
    state: AlertState;
    version: number;
  } | null;
}

export interface Feed {
  address: string;
  fetched_at: string | null;
  next_at: string;
  failures: number;
  trouble: string | null;
  refused: number;
  last_refusal: string | null;
}

export interface Outcome {
  message: number | null;
  is_new: boolean;
  is_same: boolean;
  refused: string | null;
}

export interface Brought {
  files: { file: string; documents: Outcome[] }[];
}

const WITHIN_MS = 60_000;

export const getMessages = () => get<{ messages: Message[]; feeds: Feed[] }>('cap/messages', { limit: 200 });
export const readMessage = (id: number, block: number | null) =>
  get<Reading>(`cap/messages/${id}`, { block });
export const documentAddress = (id: number) => address(`cap/messages/${id}/document`);

export function bringMessages(files: readonly File[]): Promise<Brought> {
  const form = new FormData();
  for (const file of files) form.append('files', file);
  return post<Brought>('cap/messages', form, WITHIN_MS);
}

export const draftOfMessage = (message: number, id: string, content: AlertContent) =>
  post<Alert>(`cap/messages/${message}/draft`, { id, ...content });
export const joinMessage = (message: number, alert: string) =>
  post<Reading>(`cap/messages/${message}/join`, { alert });
export const dismissMessage = (message: number, reason: string) =>
  post<Reading>(`cap/messages/${message}/dismiss`, { reason });
export const reopenMessage = (message: number) => post<Reading>(`cap/messages/${message}/reopen`);

/** The alert being written: content, its draft on the server, and how it is sent on. Only one at a time. */
import { signal } from '@preact/signals';
import { draftOfMessage, joinMessage } from '../api/cap';
import { draftAlert, moveAlert } from '../api/client';
import type { Alert, AlertContent, AlertDetail, LevelColour } from '../api/types';

export interface Draft extends AlertContent {
  id: string; // ours from the start: a lost answer and a retry make one alert
  message: number | null; // of another service, which it is made of; null once the server knows
  saved: { version: number; content: string } | null;
}

/** Version 4 from random bytes: `crypto.randomUUID` is missing on plain http outside localhost. */
export function newId(random: Uint8Array): string {
  const bytes = Uint8Array.from(random.subarray(0, 16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const blank = (targets: number[]): Draft => ({
  id: newId(crypto.getRandomValues(new Uint8Array(16))),
  level: 'blue' as LevelColour,
  event: 'rainstorm',
  headline: '',
  description: '',
  instruction: '',
  targets,
  teams: [],
  depth: null,
  area: null,
  expires_at: null,
  is_drill: false,
  message: null,
  saved: null,
});

export const draft = signal<Draft | null>(null);

export function startDraft(targets: number[] = []): void {
  draft.value = blank(targets);
}

/** Opens a message of another service as a draft; `existing` is the one that an earlier message became. */
export function startDraftOf(
  message: number,
  content: AlertContent,
  existing: { id: string; version: number } | null,
): void {
  const fresh = blank([]);
  draft.value = {
    ...fresh,
    ...content,
    id: existing?.id ?? fresh.id,
    message,
    saved: existing && { version: existing.version, content: '' },
  };
}

/** What was written of an alert that is there. */
export const writtenOf = (alert: AlertDetail): AlertContent => ({
  level: alert.level,
  event: alert.event,
  headline: alert.headline,
  description: alert.description,
  instruction: alert.instruction,
  targets: alert.targets.map(({ id }) => id),
  teams: alert.teams.map(({ id }) => id),
  depth: alert.depth,
  area: alert.area,
  expires_at: alert.expires_at,
  is_drill: alert.is_drill,
});

/** Opens an alert that nobody was told of; what was typed on top of the same version is still there. */
export function startEdit(alert: AlertDetail): void {
  const now = draft.value;
  if (now?.id === alert.id && now.saved?.version === alert.version) return;
  const content = writtenOf(alert);
  // saving takes back what waits for approval, even with no word changed
  const known = alert.state === 'draft' ? JSON.stringify(content) : '';
  draft.value = {
    ...content,
    id: alert.id,
    message: null,
    saved: { version: alert.version, content: known },
  };
}

export function change(part: Partial<AlertContent>): void {
  if (draft.value) draft.value = { ...draft.value, ...part };
}

export function toggleTarget(unit: number): void {
  if (!draft.value) return;
  const { targets } = draft.value;
  change({ targets: targets.includes(unit) ? targets.filter((each) => each !== unit) : [...targets, unit] });
}

export function toggleTeam(team: number): void {
  if (!draft.value) return;
  const { teams } = draft.value;
  change({ teams: teams.includes(team) ? teams.filter((each) => each !== team) : [...teams, team] });
}

export function contentOf({ id: _id, saved: _saved, message: _message, ...content }: Draft): AlertContent {
  return content;
}

/** What decides who is told, and whether that may be: all but the words. */
export function audienceOf({ level, event, targets, teams, depth, area, expires_at }: AlertContent): string {
  return JSON.stringify([level, event, targets, teams, depth, area, expires_at]);
}

async function save(now: Draft): Promise<number> {
  const content = contentOf(now);
  const text = JSON.stringify(content);
  let saved = now.saved;
  let isJoined = now.message === null;
  if (saved?.content !== text) {
    const alert = await write(now, content);
    isJoined ||= saved === null; // the server made the draft and settled the message at once
    saved = { version: alert.version, content: text };
    draft.value = { ...now, message: isJoined ? null : now.message, saved };
  }
  if (!isJoined) await joinMessage(now.message!, now.id);
  draft.value = { ...now, message: null, saved };
  return saved.version;
}

function write(now: Draft, content: AlertContent): Promise<Alert> {
  if (now.saved) return moveAlert(now.id, 'edit', now.saved.version, content);
  return now.message === null ? draftAlert(now.id, content) : draftOfMessage(now.message, now.id, content);
}

/** Saves what is written, then sends it on. */
export async function send(move: 'issue' | 'submit', overrideReason?: string): Promise<Alert | null> {
  const now = draft.value;
  if (!now) return null;
  const version = await save(now);
  const alert = await moveAlert(
    now.id,
    move,
    version,
    overrideReason ? { override_reason: overrideReason } : {},
  );
  draft.value = null;
  return alert;
}

/** Saves what is written and lets it go: it is among the alerts now, where anybody may change it. */
export const saveDraft = async (): Promise<void> => {
  if (!draft.value) return;
  await save(draft.value);
  draft.value = null;
};

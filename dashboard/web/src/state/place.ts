/**
 * Where we are: the address bar holds unit, member, panel and alert, so that a colleague opens the same view.
 * Everything else follows from it; nothing else keeps a copy.
 */
import { computed, signal } from '@preact/signals';

export const PANELS = [
  'unit',
  'member',
  'alerts',
  'alert',
  'compose',
  'received',
  'message',
  'cases',
  'outbox',
  'ingest',
  'crossings',
  'me',
] as const;
export type PanelName = (typeof PANELS)[number];

/** The sections of Manage, as the address bar names them. */
export const SECTIONS = [
  'organisation',
  'members',
  'terminals',
  'teams',
  'rosters',
  'contacts',
  'grids',
  'role-sets',
  'import',
  'rules',
  'sms-send',
  'sms-received',
  'sms-sent',
  'sms-archived',
  'sms-deleted',
  'sms-templates',
  'sms-groups',
  'sms-statistics',
  'sms-log',
  'sms-limits',
  'accounts',
  'audit',
] as const;
export type SectionName = (typeof SECTIONS)[number];

export interface Place {
  unit: number | null; // null: the account's own
  panel: PanelName | null;
  member: number | null;
  alert: string | null;
  message: number | null; // of another service
  manage: SectionName | null; // in place of the map
  item: string | null; // what is open in that section
  circular: string | null; // whose messages alone a folder of messages shows
}

const NOWHERE: Place = {
  unit: null,
  panel: null,
  member: null,
  alert: null,
  message: null,
  manage: null,
  item: null,
  circular: null,
};
/** Sections that can show the messages of one circular: who goes from one to another keeps to it. */
const FOLDERS: readonly (SectionName | null)[] = ['sms-sent', 'sms-archived', 'sms-deleted'];
/** Panels that stand beside Manage; all others belong to the map. */
const BESIDE_MANAGE: readonly (PanelName | null)[] = [null, 'me'];

const positive = (text: string | null): number | null => {
  const value = Number(text);
  return text !== null && Number.isInteger(value) && value > 0 ? value : null;
};

export function readPlace(search: string): Place {
  const query = new URLSearchParams(search);
  const panel = query.get('panel');
  const manage = SECTIONS.find((name) => name === query.get('manage')) ?? null;
  return {
    unit: positive(query.get('unit')),
    panel: PANELS.find((name) => name === panel) ?? null,
    member: positive(query.get('member')),
    alert: query.get('alert'),
    message: positive(query.get('message')),
    manage,
    item: manage === null ? null : query.get('item'),
    circular: FOLDERS.includes(manage) ? query.get('circular') : null,
  };
}

export function writePlace(place: Place): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(place)) if (value !== null) query.set(name, String(value));
  const text = query.toString();
  return text ? `?${text}` : '';
}

export const place = signal<Place>(NOWHERE);
export const panel = computed(() => place.value.panel);
export const memberId = computed(() => (place.value.panel === 'member' ? place.value.member : null));
export const section = computed(() => place.value.manage);
export const itemId = computed(() => (place.value.manage === null ? null : place.value.item));
export const circularId = computed(() => place.value.circular);
export const messageId = computed(() => (place.value.panel === 'message' ? place.value.message : null));
export const alertId = computed(() => (place.value.panel === 'alert' ? place.value.alert : null));

/** The place after a change: what belongs to a panel or a section that is left goes with it. */
export function placeAfter(before: Place, change: Partial<Place>): Place {
  const next = { ...before, ...change };
  if (!BESIDE_MANAGE.includes(next.panel) && change.manage === undefined) next.manage = null;
  if (next.manage !== null && !BESIDE_MANAGE.includes(next.panel)) next.panel = null;
  if (next.manage !== before.manage && change.item === undefined) next.item = null;
  if (next.manage === null) next.item = null;
  if (!FOLDERS.includes(next.manage)) next.circular = null;
  if (next.panel !== 'member') next.member = null;
  if (next.panel !== 'alert') next.alert = null;
  if (next.panel !== 'message') next.message = null;
  return next;
}

export function go(change: Partial<Place>): void {
  const next = placeAfter(place.value, change);
  const search = writePlace(next);
  if (search !== writePlace(place.value)) history.pushState(null, '', `/${search}`);
  place.value = next;
}

export const openMember = (member: number) => go({ panel: 'member', member });
export const openAlert = (alert: string) => go({ panel: 'alert', alert });
export const openMessage = (message: number) => go({ panel: 'message', message });
export const openSection = (manage: SectionName | null) => go({ manage, item: null });
export const openItem = (item: string | number | null) => go({ item: item === null ? null : String(item) });
export const openPanel = (name: PanelName | null) => go({ panel: name });

export function startPlace(): void {
  const read = () => {
    place.value = readPlace(location.search);
  };
  window.addEventListener('popstate', read);
  read();
}

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
  'cases',
  'outbox',
  'ingest',
  'crossings',
  'me',
] as const;
export type PanelName = (typeof PANELS)[number];

export interface Place {
  unit: number | null; // null: the account's own
  panel: PanelName | null;
  member: number | null;
  alert: string | null;
}

const positive = (text: string | null): number | null => {
  const value = Number(text);
  return text !== null && Number.isInteger(value) && value > 0 ? value : null;
};

export function readPlace(search: string): Place {
  const query = new URLSearchParams(search);
  const panel = query.get('panel');
  return {
    unit: positive(query.get('unit')),
    panel: PANELS.find((name) => name === panel) ?? null,
    member: positive(query.get('member')),
    alert: query.get('alert'),
  };
}

export function writePlace(place: Place): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(place)) if (value !== null) query.set(name, String(value));
  const text = query.toString();
  return text ? `?${text}` : '';
}

export const place = signal<Place>({ unit: null, panel: null, member: null, alert: null });
export const panel = computed(() => place.value.panel);
export const memberId = computed(() => (place.value.panel === 'member' ? place.value.member : null));
export const alertId = computed(() => (place.value.panel === 'alert' ? place.value.alert : null));

export function go(change: Partial<Place>): void {
  const next = { ...place.value, ...change };
  if (next.panel !== 'member') next.member = null;
  if (next.panel !== 'alert') next.alert = null;
  const search = writePlace(next);
  if (search !== writePlace(place.value)) history.pushState(null, '', `/${search}`);
  place.value = next;
}

export const openMember = (member: number) => go({ panel: 'member', member });
export const openAlert = (alert: string) => go({ panel: 'alert', alert });
export const openPanel = (name: PanelName | null) => go({ panel: name });

export function startPlace(): void {
  const read = () => {
    place.value = readPlace(location.search);
  };
  window.addEventListener('popstate', read);
  read();
}

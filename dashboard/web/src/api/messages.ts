/** Messages that people send, and what became of all messages. */
import { address, get, post } from './client';
import type { LevelColour, Named } from './types';

export type Folder = 'sent' | 'archived' | 'deleted';
export const DELIVERY_STATES = [
  'queued',
  'sending',
  'sent',
  'delivered',
  'failed',
  'expired',
  'unknown',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];
export const DELIVERY_KINDS = [
  'telling',
  'passed_down',
  'follow_up',
  'reminder',
  'digest',
  'manual',
] as const;
export type DeliveryKind = (typeof DELIVERY_KINDS)[number];
export const CHANNELS = ['sms', 'outbox', 'terminal', 'push', 'none'] as const;
export type Channel = (typeof CHANNELS)[number];
export type Who = 'leaders' | 'members';
export const LEFT_OUT = [
  'bad_number',
  'no_phone',
  'not_yours',
  'stopped',
  'duplicate',
  'test_mode',
  'over_cap',
  'no_value',
] as const;
export type LeftOut = (typeof LEFT_OUT)[number];
export type States = Partial<Record<DeliveryState, number>>;

export interface UnitsWanted {
  unit: number;
  who: Who;
  at_level: string | null;
}

export interface CircularContent {
  unit: number;
  text_zh: string;
  text_en: string;
  template: number | null;
  version: number | null; // of the template
  values: Record<string, string>;
  members: number[];
  teams: number[];
  groups: number[];
  units: UnitsWanted[];
  numbers: string[];
  due_at: string | null;
}

export interface Recipient {
  place: number;
  member: Named | null;
  number: string | null;
  unit: Named | null;
  parts: number;
  left_out: LeftOut | null;
  delivery: number | null;
  state: DeliveryState | null;
}

export interface Plan {
  recipients: number;
  parts: number;
  most_parts: number;
  parts_zh: number;
  parts_en: number;
  price: string;
  cost: string;
  currency: string;
  left_out: Partial<Record<LeftOut, number>>;
  repeated: number;
  leaves_at: string;
  waits_for_quiet: boolean;
  is_test: boolean;
  confirm_by: 'number' | 'person' | null;
  sample_zh: string;
  sample_en: string;
  people: Recipient[];
  left_out_people: Recipient[];
}

export interface Circular {
  id: string;
  unit: Named;
  state: 'waiting' | 'sending' | 'declined' | 'cancelled';
  text_zh: string;
  text_en: string;
  template: { id: number; name: string; version: number } | null;
  recipients: number;
  left_out: number;
  parts: number;
  cost: string;
  currency: string;
  due_at: string | null;
  leaves_at: string;
  created_by: Named;
  created_at: string;
  decided_by: Named | null;
  decided_at: string | null;
  progress: States;
}

export interface CircularCard extends Circular {
  reasons: Partial<Record<LeftOut, number>>;
}

export interface Delivery {
  id: number;
  kind: DeliveryKind;
  channel: Channel;
  address: string;
  body: string;
  state: DeliveryState;
  folder: Folder;
  attempts: number;
  provider: string | null;
  detail: string;
  is_possible_duplicate: boolean;
  queued_at: string;
  not_before: string | null;
  sent_at: string | null;
  settled_at: string | null;
  expires_at: string | null;
  alert: { id: string; level: LevelColour | null; headline: string | null } | null;
  circular: string | null;
  member: Named | null;
  unit: Named;
}

export interface DeliveryCard extends Delivery {
  log: { attempt: number; at: string; provider: string; outcome: string; detail: string }[];
}

export interface Attempt {
  delivery: number;
  attempt: number;
  at: string;
  provider: string;
  outcome: string;
  detail: string;
  kind: DeliveryKind;
  channel: Channel;
  address: string;
  member: Named | null;
}

export interface DeliveryQuery {
  folder: Folder;
  state: string;
  kind: string;
  channel: string;
  q: string;
  circular: string | null;
  unit: number | null;
  from?: string;
  to?: string;
}

export interface TemplateVersion {
  version: number;
  text_zh: string;
  text_en: string;
  variables: string[];
  made_by: Named;
  made_at: string;
}

export interface Template extends TemplateVersion {
  id: number;
  unit: Named;
  name: string;
  revision: number;
  used: number;
}

export interface TemplateCard extends Template {
  versions: TemplateVersion[];
}

export interface Tried {
  sample_zh: string;
  sample_en: string;
  parts_zh: number;
  parts_en: number;
  variables: string[];
  fault: { field: 'text_zh' | 'text_en'; zh: string; en: string } | null;
}

export interface GroupContent {
  unit: number;
  name: string;
  note: string;
  kind: 'static' | 'rule';
  members: number[];
  numbers: string[];
  who: Who | null;
  within: number | null;
  at_level: string | null;
}

export interface InGroup {
  people: number;
  left_out: Partial<Record<LeftOut, number>>;
  sample: Recipient[];
}

export interface Group {
  id: number;
  unit: Named;
  name: string;
  note: string;
  kind: 'static' | 'rule';
  numbers: string[];
  who: Who | null;
  within: Named | null;
  at_level: string | null;
  size: number | null;
  revision: number;
}

export interface GroupCard extends Group {
  members: { id: number; name: string; phone: string | null }[];
  now: InGroup;
}

export interface Limits {
  signature_zh: string;
  signature_en: string;
  price: string;
  currency: string;
  quiet_from: string | null;
  quiet_to: string | null;
  daily_cap: number | null;
  confirm_above: number;
  confirm_by: 'number' | 'person';
  is_test: boolean;
  test_numbers: string[];
  revision: number;
}

export interface Times {
  p50_s: number | null;
  p90_s: number | null;
}

export interface Statistics {
  from: string;
  to: string;
  channel: string;
  counted_at: string | null;
  states: States;
  times: Times;
  days: { day: string; states: States; times: Times }[];
  units: { unit: Named; is_itself: boolean; states: States; times: Times }[];
  providers: { provider: string; states: States; times: Times }[];
  kinds: { kind: DeliveryKind; states: States }[];
}

const SENDING_MS = 60_000; // a whole city is chosen, judged and queued in one transaction

export const previewCircular = (content: CircularContent) =>
  post<Plan>('circulars/preview', content, SENDING_MS);
export const sendCircular = (id: string, content: CircularContent, confirmed: number | null) =>
  post<CircularCard>('circulars', { id, ...content, confirmed }, SENDING_MS);
export const getCirculars = () => get<{ circulars: Circular[] }>('circulars', { limit: 30 });
export const getCircular = (id: string) => get<CircularCard>(`circulars/${id}`);
export const getRecipients = (id: string, leftOut: boolean) =>
  get<{ recipients: Recipient[]; next: number | null }>(`circulars/${id}/recipients`, {
    left_out: leftOut ? 'true' : null,
    limit: 50,
  });
export const decideCircular = (id: string, what: 'release' | 'decline' | 'cancel') =>
  post<CircularCard>(`circulars/${id}/${what}`, {}, SENDING_MS);

export const getDeliveries = (query: DeliveryQuery, before: number | null) =>
  get<{ deliveries: Delivery[]; next: number | null }>('deliveries', { ...query, before, limit: 100 });
export const getDelivery = (id: number) => get<DeliveryCard>(`deliveries/${id}`);
export const moveDeliveries = (ids: number[], folder: Folder) =>
  post<{ moved: number }>('deliveries/move', { ids, folder });
export const moveCircular = (circular: string, folder: Folder) =>
  post<{ moved: number }>('deliveries/move', { circular, folder }, SENDING_MS);
export const deliveriesFile = (query: DeliveryQuery) => address('deliveries.csv', { ...query });

export interface LogQuery {
  q: string;
  provider: string;
  outcome: string;
  unit: number | null;
  from?: string;
  to?: string;
}
export const getAttempts = (query: LogQuery, before: string | null) =>
  get<{ attempts: Attempt[]; next: string | null }>('delivery-attempts', { ...query, before, limit: 100 });
export const attemptsFile = (query: LogQuery) => address('delivery-attempts.csv', { ...query });

export const getTemplates = () => get<{ templates: Template[] }>('message-templates');
export const getTemplate = (id: number) => get<TemplateCard>(`message-templates/${id}`);
export type TemplateContent = Pick<Template, 'name' | 'text_zh' | 'text_en'> & { unit: number };
export const addTemplate = (content: TemplateContent) => post<TemplateCard>('message-templates', content);
export const changeTemplate = (id: number, revision: number, change: Partial<TemplateContent>) =>
  post<TemplateCard>(`message-templates/${id}`, { revision, ...change });
export const deleteTemplate = (id: number, revision: number) =>
  post<void>(`message-templates/${id}/delete`, { revision });
export const tryTemplate = (text_zh: string, text_en: string, values: Record<string, string>) =>
  post<Tried>('message-templates/trial', { text_zh, text_en, values });

export const getGroups = () => get<{ groups: Group[] }>('message-groups');
export const getGroup = (id: number) => get<GroupCard>(`message-groups/${id}`);
export const addGroup = (content: GroupContent) => post<GroupCard>('message-groups', content);
export const changeGroup = (id: number, revision: number, content: GroupContent) =>
  post<GroupCard>(`message-groups/${id}`, { revision, ...content });
export const deleteGroup = (id: number, revision: number) =>
  post<void>(`message-groups/${id}/delete`, { revision });
export const previewGroup = (content: GroupContent) => post<InGroup>('message-groups/preview', content);

export const getLimits = () => get<Limits>('message-limits');
export const changeLimits = (revision: number, change: Partial<Limits>) =>
  post<Limits>('message-limits', { revision, ...change });

export const getStatistics = (query: { unit: number | null; from: string; to: string; channel: string }) =>
  get<Statistics>('message-statistics', query);

/** What the server says, field by field. Times are RFC 3339 text, angles degrees in WGS-84, longitude first. */
import type { FeatureCollection, MultiPolygon, Polygon } from 'geojson';
import type { PresenceName } from '../live/presence';

export type Bounds = [west: number, south: number, east: number, north: number];
export type LevelColour = 'blue' | 'yellow' | 'orange' | 'red';

export interface Named {
  id: number;
  name: string;
  name_en?: string | null; // units have one; people and accounts do not
}

export interface Unit extends Named {
  code: string;
  level: string;
  parent: number | null;
  members: number;
  on_duty?: number | null;
}

export interface UnitDetail extends Unit {
  attributes: Record<string, unknown>;
  leaders: Member[];
  bounds: Bounds | null;
}

export interface UnitLevel {
  code: string;
  rank: number;
  name_zh: string;
  name_en: string;
}

export interface Role {
  code: string;
  name_zh: string;
  name_en: string;
  is_leader: boolean;
}

export interface Basemap {
  tiles: string[];
  attribution?: string;
}

/** What an account may do, each for one unit and all below it. */
export type Right = 'viewer' | 'dispatcher' | 'issuer' | 'approver' | 'administrator';
export type Rights = Partial<Record<Right, Named>>;

export interface Account {
  id: number;
  name: string;
  display_name?: string;
  may_issue: boolean;
  member?: number | null;
  roles?: Rights;
  second_factor?: { is_on: boolean; is_required: boolean; recovery_codes_left: number };
  must_change_password?: boolean;
  via?: string; // password, oidc
}

export interface Me {
  account: Account;
  unit: Unit;
  city: { name: string; name_en: string | null; bounds: Bounds | null };
  server_time: string;
  settings: { basemap: Basemap | null };
  levels: UnitLevel[];
  roles: Role[];
}

export interface Last {
  fixed_at: string;
  received_at: string;
  lon: number;
  lat: number;
  speed_mps: number | null;
  heading_deg: number | null;
  accuracy_m: number | null;
  battery_pct: number | null;
  grid: Named | null;
  state: PresenceName;
}

export interface Member extends Named {
  code: string;
  phone: string | null;
  unit: Named | null;
  role: string | null;
  terminal: { code: string } | null;
  last: Last | null;
  outside_since: string | null; // out of all their own grids since; null: not out
}

export interface MemberDetail extends Member {
  assignments: { unit: Named; role: string }[];
}

/** [time ms, lon, lat, accuracy m, speed m/s, flags] */
export type TrackPoint = [number, number, number, number | null, number | null, number];

export interface Emergency {
  id: number;
  member: Member | null;
  terminal: { code: string } | string | number | null;
  pressed_at: string;
  received_at: string;
  lon: number | null;
  lat: number | null;
  grid: Named | null;
  note: string;
  taken_at: string | null;
  taken_by: Named | null;
  closed_at: string | null;
  closed_by: Named | null;
}

export interface PresenceEvent {
  at: string;
  kind: 'online' | 'silent' | 'offline' | 'out_of_grid' | 'back_in_grid';
  terminal: { code: string };
  grid: Named | null;
}

export interface Crossing {
  member: Named | null;
  from: Named | null;
  to: Named | null;
  at: string;
}

export type AlertState = 'draft' | 'pending_approval' | 'issued' | 'lifted' | 'cancelled' | 'expired';

export interface Reach {
  audience: number;
  told: number;
  delivered: number;
  acknowledged: number;
  failed: number;
  unknown: number;
  queued: number;
}

export interface AlertContent {
  level: LevelColour;
  event: string;
  headline: string;
  description: string;
  instruction: string;
  targets: number[];
  teams: number[]; // work teams told beside the leaders
  depth: string | null;
  area: Polygon | MultiPolygon | null;
  expires_at: string | null;
  is_drill: boolean;
}

export interface Alert extends Omit<AlertContent, 'targets' | 'teams'> {
  id: string;
  identifier: string | null;
  state: AlertState;
  version: number;
  unit: Named;
  targets: Named[];
  teams: Named[];
  created_at: string;
  issued_at: string | null;
  ended_at: string | null;
  created_by: Named | null;
  moves: string[];
  reach: Reach;
  proposal: Proposal | null;
}

/** A change of level that waits for a second person. */
export interface Proposal {
  level: LevelColour;
  note: string;
  made_by: Named;
  made_at: string;
}

export interface AlertVersion {
  version: number;
  kind: string;
  level: LevelColour;
  headline: string;
  note: string;
  made_by: Named | null;
  made_at: string;
}

/** A warning passed down by a leader, with own words. */
export interface Passing {
  id: string;
  member: Named;
  unit: Named;
  words: string;
  people: number;
  passed_at: string;
}

export interface AlertDetail extends Alert {
  versions: AlertVersion[];
  passings: Passing[];
  audience_total: number;
}

export interface Reason {
  why: string;
  unit?: number | string | Named;
  role?: string;
  name?: string; // of the work team
  [more: string]: unknown;
}

export interface DeliveryLine {
  channel: string;
  kind?: string;
  state: string;
  address: string;
  detail: string;
  queued_at: string;
  sent_at: string | null;
  settled_at: string | null;
  is_possible_duplicate: boolean;
}

export interface Told {
  member: { id: number; name: string; phone: string | null; unit: Named | null };
  reasons: Reason[];
  delivery: DeliveryLine[];
  acknowledged_at: string | null;
}

export interface AudiencePreview {
  total: number;
  by_reason: Record<string, number>;
  by_level: Record<string, number>;
  by_unit: { unit: number[]; people: number[] }; // of the account's own subtree
  sample: { id: number; name: string; phone?: string | null; unit?: Named | null; reasons?: Reason[] }[];
  allowed: boolean;
  explanation: string;
  parts: number | { zh: number; en: number }; // SMS parts, by language
}

export interface OutboxMessage {
  id: number;
  address: string;
  body: string;
  accepted_at: string;
  delivery: { id: number; state: string; kind: string; channel: string };
  member: Named | null;
  alert: string | null;
}

export interface GridProperties {
  id: number;
  code: string;
  name: string;
  level: string;
  parent: number | null;
}

export type Grids = FeatureCollection<Polygon | MultiPolygon, GridProperties>;

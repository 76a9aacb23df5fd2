/** Grid sets and the grid map's editor. What is pending lives in the browser and is sent with each request. */
import type { Feature, FeatureCollection, MultiPolygon, Polygon, Position } from 'geojson';
import { get, post } from './client';
import type { Named } from './types';

export type Area = Polygon | MultiPolygon;

export interface LeafProperties {
  id: number;
  code: string;
  name: string;
  level: string;
  parent: number | null;
  is_inside: boolean; // of the unit asked for; the others lie around it
  may_change: boolean;
}

export type Leaf = Feature<Area, LeafProperties>;

export interface UnitWithoutArea {
  id: number;
  code: string;
  name: string;
  name_en: string | null;
  level: string;
  parent: number | null;
}

export interface EditedArea {
  version: number;
  grids: FeatureCollection<Area, LeafProperties>;
  without: UnitWithoutArea[];
}

export interface NewGrid {
  parent: number;
  level: string;
  name: string;
  name_en: string | null;
  code: string | null; // null: the next free one
}

/** `unit` is negative for a grid that is not made yet; no area: merged away. */
export interface GridChange {
  unit: number;
  area: Area | null;
  new: NewGrid | null;
}

export interface GridProblem {
  word: 'overlap' | 'gap' | 'outside' | 'invalid' | 'unmatched';
  message: string;
  unit: number | null;
  place: [number, number];
  m2: number;
}

export interface ChangedGrid {
  unit: number;
  code: string;
  name: string;
  is_leaf: boolean;
  before_m2: number;
  after_m2: number;
  gained_m2: number;
  lost_m2: number;
}

export interface GridReport {
  problems: GridProblem[];
  changed: ChangedGrid[];
  people: number; // placed anew
  version: number | null;
}

export interface GridSet {
  version: number;
  takes_effect_at: string;
  made_at: string;
  made_by: Named | null;
  note: string;
  based_on: number | null;
  grids: number;
  state: 'past' | 'in_force' | 'planned' | 'withdrawn';
}

export interface NewSet {
  based_on: number;
  changes: GridChange[];
  takes_effect_at?: string | null;
  note?: string;
  may_move_border?: boolean; // the city's own; administrators of all of it
  dry_run?: boolean;
}

type Pending = readonly Pick<GridChange, 'unit' | 'area'>[];
type Changed = { unit: number; area: Area }[];

const PUBLISH_WITHIN_MS = 120_000;

export const getEditedArea = (unit: number, version: number | null) =>
  get<EditedArea>('grid-edits/area', { unit, version });
export const splitGrid = (version: number, pending: Pending, unit: number, line: Position[]) =>
  post<{ pieces: Area[]; changed: Changed }>('grid-edits/split', { version, pending, unit, line });
export const mergeGrids = (version: number, pending: Pending, units: readonly number[]) =>
  post<{ area: Area }>('grid-edits/merge', { version, pending, units });
export const reshapeGrid = (
  version: number,
  pending: Pending,
  unit: number,
  area: Area,
  may_move_border: boolean,
) => post<{ changed: Changed }>('grid-edits/reshape', { version, pending, unit, area, may_move_border });

export const getGridSets = () => get<{ total: number; sets: GridSet[] }>('grid-sets', { limit: 100 });
export const postGridSet = (set: NewSet) => post<GridReport>('grid-sets', set, PUBLISH_WITHIN_MS);
export const withdrawGridSet = (version: number) => post<object>(`grid-sets/${version}/withdraw`);

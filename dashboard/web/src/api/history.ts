/** What was: who was in a unit or a drawn area, a member's hours, their track over a span. */
import type { Polygon } from 'geojson';
import { get, post } from './client';
import type { Named, TrackPoint } from './types';

/** Of a unit its grids, as they were at the time. */
export type Where = { unit: number } | { area: Polygon };

/** A member who was in an area, with the first and the last fix there. */
export interface Visitor {
  id: number;
  code: string;
  name: string;
  unit: Named;
  role: string;
  first_at: string;
  last_at: string;
  fixes: number;
}

export interface Visitors {
  total: number;
  fixes: number;
  people: Visitor[];
}

/** What a member did in one grid within one hour; no grid: outside the city, or outside our subtree. */
export interface HourInGrid {
  hour: string;
  grid: Named | null;
  fixes: number;
  distance_m: number;
  in_grid_s: number;
}

export const getVisitors = (where: Where, from: string, to: string, limit: number) =>
  post<Visitors>('history/area', { ...where, from, to, limit });
export const getHours = (member: number, from: string) =>
  get<{ hours: HourInGrid[] }>(`members/${member}/hours`, { from });
export const getTrackBetween = (member: number, from: string, to: string) =>
  get<{ points: TrackPoint[] }>(`members/${member}/track`, { from, to });

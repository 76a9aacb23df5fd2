/** Plane geometry of the map: Web Mercator as a unit square, bounds, label places, circles. Longitude first. */
import type { Feature, MultiPolygon, Polygon, Position } from 'geojson';
import type { Bounds } from '../api/types';

const EARTH_M = 6_378_137;
const TILE_PX = 512;

export const mercatorX = (lon: number): number => lon / 360 + 0.5;
export const mercatorY = (lat: number): number => {
  const sine = Math.sin((lat * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
};

/** Zoom at which a square of `side` (share of the world) is `px` wide. */
export const zoomFor = (px: number, side: number): number => Math.log2(px / (TILE_PX * side));

export const worldPx = (zoom: number): number => TILE_PX * 2 ** zoom;

export function rings(geometry: Polygon | MultiPolygon): Position[][] {
  return geometry.type === 'Polygon' ? geometry.coordinates : geometry.coordinates.flat();
}

/** Several areas as one; what overlaps stays doubled: it is for bounds. */
export const unionOf = (geometries: readonly (Polygon | MultiPolygon)[]): MultiPolygon => ({
  type: 'MultiPolygon',
  coordinates: geometries.flatMap((each) =>
    each.type === 'Polygon' ? [each.coordinates] : each.coordinates,
  ),
});

export function boundsOf(geometries: readonly (Polygon | MultiPolygon)[]): Bounds | null {
  const found: Bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of geometries.flatMap(rings)) {
    for (const [lon, lat] of ring as [number, number][]) {
      found[0] = Math.min(found[0], lon);
      found[1] = Math.min(found[1], lat);
      found[2] = Math.max(found[2], lon);
      found[3] = Math.max(found[3], lat);
    }
  }
  return Number.isFinite(found[0]) ? found : null;
}

/** Share of the world's width that a square with the area of `bounds` / `count` would have. */
export function cellSide(bounds: Bounds, count: number): number {
  const width = mercatorX(bounds[2]) - mercatorX(bounds[0]);
  const height = mercatorY(bounds[1]) - mercatorY(bounds[3]);
  return Math.sqrt((width * height) / Math.max(count, 1));
}

function centroid(ring: Position[]): { area: number; at: [number, number] } {
  let [area, x, y] = [0, 0, 0];
  const [x0, y0] = ring[0] as [number, number]; // relative to a corner: degrees squared would lose digits
  for (let i = 0; i + 1 < ring.length; i++) {
    const [ax, ay] = [ring[i]![0]! - x0, ring[i]![1]! - y0];
    const [bx, by] = [ring[i + 1]![0]! - x0, ring[i + 1]![1]! - y0];
    const cross = ax * by - bx * ay;
    area += cross;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  }
  if (area === 0) return { area: 0, at: [x0, y0] };
  return { area: Math.abs(area / 2), at: [x0 + x / (3 * area), y0 + y / (3 * area)] };
}

/** Where a grid's name stands: the centroid of its largest part. */
export function labelPlace(geometry: Polygon | MultiPolygon): [number, number] {
  const outers =
    geometry.type === 'Polygon' ? [geometry.coordinates[0]!] : geometry.coordinates.map((part) => part[0]!);
  const parts = outers.map(centroid);
  return parts.reduce((best, part) => (part.area > best.area ? part : best)).at;
}

const WORLD: Position[] = [
  [-180, -85],
  [180, -85],
  [180, 85],
  [-180, 85],
  [-180, -85],
];

/** All the world but these areas. */
export function maskOf(geometry: Polygon | MultiPolygon): Feature<Polygon> {
  const holes =
    geometry.type === 'Polygon' ? [geometry.coordinates[0]!] : geometry.coordinates.map((part) => part[0]!);
  return { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [WORLD, ...holes] } };
}

/** What an area measures on the ground, in square metres; good to a thousandth within a city. */
export function groundM2(area: Polygon): number {
  const perDegree = (EARTH_M * Math.PI) / 180;
  const ring = area.coordinates[0]!;
  const { area: squareDegrees, at } = centroid(ring);
  return squareDegrees * perDegree ** 2 * Math.cos((at[1] * Math.PI) / 180);
}

const CIRCLE_CORNERS = 64;

export function circle(centre: { lon: number; lat: number }, radiusM: number): Polygon {
  const perDegree = (EARTH_M * Math.PI) / 180;
  const east = radiusM / (perDegree * Math.cos((centre.lat * Math.PI) / 180));
  const north = radiusM / perDegree;
  const ring = Array.from({ length: CIRCLE_CORNERS + 1 }, (_, corner): Position => {
    const angle = (2 * Math.PI * corner) / CIRCLE_CORNERS;
    return [centre.lon + east * Math.cos(angle), centre.lat + north * Math.sin(angle)];
  });
  return { type: 'Polygon', coordinates: [ring] };
}

/** What lies over the grids for a moment: the chosen unit, warnings, a person's track, halo and accuracy. */
import type { Feature, FeatureCollection, MultiPolygon, Polygon } from 'geojson';
import type { Bounds, Emergency, LevelColour, TrackPoint } from '../api/types';
import { LEVELS } from '../design/levels';
import { circle, maskOf } from './geometry';
import type { GridFeature } from './grids';

const GAP_MS = 10 * 60_000; // silence is not drawn as a straight walk
const FAINTEST = 0.12;

export const collection = (features: Feature[]): FeatureCollection => ({
  type: 'FeatureCollection',
  features,
});

export interface Warned {
  level: LevelColour;
  targets: readonly { id: number }[];
  area: Polygon | MultiPolygon | null;
}

const warningFeature = (geometry: Polygon | MultiPolygon, level: LevelColour): Feature => ({
  type: 'Feature',
  properties: { level },
  geometry,
});

/** Areas of the warnings given, the highest level on top: what was drawn by hand, else the targets' own areas. */
export function warningAreas(
  warned: readonly Warned[],
  grids: ReadonlyMap<number, GridFeature>,
): FeatureCollection {
  const ordered = [...warned].sort((a, b) => LEVELS[a.level].rank - LEVELS[b.level].rank);
  const features = ordered.flatMap(({ level, targets, area }) => {
    if (area) return [warningFeature(area, level)];
    return targets.flatMap(({ id }) => {
      const grid = grids.get(id);
      return grid ? [warningFeature(grid.geometry, level)] : [];
    });
  });
  return collection(features);
}

/** One short line per pair of fixes, fainter with age over `hourMs`. */
export function trackLines(
  points: readonly TrackPoint[],
  nowMs: number,
  hourMs = 3_600_000,
): FeatureCollection {
  const lines: Feature[] = [];
  for (let i = 1; i < points.length; i++) {
    const [before, here] = [points[i - 1]!, points[i]!];
    if (here[0] - before[0] > GAP_MS) continue;
    const age = Math.min(1, Math.max(0, (nowMs - here[0]) / hourMs));
    lines.push({
      type: 'Feature',
      properties: { opacity: FAINTEST + (1 - FAINTEST) * (1 - age) ** 1.5 },
      geometry: {
        type: 'LineString',
        coordinates: [
          [before[1], before[2]],
          [here[1], here[2]],
        ],
      },
    });
  }
  return collection(lines);
}

/** The ground a track covers; null when there is none. */
export function trackBounds(points: readonly TrackPoint[]): Bounds | null {
  if (points.length === 0) return null;
  const lons = points.map((point) => point[1]);
  const lats = points.map((point) => point[2]);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

const point = ({ lon, lat }: { lon: number; lat: number }): Feature => ({
  type: 'Feature',
  properties: {},
  geometry: { type: 'Point', coordinates: [lon, lat] },
});

export const pointAt = (at: { lon: number; lat: number } | null): FeatureCollection =>
  collection(at ? [point(at)] : []);

/** Where SOS was pressed, for those the map does not show as people: nobody's terminal, or one without a fix. */
export function pressedPlaces(
  open: readonly Emergency[],
  isShown: (member: number) => boolean,
): FeatureCollection {
  const places = open.flatMap(({ member, lon, lat }) => {
    if (lon === null || lat === null || (member && isShown(member.id))) return [];
    return [point({ lon, lat })];
  });
  return collection(places);
}

export function accuracyCircle(
  at: { lon: number; lat: number } | null,
  accuracyM: number | null,
): FeatureCollection {
  if (!at || accuracyM === null || accuracyM <= 0) return collection([]);
  return collection([{ type: 'Feature', properties: {}, geometry: circle(at, accuracyM) }]);
}

/** What is looked at, a grid or an area drawn by hand, in its outline; all the rest is dimmed. */
export function chosenArea(area: Polygon | MultiPolygon | undefined): {
  outline: FeatureCollection;
  mask: FeatureCollection;
} {
  return {
    outline: collection(area ? [{ type: 'Feature', properties: {}, geometry: area }] : []),
    mask: collection(area ? [maskOf(area)] : []),
  };
}

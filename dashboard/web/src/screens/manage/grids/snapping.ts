/** Where a pointer means a corner or an edge that is there: the same corner on both sides is what makes grids tile. */
import type { Position } from 'geojson';
import type { Area } from '../../../api/gridsets';
import { rings } from '../../../map/geometry';

export interface Pixels {
  x: number;
  y: number;
}

const CORNER_PX = 14;
const EDGE_PX = 10;
const LATTICE = 1e7; // vertices a degree

export const onLattice = ([lon, lat]: Position): Position => [
  Math.round(lon! * LATTICE) / LATTICE,
  Math.round(lat! * LATTICE) / LATTICE,
];

const far = (a: Pixels, b: Pixels): number => Math.hypot(a.x - b.x, a.y - b.y);

/** The share of the way from `a` to `b` that is nearest to `at`. */
function foot(at: Pixels, a: Pixels, b: Pixels): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  if (length === 0) return 0;
  return Math.min(1, Math.max(0, ((at.x - a.x) * dx + (at.y - a.y) * dy) / length));
}

/** The nearest corner in reach, else the nearest place on an edge, else nothing. */
export function snap(
  at: Pixels,
  areas: readonly Area[],
  project: (place: Position) => Pixels,
): Position | undefined {
  let corner: { place: Position; px: number } | undefined;
  let edge: { place: Position; px: number } | undefined;
  for (const ring of areas.flatMap(rings)) {
    let before: { place: Position; px: Pixels } | undefined;
    for (const place of ring) {
      const px = project(place);
      const away = far(at, px);
      if (away < (corner?.px ?? CORNER_PX)) corner = { place, px: away };
      if (before) {
        const share = foot(at, before.px, px);
        const on = {
          x: before.px.x + share * (px.x - before.px.x),
          y: before.px.y + share * (px.y - before.px.y),
        };
        const [a, b] = [before.place, place];
        if (far(at, on) < (edge?.px ?? EDGE_PX)) {
          edge = {
            px: far(at, on),
            place: [a[0]! + share * (b[0]! - a[0]!), a[1]! + share * (b[1]! - a[1]!)],
          };
        }
      }
      before = { place, px };
    }
  }
  const found = corner ?? edge;
  return found && onLattice(found.place);
}

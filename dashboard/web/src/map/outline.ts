/**
 * What is wrong with an outline drawn by hand, before anybody is asked about it. The server accepts simple rings (OGC
 * 06-103r4, 6.1.11): edges meet at the corners they share and nowhere else. Corners lie on the lattice of 1e-7 degrees,
 * where the sums below are exact for outlines of up to nine degrees.
 */
import type { Polygon, Position } from 'geojson';

/** flat: fewer than three corners, or all of them on one line. */
export type Flaw = 'flat' | 'crossing';

const LATTICE = 1e7; // vertices a degree
type Corner = readonly [x: number, y: number];
type Edge = readonly [from: Corner, to: Corner];

/** Corners as whole steps from the first one, none twice in a row; the ring is not closed. */
function cornersOf(ring: readonly Position[]): Corner[] {
  const [lon, lat] = ring[0] as [number, number];
  const steps = ring.map(
    (at): Corner => [Math.round((at[0]! - lon) * LATTICE), Math.round((at[1]! - lat) * LATTICE)],
  );
  const isSame = (a: Corner, b: Corner) => a[0] === b[0] && a[1] === b[1];
  const found = steps.filter((at, index) => index === 0 || !isSame(at, steps[index - 1]!));
  while (found.length > 1 && isSame(found[0]!, found.at(-1)!)) found.pop();
  return found;
}

/** On which side of a to b does c lie: its sign; 0 on the line. */
const side = (a: Corner, b: Corner, c: Corner): number =>
  Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));

const isWithin = ([a, b]: Edge, c: Corner): boolean =>
  Math.min(a[0], b[0]) <= c[0] &&
  c[0] <= Math.max(a[0], b[0]) &&
  Math.min(a[1], b[1]) <= c[1] &&
  c[1] <= Math.max(a[1], b[1]);

const lies = (edge: Edge, c: Corner): boolean => side(...edge, c) === 0 && isWithin(edge, c);

/** Whether two edges have a point in common. */
function touch(one: Edge, other: Edge): boolean {
  const isAcross = (edge: Edge, [c, d]: Edge) => side(...edge, c) * side(...edge, d) < 0;
  if (isAcross(one, other) && isAcross(other, one)) return true;
  return other.some((end) => lies(one, end)) || one.some((end) => lies(other, end));
}

/** Whether an edge runs back over the one before it. */
const turnsBack = ([a, b]: Edge, [, c]: Edge): boolean =>
  side(a, b, c) === 0 && (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]) < 0;

function crossesItself(corners: readonly Corner[]): boolean {
  const edges = corners.map((from, at): Edge => [from, corners[(at + 1) % corners.length]!]);
  return edges.some((edge, at) => {
    if (turnsBack(edge, edges[(at + 1) % edges.length]!)) return true;
    const apart = edges.slice(at + 2, at === 0 ? -1 : undefined); // the last one shares a corner with the first
    return apart.some((other) => touch(edge, other));
  });
}

export function flawOf(area: Polygon): Flaw | null {
  const corners = cornersOf(area.coordinates[0]!);
  const [a, b] = corners;
  if (!a || !b || corners.every((corner) => side(a, b, corner) === 0)) return 'flat';
  return crossesItself(corners) ? 'crossing' : null;
}

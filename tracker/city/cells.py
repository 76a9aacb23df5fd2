"""The smallest grids: cells that tile the plane, with borders as crooked as real ones.

Theory. Seeds give a Voronoi diagram; the cells that belong to the city are its leaves, and everything above them is a
union of leaves, so that no level can have a gap or an overlap. The straight border between two seeds p and q runs from
a to b. The kite a-p-b-q holds no other border: the triangle a-p-b lies in p's convex cell, a-q-b in q's. So each border
is bent inside its own kite, once for both sides, and no two borders can cross. All vertices lie on a lattice of 1e-7
degree (1 cm) and are the same to the bit on both sides.
"""

import heapq
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from tracker.model.positions import METRES_PER_DEGREE

LATTICE: Final = 10_000_000  # vertices a degree
PIECES: Final = 8  # of a bent border: three halvings
STRAIGHT_BELOW_M: Final = 30.0  # a shorter border is not bent
ROUGHNESS: Final = 0.14  # of the first bend, in lengths of the border; each halving halves it
MARGIN: Final = 0.6  # how much of its kite a border may use

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Plane:
    """Metres east and north of a centre, flat in the centre's latitude, and the lattice of degrees."""

    lon: float
    lat: float

    @property
    def _steps_a_metre(self) -> Floats:
        return np.array([1 / math.cos(math.radians(self.lat)), 1.0]) / METRES_PER_DEGREE * LATTICE

    def lattice(self, xy: Floats) -> Ints:
        centre = np.array([self.lon, self.lat]) * LATTICE
        return np.round(xy * self._steps_a_metre + centre).astype(np.int64)

    def metres(self, steps: Ints) -> Floats:
        return (steps - np.array([self.lon, self.lat]) * LATTICE) / self._steps_a_metre


@dataclass(frozen=True, slots=True)
class Cells:
    """Polygons (object[n]) in degrees, their seeds in metres (n, 2), and the pairs (m, 2) that share a border."""

    polygons: npt.NDArray[np.object_]
    seeds: Floats
    pairs: Ints


@dataclass(frozen=True, slots=True)
class _Diagram:
    """Sides are the directed borders of all cells, cell after cell, round each; `border` is shared by two sides."""

    vertices: Ints  # (v, 2) on the lattice
    cell: Ints  # of each side
    border: Ints  # of each side
    is_forward: npt.NDArray[np.bool_]  # whether the side runs as its border does
    ends: Ints  # (borders, 2) vertices from, to
    cells: Ints  # (borders, 2) the two cells; the second is -1 at the edge of the diagram


def tessellate(seeds: Floats, reach: Floats, count: int, plane: Plane, rng: np.random.Generator) -> Cells:
    """Return the cells of the `count` seeds of least `reach` that hang together by borders.

    Seeds are metres (n, 2) of the plane; some must lie around those `count`, to bound them.
    """
    diagram = _diagram(seeds, plane)
    inner = diagram.cells[:, 1] >= 0
    chosen = _connected(diagram.cells[inner], reach, count)
    lines = _bent(diagram, seeds, plane, rng)
    rank = np.full(len(seeds), -1)
    rank[chosen] = np.arange(count)
    pairs = rank[diagram.cells[inner]]
    return Cells(_polygons(diagram, lines, rank), seeds[chosen], pairs[(pairs >= 0).all(1)])


def _diagram(seeds: Floats, plane: Plane) -> _Diagram:
    polygons = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), ordered=True))
    # GEOS gives both sides of a border the same bits, so they meet in the same vertex of the lattice
    corners, cell = shapely.get_coordinates(polygons, return_index=True)
    steps = plane.lattice(corners)
    _, first, vertex = np.unique((steps[:, 0] << 32) + steps[:, 1], return_index=True, return_inverse=True)
    start, end, owner = vertex[:-1], vertex[1:], cell[:-1]
    is_side = (owner == cell[1:]) & (start != end)
    start, end, owner = start[is_side], end[is_side], owner[is_side]
    low, high = np.minimum(start, end), np.maximum(start, end)
    keys, border = np.unique(low * len(first) + high, return_inverse=True)
    cells = np.full((len(keys), 2), -1)
    cells[border[::-1], 0] = owner[::-1]  # the first side of each border
    later = cells[border, 0] != owner
    cells[border[later], 1] = owner[later]
    ends = np.column_stack([keys // len(first), keys % len(first)])
    return _Diagram(steps[first], owner, border, start == low, ends, cells)


def _connected(pairs: Ints, reach: Floats, count: int) -> Ints:
    """Return `count` seeds, sorted: the innermost one, then always the innermost neighbour of those taken."""
    beside = neighbours(pairs, len(reach))
    waiting = [(float(reach.min()), int(reach.argmin()))]
    seen, taken = {waiting[0][1]}, list[int]()
    while len(taken) < count:
        _, seed = heapq.heappop(waiting)
        taken.append(seed)
        for other in beside[seed]:
            if other not in seen:
                seen.add(other)
                heapq.heappush(waiting, (float(reach[other]), other))
    return np.sort(np.array(taken))


def neighbours(pairs: Ints, count: int) -> list[list[int]]:
    """Return for each of `count` cells those that it shares a border with, ascending."""
    both = np.unique(np.vstack([pairs, pairs[:, ::-1]]), axis=0)
    starts = np.searchsorted(both[:, 0], np.arange(count + 1))
    return [both[start:end, 1].tolist() for start, end in pairwise(starts.tolist())]


def _bent(diagram: _Diagram, seeds: Floats, plane: Plane, rng: np.random.Generator) -> Ints:
    """Return the PIECES + 1 vertices of every border on the lattice; those of a straight one repeat its first."""
    at = plane.metres(diagram.vertices)
    start, along = at[diagram.ends[:, 0]], at[diagram.ends[:, 1]] - at[diagram.ends[:, 0]]
    length_m = np.hypot(*along.T)
    across = np.column_stack([-along[:, 1], along[:, 0]]) / length_m[:, None]
    shares = np.arange(PIECES + 1) / PIECES
    offsets_m = _offsets(length_m, _room(diagram, seeds, start, along, length_m), shares, rng)
    xy = start[:, None] + along[:, None] * shares[:, None] + across[:, None] * offsets_m[..., None]
    lines = plane.lattice(xy)
    lines[:, 0], lines[:, -1] = diagram.vertices[diagram.ends[:, 0]], diagram.vertices[diagram.ends[:, 1]]
    is_straight = (length_m < STRAIGHT_BELOW_M) | (diagram.cells[:, 1] < 0)
    lines[is_straight, 1:-1] = -1
    return lines


def _room(diagram: _Diagram, seeds: Floats, start: Floats, along: Floats, length_m: Floats) -> Floats:
    """Return the height in metres of the kite, per share of the border's length from its nearer end.

    Where the foot of the seed lies beyond an end, the triangle leans, and is lower than its height says.
    """
    room = np.full(len(start), np.inf)
    for cell in diagram.cells.T:
        to_seed = seeds[cell] - start
        foot = (to_seed * along).sum(1) / length_m**2
        height_m = np.abs(to_seed[:, 0] * along[:, 1] - to_seed[:, 1] * along[:, 0]) / length_m
        room = np.minimum(room, height_m / np.maximum(1, np.maximum(foot, 1 - foot)))
    return room


def _offsets(length_m: Floats, room: Floats, shares: Floats, rng: np.random.Generator) -> Floats:
    """Return how far each vertex lies left of its straight border: midpoints displaced, then kept in the kite."""
    limit = MARGIN * room[:, None] * np.minimum(shares, 1 - shares)
    offsets = np.zeros((len(length_m), PIECES + 1))
    half = PIECES // 2
    while half:
        middle = np.arange(half, PIECES, 2 * half)
        bend = rng.normal(0, ROUGHNESS * 2 * half / PIECES, (len(length_m), len(middle))) * length_m[:, None]
        offsets[:, middle] = (offsets[:, middle - half] + offsets[:, middle + half]) / 2 + bend
        half //= 2
    return np.clip(offsets, -limit, limit)


def _polygons(diagram: _Diagram, lines: Ints, rank: Ints) -> npt.NDArray[np.object_]:
    """Return the polygons of the cells that have a rank, in its order."""
    mine = np.flatnonzero(rank[diagram.cell] >= 0)
    mine = mine[np.argsort(rank[diagram.cell[mine]], kind="stable")]
    sides = lines[diagram.border[mine]]
    sides = np.where(diagram.is_forward[mine, None, None], sides, sides[:, ::-1])[:, :-1]
    owner = np.repeat(rank[diagram.cell[mine]], PIECES)
    vertices = sides.reshape(-1, 2)
    is_there = vertices[:, 0] >= 0
    rings = shapely.linearrings(vertices[is_there] / LATTICE, indices=owner[is_there])
    return np.asarray(shapely.polygons(rings), object)

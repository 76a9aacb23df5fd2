"""The ground people move on: places inside each grid, the straight ways between them, and ways between grids.

Every way between two places of a grid lies inside the grid, so that whoever keeps to the ways never leaves it. Places
are metres east and north of the city's middle; the flat map errs by some 0.1 % over a city, which nobody here minds.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from simulators.movement.chance import Chance, Floats, Integers, Stream

METRES_PER_DEGREE: Final = 111_195.0  # of latitude, on the sphere of 6,371 km
PLACES: Final = 10  # in a grid: 45 pairs, enough that no patrol looks like a rail
NEIGHBOURS: Final = 6  # grids that a driver may go to from a grid
MARGIN_M: Final = 12.0  # from the border, where the grid is wide enough for it
_CANDIDATES: Final = 8 * PLACES
_ROWS_AT_ONCE: Final = 512  # of the distance matrix: 512 x 17,350 doubles are 71 MB

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """Degrees to metres and back, about one middle."""

    lon: float
    lat: float

    def east_m(self, lon: Floats) -> Floats:
        return (lon - self.lon) * METRES_PER_DEGREE * np.cos(np.radians(self.lat))

    def north_m(self, lat: Floats) -> Floats:
        return (lat - self.lat) * METRES_PER_DEGREE

    def degrees(self, east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
        """Return (lon, lat)."""
        lon = self.lon + east_m / (METRES_PER_DEGREE * np.cos(np.radians(self.lat)))
        return lon, self.lat + north_m / METRES_PER_DEGREE


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    flat: Flat
    east_m: Floats  # of each place
    north_m: Floats
    first: Integers  # ways[first[p] : first[p] + count[p]] are the places that place p leads to, all in its grid
    count: Integers
    ways: Integers
    hub: Mapping[str, int]  # code of a grid -> its hub, the place where the ways of other grids arrive
    roads: Integers  # (places, NEIGHBOURS): hubs that a hub leads to; meaningless for other places


def lay_out(
    areas: Mapping[str, BaseGeometry], patrolled: Iterable[str], towns: Sequence[str], chance: Chance
) -> Ground:
    """Lay ways inside the `patrolled` areas, and roads between `towns` (codes of the areas that drivers go to).

    Areas are polygons in degrees by code; both other arguments name codes of them. A patrolled area that is no town
    leads nowhere: its roads lead back to itself.
    """
    flat = _flat(areas.values())
    inner = set(patrolled)
    codes = sorted(inner | set(towns))
    plots = [_plot(flat, areas[code], chance, _number(code), full=code in inner) for code in codes]
    firsts = np.cumsum([0, *(len(plot.east_m) for plot in plots)])
    ways, count = _joined(plots, firsts)
    hub = dict(zip(codes, (int(first) for first in firsts[:-1]), strict=True))
    east_m = np.concatenate([plot.east_m for plot in plots])
    north_m = np.concatenate([plot.north_m for plot in plots])
    roads = np.repeat(np.arange(len(east_m), dtype=np.int64)[:, None], NEIGHBOURS, axis=1)
    hubs = np.array([hub[code] for code in sorted(set(towns))], np.int64)
    roads[hubs] = _nearest(east_m[hubs], north_m[hubs], hubs)
    first = np.concatenate(([0], np.cumsum(count)[:-1])).astype(np.int64)
    return Ground(flat=flat, east_m=east_m, north_m=north_m, first=first, count=count, ways=ways, hub=hub, roads=roads)


@dataclass(frozen=True, slots=True)
class _Plot:
    """The places of one grid; the first is the hub, and every other can be reached from it."""

    east_m: Floats
    north_m: Floats
    leads: Booleans  # (places, places)


def _flat(areas: Iterable[BaseGeometry]) -> Flat:
    bounds = shapely.total_bounds(np.array(list(areas), dtype=object))
    return Flat(lon=float(bounds[0] + bounds[2]) / 2, lat=float(bounds[1] + bounds[3]) / 2)


def _number(code: str) -> int:
    """A grid draws by its code, so that a roster of other grids leaves its places where they are."""
    return zlib.crc32(code.encode())


def _plot(flat: Flat, area: BaseGeometry, chance: Chance, number: int, *, full: bool) -> _Plot:
    room = _room(flat, area)
    hub = room.representative_point()
    points = np.array([[hub.x, hub.y]])
    if full:
        points = np.concatenate([points, _scatter(room, chance, number)])
    leads = _visible(room, points)
    reached = _reached(leads)
    return _Plot(points[reached, 0], points[reached, 1], leads[np.ix_(reached, reached)])


def _room(flat: Flat, area: BaseGeometry) -> BaseGeometry:
    """The largest part of the area, in metres, less its margin when anything is left of it then."""
    metres = shapely.transform(area, lambda at: np.column_stack([flat.east_m(at[:, 0]), flat.north_m(at[:, 1])]))
    whole = _largest(metres)
    within = _largest(shapely.buffer(whole, -MARGIN_M))
    return whole if within.is_empty else within


def _largest(area: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(area)
    return parts[int(np.argmax(shapely.area(parts)))] if len(parts) else area


def _scatter(room: BaseGeometry, chance: Chance, number: int) -> Floats:
    west, south, east, north = room.bounds
    who, tries = np.full(_CANDIDATES, number, np.int64), np.arange(_CANDIDATES)
    x = chance.between(west, east, Stream.PLACE_X, who, tries)
    y = chance.between(south, north, Stream.PLACE_Y, who, tries)
    return np.column_stack([x, y])[shapely.contains_xy(room, x, y)][: PLACES - 1]


def _visible(room: BaseGeometry, points: Floats) -> Booleans:
    """Which places see each other: the straight line between them stays in the room."""
    leads = np.zeros((len(points), len(points)), np.bool_)
    one, other = np.triu_indices(len(points), 1)
    if one.size:
        shapely.prepare(room)
        lines = shapely.linestrings(np.stack([points[one], points[other]], axis=1))
        leads[one, other] = leads[other, one] = shapely.covers(room, lines)
    return leads


def _reached(leads: Booleans) -> npt.NDArray[np.intp]:
    """The places that can be reached from the first, in order."""
    reached = np.zeros(len(leads), np.bool_)
    reached[0] = True
    for _ in range(len(leads)):
        reached |= leads[reached].any(axis=0)
    return np.flatnonzero(reached)


def _joined(plots: Sequence[_Plot], firsts: npt.NDArray[np.int64]) -> tuple[Integers, Integers]:
    """Number the ways of all plots through; a place without any leads to itself. Returns (ways, count)."""
    ways: list[Integers] = []
    for plot, first in zip(plots, firsts, strict=False):
        for place, leads in enumerate(plot.leads):
            seen = np.flatnonzero(leads) if leads.any() else np.array([place])
            ways.append((seen + first).astype(np.int64))
    return np.concatenate(ways), np.array([len(way) for way in ways], np.int64)


def _nearest(east_m: Floats, north_m: Floats, hubs: Integers) -> Integers:
    """The NEIGHBOURS nearest other hubs of each, nearest first; repeated where there are fewer, itself where none."""
    if len(hubs) == 1:
        return np.full((1, NEIGHBOURS), hubs[0], np.int64)
    others = min(NEIGHBOURS, len(hubs) - 1)
    columns = np.resize(np.arange(others), NEIGHBOURS)
    found = np.empty((len(hubs), NEIGHBOURS), np.int64)
    for start in range(0, len(hubs), _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(hubs)))
        square_m2 = (east_m[rows, None] - east_m) ** 2 + (north_m[rows, None] - north_m) ** 2
        square_m2[np.arange(len(rows)), rows] = np.inf
        near = np.argpartition(square_m2, others - 1, axis=1)[:, :others]
        order = np.argsort(np.take_along_axis(square_m2, near, axis=1), axis=1, kind="stable")
        found[rows] = hubs[np.take_along_axis(near, order, axis=1)][:, columns]
    return found

"""The ground people move on: places inside each grid, the straight ways between them, and ways between grids.

Every way between two places of a grid lies inside the grid, so that whoever keeps to the ways never leaves it. Places
are metres east and north of the city's middle; the flat map errs by some 0.1 % over a city, which nobody here minds.
A place does not depend on which other grids are patrolled: parts of one fleet agree on it.
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
_PLOTS_AT_ONCE: Final = 1_000  # 45,000 lines of sight at a time: some 15 MB

Booleans = npt.NDArray[np.bool_]
_Geometries = npt.NDArray[np.object_]


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
    identity: Integers  # of each place: the same number on every ground of this city


def lay_out(
    areas: Mapping[str, BaseGeometry], patrolled: Iterable[str], towns: Sequence[str], chance: Chance
) -> Ground:
    """Lay ways inside the `patrolled` areas, and roads between `towns` (codes of the areas that drivers go to).

    Areas are polygons in degrees by code, all of the city; both other arguments name codes of them. A patrolled area
    that is no town leads nowhere: its roads lead back to itself.
    """
    flat = _flat(areas.values())
    inner = set(patrolled)
    codes = sorted(inner | set(towns))
    numbers = np.array([zlib.crc32(code.encode()) for code in codes], np.int64)
    plots = _plots(flat, [areas[code] for code in codes], chance, numbers, np.array([code in inner for code in codes]))
    first_place = np.concatenate(([0], np.cumsum(plots.is_place.sum(axis=1))[:-1])).astype(np.int64)
    ways, count = _ways(plots)
    hub = dict(zip(codes, first_place.tolist(), strict=True))
    east_m, north_m = plots.east_m[plots.is_place], plots.north_m[plots.is_place]
    roads = np.repeat(np.arange(len(east_m), dtype=np.int64)[:, None], NEIGHBOURS, axis=1)
    hubs = np.array([hub[code] for code in sorted(set(towns))], np.int64)
    roads[hubs] = _nearest(east_m[hubs], north_m[hubs], hubs)
    return Ground(
        flat=flat,
        east_m=east_m,
        north_m=north_m,
        first=np.concatenate(([0], np.cumsum(count)[:-1])).astype(np.int64),
        count=count,
        ways=ways,
        hub=hub,
        roads=roads,
        identity=(numbers[:, None] * PLACES + np.arange(PLACES))[plots.is_place],
    )


@dataclass(frozen=True, slots=True)
class _Plots:
    """The places of each grid, (grids, PLACES); the first is the hub, and every other can be reached from it."""

    east_m: Floats
    north_m: Floats
    is_place: Booleans
    leads: Booleans  # (grids, PLACES, PLACES)


def _flat(areas: Iterable[BaseGeometry]) -> Flat:
    bounds = shapely.total_bounds(np.array(list(areas), dtype=object))
    return Flat(lon=float(bounds[0] + bounds[2]) / 2, lat=float(bounds[1] + bounds[3]) / 2)


def _plots(flat: Flat, areas: Sequence[BaseGeometry], chance: Chance, numbers: Integers, is_full: Booleans) -> _Plots:
    """A grid draws its places by `numbers`, so that a roster of other grids leaves them where they are."""
    parts: list[_Plots] = []
    for start in range(0, len(areas), _PLOTS_AT_ONCE):
        some = slice(start, start + _PLOTS_AT_ONCE)
        rooms = _rooms(flat, np.array(areas[some], dtype=object))
        shapely.prepare(rooms)
        east_m, north_m, is_place = _scattered(rooms, chance, numbers[some], is_full[some])
        leads = _visible(rooms, east_m, north_m, is_place)
        is_reached = _reached(leads)
        parts.append(_Plots(east_m, north_m, is_reached, leads & is_reached[:, :, None] & is_reached[:, None, :]))
    return _Plots(
        np.concatenate([part.east_m for part in parts]),
        np.concatenate([part.north_m for part in parts]),
        np.concatenate([part.is_place for part in parts]),
        np.concatenate([part.leads for part in parts]),
    )


def _rooms(flat: Flat, areas: _Geometries) -> _Geometries:
    """The largest part of each area, in metres, less its margin when anything is left of it then."""
    metres = shapely.transform(areas, lambda at: np.column_stack([flat.east_m(at[:, 0]), flat.north_m(at[:, 1])]))
    whole = _largest(metres)
    within = _largest(shapely.buffer(whole, -MARGIN_M))
    return np.where(shapely.is_empty(within), whole, within)


def _largest(areas: _Geometries) -> _Geometries:
    parts, owner = shapely.get_parts(areas, return_index=True)
    order = np.lexsort((-shapely.area(parts), owner))
    owners, at = np.unique(owner[order], return_index=True)
    largest = areas.copy()  # an empty area has no parts
    largest[owners] = parts[order][at]
    return largest


def _scattered(
    rooms: _Geometries, chance: Chance, numbers: Integers, is_full: Booleans
) -> tuple[Floats, Floats, Booleans]:
    """The hub of each room and, in the full ones, the first candidates that fall into it."""
    east_m, north_m = np.zeros((len(rooms), PLACES)), np.zeros((len(rooms), PLACES))
    is_place = np.zeros((len(rooms), PLACES), np.bool_)
    hubs = shapely.point_on_surface(rooms)
    east_m[:, 0], north_m[:, 0], is_place[:, 0] = shapely.get_x(hubs), shapely.get_y(hubs), True
    full = np.flatnonzero(is_full)
    shape = (len(full), _CANDIDATES)
    west, south, east, north = (np.repeat(bound, _CANDIDATES) for bound in shapely.bounds(rooms[full]).T)
    who, tries = np.repeat(numbers[full], _CANDIDATES), np.tile(np.arange(_CANDIDATES), len(full))
    x = (west + (east - west) * chance.uniform(Stream.PLACE_X, who, tries)).reshape(shape)
    y = (south + (north - south) * chance.uniform(Stream.PLACE_Y, who, tries)).reshape(shape)
    is_inside = shapely.contains_xy(rooms[full][:, None], x, y)
    place = np.cumsum(is_inside, axis=1)
    row, column = np.nonzero(is_inside & (place < PLACES))
    plot, place = full[row], place[row, column]
    east_m[plot, place], north_m[plot, place], is_place[plot, place] = x[row, column], y[row, column], True
    return east_m, north_m, is_place


def _visible(rooms: _Geometries, east_m: Floats, north_m: Floats, is_place: Booleans) -> Booleans:
    """Which places see each other: the straight line between them stays in the room."""
    leads = np.zeros((len(rooms), PLACES, PLACES), np.bool_)
    ones, others = np.triu_indices(PLACES, 1)
    plot, pair = np.nonzero(is_place[:, ones] & is_place[:, others])
    one, other = ones[pair], others[pair]
    ends = np.stack(
        [
            np.stack([east_m[plot, one], north_m[plot, one]], axis=1),
            np.stack([east_m[plot, other], north_m[plot, other]], axis=1),
        ],
        axis=1,
    )
    leads[plot, one, other] = leads[plot, other, one] = shapely.covers(rooms[plot], shapely.linestrings(ends))
    return leads


def _reached(leads: Booleans) -> Booleans:
    """The places of each grid that can be reached from its first."""
    reached = np.zeros(leads.shape[:2], np.bool_)
    reached[:, 0] = True
    for _ in range(PLACES):
        reached |= (leads & reached[:, :, None]).any(axis=1)
    return reached


def _ways(plots: _Plots) -> tuple[Integers, Integers]:
    """Number the places and ways of all grids through; a place without any leads to itself. Returns (ways, count)."""
    number = np.cumsum(plots.is_place.ravel()).reshape(plots.is_place.shape) - 1
    plot, place = np.nonzero(plots.is_place & ~plots.leads.any(axis=2))
    leads = plots.leads.copy()
    leads[plot, place, place] = True
    plot, _, other = np.nonzero(leads)
    return number[plot, other].astype(np.int64), leads.sum(axis=2)[plots.is_place].astype(np.int64)


def _nearest(east_m: Floats, north_m: Floats, hubs: Integers) -> Integers:
    """The NEIGHBOURS nearest other hubs of each, nearest first; repeated where there are fewer, itself where none."""
    others = min(NEIGHBOURS, len(hubs) - 1)
    if not others:
        return np.repeat(hubs[:, None], NEIGHBOURS, axis=1)
    columns = np.resize(np.arange(others), NEIGHBOURS)
    found = np.full((len(hubs), others), -1, np.int64)
    points, radius_m = np.asarray(shapely.points(east_m, north_m)), _usual_reach_m(east_m, north_m)
    one, other = shapely.STRtree(points).query(points, predicate="dwithin", distance=radius_m)
    one, other = one[one != other], other[one != other]
    order = np.lexsort((other, np.hypot(east_m[other] - east_m[one], north_m[other] - north_m[one]), one))
    one, other = one[order], other[order]
    rank = np.arange(len(one)) - np.searchsorted(one, one)
    found[one[rank < others], rank[rank < others]] = other[rank < others]
    for row in np.flatnonzero(found[:, -1] < 0):  # the few who live remote
        square_m2 = (east_m - east_m[row]) ** 2 + (north_m - north_m[row]) ** 2
        square_m2[row] = np.inf
        found[row] = np.argsort(square_m2, kind="stable")[:others]
    return hubs[found[:, columns]]


def _usual_reach_m(east_m: Floats, north_m: Floats) -> float:
    """A radius that holds some 3 times NEIGHBOURS hubs where they lie evenly."""
    area_m2 = max(float(np.ptp(east_m)), 1.0) * max(float(np.ptp(north_m)), 1.0)
    return float(np.sqrt(3 * NEIGHBOURS / np.pi * area_m2 / len(east_m)))

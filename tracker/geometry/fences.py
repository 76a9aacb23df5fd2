"""Which grid a point lies in, how far it is from one, and what lies above a grid.

A point on a border touches up to three grids, and `within` would give it none: the test is `intersects`, and of those
touched the first in order of code wins, so every point of the city has exactly one grid.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tracker.geometry.outlines import Outlines
from tracker.model.positions import METRES_PER_DEGREE

OUTSIDE: Final = 0

Degrees = npt.NDArray[np.float64]
Units = npt.NDArray[np.int32]


class Fences:
    """The leaf grids of one grid set. Immutable, and safe to share between threads."""

    def __init__(
        self,
        *,
        units: Sequence[int],
        areas: Sequence[bytes] | Sequence[BaseGeometry],
        parents: Mapping[int, int | None] | None = None,
        version: int = 0,
    ) -> None:
        """Take the leaves in the order of their codes, each with its (Multi)Polygon or WKB in degrees (lon, lat).

        `parents` is the tree: every unit, leaf or not, to the one above it, the top to None. `version` names the set.
        """
        self.version = version
        self.units: Units = np.array(units, np.int32)
        self._homes = np.append(self.units, np.int32(OUTSIDE))  # by rank; behind the last one is nowhere
        self._parents = parents or {}
        self._polygons = _geometries(areas)
        self._tree = shapely.STRtree(self._polygons)
        self._outlines = Outlines(self._polygons)
        self._rank_of = {unit: rank for rank, unit in enumerate(units)}
        self._centres, self._cosines = _centres(self._polygons)
        self._planes = _in_metres(self._polygons, self._centres, self._cosines)

    def __len__(self) -> int:
        return len(self.units)

    def place(self, lon: Degrees, lat: Degrees) -> Units:
        """Return the leaf of each point, shape (n,); OUTSIDE where it lies in none or is not finite."""
        spots = np.column_stack([lon, lat])
        spots[~np.isfinite(lon + lat)] = np.nan
        points = np.asarray(shapely.points(spots), object)
        which, rank = self._tree.query(points)
        is_inside, is_doubtful = self._outlines.hold(rank, spots[which, 0], spots[which, 1])
        doubtful = np.flatnonzero(is_doubtful)
        is_inside[doubtful] = shapely.intersects(self._polygons[rank[doubtful]], points[which[doubtful]])
        first = np.full(len(lon), len(self.units), np.int64)
        np.minimum.at(first, which[is_inside], rank[is_inside])
        return self._homes[first]

    def distance_m(self, grid: Units, lon: Degrees, lat: Degrees) -> npt.NDArray[np.float64]:
        """Return metres from each point to its `grid`, 0 inside; infinite for a unit that is no leaf of this set.

        Flat in the grid's own latitude: within 0.3 % for points up to 10 km away.
        """
        rank = np.fromiter((self._rank_of.get(int(unit), -1) for unit in grid), np.int64, len(grid))
        distances = np.full(len(grid), np.inf)
        known = np.flatnonzero(rank >= 0)
        rank = rank[known]
        east_m = (lon[known] - self._centres[rank, 0]) * self._cosines[rank] * METRES_PER_DEGREE
        north_m = (lat[known] - self._centres[rank, 1]) * METRES_PER_DEGREE
        distances[known] = shapely.distance(self._planes[rank], shapely.points(east_m, north_m))
        return distances

    def ancestors(self, unit: int) -> tuple[int, ...]:
        """Return the units above `unit`, nearest first; none for an unknown one and for OUTSIDE."""
        above: list[int] = []
        parent = self._parents.get(unit)
        while parent is not None:
            above.append(parent)
            parent = self._parents.get(parent)
        return tuple(above)


def _geometries(areas: Sequence[bytes] | Sequence[BaseGeometry]) -> npt.NDArray[np.object_]:
    given = np.empty(len(areas), object)
    given[:] = areas
    is_wkb = bool(len(areas)) and isinstance(areas[0], bytes)
    return shapely.from_wkb(given) if is_wkb else given  # all at once: other threads go on meanwhile


def _centres(polygons: npt.NDArray[np.object_]) -> tuple[Degrees, Degrees]:
    """Return the middle (lon, lat) of each one's bounding box, and the cosine of its latitude."""
    bounds = shapely.bounds(polygons).reshape(-1, 4)
    centres = (bounds[:, :2] + bounds[:, 2:]) / 2
    return centres, np.cos(np.radians(centres[:, 1]))


def _in_metres(polygons: npt.NDArray[np.object_], centres: Degrees, cosines: Degrees) -> npt.NDArray[np.object_]:
    """Return each polygon on a plane of its own: metres east and north of its centre."""
    vertices, owner = shapely.get_coordinates(polygons, return_index=True)
    scale = np.column_stack([cosines[owner], np.ones(len(owner))]) * METRES_PER_DEGREE
    # set_coordinates writes into the array that it is given
    return shapely.set_coordinates(polygons.copy(), (vertices - centres[owner]) * scale)

"""Which of many points lie in which of many polygons: the outlines of all of them as columns, all questions at once.

Even-odd rule along a ray to the east. A point on a border, or so near that rounding could decide, is *in doubt*, and so
is any point at a polygon with holes or several parts: who asks has GEOS decide that one exactly. So the answers are
those of `intersects`, for less: GEOS walks one outline for one point at a time.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

Degrees = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

# Source: J. R. Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates" (1997):
# the sign of an orientation is right when it exceeds (3 + 16 e) e times the sum of its parts, e = 2^-53: 3.3e-16.
_DOUBT: Final = 1e-15


class Held(NamedTuple):
    """For each question whether the polygon holds the point; where `is_doubtful`, nobody knows yet."""

    is_inside: Mask
    is_doubtful: Mask


class Outlines:
    """The outlines of (Multi)Polygons, one after the other. Immutable."""

    def __init__(self, polygons: npt.NDArray[np.object_]) -> None:
        parts, owner = shapely.get_parts(polygons, return_index=True)
        rings, part = shapely.get_rings(parts, return_index=True)
        rings_of = np.bincount(owner[part], minlength=len(polygons))
        self._is_plain: Final = rings_of == 1
        vertices, ring = shapely.get_coordinates(rings, return_index=True)
        self._x: Final = vertices[:, 0]  # views: side by side in memory, for who needs the one has just had the other
        self._y: Final = vertices[:, 1]
        self._counts: Final = np.bincount(owner[part[ring]], minlength=len(polygons)).astype(np.intp)
        self._firsts: Final = np.cumsum(self._counts) - self._counts

    def hold(self, polygon: Places, x: Degrees, y: Degrees) -> Held:
        """Answer for each pair of a polygon, by its place, and a point; all are parallel."""
        counts = self._counts[polygon]
        ends = np.cumsum(counts)
        shift = self._firsts[polygon] - (ends - counts)
        corner = np.arange(ends[-1] if len(ends) else 0) + np.repeat(shift, counts)
        level, corner_y = np.repeat(y, counts), self._y[corner]
        is_above = corner_y > level
        is_doubtful = ~self._is_plain[polygon]
        is_doubtful[np.searchsorted(ends, np.flatnonzero(corner_y == level), side="right")] = True

        # What crosses the level, two edges of some fifty. From one outline's last corner to the next one there is none.
        begin = np.flatnonzero(is_above[1:] != is_above[:-1])
        question = np.searchsorted(ends, begin, side="right")
        is_edge = begin + 1 < ends[question]
        begin, question = corner[begin[is_edge]], question[is_edge]
        up = self._y[begin + 1] - self._y[begin]
        rise = (self._x[begin + 1] - self._x[begin]) * (y[question] - self._y[begin])
        run = (x[question] - self._x[begin]) * up
        side = rise - run
        is_doubtful[question[np.abs(side) <= _DOUBT * (np.abs(rise) + np.abs(run))]] = True
        is_east = (side > 0) == (up > 0)
        return Held(np.bincount(question[is_east], minlength=len(polygon)) % 2 == 1, is_doubtful)

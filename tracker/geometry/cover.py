"""Which grids lie in a drawn area wholly, and which only partly.

Of a grid that lies in it wholly every fix counts; of one that does not, each fix must be looked at by itself.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tracker.model.positions import OUTSIDE_CITY

GAP: Final = 1e-9  # of the area: grids tile within 1e-7 degree, and sums of areas are rounded


class Leaf(NamedTuple):
    """A leaf grid as one grid set draws it."""

    version: int
    unit: int
    area: bytes  # WKB, degrees


class Cover(NamedTuple):
    """Sorted units, none in both; OUTSIDE_CITY is among `partly` where the area leaves all grids."""

    whole: tuple[int, ...]
    partly: tuple[int, ...]


def cover(area: BaseGeometry, leaves: Iterable[Leaf]) -> Cover:
    """Return what of `leaves` (of one or more grid sets: all that may touch the area) lies in it.

    A grid that one set puts into the area and another does not is partly in it: its fixes are of both times.
    """
    sets: dict[int, list[Leaf]] = {}
    for leaf in leaves:
        sets.setdefault(leaf.version, []).append(leaf)
    covers = [_cover(area, members) for members in sets.values()] or [Cover((), (OUTSIDE_CITY,))]
    whole = set[int](covers[0].whole).intersection(*(one.whole for one in covers))
    touched = {unit for one in covers for unit in (*one.whole, *one.partly)}
    return Cover(tuple(sorted(whole)), tuple(sorted(touched - whole)))


def holds(area: BaseGeometry, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return the mask of points (degrees) inside the area or on its border."""
    shapely.prepare(area)
    return shapely.intersects_xy(area, lon, lat)


def _cover(area: BaseGeometry, leaves: Sequence[Leaf]) -> Cover:
    """Of one grid set."""
    polygons = shapely.from_wkb(np.array([leaf.area for leaf in leaves], object))
    units = np.array([leaf.unit for leaf in leaves], np.int32)
    shapely.prepare(area)
    touches = shapely.intersects(area, polygons)
    is_whole = shapely.covers(area, polygons)
    shared = shapely.area(shapely.intersection(area, polygons[touches])).sum()
    partly = units[touches & ~is_whole].tolist()
    if shared < area.area * (1 - GAP):
        partly.append(OUTSIDE_CITY)
    return Cover(tuple(units[is_whole].tolist()), tuple(partly))

"""Areas that tile: on one lattice, with the same vertices on both sides of every border. Pure; no I/O.

Theory. All vertices lie on the lattice of 1e-7 degree (1 cm). To change borders, the lines of all areas concerned are
cut at each other's crossings, rounded to the lattice (snap rounding, with the lattice's step as 1), and closed to
faces; a face belongs wholly to one area. Areas are unions of faces: two of them cannot overlap, no gap can open, and
both sides of a border have the same vertices, to the bit.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tracker.city.cells import LATTICE
from tracker.model.positions import METRES_PER_DEGREE

LEAST_M2: Final = 0.01
LEAST_M: Final = 0.02  # a strip as narrow as this is what rounding to the lattice leaves on both sides of a cut
STEP_M: Final = METRES_PER_DEGREE / LATTICE

Areas = Mapping[int, BaseGeometry]  # (Multi)Polygons by unit
Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Where areas do not tile: `overlap`, `gap`, `outside`, `invalid` or `unmatched` (its two sides differ)."""

    word: str
    unit: int | None
    lon: float
    lat: float
    m2: float


def to_steps(area: BaseGeometry) -> BaseGeometry:
    """Return a geometry of degrees with its vertices on the lattice, in whole steps of it."""
    return shapely.transform(area, lambda points: np.round(points * LATTICE))


def to_degrees(area: BaseGeometry) -> BaseGeometry:
    return shapely.transform(area, lambda points: points / LATTICE)


def square_metres(steps: BaseGeometry) -> float:
    """Return the size of an area of steps, flat in its own latitude."""
    if steps.is_empty:
        return 0.0
    return steps.area * STEP_M**2 * _cosine(steps)


def width_m(steps: BaseGeometry) -> float:
    """Return how wide a strip of this area and this perimeter is; the area's true width is at least that."""
    cosine = _cosine(steps)
    plane = shapely.transform(steps, lambda points: points * [STEP_M * cosine, STEP_M])
    return 2 * plane.area / plane.length


def faces_of(shapes: Sequence[BaseGeometry]) -> Geometries:
    """Return the faces that the lines of areas and lines (in steps) enclose together."""
    lines = [shape.boundary if shape.area else shape for shape in shapes]
    return shapely.get_parts(shapely.polygonize([shapely.union_all(lines, grid_size=1)]))


def owners_of(faces: Geometries, areas: Areas) -> list[int | None]:
    """Return the unit in whose area (in steps) each face lies; None for none, the first of several."""
    units = list(areas)
    middles = shapely.point_on_surface(faces)
    which, rank = shapely.STRtree(list(areas.values())).query(middles, predicate="intersects")
    first = np.full(len(faces), len(units), np.int64)
    np.minimum.at(first, which, rank)
    return [units[number] if number < len(units) else None for number in first.tolist()]


def gathered(faces: Geometries, owners: Sequence[int | None]) -> dict[int, BaseGeometry]:
    """Return the area of each owner."""
    parts: dict[int, list[BaseGeometry]] = {}
    for face, owner in zip(faces, owners, strict=True):
        if owner is not None:
            parts.setdefault(owner, []).append(face)
    return {owner: shapely.coverage_union_all(mine).normalize() for owner, mine in parts.items()}


def beside(areas: Areas, shape: BaseGeometry) -> dict[int, BaseGeometry]:
    """Return those of the areas that touch a shape, or nearly do."""
    units = list(areas)
    found = shapely.STRtree(list(areas.values())).query(shape, predicate="dwithin", distance=2)
    return {units[number]: areas[units[number]] for number in np.sort(found).tolist()}


def is_same(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Whether two areas have the same vertices in the same order, wherever their rings begin."""
    return bool(shapely.equals_identical(one.normalize(), other.normalize()))


def tiles(areas: Sequence[BaseGeometry]) -> bool:
    return all(area.is_valid for area in areas) and bool(np.all(shapely.coverage_is_valid(list(areas))))


def problems(before: Areas, after: Areas, *, may_move_border: bool = False) -> list[Problem]:
    """Return what is wrong with `after`, in degrees: the areas that change, and those around them as they stay.

    `before` are the same grids as they were: together, both must cover the same ground.
    """
    old = {unit: to_steps(area) for unit, area in before.items()}
    new = {unit: to_steps(area) for unit, area in after.items()}
    broken = [_invalid(unit, area) for unit, area in new.items() if not _is_sound(area)]
    if broken:
        return broken
    found = overlaps(new)
    was, is_now = shapely.union_all(list(old.values())), shapely.union_all(list(new.values()))
    found += _pieces("gap", None, shapely.difference(was, is_now, grid_size=1))
    if not may_move_border:
        found += _pieces("outside", None, shapely.difference(is_now, was, grid_size=1))
    return found or unmatched(new)


def overlaps(areas: Areas) -> list[Problem]:
    """Return where areas of steps lie on each other; the unit is the later one of each pair."""
    units, shapes = list(areas), list(areas.values())
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = [(a, b) for a, b in zip(one.tolist(), other.tolist(), strict=True) if a < b]
    return [
        problem
        for a, b in pairs
        for problem in _pieces("overlap", units[b], shapely.intersection(shapes[a], shapes[b], grid_size=1))
    ]


def unmatched(areas: Areas) -> list[Problem]:
    """Return borders of areas of steps whose two sides do not have the same vertices."""
    edges = shapely.coverage_invalid_edges(list(areas.values()))
    return [
        _problem("unmatched", unit, edge, 0.0)
        for unit, edge in zip(areas, edges, strict=True)
        if edge is not None and not edge.is_empty
    ]


def _is_sound(area: BaseGeometry) -> bool:
    return area.geom_type in {"Polygon", "MultiPolygon"} and not area.is_empty and bool(area.is_valid)


def _invalid(unit: int, area: BaseGeometry) -> Problem:
    where = area if area.is_empty or area.area == 0 else shapely.boundary(area)
    return _problem("invalid", unit, where, square_metres(area))


def _pieces(word: str, unit: int | None, where: BaseGeometry) -> list[Problem]:
    parts = [part for part in shapely.get_parts(where) if part.area > 0]
    sized = [(part, square_metres(part)) for part in parts if width_m(part) >= LEAST_M]
    return [_problem(word, unit, part, m2) for part, m2 in sized if m2 >= LEAST_M2]


def _problem(word: str, unit: int | None, where: BaseGeometry, m2: float) -> Problem:
    if where.is_empty:
        return Problem(word=word, unit=unit, lon=0.0, lat=0.0, m2=m2)
    spot = to_degrees(shapely.point_on_surface(where))
    return Problem(word=word, unit=unit, lon=float(shapely.get_x(spot)), lat=float(shapely.get_y(spot)), m2=m2)


def _cosine(steps: BaseGeometry) -> float:
    _, south, _, north = steps.bounds
    return math.cos(math.radians((south + north) / 2 / LATTICE))

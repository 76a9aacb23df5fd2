"""A small city for a simulated world: crooked cells that tile, three levels of grids, and perhaps a second grid set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
import shapely
from shapely import Polygon

from tracker.geometry.atlas import Atlas, Era
from tracker.geometry.fences import OUTSIDE, Fences
from tracker.model.positions import METRES_PER_DEGREE

WEST, SOUTH = 113.6, 34.7  # the city's south-west corner, degrees
LON_METRE: Final = 1 / (METRES_PER_DEGREE * float(np.cos(np.radians(SOUTH))))  # degrees a metre
LAT_METRE: Final = 1 / METRES_PER_DEGREE

TOP, FIRST_STREET, FIRST_COMMUNITY, FIRST_LEAF = 1, 10, 100, 1000  # unit ids

Spot = tuple[float, float]  # metres east and north of the south-west corner


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSet:
    version: int
    since_us: int
    areas: Mapping[int, Polygon]  # of the leaves, in order of their codes


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    sets: Sequence[GridSet]
    parents: Mapping[int, int | None]
    corners: Sequence[Spot]  # where cells meet: the interesting places
    width_m: float
    height_m: float


def degrees(spot: Spot) -> tuple[float, float]:
    """Return (lon, lat)."""
    return WEST + spot[0] * LON_METRE, SOUTH + spot[1] * LAT_METRE


def found(rng: Random, *, since_us: int, until_us: int) -> City:
    """Return a city whose second grid set, if there is one, takes effect between the two times."""
    columns, rows, side_m = rng.randint(2, 4), rng.randint(2, 3), rng.choice([120.0, 250.0, 500.0])
    mesh = {
        (column, row): (
            column * side_m + rng.uniform(-0.2, 0.2) * side_m,
            row * side_m + rng.uniform(-0.2, 0.2) * side_m,
        )
        for column in range(columns + 1)
        for row in range(rows + 1)
    }
    sets = [GridSet(version=1, since_us=0, areas=_cells(mesh, columns, rows))]
    if rng.random() < 0.35:
        sets.append(_redrawn(rng, mesh, columns, rows, rng.randrange(since_us, until_us)))
    return City(
        sets=sets,
        parents=_tree(columns * rows),
        corners=list(mesh.values()),
        width_m=columns * side_m,
        height_m=rows * side_m,
    )


def atlas(city: City) -> Atlas:
    """Return what ingest would have loaded: all sets, and which grids moved between them."""
    fences = {
        each.version: Fences(units=list(each.areas), areas=list(each.areas.values()), version=each.version)
        for each in city.sets
    }
    moved = {(1, 2): np.array(sorted(moved_between(city.sets[0], city.sets[1])), np.int32)} if city.sets[1:] else {}
    eras = [Era(each.version, each.since_us) for each in city.sets]
    return Atlas(eras, fences=fences, moved=moved, parents=city.parents)


def moved_between(before: GridSet, after: GridSet) -> set[int]:
    """Return the leaves that have another area in `after`, or none, and OUTSIDE if the city's outline is another."""
    moved = {unit for unit, area in before.areas.items() if unit not in after.areas or after.areas[unit] != area}
    outlines = [shapely.union_all(list(each.areas.values())).normalize() for each in (before, after)]
    return moved if outlines[0].equals(outlines[1]) else {OUTSIDE, *moved}


def _cells(mesh: Mapping[tuple[int, int], Spot], columns: int, rows: int) -> dict[int, Polygon]:
    cells: dict[int, Polygon] = {}
    for row in range(rows):
        for column in range(columns):
            ring = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
            cells[FIRST_LEAF + len(cells)] = Polygon([degrees(mesh[corner]) for corner in ring])
    return cells


def _redrawn(rng: Random, mesh: dict[tuple[int, int], Spot], columns: int, rows: int, since_us: int) -> GridSet:
    """Return a set in which a corner lies elsewhere; now and then a cell is gone as well."""
    corner = rng.choice(sorted(mesh))
    east_m, north_m = mesh[corner]
    other = {**mesh, corner: (east_m + rng.uniform(-40, 40), north_m + rng.uniform(-40, 40))}
    areas = _cells(other, columns, rows)
    if rng.random() < 0.3:
        del areas[rng.choice(list(areas))]
    return GridSet(version=2, since_us=since_us, areas=areas)


def _tree(leaves: int) -> dict[int, int | None]:
    """Return the parents: two leaves in a community, two communities in a street, all streets below the top."""
    parents: dict[int, int | None] = {TOP: None}
    for number in range(leaves):
        street, community = FIRST_STREET + number // 4, FIRST_COMMUNITY + number // 2
        parents |= {street: TOP, community: street, FIRST_LEAF + number: community}
    return parents

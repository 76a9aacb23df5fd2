"""An example city, the same for the same seed and sizes: 示范市, division 990100, which GB/T 2260 gives to nobody.

Leaves are made first; counties, streets and communities are connected unions of them (tracker.city.cells has the
theory), so every level tiles the level above it exactly.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tracker.city import names
from tracker.city.cells import Cells, Plane, neighbours, tessellate
from tracker.city.division import allot, divide
from tracker.city.model import City, Unit
from tracker.city.people import staff
from tracker.city.seeds import Outline, sow

CENTRE: Final = Plane(lon=113.65, lat=34.76)
CITY: Final = ("990100", "示范市", "Example City")
COUNTY_PREFIX: Final = "9901"
DEPARTMENTS: Final = (("应急管理局", "Emergency Management Bureau"), ("城市运行中心", "City Operations Centre"))
# Level, digits that its code adds, what is behind the name of a place
KINDS: Final = (
    ("county", 2, "区", "District"),
    ("grid-1", 3, "街道", "Subdistrict"),
    ("grid-2", 3, "社区", "Community"),
    ("grid-3", 3, "网格", "Grid"),
)
KM2_PER_LEAF: Final = 2.3  # so that a small city can be walked; the reference city is denser
MOST_KM2: Final = 7_446.0
PEOPLE_PER_LEAF: Final = 560  # median
PEOPLE_PER_HOUSEHOLD: Final = 2.6
HOUSEHOLDS_PER_BUILDING: Final = 22
ROLE_SETS: Final = {"grid-1": "4+6", "grid-3": "3+X"}
ATTEMPTS: Final = 10

STEPS: Final = 3  # of making grids

Count = Callable[[str, int, int], None]  # what, how many are done, of how many
Ints = npt.NDArray[np.int64]
Groups = list[list[Ints]]  # of each unit of one level, its parts in order; a part is the cells of one unit below


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many units of each level, and how many people. The defaults are a city to try things in."""

    counties: int = 12
    grids_1: int = 24
    grids_2: int = 72
    grids_3: int = 204
    leaders: int = 313  # one for each unit
    members: int = 640  # leaders included

    def __post_init__(self) -> None:
        levels = [1, self.counties, self.grids_1, self.grids_2, self.grids_3]
        if levels != sorted(levels):
            raise ValueError("every level wants at least as many units as the one above it")


DEMO: Final = Sizes()
# The published figures of a city of ten million
REFERENCE: Final = Sizes(counties=12, grids_1=198, grids_2=2_997, grids_3=17_350, leaders=85_319, members=270_342)


def generate(seed: int, sizes: Sizes, *, count: Count = lambda _what, _done, _of: None) -> City:
    """Return the example city; raises ValueError for sizes that leave no leader, or no member, for a grid.

    The reference city takes some 10 s. `count` hears what is being made, how many steps are done, of how many.
    """
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng([seed, attempt])
        count("grids", 0, STEPS)
        cells = _cells(sizes.grids_3, rng)
        count("grids", 1, STEPS)
        levels = _levels(cells, sizes, rng)
        count("grids", 2, STEPS)
        areas = _areas(cells, levels)
        count("grids", STEPS, STEPS)
        # Two vertices that fall together on the lattice may make a unit touch itself in a point: very rare
        if all(_is_sound(level) for level in areas):
            return _city(levels, areas, sizes, rng)
    raise RuntimeError(f"no sound city in {ATTEMPTS} attempts from seed {seed}")


def _cells(count: int, rng: np.random.Generator) -> Cells:
    radius_m = 1_000 * math.sqrt(min(KM2_PER_LEAF * count, MOST_KM2) / math.pi)
    outline = Outline.draw(radius_m, rng)
    seeds = sow(count, outline, rng)
    return tessellate(seeds, outline.reach(seeds), count, CENTRE, rng)


def _levels(cells: Cells, sizes: Sizes, rng: np.random.Generator) -> list[Groups]:
    """Divide the city level by level; return for each level from the counties down the groups of its parts."""
    beside = neighbours(cells.pairs, len(cells.seeds))
    parts = [np.arange(len(cells.seeds))]
    levels: list[Groups] = []
    for total in (sizes.counties, sizes.grids_1, sizes.grids_2, sizes.grids_3):
        counts = allot(total, [len(part) for part in parts])
        groups = [
            divide(part, count, beside=beside, centres=cells.seeds, rng=rng)
            for part, count in zip(parts, counts, strict=True)
        ]
        levels.append([_in_reading_order(group, cells.seeds) for group in groups])
        parts = [part for group in levels[-1] for part in group]
    return levels


def _in_reading_order(parts: Sequence[Ints], seeds: npt.NDArray[np.float64]) -> list[Ints]:
    """Order parts as unit codes are numbered: in rows from north to south, each from west to east."""
    middles = np.array([seeds[part].mean(0) for part in parts])
    a_row = math.ceil(len(parts) / round(math.sqrt(len(parts))))
    row = np.argsort(np.argsort(-middles[:, 1])) // a_row
    return [parts[index] for index in np.lexsort((middles[:, 0], row))]


def _areas(cells: Cells, levels: Sequence[Groups]) -> list[list[BaseGeometry]]:
    """Return the areas of each level from the city down, in the order of the levels' parts."""
    order = np.concatenate([part for group in levels[-1] for part in group])
    areas: list[list[BaseGeometry]] = [cells.polygons[order].tolist()]
    for groups in reversed(levels):
        ends = np.cumsum([len(group) for group in groups])
        below = areas[0]
        union = [
            shapely.coverage_union_all(below[end - len(group) : end]) for end, group in zip(ends, groups, strict=True)
        ]
        areas.insert(0, union)
    return areas


def _is_sound(areas: Sequence[BaseGeometry]) -> bool:
    is_whole = all(area.geom_type == "Polygon" for area in areas)
    return is_whole and bool(shapely.is_valid(areas).all()) and bool(shapely.coverage_is_valid(list(areas)))


def _city(
    levels: Sequence[Groups], areas: Sequence[Sequence[BaseGeometry]], sizes: Sizes, rng: np.random.Generator
) -> City:
    people = np.round(PEOPLE_PER_LEAF * rng.lognormal(0, 0.35, sizes.grids_3)).astype(int)
    people_of = np.empty(sizes.grids_3, int)
    people_of[np.concatenate([part for group in levels[-1] for part in group])] = people
    code, name, name_en = CITY
    layers = [[Unit(code=code, name=name, name_en=name_en, level="city", parent=None, attributes=_card(people))]]
    for depth, groups in enumerate(levels):
        populations = [people_of[part] for group in groups for part in group]
        layers.append(_units(depth, layers[-1], groups, populations, rng))
    area_of = {
        unit.code: area
        for layer, shapes in zip(layers, areas, strict=True)
        for unit, area in zip(layer, shapes, strict=True)
    }
    units = (*(unit for layer in layers for unit in layer), *_departments())
    members = staff(units, leaders=sizes.leaders, members=sizes.members, rng=rng)
    return City(units=units, areas=area_of, members=members)


def _units(
    depth: int, above: Sequence[Unit], groups: Groups, populations: Sequence[Ints], rng: np.random.Generator
) -> list[Unit]:
    """Return the units of one level, numbered within each parent."""
    level, digits, _, _ = KINDS[depth]
    people = iter(populations)
    units: list[Unit] = []
    for parent, called in zip(above, _names(depth, above, groups, rng), strict=True):
        prefix = COUNTY_PREFIX if level == "county" else parent.code
        for number, (name, name_en) in enumerate(called, start=1):
            unit = Unit(
                code=f"{prefix}{number:0{digits}d}",
                name=name,
                name_en=name_en,
                level=level,
                parent=parent.code,
                attributes=_card(next(people)),
                role_set=ROLE_SETS.get(level),
            )
            units.append(unit)
    return units


def _names(depth: int, above: Sequence[Unit], groups: Groups, rng: np.random.Generator) -> list[list[tuple[str, str]]]:
    """Return the names of each group: different in all the city down to the streets, in a street below."""
    level, _, suffix, suffix_en = KINDS[depth]
    if level == "grid-3":
        return [
            [(f"{parent.name}第{n}{suffix}", f"{parent.name_en}, {suffix_en} {n}") for n in range(1, len(group) + 1)]
            for parent, group in zip(above, groups, strict=True)
        ]
    if level == "grid-2":
        places = [names.places(len(group), rng) for group in groups]
    else:
        whole = iter(names.places(sum(len(group) for group in groups), rng))
        places = [[next(whole) for _ in group] for group in groups]
    return [[(place + suffix, f"{pinyin} {suffix_en}") for place, pinyin in called] for called in places]


def _card(people: Ints) -> dict[str, str | int]:
    population = int(people.sum())
    households = round(population / PEOPLE_PER_HOUSEHOLD)
    return {
        "population": population,
        "households": households,
        "buildings": math.ceil(households / HOUSEHOLDS_PER_BUILDING),
    }


def _departments() -> list[Unit]:
    return [
        Unit(code=f"{COUNTY_PREFIX}D{number:02d}", name=name, name_en=name_en, level="department", parent=CITY[0])
        for number, (name, name_en) in enumerate(DEPARTMENTS, start=1)
    ]

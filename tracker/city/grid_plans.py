"""What a new grid set would hold: the leaves that change, all areas above them, and what is wrong with them.

Everything is worked out from the newest set and the changes; nothing is written here. A city's areas are on the
lattice of 1e-7 degree (tracker.city.tiling): those who load or import one put them there.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import psycopg
import shapely
from shapely.geometry.base import BaseGeometry

from tracker.city import grid_rows
from tracker.city.grid_edits import risen
from tracker.city.grid_rows import GridRow, SetRow, UnitRow
from tracker.city.tiling import LEAST_M2, Areas, Problem, problems, square_metres, to_degrees, to_steps
from tracker.organisation.errors import Conflict, Invalid, Unknown
from tracker.organisation.texts import code_of, name_of

MARGIN: Final = 1e-6  # degrees round what changes: neighbours touch it
MOST_CHANGES: Final = 2_000

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGrid:
    """A unit to be made. `code` None: the next free one under its parent."""

    parent: int
    level: str
    name: str
    name_en: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A leaf's new area in degrees, None for one that is merged away; `unit` is negative for a new one."""

    unit: int
    area: BaseGeometry | None
    new: NewGrid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What becomes of one grid, a leaf or one above; `unit` is negative while it is not made yet."""

    unit: int
    code: str
    name: str
    is_leaf: bool
    before_m2: float  # 0: it had no area
    after_m2: float
    gained_m2: float
    lost_m2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a set would hold. `areas`: of every unit that changes, None for one that has none any more."""

    based_on: int
    problems: tuple[Problem, ...]
    changed: tuple[Changed, ...]
    areas: Mapping[int, BaseGeometry | None]
    leaves: frozenset[int]
    new: Mapping[int, NewGrid]  # with their codes
    people: int  # last seen in leaves that lose ground: they are placed anew


@dataclass(frozen=True, slots=True)
class _Ground:
    """The part of the city concerned, as the base set has it."""

    base: SetRow
    units: Mapping[int, UnitRow]
    is_leaf: Mapping[int, bool]  # of the units with an area

    def above(self, unit: int) -> list[int]:
        found: list[int] = []
        parent = self.units[unit].parent
        while parent is not None:
            found.append(parent)
            parent = self.units[parent].parent
        return found


async def plan(
    connection: Connection, *, changes: Sequence[Change], based_on: int, may_move_border: bool = False
) -> Plan:
    """Return what publishing would do, problems included.

    Raises Conflict when `based_on` is not the newest set, Unknown and Invalid for changes that make no sense at all.
    """
    ground = await _ground(connection, based_on, changes)
    changes = _checked(ground, changes)
    before = await _before(connection, ground, changes)
    after: dict[int, BaseGeometry | None] = {change.unit: change.area for change in changes}
    parents = {change.unit: change.new.parent for change in changes if change.new is not None}
    children = _children(ground, after, parents)
    _ensure_leaves(ground, after, children)
    below = {child for group in children.values() for child in group if child not in after and child in ground.is_leaf}
    others = {row.unit: shapely.from_wkb(row.area) for row in await grid_rows.areas(connection, based_on, below)}
    old = [*after, *(unit for unit in children if unit in ground.is_leaf)]
    was = {row.unit: shapely.from_wkb(row.area) for row in await grid_rows.areas(connection, based_on, old)}
    found, areas = await asyncio.to_thread(_judged, before, after, children, others, may_move_border=may_move_border)
    new = _coded(ground, {change.unit: change.new for change in changes if change.new is not None})
    changed = await asyncio.to_thread(_compared, ground, was, areas, new, set(after))
    losing = [one.unit for one in changed if one.is_leaf and one.lost_m2 >= LEAST_M2]
    losing += [unit for unit in children if ground.is_leaf.get(unit)]
    return Plan(
        based_on=based_on,
        problems=tuple(found),
        changed=changed,
        areas=areas,
        leaves=frozenset(areas.keys() - children.keys()),
        new=new,
        people=await grid_rows.people_in(connection, losing),
    )


async def _ground(connection: Connection, based_on: int, changes: Sequence[Change]) -> _Ground:
    base = await newest_set(connection)
    if base.version != based_on:
        raise Conflict(
            f"grid set {base.version} was made meanwhile: open it, and make your changes there",
            f"期间已有第 {base.version} 版网格，请在该版本上重新编辑",
            "not_newest",
        )
    asked = [change.unit if change.new is None else change.new.parent for change in changes]
    units = await grid_rows.units_about(connection, asked)
    return _Ground(base, units, await grid_rows.with_area(connection, based_on, units))


async def newest_set(connection: Connection) -> SetRow:
    base = await grid_rows.newest(connection)
    if base is None:
        raise Conflict("there are no grids yet: import a city first", "尚无网格，请先导入城市", "no_grids")
    return base


def _checked(ground: _Ground, changes: Sequence[Change]) -> list[Change]:
    """Return the changes on the lattice; raises Unknown or Invalid for those that cannot be."""
    if not changes:
        raise Invalid("nothing changes", "没有任何改动", "no_change")
    if len(changes) > MOST_CHANGES or len({change.unit for change in changes}) < len(changes):
        raise Invalid(
            f"at most {MOST_CHANGES} grids at once, each one time",
            f"一次最多 {MOST_CHANGES} 个网格，且不能重复",
            "too_many",
        )
    for change in changes:
        _check(ground, change)
    return [
        replace(change, area=None if change.area is None else to_degrees(to_steps(change.area))) for change in changes
    ]


def _check(ground: _Ground, change: Change) -> None:
    unit = change.unit if change.new is None else change.new.parent
    row = ground.units.get(unit)
    if row is None or row.is_closed:
        raise Unknown(f"there is no unit {unit}, or it is closed", "没有该组织，或已撤销")
    if (change.unit < 0) != (change.new is not None) or (change.new is not None and change.area is None):
        raise Invalid("a new grid wants a negative unit, what it is, and an area", "新网格缺少必要信息", "bad_new_grid")


def _ensure_leaves(ground: _Ground, after: Iterable[int], children: Mapping[int, Sequence[int]]) -> None:
    for unit in after:
        if unit in children or ground.is_leaf.get(unit) is False:
            called = ground.units[unit].name
            raise Invalid(
                f"{called} consists of other grids: change those",
                f"“{called}”由下级网格组成，请修改下级网格",
                "has_grids_below",
            )


async def _before(connection: Connection, ground: _Ground, changes: Sequence[Change]) -> Areas:
    """Return the leaves of the base set that change, or lie where something changes."""
    version = ground.base.version
    mine = await grid_rows.areas(connection, version, [change.unit for change in changes])
    shapes = [shapely.from_wkb(row.area) for row in mine]
    shapes += [change.area for change in changes if change.area is not None]
    if not shapes:
        raise Invalid("nothing changes", "没有任何改动", "no_change")
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    around = (west - MARGIN, south - MARGIN, east + MARGIN, north + MARGIN)
    near = await grid_rows.leaves_near(connection, version, around)
    return _shapes(near)


def _shapes(rows: Iterable[GridRow]) -> dict[int, BaseGeometry]:
    return {row.unit: shapely.from_wkb(row.area) for row in rows}


def _children(
    ground: _Ground, after: Mapping[int, BaseGeometry | None], parents: Mapping[int, int]
) -> dict[int, list[int]]:
    """Return the units above what changes, from the lowest up, each with the units below it that may have an area."""
    above = {higher for parent in parents.values() for higher in (parent, *ground.above(parent))}
    above |= {higher for unit in after if unit not in parents for higher in ground.above(unit)}
    lowest_first = sorted(above, key=lambda unit: -ground.units[unit].tree_left)
    children: dict[int, list[int]] = {unit: [] for unit in lowest_first}
    has_area = {*ground.is_leaf, *after, *above}
    for unit, row in ground.units.items():
        if row.parent in children and unit in has_area:
            children[row.parent].append(unit)
    for unit, parent in parents.items():
        children[parent].append(unit)
    return children


def _judged(
    before: Areas,
    after: Mapping[int, BaseGeometry | None],
    children: Mapping[int, Sequence[int]],
    others: Areas,
    *,
    may_move_border: bool,
) -> tuple[list[Problem], dict[int, BaseGeometry | None]]:
    """Return the problems of the leaves, and all areas that change. Seconds of CPU: not for the event loop."""
    kept = {unit: area for unit, area in before.items() if unit not in after and unit not in children}
    now = {**kept, **{unit: area for unit, area in after.items() if area is not None}}
    found = problems(before, now, may_move_border=may_move_border)
    if found:
        return found, dict(after)
    made = risen(after, children, others)
    return [], {**after, **{unit: made.get(unit) for unit in children}}


def _compared(
    ground: _Ground, was: Areas, areas: Mapping[int, BaseGeometry | None], new: Mapping[int, NewGrid], leaves: set[int]
) -> tuple[Changed, ...]:
    return tuple(
        changed
        for unit, area in areas.items()
        if (changed := _comparison(ground, unit, was.get(unit), area, new.get(unit), is_leaf=unit in leaves))
    )


def _comparison(
    ground: _Ground,
    unit: int,
    was: BaseGeometry | None,
    area: BaseGeometry | None,
    new: NewGrid | None,
    *,
    is_leaf: bool,
) -> Changed | None:
    """Return what a grid gains and loses; None for one above that stays as it is."""
    nothing = shapely.Polygon()
    before, after = (nothing if shape is None else to_steps(shape) for shape in (was, area))
    gained = square_metres(shapely.difference(after, before, grid_size=1))
    lost = square_metres(shapely.difference(before, after, grid_size=1))
    if not is_leaf and max(gained, lost) < LEAST_M2:
        return None
    row = ground.units.get(unit)
    return Changed(
        unit=unit,
        code=(new.code or "") if new is not None else "" if row is None else row.code,
        name=new.name if new is not None else "" if row is None else row.name,
        is_leaf=is_leaf,
        before_m2=square_metres(before),
        after_m2=square_metres(after),
        gained_m2=gained,
        lost_m2=lost,
    )


def _coded(ground: _Ground, new: Mapping[int, NewGrid]) -> dict[int, NewGrid]:
    """Return the new grids with a code each, names cleaned."""
    taken = {row.code for row in ground.units.values()} | {grid.code for grid in new.values() if grid.code}
    coded: dict[int, NewGrid] = {}
    for key, grid in new.items():
        siblings = [row.code for row in ground.units.values() if row.parent == grid.parent]
        code = code_of(grid.code) if grid.code else next_code(ground.units[grid.parent].code, siblings, taken)
        taken.add(code)
        coded[key] = replace(grid, code=code, name=name_of(grid.name))
    return coded


def next_code(parent: str, siblings: Iterable[str], taken: Iterable[str]) -> str:
    """Return the parent's code with the sequence behind its last child's, as wide as that; 001 for the first child."""
    numbers = [tail for code in siblings if (tail := code.removeprefix(parent)).isdigit() and code != tail]
    width = max((len(number) for number in numbers), default=3)
    number = max((int(number) for number in numbers), default=0) + 1
    used = set(taken)
    while f"{parent}{number:0{width}d}" in used:
        number += 1
    return f"{parent}{number:0{width}d}"

"""Units with ground of their own, moved: whom they leave and whom they come to get new borders in the same transaction.

The leaves stay as they are, so nobody's fix is judged otherwise; only the areas above are made anew. A move and its
grid set stand or fall together, or the map would show a street with ground that it gave away.
"""

import asyncio
from typing import Any, NamedTuple

import psycopg
import shapely

from tracker.city import grid_rows, grid_sets
from tracker.city.grid_edits import risen
from tracker.city.grid_plans import Plan
from tracker.city.grid_rows import UnitRow
from tracker.organisation import tree, units
from tracker.organisation.errors import Invalid
from tracker.organisation.units import Unit

Connection = psycopg.AsyncConnection[Any]


class Moved(NamedTuple):
    unit: Unit
    version: int | None  # of the grid set made for it; None: no border changed


async def move(connection: Connection, unit: int, *, revision: int, parent: int, made_by: int | None) -> Moved:
    """Hang a unit under another parent. Raises what `units.move` and `grid_sets.store` raise, and Invalid."""
    await tree.lock(connection)
    left = (await units.find(connection, unit)).parent
    moved = await units.move(connection, unit, revision=revision, parent=parent)
    base = await grid_rows.newest(connection)
    if left is None or left == parent or base is None:
        return Moved(moved, None)
    has_area = await grid_rows.with_area(connection, base.version, [unit, parent])
    if unit not in has_area:
        return Moved(moved, None)
    if has_area.get(parent):
        raise _has_ground_of_its_own()
    made = await _plan(connection, base.version, left, parent)
    note = f"{moved.code} → {parent}"
    version = await grid_sets.store(connection, made, takes_effect_at=None, note=note, made_by=made_by)
    return Moved(moved, version)


async def _plan(connection: Connection, version: int, left: int, entered: int) -> Plan:
    """Return the areas of all units above, on both sides, up to where the two meet."""
    rows = await grid_rows.units_about(connection, [left, entered])
    sides = [_upwards(rows, one) for one in (left, entered)]
    above = set(sides[0]) ^ set(sides[1])
    has_area = await grid_rows.with_area(connection, version, rows)
    children: dict[int, list[int]] = {one: [] for one in sorted(above, key=lambda one: -rows[one].tree_left)}
    for row in rows.values():
        if row.parent in children and (row.id in has_area or row.id in above):
            children[row.parent].append(row.id)
    below = {child for group in children.values() for child in group} - above
    areas = {row.unit: shapely.from_wkb(row.area) for row in await grid_rows.areas(connection, version, below)}
    made = await asyncio.to_thread(risen, {}, children, areas)
    return Plan(
        based_on=version,
        problems=(),
        changed=(),
        areas={one: made.get(one) for one in children},
        leaves=frozenset(),
        new={},
        people=0,
    )


def _upwards(rows: dict[int, UnitRow], unit: int) -> list[int]:
    """Return a unit and all above it."""
    found: list[int] = []
    here: int | None = unit
    while here is not None:
        found.append(here)
        here = rows[here].parent
    return found


def _has_ground_of_its_own() -> Invalid:
    return Invalid(
        "the new parent is a grid without grids below it: cut or merge it on the grid map first",
        "新的上级本身是末级网格，请先在网格图中调整其地块",
        "has_ground",
        field="parent",
    )

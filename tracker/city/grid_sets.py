"""New versions of the boundaries: checked as a whole, published at once or for a moment to come, withdrawn before it.

A set is a whole copy of the one it is based on, with the leaves that change and every area above them made anew as
the union of what lies in it. Sets stand in one line, in order of time: each is based on the one before it, so that two
people who edit at once cannot lose each other's work. A unit whose area is merged away stays, with its people, until
somebody closes it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
import shapely
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from shapely.geometry.base import BaseGeometry

from tracker.city import grid_rows
from tracker.city.grid_plans import Change, NewGrid, Plan, newest_set, plan
from tracker.city.grid_rows import SetRow, Stored
from tracker.city.tiling import Problem
from tracker.organisation import tree
from tracker.organisation.errors import Conflict, Invalid, Unknown
from tracker.organisation.levels import check_order
from tracker.organisation.texts import note_of

LEAD: Final = timedelta(seconds=10)  # until then every ingest has loaded the set, and judges by it from the first fix

Connection = psycopg.AsyncConnection[Any]


class Unsound(Invalid):
    """The areas would not tile."""

    def __init__(self, found: Sequence[Problem]) -> None:
        super().__init__(
            f"the areas do not tile: {len(found)} problems; check again, they are shown on the map",
            f"网格未能无缝拼接：共 {len(found)} 处问题，请检查地图上的标记",
            "does_not_tile",
        )
        self.problems = tuple(found)


async def publish(
    connection: Connection,
    *,
    changes: Sequence[Change],
    based_on: int,
    takes_effect_at: datetime | None,
    note: str,
    made_by: int | None,
    may_move_border: bool = False,
) -> int:
    """Make a new set and the units it needs; return its version. None takes effect LEAD after it is made.

    Raises Unsound when the areas do not tile, and what `plan` raises.
    """
    await tree.lock(connection)
    made = await plan(connection, changes=changes, based_on=based_on, may_move_border=may_move_border)
    if made.problems:
        raise Unsound(made.problems)
    return await store(connection, made, takes_effect_at=takes_effect_at, note=note, made_by=made_by)


async def store(
    connection: Connection, made: Plan, *, takes_effect_at: datetime | None, note: str, made_by: int | None
) -> int:
    """Write a plan without problems, in the transaction that made it and holds the tree's lock."""
    at = await _moment(connection, await newest_set(connection), takes_effect_at)
    version = await grid_rows.add_set(
        connection, based_on=made.based_on, takes_effect_at=at, note=note_of(note), made_by=made_by
    )
    ids = await _make_units(connection, made.new)
    areas = {ids.get(unit, unit): area for unit, area in made.areas.items()}
    leaves = {ids.get(unit, unit) for unit in made.leaves}
    await grid_rows.copy_areas(connection, of=made.based_on, to=version, but=list(areas))
    await grid_rows.add_areas(connection, version, await asyncio.to_thread(_stored, areas, leaves))
    if takes_effect_at is None:  # the copy has taken its time
        at = await grid_rows.clock(connection) + LEAD
    await grid_rows.finish(connection, version, takes_effect_at=at, made_units=list(ids.values()))
    return version


async def withdraw(connection: Connection, version: int) -> list[int]:
    """Take a planned set back; return the units that were made for it and are closed again."""
    await tree.lock(connection)
    found = await grid_rows.find(connection, version)
    if found is None:
        raise Unknown(f"there is no grid set {version}", f"没有第 {version} 版网格")
    if found.withdrawn_at is not None:
        raise Conflict("it was withdrawn already", "该版本已撤回", "withdrawn")
    if found.takes_effect_at <= await grid_rows.clock(connection) + LEAD:
        raise Conflict(
            "it has taken effect, or does within seconds: publish another set that undoes it",
            "该版本已生效或即将生效，请发布新版本来还原",
            "in_force",
        )
    later = await grid_rows.later_sets(connection, found.takes_effect_at)
    if later:
        raise Conflict(
            f"set {later[-1]} is planned on top of it: withdraw that first",
            f"第 {later[-1]} 版建立在该版本之上，请先撤回第 {later[-1]} 版",
            "has_later_sets",
        )
    await grid_rows.withdraw(connection, version)
    return await grid_rows.close_unused(connection, found.made_units)


async def _moment(connection: Connection, newest: SetRow, wanted: datetime | None) -> datetime:
    soonest = await grid_rows.clock(connection) + LEAD
    at = soonest if wanted is None else wanted
    if at < soonest:
        raise Invalid(
            "this moment has passed, or comes too soon: publish now, or choose a later one",
            "该时间已过或过近，请立即发布或选择更晚的时间",
            "too_soon",
            field="takes_effect_at",
        )
    if at <= newest.takes_effect_at:
        planned = f"{newest.takes_effect_at:%Y-%m-%d %H:%M} UTC"
        raise Invalid(
            f"set {newest.version} is planned for {planned}: choose a later moment, or withdraw it first",
            f"第 {newest.version} 版计划于 {planned} 生效，请选择更晚的时间或先撤回该版本",
            "before_a_planned_set",
            field="takes_effect_at",
        )
    return at


async def _make_units(connection: Connection, new: Mapping[int, NewGrid]) -> dict[int, int]:
    """Return the ids of the units made, by the numbers they had in the plan."""
    ids: dict[int, int] = {}
    for key, grid in new.items():
        await check_order(connection, level=grid.level, parent=grid.parent)
        code = grid.code or ""
        try:
            ids[key] = await grid_rows.add_unit(
                connection, code=code, name=grid.name, name_en=grid.name_en, level=grid.level, parent=grid.parent
            )
        except UniqueViolation as taken:
            raise Conflict(
                f"another unit has the code {code}", f"编码 {code} 已被其他组织使用", "code_taken"
            ) from taken
        except ForeignKeyViolation as unknown:
            raise Invalid(
                f"there is no level {grid.level}", f"没有该层级：{grid.level}", "unknown_level", field="level"
            ) from unknown
    if ids:
        await tree.renumber(connection)
    return ids


def _stored(areas: Mapping[int, BaseGeometry | None], leaves: set[int]) -> list[Stored]:
    return [
        Stored(unit, unit in leaves, shapely.to_wkb(area), area.bounds)
        for unit, area in areas.items()
        if area is not None
    ]

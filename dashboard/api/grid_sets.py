"""Grid sets: listed, checked, published and withdrawn."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection
from pydantic import Field

from dashboard import views
from dashboard.api.answers import Limit, Offset, answer, language_of
from dashboard.api.changing import Change as Changed
from dashboard.api.changing import Changing
from dashboard.api.grid_edits import ensure_administers
from dashboard.api.grid_requests import NewSet
from dashboard.security.rights import Administrator, Viewer
from dashboard.shapes import Named
from dashboard.store import grid_sets as stored
from tracker.city import grid_sets
from tracker.city.grid_plans import Change, Plan, plan
from tracker.city.tiling import Problem
from tracker.organisation import tree
from tracker.organisation.errors import Unknown

# What is wrong, by the word of the problem: English, Chinese; {m2} is how much of it
PROBLEMS: Final[Mapping[str, tuple[str, str]]] = {
    "overlap": ("{m2} m² lie in two grids", "{m2} 平方米同时属于两个网格"),
    "gap": ("{m2} m² lie in no grid", "{m2} 平方米不属于任何网格"),
    "outside": ("{m2} m² lie outside the city's border", "{m2} 平方米超出城市边界"),
    "invalid": ("the area crosses itself, or is empty", "区域自相交或为空"),
    "unmatched": ("the two sides of this border do not have the same corners", "边界两侧的顶点不一致"),
}
MOST_NOTED: Final = 500  # units named in an audit row
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


class GridSet(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    takes_effect_at: datetime
    made_at: datetime
    made_by: Named | None
    note: str
    based_on: int | None
    grids: int
    state: str


def router(changing: Changing) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/grid-sets")
    async def listing(_viewer: Administrator, limit: Limit = 50, offset: Offset = 0) -> Response:
        async with changing.pool.connection() as connection:
            rows = await stored.page(connection, limit=limit, offset=offset)
            total = await stored.count(connection)
        return answer({"total": total, "sets": [_shape(row) for row in rows]})

    @routes.post("/api/grid-sets")
    async def publish(request: Request, viewer: Administrator, asked: NewSet) -> Response:
        changes = asked.as_changes()
        if asked.dry_run:
            async with changing.pool.connection() as connection:
                made = await _planned(connection, viewer, asked, changes)
            return answer(_report(made, language_of(request), version=None))
        async with changing.begin(viewer, "grid_sets") as change:
            await tree.lock(change.connection)
            made = await _planned(change.connection, viewer, asked, changes)
            await change.steady()  # whoever held the lock before may have numbered the tree
            version = await _publish(change, asked, made)
        return answer(_report(made, language_of(request), version=version), 201)

    @routes.post("/api/grid-sets/{version}/withdraw")
    async def withdraw(viewer: Administrator, version: Version) -> Response:
        async with changing.begin(viewer, "grid_sets") as change:
            await _ensure_all_mine(change.connection, viewer, await _touched(change.connection, version))
            await change.steady()
            closed = await grid_sets.withdraw(change.connection, version)
            change.touched.append(version)
            await change.note("grid_set.withdrawn", f"grid set {version}", unit=None, detail={"closed_units": closed})
        return answer({"version": version, "closed_units": closed})

    return routes


async def _planned(connection: AsyncConnection[Any], viewer: Viewer, asked: NewSet, changes: list[Change]) -> Plan:
    """Return the plan, once it is sure that everything in it is the viewer's to change."""
    named = [change.unit if change.new is None else change.new.parent for change in changes]
    await _ensure_all_mine(connection, viewer, named)
    made = await plan(connection, changes=changes, based_on=asked.based_on, may_move_border=asked.may_move_border)
    await _ensure_all_mine(connection, viewer, [one.unit for one in made.changed])
    return made


async def _ensure_all_mine(connection: AsyncConnection[Any], viewer: Viewer, units: list[int]) -> None:
    for tree_left, name in (await stored.places(connection, units)).values():
        ensure_administers(viewer, tree_left, name)


async def _publish(change: Changed, asked: NewSet, made: Plan) -> int:
    if made.problems:
        raise grid_sets.Unsound(made.problems)
    version = await grid_sets.store(
        change.connection,
        made,
        takes_effect_at=asked.takes_effect_at,
        note=asked.note,
        made_by=change.viewer.account.id,
    )
    change.touched.append(version)
    detail: dict[str, Any] = {
        "based_on": made.based_on,
        "takes_effect_at": None if asked.takes_effect_at is None else asked.takes_effect_at.isoformat(),
        "changed": [one.unit for one in made.changed if one.unit > 0][:MOST_NOTED],
        "new": [grid.code for grid in made.new.values()][:MOST_NOTED],
        "people": made.people,
    }
    await change.note("grid_set.published", f"grid set {version}", unit=None, detail=detail)
    return version


async def _touched(connection: AsyncConnection[Any], version: int) -> list[int]:
    """Return the units whose area differs from the set before; raises Unknown."""
    found = await stored.differing(connection, version)
    if found is None:
        raise Unknown(f"there is no grid set {version}", f"没有第 {version} 版网格")
    return found


def _shape(row: stored.SetRow) -> GridSet:
    return GridSet(
        version=row.version,
        takes_effect_at=row.takes_effect_at,
        made_at=row.made_at,
        made_by=views.named(row.made_by, row.made_by_name),
        note=row.note,
        based_on=row.based_on,
        grids=row.grids,
        state=row.state,
    )


def _report(made: Plan, language: str, *, version: int | None) -> dict[str, Any]:
    return {
        "problems": [_problem(problem, language) for problem in made.problems],
        "changed": made.changed,
        "people": made.people,
        "version": version,
    }


def _problem(problem: Problem, language: str) -> dict[str, Any]:
    english, chinese = PROBLEMS[problem.word]
    text = chinese if language == "zh" else english
    return {
        "word": problem.word,
        "message": text.format(m2=f"{problem.m2:,.2f}"),
        "unit": problem.unit,
        "place": [problem.lon, problem.lat],
        "m2": problem.m2,
    }

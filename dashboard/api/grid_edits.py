"""The grid map's editor: what is drawn becomes areas that tile. Nothing is kept here, the editor sends what it has."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import shapely
from fastapi import APIRouter, Response
from msgspec import Raw
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from shapely.geometry.base import BaseGeometry

from dashboard.api.answers import Id, NotFound, Problem, answer
from dashboard.api.grid_requests import Edit, Merge, Pending, Reshape, Split, geometry, line
from dashboard.api.units import find
from dashboard.security.rights import Administrator, Right, Viewer, outside
from dashboard.shapes import Scope
from dashboard.store import grid_sets as stored
from tracker.city import grid_edits, grid_rows
from tracker.city.grid_plans import newest_set
from tracker.city.grid_rows import GridRow
from tracker.organisation.errors import Conflict, Invalid

MOST_LEAVES: Final = 2_000  # a county of the reference city has 1,450
MARGIN: Final = 0.0005  # degrees round what is edited, some 50 m: neighbours to snap to

Bounds = tuple[float, float, float, float]
Connection = AsyncConnection[Any]


def router(pool: AsyncConnectionPool) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/grid-edits/area")
    async def area(viewer: Administrator, unit: Id, version: Id | None = None) -> Response:
        async with pool.connection() as connection:
            return answer(await _area(connection, viewer, unit, version))

    @routes.post("/api/grid-edits/split")
    async def split(viewer: Administrator, asked: Split) -> Response:
        async with pool.connection() as connection:
            ground = await _ground(connection, asked, [asked.unit])
        ground.ensure_mine(viewer, [asked.unit])
        fixed = {row.unit for row in ground.rows if not viewer.scope(Right.ADMINISTER).holds(row.tree_left)}
        cut = await asyncio.to_thread(grid_edits.split, ground.areas, asked.unit, line(asked.line), fixed=fixed)
        ground.ensure_mine(viewer, cut.others)
        return answer({"pieces": [geojson(piece) for piece in cut.pieces], "changed": changed(cut.others)})

    @routes.post("/api/grid-edits/merge")
    async def merge(viewer: Administrator, asked: Merge) -> Response:
        async with pool.connection() as connection:
            ground = await _ground(connection, asked, asked.units)
        ground.ensure_mine(viewer, asked.units)
        whole = await asyncio.to_thread(grid_edits.merge, ground.areas, asked.units, ground.names)
        return answer({"area": geojson(whole)})

    @routes.post("/api/grid-edits/reshape")
    async def reshape(viewer: Administrator, asked: Reshape) -> Response:
        drawn = geometry(asked.area)
        async with pool.connection() as connection:
            ground = await _ground(connection, asked, [asked.unit], drawn=drawn, may_be_new=True)
            if asked.unit > 0:
                await _ensure_mine(connection, viewer, asked.unit)
        made = await asyncio.to_thread(
            grid_edits.reshape,
            ground.areas,
            asked.unit,
            drawn,
            names=ground.names,
            may_move_border=asked.may_move_border,
            may_have_parts=asked.may_have_parts,
        )
        ground.ensure_mine(viewer, made)
        return answer({"changed": changed(made)})

    return routes


@dataclass(frozen=True, slots=True)
class _Ground:
    """The leaves where something is edited, with what is pending."""

    rows: Sequence[GridRow]
    areas: dict[int, BaseGeometry]

    @property
    def names(self) -> dict[int, str]:
        return {row.unit: row.name for row in self.rows} | {unit: f"#{-unit}" for unit in self.areas if unit < 0}

    def ensure_mine(self, viewer: Viewer, units: Iterable[int]) -> None:
        """Raise Problem 403 when one of the units lies outside what the viewer administers."""
        lefts = {row.unit: row for row in self.rows}
        for unit in units:
            if unit in lefts:
                ensure_administers(viewer, lefts[unit].tree_left, lefts[unit].name)


def ensure_administers(viewer: Viewer, tree_left: int, name: str) -> None:
    """Raise Problem 403; a grid that the viewer may not even see is not named."""
    if viewer.scope(Right.ADMINISTER).holds(tree_left):
        return
    if not viewer.account.scope.holds(tree_left):
        raise Problem(
            403,
            "not_allowed",
            "this would change a grid outside your units: stay inside your border, or ask who administers both",
            zh="此操作会改动您管辖范围以外的网格：请在本辖区边界内编辑，或联系上级管理员",
        )
    raise Problem(
        403,
        "not_allowed",
        f"this would change {name}, which your role administrator does not cover",
        zh=f"此操作会改动“{name}”，不在您的管理员角色范围内",
    )


async def _ensure_mine(connection: Connection, viewer: Viewer, unit: int) -> None:
    row = await find(connection, viewer.account.scope, unit)
    if not viewer.scope(Right.ADMINISTER).holds(row.tree_left):
        raise outside(Right.ADMINISTER)


async def _ground(
    connection: Connection,
    asked: Edit,
    units: Sequence[int],
    *,
    drawn: BaseGeometry | None = None,
    may_be_new: bool = False,
) -> _Ground:
    await ensure_newest(connection, asked.version)
    pending = {change.unit: _shape(change) for change in asked.pending}
    mine = await grid_rows.areas(connection, asked.version, [unit for unit in units if unit not in pending])
    if any(not row.is_leaf for row in mine):
        raise Invalid(
            "it consists of other grids: edit those", "该单位由下级网格组成，请编辑下级网格", "has_grids_below"
        )
    shapes = {row.unit: shapely.from_wkb(row.area) for row in mine}
    shapes |= {unit: shape for unit in units if (shape := pending.get(unit)) is not None}
    if not may_be_new and shapes.keys() != set(units):
        raise NotFound("grid")
    west, south, east, north = shapely.total_bounds([*shapes.values(), *([] if drawn is None else [drawn])]).tolist()
    around = (west - MARGIN, south - MARGIN, east + MARGIN, north + MARGIN)
    rows = await grid_rows.leaves_near(connection, asked.version, around)
    areas = await asyncio.to_thread(_together, rows, pending)
    return _Ground(rows, areas)


def _together(rows: Sequence[GridRow], pending: dict[int, BaseGeometry | None]) -> dict[int, BaseGeometry]:
    areas = {row.unit: shapely.from_wkb(row.area) for row in rows if row.unit not in pending}
    return areas | {unit: shape for unit, shape in pending.items() if shape is not None}


def _shape(change: Pending) -> BaseGeometry | None:
    return None if change.area is None else geometry(change.area)


async def ensure_newest(connection: Connection, version: int) -> None:
    newest = await newest_set(connection)
    if newest.version != version:
        raise Conflict(
            f"grid set {newest.version} was made meanwhile: open it, and make your changes there",
            f"期间已有第 {newest.version} 版网格，请在该版本上重新编辑",
            "not_newest",
        )


async def _area(connection: Connection, viewer: Viewer, unit: int, version: int | None) -> dict[str, Any]:
    row = await find(connection, viewer.account.scope, unit)
    within = Scope(unit=unit, left=row.tree_left, right=row.tree_right)
    shown = version or (await newest_set(connection)).version
    leaves = await stored.leaves_in(connection, within, version=shown, limit=MOST_LEAVES + 1)
    if len(leaves) > MOST_LEAVES:
        raise Problem(
            422,
            "too_many",
            f"more than {MOST_LEAVES} grids lie in it: choose one of its streets",
            zh=f"该单位下网格超过 {MOST_LEAVES} 个，请选择其下级单位",
        )
    found = await asyncio.to_thread(_bounds_of, leaves)
    near = [] if found is None else await grid_rows.leaves_near(connection, shown, found)
    ours = {leaf.unit for leaf in leaves}
    others = [leaf for leaf in near if leaf.unit not in ours and viewer.account.scope.holds(leaf.tree_left)]
    mine = viewer.scope(Right.ADMINISTER)
    features = await asyncio.to_thread(
        lambda: [_feature(leaf, mine, is_inside=leaf.unit in ours) for leaf in (*leaves, *others)]
    )
    return {
        "version": shown,
        "grids": {"type": "FeatureCollection", "features": features},
        "without": await stored.without_area(connection, within, version=shown),
    }


def _bounds_of(leaves: Sequence[GridRow]) -> Bounds | None:
    if not leaves:
        return None
    west, south, east, north = shapely.total_bounds([shapely.from_wkb(leaf.area) for leaf in leaves]).tolist()
    return west - MARGIN, south - MARGIN, east + MARGIN, north + MARGIN


def _feature(row: GridRow, mine: Scope, *, is_inside: bool) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": row.unit,
        "geometry": geojson(shapely.from_wkb(row.area)),
        "properties": {
            "id": row.unit,
            "code": row.code,
            "name": row.name,
            "level": row.level,
            "parent": row.parent,
            "is_inside": is_inside,
            "may_change": mine.holds(row.tree_left),
        },
    }


def geojson(area: BaseGeometry) -> Raw:
    """Return an area to the last step of the lattice: what the editor sends back must be the same."""
    return Raw(shapely.to_geojson(area).encode())


def changed(areas: dict[int, BaseGeometry]) -> list[dict[str, Any]]:
    return [{"unit": unit, "area": geojson(area)} for unit, area in areas.items()]

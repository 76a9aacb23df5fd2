"""From rows of tables and the live map to what is said: shapes, cut to what a scope may see."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from psycopg import AsyncConnection

from dashboard.shapes import (
    Crossing,
    Emergency,
    Last,
    Member,
    Named,
    PresenceEvent,
    Scope,
    TerminalCode,
    Unit,
    Whereabouts,
)
from dashboard.store import members
from dashboard.store.crossings import CrossingRow
from dashboard.store.emergencies import EmergencyRow
from dashboard.store.members import MemberRow
from dashboard.store.presence_events import PresenceEventRow
from dashboard.store.units import UnitRow
from tracker.model.positions import DEGREE, UNSAID


def instant(us: int) -> datetime:
    """Return microseconds since 1970 as an aware datetime."""
    return datetime.fromtimestamp(us / 1_000_000, UTC)


def named(id_: int | None, name: str | None, name_en: str | None = None) -> Named | None:
    return None if id_ is None else Named(id_, name or "", name_en)


def unit(row: UnitRow, whereabouts: Whereabouts) -> Unit:
    counts = whereabouts.counts(row.id)
    return Unit(
        id=row.id,
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        level=row.level,
        parent=row.parent,
        members=counts.total,
        on_duty=counts.on_duty,
        bounds=row.bounds,
        closed_at=row.closed_at,
    )


def member(row: MemberRow, scope: Scope, whereabouts: Whereabouts) -> Member:
    return Member(
        id=row.id,
        code=row.code,
        name=row.name,
        phone=row.phone,
        unit=Named(row.unit, row.unit_name, row.unit_name_en),
        role=row.role,
        terminal=None if row.terminal is None else TerminalCode(row.terminal),
        last=whereabouts.last(row.id, scope),
        outside_since=row.outside_since,
    )


def last(row: np.void, state: str, grid: Named | None) -> Last:
    """Return a row of POSITION in the units people read."""
    return Last(
        fixed_at=instant(int(row["fixed_at_us"])),
        received_at=instant(int(row["received_at_us"])),
        lon=int(row["lon"]) / DEGREE,
        lat=int(row["lat"]) / DEGREE,
        speed_mps=_tenths(row["speed_dmps"]),
        heading_deg=_said(row["heading_deg"]),
        accuracy_m=_tenths(row["accuracy_dm"]),
        battery_pct=_said(row["battery_pct"]),
        grid=grid,
        state=state,
    )


def emergency(row: EmergencyRow, who: MemberRow | None, scope: Scope, whereabouts: Whereabouts) -> Emergency:
    return Emergency(
        id=row.id,
        member=None if who is None else member(who, scope, whereabouts),
        terminal=row.terminal,
        pressed_at=row.pressed_at,
        received_at=row.received_at,
        lon=row.lon,
        lat=row.lat,
        grid=_inside(scope, row.grid_left, named(row.grid, row.grid_name, row.grid_name_en)),
        note=row.note,
        taken_at=row.taken_at,
        taken_by=named(row.taken_by, row.taken_by_name),
        closed_at=row.closed_at,
        closed_by=named(row.closed_by, row.closed_by_name),
    )


async def emergencies(
    connection: AsyncConnection[Any], rows: Iterable[EmergencyRow], scope: Scope, whereabouts: Whereabouts
) -> list[Emergency]:
    """Return emergencies with their members, read at one go."""
    listed = list(rows)
    ids = sorted({row.member for row in listed if row.member is not None})
    found = await members.page(connection, scope, words="", among=ids, limit=len(ids), offset=0)
    people = {who.id: who for who in found}
    return [emergency(row, people.get(row.member or 0), scope, whereabouts) for row in listed]


def crossing(row: CrossingRow, scope: Scope) -> Crossing:
    return Crossing(
        member=Named(row.member, row.member_name),
        left_grid=_inside(scope, row.left_tree, named(row.left_grid, row.left_name, row.left_name_en)),
        entered_grid=_inside(scope, row.entered_tree, named(row.entered_grid, row.entered_name, row.entered_name_en)),
        at=row.at,
    )


def presence_event(row: PresenceEventRow, scope: Scope) -> PresenceEvent:
    return PresenceEvent(
        at=row.at,
        kind=row.kind,
        terminal=TerminalCode(row.terminal),
        grid=_inside(scope, row.grid_left, named(row.grid, row.grid_name, row.grid_name_en)),
    )


def _inside(scope: Scope, tree_left: int | None, unit: Named | None) -> Named | None:
    """Return the unit, or None when there is none or it lies outside the scope."""
    return unit if tree_left is not None and scope.holds(tree_left) else None


def _said(value: Any) -> int | None:
    return None if int(value) == UNSAID else int(value)


def _tenths(value: Any) -> float | None:
    return None if int(value) == UNSAID else int(value) / 10

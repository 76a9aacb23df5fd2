"""SOS presses. They belong to where their member belongs; one of nobody's terminal, to where it was pressed."""

from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.shapes import Scope
from dashboard.store.units import within

Connection = AsyncConnection[Any]


class EmergencyRow(NamedTuple):
    id: int
    member: int | None
    terminal: str
    pressed_at: datetime
    received_at: datetime
    lon: float | None  # degrees
    lat: float | None
    grid: int | None
    grid_name: str | None
    grid_name_en: str | None
    grid_left: int | None
    unit: int | None  # where it belongs; null: to the top of the tree alone
    tree_left: int | None
    note: str
    taken_at: datetime | None
    taken_by: int | None
    taken_by_name: str | None
    closed_at: datetime | None
    closed_by: int | None
    closed_by_name: str | None


_EMERGENCY: LiteralString = """
    SELECT
        emergency.id, emergency.member, terminal.code AS terminal, pressed_at, received_at,
        lon / 1e7::float8 AS lon, lat / 1e7::float8 AS lat,
        grid.id AS grid, grid.name AS grid_name, grid.name_en AS grid_name_en, grid.tree_left AS grid_left,
        COALESCE(home.id, grid.id) AS unit,
        COALESCE(home.tree_left, grid.tree_left, (SELECT min(tree_left) FROM unit)) AS tree_left,
        emergency.note, taken_at, taken_by, taker.name AS taken_by_name,
        emergency.closed_at, closed_by, closer.name AS closed_by_name
    FROM emergency
    JOIN terminal ON terminal.id = emergency.terminal
    LEFT JOIN unit grid ON grid.id = emergency.grid
    LEFT JOIN assignment ON assignment.member = emergency.member AND is_primary
    LEFT JOIN unit home ON home.id = assignment.unit
    LEFT JOIN account taker ON taker.id = taken_by
    LEFT JOIN account closer ON closer.id = closed_by
"""
_INSIDE: LiteralString = """
    COALESCE(home.tree_left, grid.tree_left, (SELECT min(tree_left) FROM unit)) BETWEEN %(left)s AND %(right)s
"""


async def page(connection: Connection, scope: Scope, *, only_open: bool, limit: int) -> list[EmergencyRow]:
    """Return emergencies of the scope, the open ones first, the newest first."""
    cursor = connection.cursor(row_factory=class_row(EmergencyRow))
    await cursor.execute(
        _EMERGENCY
        + " WHERE (emergency.closed_at IS NULL OR NOT %(only_open)s) AND "
        + _INSIDE
        + " ORDER BY emergency.closed_at IS NOT NULL, pressed_at DESC LIMIT %(limit)s",
        {**within(scope), "only_open": only_open, "limit": limit},
    )
    return await cursor.fetchall()


async def find(connection: Connection, emergency: int) -> EmergencyRow | None:
    """Return one emergency, wherever it belongs: the caller compares `tree_left` with the scope."""
    cursor = connection.cursor(row_factory=class_row(EmergencyRow))
    await cursor.execute(_EMERGENCY + " WHERE emergency.id = %(id)s", {"id": emergency})
    return await cursor.fetchone()


async def open_members(connection: Connection) -> list[int]:
    """Return the members who have an open emergency."""
    cursor = await connection.execute(
        "SELECT DISTINCT member FROM emergency WHERE closed_at IS NULL AND member IS NOT NULL"
    )
    return [int(member) async for (member,) in cursor]


async def take(connection: Connection, emergency: int, *, account: int, at: datetime) -> bool:
    """Mark it as being seen to; False when somebody has it already or it is closed."""
    done = await connection.execute(
        """
        UPDATE emergency SET taken_at = %(at)s, taken_by = %(account)s
        WHERE id = %(id)s AND taken_at IS NULL AND closed_at IS NULL
        """,
        {"id": emergency, "account": account, "at": at},
    )
    return done.rowcount == 1


async def close(connection: Connection, emergency: int, *, account: int, at: datetime) -> bool:
    """Mark it as over; False when it was closed already."""
    done = await connection.execute(
        "UPDATE emergency SET closed_at = %(at)s, closed_by = %(account)s WHERE id = %(id)s AND closed_at IS NULL",
        {"id": emergency, "account": account, "at": at},
    )
    return done.rowcount == 1

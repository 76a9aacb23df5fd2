"""Rosters kept in one subtree, and the names of those on them who are of it."""

from datetime import date, time
from typing import Any, LiteralString

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from dashboard.shapes import Named, Scope
from dashboard.store.units import within

Connection = AsyncConnection[Any]


class Roster(Struct, frozen=True, kw_only=True):
    id: int
    unit: Named
    name: str
    timezone: str
    anchor: date
    cycle_days: int
    size: int  # members today and later
    revision: int


class Shift(Struct, frozen=True):
    number: int
    name: str
    day: int
    starts: str  # HH:MM
    ends: str


class RosterMember(Struct, frozen=True):
    member: Named
    offset_days: int
    since: date
    until: date | None


class RosterCard(Roster, frozen=True, kw_only=True):
    shifts: list[Shift]
    members: list[RosterMember]


_ROSTER: LiteralString = """
    SELECT
        roster.id, roster.name, timezone, anchor, cycle_days, roster.revision,
        unit.id AS unit, unit.name AS unit_name, unit.name_en AS unit_name_en,
        (SELECT count(DISTINCT member) FROM roster_member
            WHERE roster = roster.id AND COALESCE(until >= current_date, true)) AS size
    FROM roster
    JOIN unit ON unit.id = roster.unit
    WHERE roster.closed_at IS NULL AND tree_left BETWEEN %(left)s AND %(right)s
"""


async def page(connection: Connection, scope: Scope, *, limit: int, offset: int) -> tuple[list[Roster], int]:
    """Return rosters by unit and name, and how many there are in all."""
    cursor = await connection.execute(
        """
        SELECT count(*) FROM roster JOIN unit ON unit.id = roster.unit
        WHERE roster.closed_at IS NULL AND tree_left BETWEEN %(left)s AND %(right)s
        """,
        within(scope),
    )
    total = int((await cursor.fetchone() or (0,))[0])
    async with connection.cursor(row_factory=dict_row) as listed:
        await listed.execute(
            _ROSTER + " ORDER BY tree_left, roster.name, roster.id LIMIT %(limit)s OFFSET %(offset)s",
            {**within(scope), "limit": limit, "offset": offset},
        )
        return [Roster(**_named(row)) async for row in listed], total


async def find(connection: Connection, scope: Scope, roster: int) -> RosterCard | None:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_ROSTER + " AND roster.id = %(roster)s", {**within(scope), "roster": roster})
        row = await cursor.fetchone()
    if row is None:
        return None
    return RosterCard(
        **_named(row), shifts=await _shifts(connection, roster), members=await _members(connection, scope, roster)
    )


async def names(connection: Connection, scope: Scope, members: list[int]) -> dict[int, Named]:
    """Return the names of those who are the scope's."""
    cursor = await connection.execute(
        """
        SELECT member.id, member.name
        FROM member
        JOIN assignment ON assignment.member = member.id AND is_primary
        JOIN unit ON unit.id = assignment.unit
        WHERE member.id = ANY(%(members)s) AND tree_left BETWEEN %(left)s AND %(right)s
        """,
        {**within(scope), "members": members},
    )
    return {member: Named(member, name) async for member, name in cursor}


async def _shifts(connection: Connection, roster: int) -> list[Shift]:
    cursor = await connection.execute(
        "SELECT number, name, day, starts, ends FROM roster_shift WHERE roster = %(roster)s ORDER BY day, number",
        {"roster": roster},
    )
    return [Shift(number, name, day, clock(starts), clock(ends)) async for number, name, day, starts, ends in cursor]


async def _members(connection: Connection, scope: Scope, roster: int) -> list[RosterMember]:
    cursor = await connection.execute(
        """
        SELECT member.id, member.name, offset_days, since, until
        FROM roster_member
        JOIN member ON member.id = roster_member.member AND member.closed_at IS NULL
        JOIN assignment ON assignment.member = member.id AND is_primary
        JOIN unit ON unit.id = assignment.unit
        WHERE roster = %(roster)s AND tree_left BETWEEN %(left)s AND %(right)s
        ORDER BY offset_days, member.name, member.id
        """,
        {**within(scope), "roster": roster},
    )
    return [RosterMember(Named(member, name), *rest) async for member, name, *rest in cursor]


def clock(at: time) -> str:
    return f"{at:%H:%M}"


def _named(row: dict[str, Any]) -> dict[str, Any]:
    unit = Named(row.pop("unit"), row.pop("unit_name"), row.pop("unit_name_en"))
    return {**row, "unit": unit}

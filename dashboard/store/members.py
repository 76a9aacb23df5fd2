"""Members of one subtree (by their primary unit). Every statement is limited to a scope."""

from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.shapes import Assigned, Named, Scope
from dashboard.store.units import within
from tracker.store.search import count_members, find_members

Connection = AsyncConnection[Any]
Point = tuple[int, float, float, float | None, float | None, int]  # ms, lon, lat, accuracy m, speed m/s, flags


class MemberRow(NamedTuple):
    id: int
    code: str
    name: str
    phone: str | None
    unit: int
    unit_name: str
    unit_name_en: str | None
    role: str
    terminal: str | None
    outside_since: datetime | None


_MEMBER: LiteralString = """
    SELECT
        member.id, member.code, member.name, phone,
        unit.id AS unit, unit.name AS unit_name, unit.name_en AS unit_name_en, role,
        (SELECT min(terminal.code) FROM terminal WHERE terminal.member = member.id AND closed_at IS NULL) AS terminal,
        (SELECT since FROM outing WHERE outing.member = member.id AND outing.closed_at IS NULL) AS outside_since
    FROM assignment
    JOIN member ON member.id = assignment.member
    JOIN unit ON unit.id = assignment.unit
"""
_COUNT: LiteralString = """
    SELECT count(*)
    FROM assignment
    JOIN member ON member.id = assignment.member
    JOIN unit ON unit.id = assignment.unit
"""
_INSIDE: LiteralString = """
    WHERE is_primary AND member.closed_at IS NULL AND tree_left BETWEEN %(left)s AND %(right)s
"""
_AMONG: LiteralString = """
    AND (%(among)s::integer[] IS NULL OR member.id = ANY(%(among)s)) AND (%(role)s::text IS NULL OR role = %(role)s)
"""


async def page(
    connection: Connection,
    scope: Scope,
    *,
    words: str,
    among: list[int] | None,
    limit: int,
    offset: int,
    role: str | None = None,
) -> list[MemberRow]:
    """Return members that `words` find, exact hits first; without words all, in tree order.

    If given, ids are `among` those, and members hold `role` in the unit they are counted in.
    """
    if not words.strip():
        return await _page(connection, scope, among=among, role=role, limit=limit, offset=offset)
    found = await find_members(
        connection,
        left=scope.left,
        right=scope.right,
        words=words,
        limit=limit,
        offset=offset,
        among=among,
        role=role,
    )
    rows = await _page(connection, scope, among=found, role=None, limit=len(found), offset=0)
    return sorted(rows, key=lambda row: found.index(row.id))


async def count(
    connection: Connection, scope: Scope, *, words: str, among: list[int] | None, role: str | None = None
) -> int:
    """Return how many members `page` would find in all; more than search.MOST of those by words are not counted."""
    if words.strip():
        return await count_members(connection, left=scope.left, right=scope.right, words=words, among=among, role=role)
    cursor = await connection.execute(_COUNT + _INSIDE + _AMONG, {**within(scope), "among": among, "role": role})
    return int((await cursor.fetchone() or (0,))[0])


async def _page(
    connection: Connection, scope: Scope, *, among: list[int] | None, role: str | None, limit: int, offset: int
) -> list[MemberRow]:
    cursor = connection.cursor(row_factory=class_row(MemberRow))
    await cursor.execute(
        _MEMBER + _INSIDE + _AMONG + " ORDER BY tree_left, member.id LIMIT %(limit)s OFFSET %(offset)s",
        {**within(scope), "among": among, "role": role, "limit": limit, "offset": offset},
    )
    return await cursor.fetchall()


async def find(connection: Connection, scope: Scope, member: int) -> MemberRow | None:
    """Return one member; None when they are not there or belong elsewhere."""
    cursor = connection.cursor(row_factory=class_row(MemberRow))
    await cursor.execute(_MEMBER + _INSIDE + " AND member.id = %(member)s", {**within(scope), "member": member})
    return await cursor.fetchone()


async def leaders(connection: Connection, scope: Scope, unit: int) -> list[MemberRow]:
    """Return the leaders of the unit itself, not of the units below."""
    cursor = connection.cursor(row_factory=class_row(MemberRow))
    await cursor.execute(
        _MEMBER
        + """
        JOIN role ON role.code = assignment.role
        WHERE is_leader AND unit.id = %(unit)s AND member.closed_at IS NULL
            AND tree_left BETWEEN %(left)s AND %(right)s
        ORDER BY member.id
        """,
        {**within(scope), "unit": unit},
    )
    return await cursor.fetchall()


async def assignments(connection: Connection, scope: Scope, member: int) -> list[Assigned]:
    """Return the member's assignments to units of the scope, the primary one first."""
    cursor = await connection.execute(
        """
        SELECT unit.id, unit.name, unit.name_en, role, is_primary
        FROM assignment
        JOIN unit ON unit.id = assignment.unit
        WHERE member = %(member)s AND tree_left BETWEEN %(left)s AND %(right)s
        ORDER BY NOT is_primary, tree_left, role
        """,
        {**within(scope), "member": member},
    )
    return [Assigned(Named(unit, name, name_en), *rest) async for unit, name, name_en, *rest in cursor]


async def track(connection: Connection, member: int, *, since: datetime, until: datetime, limit: int) -> list[Point]:
    """Return the newest `limit` believed fixes of the terminals the member carried, each while they did, in order.

    Believed are those not suspect (flag 1); a caller has made sure that the member is in scope.
    """
    cursor = await connection.execute(
        """
        SELECT fixed_ms, lon, lat, accuracy_m, speed_mps, flags
        FROM (
            SELECT
                (extract(epoch FROM fixed_at) * 1000)::bigint AS fixed_ms,
                lon / 1e7::float8 AS lon, lat / 1e7::float8 AS lat,
                NULLIF(accuracy_dm, -32768) / 10.0::float8 AS accuracy_m,
                NULLIF(speed_dmps, -32768) / 10.0::float8 AS speed_mps,
                (flags & 15)::integer AS flags  -- the bits above are of the grid set
            FROM terminal_carrier AS carrier
            JOIN position ON position.terminal = carrier.terminal
                AND fixed_at >= carrier.since AND COALESCE(fixed_at < carrier.until, true)
            WHERE carrier.member = %(member)s
                AND fixed_at BETWEEN %(since)s AND %(until)s
                AND flags & 1 = 0
            ORDER BY fixed_at DESC
            LIMIT %(limit)s
        ) newest
        ORDER BY fixed_ms
        """,
        {"member": member, "since": since, "until": until, "limit": limit},
    )
    return await cursor.fetchall()

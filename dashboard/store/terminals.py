"""Terminals of one subtree: a list to search in, and one with all who carried it.

A terminal of no unit is the top's.
"""

from datetime import datetime
from typing import Any, Final, LiteralString

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from dashboard.shapes import Named, Scope
from dashboard.store.units import within
from tracker.store.search import find_members

MOST_PEOPLE: Final = 100  # found by name, whose terminals are listed

Connection = AsyncConnection[Any]


class Terminal(Struct, frozen=True, kw_only=True):
    id: int
    code: str
    state: str
    member: Named | None
    unit: Named
    interval_s: int | None
    model: str
    note: str
    last_seen_at: datetime | None
    issued_at: datetime
    revision: int


class Carrier(Struct, frozen=True):
    member: Named
    since: datetime
    until: datetime | None


class TerminalCard(Terminal, frozen=True, kw_only=True):
    carriers: list[Carrier]


# Of a terminal's life the first that holds is the state, as in tracker.organisation.terminals.
_TERMINAL: LiteralString = """
    SELECT
        terminal.id, terminal.code, state, terminal.interval_s, model, note, issued_at, terminal.revision,
        member.id AS member, member.name AS member_name,
        unit.id AS unit, unit.name AS unit_name, unit.name_en AS unit_name_en,
        (SELECT received_at FROM terminal_state WHERE terminal_state.terminal = terminal.id) AS last_seen_at
    FROM terminal
    JOIN unit ON unit.id = COALESCE(
        terminal.unit, (SELECT id FROM unit WHERE parent IS NULL ORDER BY tree_left LIMIT 1))
    LEFT JOIN member ON member.id = terminal.member
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN terminal.closed_at IS NOT NULL THEN 'retired'
            WHEN terminal.lost_at IS NOT NULL THEN 'lost'
            WHEN terminal.revoked_at IS NOT NULL THEN 'revoked'
            WHEN terminal.member IS NOT NULL THEN 'in_use'
            ELSE 'spare'
        END AS state
    ) AS life
"""
_COUNT: LiteralString = """
    SELECT count(*)
    FROM terminal
    JOIN unit ON unit.id = COALESCE(
        terminal.unit, (SELECT id FROM unit WHERE parent IS NULL ORDER BY tree_left LIMIT 1))
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN terminal.closed_at IS NOT NULL THEN 'retired'
            WHEN terminal.lost_at IS NOT NULL THEN 'lost'
            WHEN terminal.revoked_at IS NOT NULL THEN 'revoked'
            WHEN terminal.member IS NOT NULL THEN 'in_use'
            ELSE 'spare'
        END AS state
    ) AS life
"""
_WANTED: LiteralString = """
    WHERE tree_left BETWEEN %(left)s AND %(right)s
        AND (%(words)s = '' OR lower(terminal.code) LIKE %(beginning)s OR terminal.member = ANY(%(people)s))
        AND (%(state)s::text IS NULL OR state = %(state)s)
"""


async def page(
    connection: Connection, scope: Scope, *, words: str, state: str | None, limit: int, offset: int
) -> list[Terminal]:
    """Return terminals whose code begins with `words` or whose carrier they find, by code; all without words."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            _TERMINAL + _WANTED + " ORDER BY terminal.code LIMIT %(limit)s OFFSET %(offset)s",
            {**await _wanted(connection, scope, words, state), "limit": limit, "offset": offset},
        )
        return [Terminal(**_named(row)) async for row in cursor]


async def count(connection: Connection, scope: Scope, *, words: str, state: str | None) -> int:
    """Return how many `page` would find in all."""
    cursor = await connection.execute(_COUNT + _WANTED, await _wanted(connection, scope, words, state))
    return int((await cursor.fetchone() or (0,))[0])


async def find(connection: Connection, scope: Scope, terminal: int) -> TerminalCard | None:
    """Return one terminal with its carriers, the newest first; only those who belong to the scope are named."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            _TERMINAL + " WHERE terminal.id = %(terminal)s AND tree_left BETWEEN %(left)s AND %(right)s",
            {**within(scope), "terminal": terminal},
        )
        row = await cursor.fetchone()
    if row is None:
        return None
    return TerminalCard(**_named(row), carriers=await _carriers(connection, scope, terminal))


async def _carriers(connection: Connection, scope: Scope, terminal: int) -> list[Carrier]:
    cursor = await connection.execute(
        """
        SELECT member.id, member.name, since, until
        FROM terminal_carrier
        JOIN member ON member.id = terminal_carrier.member
        JOIN assignment ON assignment.member = member.id AND is_primary
        JOIN unit ON unit.id = assignment.unit
        WHERE terminal_carrier.terminal = %(terminal)s AND tree_left BETWEEN %(left)s AND %(right)s
        ORDER BY since DESC
        LIMIT 200
        """,
        {**within(scope), "terminal": terminal},
    )
    return [Carrier(Named(member, name), since, until) async for member, name, since, until in cursor]


async def _wanted(connection: Connection, scope: Scope, words: str, state: str | None) -> dict[str, Any]:
    said = words.strip()
    people = (
        await find_members(connection, left=scope.left, right=scope.right, words=said, limit=MOST_PEOPLE, offset=0)
        if said
        else []
    )
    escaped = said.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {**within(scope), "words": said, "beginning": f"{escaped}%", "people": people, "state": state}


def _named(row: dict[str, Any]) -> dict[str, Any]:
    member, name = row.pop("member"), row.pop("member_name")
    unit = Named(row.pop("unit"), row.pop("unit_name"), row.pop("unit_name_en"))
    return {**row, "unit": unit, "member": None if member is None else Named(member, name)}

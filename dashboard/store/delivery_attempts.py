"""The log of messages of one subtree: every attempt, the newest first; it stays when a message is deleted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.shapes import Scope
from dashboard.store.searching import FEW, few_of, keep_short
from dashboard.store.units import within

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSearch:
    """What to look for; what is None or empty is not asked."""

    scope: Scope
    provider: str = ""
    outcome: str = ""
    number: str = ""  # the beginning of an address
    since: datetime | None = None
    until: datetime | None = None


class LogRow(NamedTuple):
    delivery: int
    attempt: int
    at: datetime
    provider: str
    outcome: str
    detail: str
    kind: str
    channel: str
    address: str
    member: int | None
    member_name: str | None


class Mark(NamedTuple):
    """Where a page ends: the key of its last row."""

    at: datetime
    delivery: int
    attempt: int
    outcome: str


_WANTED: LiteralString = """
    (%(provider)s = '' OR t.provider = %(provider)s)
    AND (%(outcome)s = '' OR t.outcome = %(outcome)s)
    AND (%(since)s::timestamptz IS NULL OR t.at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR t.at < %(until)s)
    AND (%(at)s::timestamptz IS NULL
         OR (t.at, t.delivery, t.attempt, t.outcome) < (%(at)s, %(delivery)s, %(attempt)s, %(mark_outcome)s))
"""
_NEWEST: LiteralString = """
    ORDER BY t.at DESC, t.delivery DESC, t.attempt DESC, t.outcome DESC LIMIT %(limit)s)
    SELECT found.delivery, found.attempt, found.at, found.provider, found.outcome, found.detail, d.kind, d.channel,
        d.address, m.id AS member, m.name AS member_name
    FROM found JOIN delivery d ON d.id = found.delivery LEFT JOIN member m ON m.id = d.member
    ORDER BY found.at DESC, found.delivery DESC, found.attempt DESC, found.outcome DESC
"""
_OF_ALL: LiteralString = "WITH found AS (SELECT t.* FROM delivery_attempt t WHERE "
_OF_NUMBER: LiteralString = """
    WITH found AS (SELECT t.* FROM delivery d JOIN delivery_attempt t ON t.delivery = d.id
    WHERE d.address LIKE %(number)s AND %(is_all)s AND
"""
_OF_SUBTREE: LiteralString = """
    WITH home AS MATERIALIZED (
        SELECT a.member FROM assignment a JOIN unit u ON u.id = a.unit
        WHERE a.is_primary AND u.tree_left BETWEEN %(left)s AND %(right)s
    ), sender AS MATERIALIZED (
        SELECT c.id FROM circular c JOIN unit u ON u.id = c.unit WHERE u.tree_left BETWEEN %(left)s AND %(right)s
    ), found AS (
        SELECT t.* FROM delivery_attempt t JOIN delivery d ON d.id = t.delivery
        WHERE (d.member IN (SELECT member FROM home)
               OR d.member IS NULL AND d.circular IN (SELECT id FROM sender))
          AND (%(number)s::text IS NULL OR d.address LIKE %(number)s) AND
"""
_OF_FEW: LiteralString = """
    WITH mine AS (
        SELECT d.id, d.address FROM delivery d WHERE d.member = ANY(%(members)s)
        UNION ALL
        SELECT d.id, d.address FROM circular c JOIN unit u ON u.id = c.unit JOIN delivery d ON d.circular = c.id
        WHERE u.tree_left BETWEEN %(left)s AND %(right)s AND d.member IS NULL
    ), found AS (
        SELECT t.* FROM mine JOIN delivery_attempt t ON t.delivery = mine.id
        WHERE (%(number)s::text IS NULL OR mine.address LIKE %(number)s) AND
"""


async def page(connection: Connection, what: LogSearch, *, before: Mark | None, limit: int) -> list[LogRow]:
    """Return attempts before a mark, the newest first. Raises QueryCanceled when it takes too long."""
    await keep_short(connection)
    values: dict[str, Any] = {
        **within(what.scope),
        "provider": what.provider,
        "outcome": what.outcome,
        "number": f"{what.number}%" if what.number else None,
        "since": what.since,
        "until": what.until,
        "at": None if before is None else before.at,
        "delivery": None if before is None else before.delivery,
        "attempt": None if before is None else before.attempt,
        "mark_outcome": None if before is None else before.outcome,
        "limit": limit,
        "is_all": True,
    }
    statement = await _statement(connection, what, values)
    async with connection.cursor(row_factory=class_row(LogRow)) as cursor:
        await cursor.execute(statement, values, prepare=False)
        return await cursor.fetchall()


async def providers(connection: Connection) -> list[str]:
    """Return the providers that were ever tried, each looked up in the figures kept of every day."""
    cursor = await connection.execute(
        "SELECT DISTINCT provider FROM delivery_rollup WHERE provider <> '' ORDER BY provider"
    )
    return [row[0] for row in await cursor.fetchall()]


async def _statement(connection: Connection, what: LogSearch, values: dict[str, Any]) -> LiteralString:
    is_part, members = await few_of(connection, what.scope)
    if not is_part:
        return (_OF_NUMBER if what.number else _OF_ALL) + _WANTED + _NEWEST
    if len(members) > FEW:
        return _OF_SUBTREE + _WANTED + _NEWEST
    values["members"] = members
    return _OF_FEW + _WANTED + _NEWEST

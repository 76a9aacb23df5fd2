"""Messages of one subtree, out of ten million: found backwards from the newest, or by the index of what is rare.

A message is a subtree's when its reader's primary unit lies there; one to a bare number, when its circular's unit does.
Small subtrees are read by their members, large ones backwards, the whole city without looking at anybody's unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.shapes import Scope
from dashboard.store.searching import FEW, few_of, keep_short
from dashboard.store.units import within

Connection = AsyncConnection[Any]

RARE: Final = 300_000  # messages, of ten million: what is sought lies anywhere among them


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for; what is None or empty is not asked. `number` is the beginning of an E.164 one."""

    scope: Scope
    folder: str | None = None
    state: str | None = None
    kind: str | None = None
    channel: str | None = None
    circular: UUID | None = None
    words: str = ""  # in the texts of circulars and warnings
    number: str = ""
    since: datetime | None = None
    until: datetime | None = None


class DeliveryRow(NamedTuple):
    id: int
    kind: str
    channel: str
    address: str
    language: str
    body: str
    state: str
    folder: str
    attempts: int
    provider: str | None
    detail: str
    priority: int
    is_possible_duplicate: bool
    queued_at: datetime
    not_before: datetime | None
    sent_at: datetime | None
    settled_at: datetime | None
    expires_at: datetime | None
    alert: UUID | None
    headline: str | None
    level: str | None
    circular: UUID | None
    member: int | None
    member_name: str | None
    unit: int
    unit_name: str
    unit_name_en: str | None
    tree_left: int


class AttemptRow(NamedTuple):
    attempt: int
    at: datetime
    provider: str
    outcome: str
    detail: str


# The columns of a page are looked up behind its limit: of a hundred rows, not of ten million.
_COLUMNS: LiteralString = """
    SELECT d.id, d.kind, d.channel, d.address, d.language, d.body, d.state, d.folder, d.attempts, d.provider, d.detail,
        d.priority, d.is_possible_duplicate, d.queued_at, d.not_before, d.sent_at, d.settled_at, d.expires_at,
        d.alert, v.headline, v.level, d.circular, m.id AS member, m.name AS member_name,
        u.id AS unit, u.name AS unit_name, u.name_en AS unit_name_en, u.tree_left
    FROM found
    JOIN delivery d ON d.id = found.id
    LEFT JOIN alert_version v ON (v.alert, v.version) = (d.alert, d.version)
    LEFT JOIN member m ON m.id = d.member
    LEFT JOIN assignment home ON home.member = m.id AND home.is_primary
    LEFT JOIN circular c ON c.id = d.circular
    JOIN unit u ON u.id = coalesce(home.unit, c.unit, (SELECT id FROM unit WHERE parent IS NULL LIMIT 1))
    ORDER BY d.id DESC
"""
_WANTED: LiteralString = """
    (%(before)s::bigint IS NULL OR d.id < %(before)s)
    AND (%(folder)s::text IS NULL OR d.folder = %(folder)s)
    AND (%(state)s::text IS NULL OR d.state = %(state)s)
    AND (%(kind)s::text IS NULL OR d.kind = %(kind)s)
    AND (%(channel)s::text IS NULL OR d.channel = %(channel)s)
    AND (%(circular)s::uuid IS NULL OR d.circular = %(circular)s)
    AND (%(number)s::text IS NULL OR d.address LIKE %(number)s)
    AND (%(since)s::timestamptz IS NULL OR d.queued_at >= %(since)s AND d.id >= %(first)s)
    AND (%(until)s::timestamptz IS NULL OR d.queued_at < %(until)s AND d.id < %(last)s)
    AND (%(words)s = '' OR d.circular = ANY(%(circulars)s) OR d.alert = ANY(%(alerts)s))
"""
_OF_ALL: LiteralString = "WITH found AS (SELECT d.id FROM delivery d WHERE "
_OF_SUBTREE: LiteralString = """
    WITH home AS MATERIALIZED (
        SELECT a.member FROM assignment a JOIN unit u ON u.id = a.unit
        WHERE a.is_primary AND u.tree_left BETWEEN %(left)s AND %(right)s
    ), sender AS MATERIALIZED (
        SELECT c.id FROM circular c JOIN unit u ON u.id = c.unit WHERE u.tree_left BETWEEN %(left)s AND %(right)s
    ), found AS (
        SELECT d.id FROM delivery d
        WHERE (d.member IN (SELECT member FROM home)
               OR d.member IS NULL AND d.circular IN (SELECT id FROM sender)) AND
"""
_OF_FEW: LiteralString = """
    WITH mine AS (
        SELECT d.id FROM delivery d WHERE d.member = ANY(%(members)s)
        UNION ALL
        SELECT d.id FROM circular c JOIN unit u ON u.id = c.unit JOIN delivery d ON d.circular = c.id
        WHERE u.tree_left BETWEEN %(left)s AND %(right)s AND d.member IS NULL
    ), found AS (
        SELECT d.id FROM mine JOIN delivery d ON d.id = mine.id WHERE
"""
# Of texts that few messages carry: those first, and then whether they are wanted
_OF_WORDS: LiteralString = """
    WITH home AS MATERIALIZED (
        SELECT a.member FROM assignment a JOIN unit u ON u.id = a.unit
        WHERE a.is_primary AND u.tree_left BETWEEN %(left)s AND %(right)s
    ), sender AS MATERIALIZED (
        SELECT c.id FROM circular c JOIN unit u ON u.id = c.unit WHERE u.tree_left BETWEEN %(left)s AND %(right)s
    ), said AS MATERIALIZED (
        SELECT id, member, alert, circular, folder, state, kind, channel, address, queued_at
        FROM delivery WHERE circular = ANY(%(circulars)s)
        UNION ALL
        SELECT id, member, alert, circular, folder, state, kind, channel, address, queued_at
        FROM delivery WHERE alert = ANY(%(alerts)s)
    ), found AS (
        SELECT d.id FROM said d
        WHERE (d.member IN (SELECT member FROM home)
               OR d.member IS NULL AND d.circular IN (SELECT id FROM sender)) AND
"""
_NEWEST: LiteralString = " ORDER BY d.id DESC LIMIT %(limit)s)"


async def page(connection: Connection, what: Search, *, before: int | None, limit: int) -> list[DeliveryRow]:
    """Return messages older than `before` (an id), the newest first. Raises QueryCanceled when it takes too long."""
    await keep_short(connection)
    values = await _values(connection, what, before=before, limit=limit)
    statement = await _statement(connection, what, values)
    async with connection.cursor(row_factory=class_row(DeliveryRow)) as cursor:
        await cursor.execute(statement, values, prepare=False)  # planned for these very words: most are not asked
        return await cursor.fetchall()


async def _statement(connection: Connection, what: Search, values: dict[str, Any]) -> LiteralString:
    is_part, members = await few_of(connection, what.scope)
    if what.words and len(members) > FEW and await _is_rare(connection, values):
        return _OF_WORDS + _WANTED + _NEWEST + _COLUMNS
    if not is_part:
        return _OF_ALL + _WANTED + _NEWEST + _COLUMNS
    if len(members) > FEW:
        return _OF_SUBTREE + _WANTED + _NEWEST + _COLUMNS
    values["members"] = members
    return _OF_FEW + _WANTED + _NEWEST + _COLUMNS


async def _is_rare(connection: Connection, values: dict[str, Any]) -> bool:
    """Whether so few messages carry the texts that were found that all of them are looked at."""
    cursor = await connection.execute(
        """
        SELECT count(*) <= %(most)s FROM (
            SELECT FROM delivery WHERE circular = ANY(%(circulars)s)
            UNION ALL
            SELECT FROM delivery WHERE alert = ANY(%(alerts)s)
            LIMIT %(most)s + 1
        ) AS counted
        """,
        {"circulars": values["circulars"], "alerts": values["alerts"], "most": RARE},
    )
    return bool((await cursor.fetchone() or (False,))[0])


async def _values(connection: Connection, what: Search, *, before: int | None, limit: int) -> dict[str, Any]:
    circulars, alerts = await _said(connection, what.words)
    first, last = await _span(connection, what)
    return {
        **within(what.scope),
        "before": before,
        "limit": limit,
        "folder": what.folder,
        "state": what.state,
        "kind": what.kind,
        "channel": what.channel,
        "circular": what.circular,
        "number": f"{what.number}%" if what.number else None,
        "since": what.since,
        "until": what.until,
        "first": first,
        "last": last,
        "words": what.words,
        "circulars": circulars,
        "alerts": alerts,
    }


async def _said(connection: Connection, words: str) -> tuple[list[UUID], list[UUID]]:
    """Return the circulars and warnings whose texts hold these words: a few thousand texts, not ten million bodies."""
    if not words:
        return [], []
    cursor = await connection.execute(
        """
        SELECT ARRAY(SELECT id FROM circular WHERE strpos(lower(text_zh || ' ' || text_en), lower(%(words)s)) > 0),
            ARRAY(SELECT DISTINCT alert FROM alert_version WHERE strpos(
                lower(concat_ws(' ', headline, description, instruction)), lower(%(words)s)) > 0)
        """,
        {"words": words},
    )
    return await cursor.fetchone() or ([], [])


async def _span(connection: Connection, what: Search) -> tuple[int, int]:
    """Return the ids between which everything queued in that time lies; delivery_near says why an hour more."""
    cursor = await connection.execute(
        """
        SELECT CASE WHEN %(since)s::timestamptz IS NULL THEN 0
                    ELSE delivery_near(%(since)s::timestamptz - interval '1 hour') END,
               CASE WHEN %(until)s::timestamptz IS NULL THEN 0
                    ELSE delivery_near(%(until)s::timestamptz + interval '1 hour') END
        """,
        {"since": what.since, "until": what.until},
    )
    return await cursor.fetchone() or (0, 0)


async def find(connection: Connection, delivery: int) -> DeliveryRow | None:
    return next(iter(await these(connection, [delivery])), None)


async def these(connection: Connection, deliveries: Sequence[int]) -> list[DeliveryRow]:
    async with connection.cursor(row_factory=class_row(DeliveryRow)) as cursor:
        await cursor.execute(
            "WITH found AS (SELECT unnest(%(ids)s::bigint[]) AS id)" + _COLUMNS, {"ids": list(deliveries)}
        )
        return await cursor.fetchall()


async def attempts(connection: Connection, delivery: int) -> list[AttemptRow]:
    """Return what was tried, in order."""
    async with connection.cursor(row_factory=class_row(AttemptRow)) as cursor:
        await cursor.execute(
            """
            SELECT attempt, at, provider, outcome, detail FROM delivery_attempt
            WHERE delivery = %(delivery)s ORDER BY attempt, at
            """,
            {"delivery": delivery},
        )
        return await cursor.fetchall()


async def move(connection: Connection, deliveries: Sequence[int], folder: str) -> int:
    """Put messages into a folder; return how many lay in another one. What is still to be sent is sent all the same."""
    cursor = await connection.execute(
        "UPDATE delivery SET folder = %(folder)s WHERE id = ANY(%(ids)s) AND folder <> %(folder)s",
        {"ids": list(deliveries), "folder": folder},
    )
    return cursor.rowcount


async def move_circular(connection: Connection, circular: UUID, folder: str) -> int:
    """The same for all of a circular."""
    cursor = await connection.execute(
        "UPDATE delivery SET folder = %(folder)s WHERE circular = %(circular)s AND folder <> %(folder)s",
        {"circular": circular, "folder": folder},
    )
    return cursor.rowcount

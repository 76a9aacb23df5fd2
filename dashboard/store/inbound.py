"""Texts that came in, of one subtree, the newest first.

A text is a subtree's when its writer's primary unit lies there. One of an unknown number is the top's alone: nobody
below may be told that this number writes to the city.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.shapes import Scope
from dashboard.store.searching import FEW, few_of, keep_short
from dashboard.store.units import within

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundSearch:
    """What to look for; what is None or empty is not asked. `number` is the beginning of an E.164 one."""

    scope: Scope
    kind: str | None = None
    words: str = ""
    number: str = ""
    since: datetime | None = None
    until: datetime | None = None


class InboundRow(NamedTuple):
    id: int
    at: datetime
    number: str
    destination: str
    provider: str
    route: str
    text: str
    member: int | None
    member_name: str | None
    unit: int | None  # the writer's primary one
    unit_name: str | None
    unit_name_en: str | None
    tree_left: int  # of that, or of the top
    alert: UUID | None
    headline: str | None
    level: str | None
    place: int | None
    place_by: str | None
    place_said: str
    candidates: list[int]
    lon: float | None  # degrees
    lat: float | None
    text_case: int | None
    case_unit: int | None
    case_left: int | None
    is_case_open: bool
    is_stopped: bool  # now


# The columns of a page are looked up behind its limit
_COLUMNS: LiteralString = """
    SELECT i.id, i.received_at AS at, i.source AS number, i.destination, i.provider, i.route,
        coalesce(i.text, i.body) AS text, m.id AS member, m.name AS member_name, u.id AS unit, u.name AS unit_name,
        u.name_en AS unit_name_en,
        coalesce(u.tree_left, (SELECT min(tree_left) FROM unit)) AS tree_left,
        i.alert, v.headline, v.level, i.place, i.place_by, i.place_said, i.candidates,
        i.lon / 1e7::float8 AS lon, i.lat / 1e7::float8 AS lat, i.text_case, c.unit AS case_unit,
        case_unit.tree_left AS case_left, c.id IS NOT NULL AND c.ended_at IS NULL AS is_case_open,
        coalesce(s.is_stopped, false) AS is_stopped
    FROM found
    JOIN sms_inbound i ON i.id = found.id
    LEFT JOIN member m ON m.id = i.member
    LEFT JOIN assignment home ON home.member = m.id AND home.is_primary
    LEFT JOIN unit u ON u.id = home.unit
    LEFT JOIN alert a ON a.id = i.alert
    LEFT JOIN alert_version v ON (v.alert, v.version) = (a.id, a.version)
    LEFT JOIN text_case c ON c.id = i.text_case
    LEFT JOIN unit case_unit ON case_unit.id = c.unit
    LEFT JOIN sms_stop s ON s.number = i.source
    ORDER BY i.id DESC
"""
_WHOLE: LiteralString = "i.route IS NOT NULL AND i.route <> 'part'"  # as the partial index says it
_WANTED: LiteralString = """
    (%(before)s::bigint IS NULL OR i.id < %(before)s)
    AND (%(kind)s::text IS NULL OR i.route = %(kind)s)
    AND (%(number)s::text IS NULL OR i.source LIKE %(number)s)
    AND (%(since)s::timestamptz IS NULL OR i.received_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR i.received_at < %(until)s)
    AND (%(words)s = '' OR strpos(lower(i.text), lower(%(words)s)) > 0)
"""
_OF_ALL: LiteralString = "WITH found AS (SELECT i.id FROM sms_inbound i WHERE "
_OF_SUBTREE: LiteralString = """
    WITH home AS MATERIALIZED (
        SELECT a.member FROM assignment a JOIN unit u ON u.id = a.unit
        WHERE a.is_primary AND u.tree_left BETWEEN %(left)s AND %(right)s
    ), found AS (SELECT i.id FROM sms_inbound i WHERE i.member IN (SELECT member FROM home) AND
"""
_OF_FEW: LiteralString = "WITH found AS (SELECT i.id FROM sms_inbound i WHERE i.member = ANY(%(members)s) AND "
_NEWEST: LiteralString = " ORDER BY i.id DESC LIMIT %(limit)s)"


async def page(connection: Connection, what: InboundSearch, *, before: int | None, limit: int) -> list[InboundRow]:
    """Return texts older than `before` (an id), the newest first. Raises QueryCanceled when it takes too long."""
    await keep_short(connection)
    values: dict[str, Any] = {
        **within(what.scope),
        "before": before,
        "limit": limit,
        "kind": what.kind,
        "number": f"{what.number}%" if what.number else None,
        "since": what.since,
        "until": what.until,
        "words": what.words,
    }
    statement = await _statement(connection, what, values)
    async with connection.cursor(row_factory=class_row(InboundRow)) as cursor:
        await cursor.execute(statement, values, prepare=False)  # planned for these very words: most are not asked
        return await cursor.fetchall()


async def find(connection: Connection, message: int) -> InboundRow | None:
    """Return one text, wherever it belongs: the caller compares `tree_left`."""
    async with connection.cursor(row_factory=class_row(InboundRow)) as cursor:
        await cursor.execute(_OF_ALL + "i.id = %(message)s AND " + _WHOLE + ")" + _COLUMNS, {"message": message})
        return await cursor.fetchone()


async def _statement(connection: Connection, what: InboundSearch, values: dict[str, Any]) -> LiteralString:
    is_part, members = await few_of(connection, what.scope)
    if not is_part:
        return _OF_ALL + _WHOLE + " AND " + _WANTED + _NEWEST + _COLUMNS
    if len(members) > FEW:
        return _OF_SUBTREE + _WHOLE + " AND " + _WANTED + _NEWEST + _COLUMNS
    values["members"] = members
    return _OF_FEW + _WHOLE + " AND " + _WANTED + _NEWEST + _COLUMNS

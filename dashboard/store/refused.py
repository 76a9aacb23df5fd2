"""Refused reports: those that were kept, newest first, and how many there were by day and reason."""

from datetime import date, datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

Connection = AsyncConnection[Any]


class RefusedRow(NamedTuple):
    id: int
    received_at: datetime
    terminal: str | None  # code; None: unknown
    topic: str
    reason: str
    detail: str
    payload: bytes


class RefusalRow(NamedTuple):
    reason: str
    reports: int


class DayRow(NamedTuple):
    day: date  # UTC
    reason: str
    reports: int


async def page(
    connection: Connection,
    *,
    reason: str | None = None,
    terminal: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    after: int | None = None,
    limit: int,
) -> list[RefusedRow]:
    """Return the newest that were kept, with ids below `before` and above `after`.

    `terminal` is a code: of ours, or, where nobody of ours sent it, the one that the topic names.
    """
    cursor = connection.cursor(row_factory=class_row(RefusedRow))
    await cursor.execute(
        """
        SELECT refused_report.id, received_at, terminal.code AS terminal, topic, reason, detail, payload
        FROM refused_report LEFT JOIN terminal ON terminal.id = refused_report.terminal
        WHERE (%(reason)s::text IS NULL OR reason = %(reason)s)
            AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
            AND (%(before)s::bigint IS NULL OR refused_report.id < %(before)s)
            AND (%(after)s::bigint IS NULL OR refused_report.id > %(after)s)
            AND (
                %(terminal)s::text IS NULL
                OR terminal.code = %(terminal)s
                OR (refused_report.terminal IS NULL AND starts_with(topic, 'gw/v1/t/' || %(terminal)s || '/'))
                OR (refused_report.terminal IS NULL AND starts_with(topic, 'owntracks/' || %(terminal)s || '/'))
            )
        ORDER BY refused_report.id DESC LIMIT %(limit)s
        """,
        {"reason": reason, "terminal": terminal, "since": since, "before": before, "after": after, "limit": limit},
    )
    return await cursor.fetchall()


async def counts(connection: Connection) -> list[RefusalRow]:
    """Return how many reports were refused since the beginning, by reason."""
    cursor = connection.cursor(row_factory=class_row(RefusalRow))
    await cursor.execute(
        "SELECT reason, sum(reports)::bigint AS reports FROM refusal_count GROUP BY reason ORDER BY 2 DESC, 1"
    )
    return await cursor.fetchall()


async def by_day(
    connection: Connection, *, since: date | None = None, reason: str | None = None, limit: int
) -> list[DayRow]:
    """Return how many reports were refused on each day (UTC) from `since` on, newest day and largest count first."""
    cursor = connection.cursor(row_factory=class_row(DayRow))
    await cursor.execute(
        """
        SELECT day, reason, reports FROM refusal_count
        WHERE (%(since)s::date IS NULL OR day >= %(since)s) AND (%(reason)s::text IS NULL OR reason = %(reason)s)
        ORDER BY day DESC, reports DESC, reason LIMIT %(limit)s
        """,
        {"since": since, "reason": reason, "limit": limit},
    )
    return await cursor.fetchall()

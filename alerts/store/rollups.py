"""Tables delivery_rollup and delivery_rollup_day: figures of messages by day, counted anew until a day is settled."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from alerts.core.delivery_times import ENDS_S, SPANS

Connection = AsyncConnection[Any]

DEPTH: Final = 2  # below the top: first-level grids. Figures of units below those are counted when they are asked for
SETTLED_AFTER: Final = timedelta(days=3)  # a message is valid for a day, and a receipt comes late by hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A local day: its name, and the moments between which it lies."""

    day: date
    since: datetime
    until: datetime


async def days_to_count(connection: Connection, *, today: date, back: int, zone: str) -> list[date]:
    """Return the days since the first message that are not settled, those counted longest ago first."""
    cursor = await connection.execute(
        """
        SELECT days.day::date FROM generate_series(
            greatest(%(first)s::date, coalesce(
                (SELECT (queued_at AT TIME ZONE %(zone)s)::date FROM delivery ORDER BY id LIMIT 1), %(today)s::date)),
            %(today)s::date, interval '1 day') AS days (day)
        LEFT JOIN delivery_rollup_day known USING (day)
        WHERE NOT coalesce(known.is_final, false)
        ORDER BY known.counted_at NULLS FIRST, day
        """,
        {"first": today - timedelta(days=back), "today": today, "zone": zone},
    )
    return [row[0] for row in await cursor.fetchall()]


async def count(connection: Connection, day: Day) -> int:
    """Count a day's messages anew; return how many rows it has. The caller holds the transaction."""
    await connection.execute("DELETE FROM delivery_rollup WHERE day = %(day)s", {"day": day.day})
    if not await _has_messages(connection, day):
        return 0
    cursor = await connection.execute(
        """
        INSERT INTO delivery_rollup (day, unit, channel, provider, kind, state, messages, times)
        WITH RECURSIVE place (id, coarse, depth) AS (
            SELECT id, id, 0 FROM unit WHERE parent IS NULL
            UNION ALL
            SELECT u.id, CASE WHEN place.depth < %(depth)s THEN u.id ELSE place.coarse END, place.depth + 1
            FROM place JOIN unit u ON u.parent = place.id
        ), home AS MATERIALIZED (
            SELECT a.member, place.coarse FROM assignment a JOIN place ON place.id = a.unit WHERE a.is_primary
        ), counted AS (
            SELECT coalesce(home.coarse, sender.coarse, top.id) AS unit, d.channel,
                   coalesce(d.provider, '') AS provider, d.kind, d.state,
                   CASE WHEN d.state = 'delivered' THEN width_bucket(
                       greatest(0, extract(epoch FROM d.settled_at - greatest(d.queued_at, c.leaves_at)))::float8,
                       %(ends)s::float8[]) END AS span,
                   count(*) AS messages
            FROM delivery d
            CROSS JOIN (SELECT id FROM unit WHERE parent IS NULL ORDER BY tree_left LIMIT 1) AS top
            LEFT JOIN home ON home.member = d.member
            LEFT JOIN circular c ON c.id = d.circular
            LEFT JOIN place sender ON sender.id = c.unit
            WHERE d.id >= delivery_near(%(since)s::timestamptz - interval '1 hour')
              AND d.id < delivery_near(%(until)s::timestamptz + interval '1 hour')
              AND d.queued_at >= %(since)s AND d.queued_at < %(until)s
            GROUP BY 1, 2, 3, 4, 5, 6
        )
        SELECT %(day)s, unit, channel, provider, kind, state, sum(messages),
               CASE WHEN state = 'delivered' THEN (
                   SELECT array_agg(coalesce(it.messages, 0) ORDER BY span.nr)
                   FROM generate_series(0, %(last)s) AS span (nr)
                   LEFT JOIN unnest(array_agg(counted.span), array_agg(counted.messages)) AS it (nr, messages)
                        ON it.nr = span.nr)
               ELSE '{}' END
        FROM counted
        GROUP BY unit, channel, provider, kind, state
        """,
        {
            "day": day.day,
            "since": day.since,
            "until": day.until,
            "depth": DEPTH,
            "ends": list(ENDS_S),
            "last": SPANS - 1,
        },
    )
    return cursor.rowcount


async def _has_messages(connection: Connection, day: Day) -> bool:
    """Most days of a quiet city have none; finding everybody's unit for them would take all the time."""
    cursor = await connection.execute(
        """
        SELECT EXISTS (
            SELECT FROM delivery
            WHERE id >= delivery_near(%(since)s::timestamptz - interval '1 hour')
              AND id < delivery_near(%(until)s::timestamptz + interval '1 hour')
              AND queued_at >= %(since)s AND queued_at < %(until)s)
        """,
        {"since": day.since, "until": day.until},
    )
    return bool((await cursor.fetchone() or (False,))[0])


async def note(connection: Connection, day: Day, *, at: datetime, took_ms: int) -> None:
    """Say when a day was counted; it is settled when nothing of it can change any more."""
    await connection.execute(
        """
        INSERT INTO delivery_rollup_day (day, counted_at, took_ms, is_final)
        VALUES (%(day)s, %(at)s, %(took_ms)s, %(is_final)s)
        ON CONFLICT (day) DO UPDATE SET counted_at = excluded.counted_at, took_ms = excluded.took_ms,
                                        is_final = excluded.is_final
        """,
        {"day": day.day, "at": at, "took_ms": took_ms, "is_final": at >= day.until + SETTLED_AFTER},
    )

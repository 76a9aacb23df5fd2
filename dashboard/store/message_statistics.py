"""Figures of messages: from the table of days where a unit has rows there, else counted from its members' messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerts.core.delivery_times import ENDS_S, SPANS
from dashboard.shapes import Scope
from dashboard.store.units import within

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Local days, both included, and the moments they lie between."""

    first: date
    last: date
    since: datetime
    until: datetime
    zone: str


class Figure(NamedTuple):
    """Messages of one day with the same unit below, provider, kind and state. `times` counts spans of the delivered."""

    day: date
    unit: int
    channel: str
    provider: str
    kind: str
    state: str
    messages: int
    times: Sequence[int]


class UnitPart(NamedTuple):
    """The unit asked about itself, or one right below it."""

    id: int
    name: str
    name_en: str | None
    tree_left: int
    tree_right: int


async def parts(connection: Connection, scope: Scope) -> list[UnitPart]:
    async with connection.cursor(row_factory=class_row(UnitPart)) as cursor:
        await cursor.execute(
            """
            SELECT id, name, name_en, tree_left, tree_right FROM unit
            WHERE (id = %(top)s OR parent = %(top)s) AND tree_left BETWEEN %(left)s AND %(right)s ORDER BY tree_left
            """,
            within(scope),
        )
        return await cursor.fetchall()


async def is_kept(connection: Connection, unit: int, *, depth: int) -> bool:
    """Whether the figures of every unit right below this one are kept, or it has figures of its own alone."""
    cursor = await connection.execute(
        """
        SELECT count(*) - 1 < %(depth)s FROM unit above JOIN unit it
        ON above.tree_left <= it.tree_left AND above.tree_right >= it.tree_right WHERE it.id = %(unit)s
        """,
        {"unit": unit, "depth": depth},
    )
    return bool((await cursor.fetchone() or (False,))[0])


async def kept(connection: Connection, scope: Scope, period: Period) -> list[Figure]:
    """Return the figures of a subtree, of each unit right below its top together."""
    async with connection.cursor(row_factory=class_row(Figure)) as cursor:
        await cursor.execute(
            """
            WITH part AS (
                SELECT id, tree_left, tree_right, id = %(top)s AS is_top FROM unit
                WHERE (id = %(top)s OR parent = %(top)s) AND tree_left BETWEEN %(left)s AND %(right)s
            ), chosen AS (
                SELECT r.day, coalesce(part.id, %(top)s) AS unit, r.channel, r.provider, r.kind, r.state,
                       r.messages, r.times
                FROM delivery_rollup r
                JOIN unit u ON u.id = r.unit AND u.tree_left BETWEEN %(left)s AND %(right)s
                LEFT JOIN part ON NOT part.is_top AND u.tree_left BETWEEN part.tree_left AND part.tree_right
                WHERE r.day BETWEEN %(first)s AND %(last)s
            ), summed AS (
                SELECT day, unit, channel, provider, kind, state, sum(messages)::bigint AS messages
                FROM chosen GROUP BY 1, 2, 3, 4, 5, 6
            ), timed AS (
                SELECT day, unit, channel, provider, kind, state, array_agg(took ORDER BY nr) AS times
                FROM (
                    SELECT day, unit, channel, provider, kind, state, nr, sum(it)::bigint AS took
                    FROM chosen CROSS JOIN unnest(times) WITH ORDINALITY AS t (it, nr)
                    GROUP BY 1, 2, 3, 4, 5, 6, 7
                ) AS spans
                GROUP BY 1, 2, 3, 4, 5, 6
            )
            SELECT s.day, s.unit, s.channel, s.provider, s.kind, s.state, s.messages, coalesce(t.times, '{}') AS times
            FROM summed s LEFT JOIN timed t USING (day, unit, channel, provider, kind, state)
            """,
            {**within(scope), "first": period.first, "last": period.last},
        )
        return await cursor.fetchall()


async def counted(connection: Connection, scope: Scope, period: Period) -> list[Figure]:
    """Count a small subtree's messages now: those of its members, and its circulars' to bare numbers."""
    async with connection.cursor(row_factory=class_row(Figure)) as cursor:
        await cursor.execute(
            """
            WITH part AS (
                SELECT id, tree_left, tree_right FROM unit
                WHERE parent = %(top)s AND tree_left BETWEEN %(left)s AND %(right)s
            ), home AS MATERIALIZED (
                SELECT a.member, coalesce(part.id, %(top)s) AS unit
                FROM assignment a JOIN unit u ON u.id = a.unit
                LEFT JOIN part ON u.tree_left BETWEEN part.tree_left AND part.tree_right
                WHERE a.is_primary AND u.tree_left BETWEEN %(left)s AND %(right)s
            ), sender AS MATERIALIZED (
                SELECT c.id, coalesce(part.id, %(top)s) AS unit
                FROM circular c JOIN unit u ON u.id = c.unit
                LEFT JOIN part ON u.tree_left BETWEEN part.tree_left AND part.tree_right
                WHERE u.tree_left BETWEEN %(left)s AND %(right)s
            ), mine AS (
                SELECT home.unit, d.* FROM home JOIN delivery d ON d.member = home.member
                UNION ALL
                SELECT sender.unit, d.* FROM sender JOIN delivery d ON d.circular = sender.id AND d.member IS NULL
            ), each AS (
                SELECT (m.queued_at AT TIME ZONE %(zone)s)::date AS day, m.unit, m.channel,
                       coalesce(m.provider, '') AS provider, m.kind, m.state,
                       CASE WHEN m.state = 'delivered' THEN width_bucket(
                           greatest(0, extract(epoch FROM m.settled_at - greatest(m.queued_at, c.leaves_at)))::float8,
                           %(ends)s::float8[]) END AS span
                FROM mine m LEFT JOIN circular c ON c.id = m.circular
                WHERE m.queued_at >= %(since)s AND m.queued_at < %(until)s
            )
            SELECT day, unit, channel, provider, kind, state, count(*) AS messages,
                   CASE WHEN state = 'delivered' THEN ARRAY(
                       SELECT count(*) FILTER (WHERE it = nr)
                       FROM generate_series(0, %(last_span)s) AS nr, unnest(array_agg(each.span)) AS it
                       GROUP BY nr ORDER BY nr) ELSE '{}' END AS times
            FROM each GROUP BY day, unit, channel, provider, kind, state
            """,
            {
                **within(scope),
                "since": period.since,
                "until": period.until,
                "zone": period.zone,
                "ends": list(ENDS_S),
                "last_span": SPANS - 1,
            },
        )
        return await cursor.fetchall()


async def counted_at(connection: Connection, period: Period) -> datetime | None:
    """Return when the oldest of the figures that may still change was counted; None: nothing was."""
    cursor = await connection.execute(
        """
        SELECT coalesce(min(counted_at) FILTER (WHERE NOT is_final), max(counted_at)) FROM delivery_rollup_day
        WHERE day BETWEEN %(first)s AND %(last)s
        """,
        {"first": period.first, "last": period.last},
    )
    return (await cursor.fetchone() or (None,))[0]

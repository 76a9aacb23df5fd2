"""The reach of one alert, counted in SQL by unit and by channel; and who is to be called. Nothing here writes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.rows import class_row

from alerts.core.reach import Answered, Counted, OverChannel
from alerts.core.records import Reach

Connection = AsyncConnection[Any]


async def make_room(connection: Connection) -> None:
    """Let the statements of this transaction count a city's people in memory, not on disk."""
    await connection.execute("SET LOCAL work_mem = '64MB'")


async def total(connection: Connection, alert: UUID) -> Reach:
    """Return the people of the version in force, all together."""
    async with connection.cursor(row_factory=class_row(Reach)) as cursor:
        await cursor.execute(_COUNTED.format(columns=sql.SQL("")), [alert])
        return await cursor.fetchone() or Reach()


async def by_unit(connection: Connection, alert: UUID) -> list[Counted]:
    """Return the same people by the unit they are told for, in tree order."""
    counted = _COUNTED.format(columns=sql.SQL("unit,"))
    cursor = await connection.execute(
        sql.SQL(
            """
            SELECT c.unit, coalesce(u.tree_left, (SELECT min(tree_left) FROM unit)), coalesce(u.level, ''),
                   c.audience, c.told, c.delivered, c.acknowledged, c.failed, c.unknown, c.queued
            FROM ({counted} GROUP BY unit) c LEFT JOIN unit u ON u.id = c.unit
            ORDER BY u.tree_left NULLS LAST
            """
        ).format(counted=counted),
        [alert],
    )
    return [Counted(*row) for row in await cursor.fetchall()]


_COUNTED: Final = sql.SQL(
    """
    SELECT {columns}
           count(*) AS audience,
           count(*) FILTER (WHERE is_told) AS told,
           count(*) FILTER (WHERE is_delivered) AS delivered,
           count(*) FILTER (WHERE has_answered) AS acknowledged,
           count(*) FILTER (WHERE is_failed) AS failed,
           count(*) FILTER (WHERE is_unknown) AS unknown,
           count(*) FILTER (WHERE is_queued) AS queued
    FROM reached_of(%s)
    """
)


async def by_channel(connection: Connection, alert: UUID) -> list[OverChannel]:
    """Return the same people by unit and channel of their messages."""
    cursor = await connection.execute(
        """
        WITH heard AS (
            SELECT member, channel, bool_or(is_told) AS is_told, bool_or(is_delivered) AS is_delivered,
                   bool_or(is_unknown) AS is_unknown, bool_or(is_queued) AS is_queued
            FROM tellings_of(%(alert)s)
            GROUP BY member, channel
        )
        SELECT coalesce(u.tree_left, (SELECT min(tree_left) FROM unit)) AS place, h.channel,
               count(*),
               count(*) FILTER (WHERE h.is_told),
               count(*) FILTER (WHERE h.is_delivered),
               count(*) FILTER (WHERE NOT h.is_told AND NOT h.is_queued),
               count(*) FILTER (WHERE h.is_unknown AND NOT h.is_delivered),
               count(*) FILTER (WHERE h.is_queued AND NOT h.is_told)
        FROM heard h
        JOIN audience p ON (p.alert, p.member) = (%(alert)s, h.member)
        LEFT JOIN unit u ON u.id = p.unit
        GROUP BY place, h.channel
        """,
        {"alert": alert},
    )
    return [OverChannel(*row) for row in await cursor.fetchall()]


async def by_answer(connection: Connection, alert: UUID) -> list[Answered]:
    """Return those who answered the version in force by unit and channel of the answer."""
    cursor = await connection.execute(
        """
        SELECT coalesce(u.tree_left, (SELECT min(tree_left) FROM unit)) AS place, k.channel, count(*)
        FROM alert a
        JOIN acknowledgement k ON (k.alert, k.version) = (a.id, a.in_force)
        JOIN audience p ON (p.alert, p.member) = (k.alert, k.member)
        LEFT JOIN unit u ON u.id = p.unit
        WHERE a.id = %s
        GROUP BY place, k.channel
        """,
        [alert],
    )
    return [Answered(*row) for row in await cursor.fetchall()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of those to be called. `within` is the viewer's unit; None of the others: all."""

    within: int | None
    unit: int | None = None  # and all below it
    level: str | None = None  # of the unit they are told for
    why: str | None = None  # failed, unknown, overdue
    channel: str | None = None  # to whom a message went over it,
    state: str | None = None  # which came so far


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One person to be called, and who is above them, if the viewer may see that."""

    member: int
    name: str
    phone: str | None
    unit: int | None
    unit_name: str | None
    unit_name_en: str | None
    unit_level: str | None
    reasons: list[dict[str, Any]]
    why: str
    told_at: datetime | None
    superior: str | None
    superior_phone: str | None
    total: int


async def to_call(
    connection: Connection,
    alert: UUID,
    wanted: Wanted,
    *,
    answer_within: timedelta | None,
    at: datetime,
    limit: int,
    offset: int,
) -> list[CallRow]:
    """Return a page of those to be called, the highest units first, then in tree order.

    The superior is the first leader of the unit above (of their own unit, for who leads none), inside the viewer's.
    """
    async with connection.cursor(row_factory=class_row(CallRow)) as cursor:
        await cursor.execute(
            """
            WITH page AS (
                SELECT s.member, s.phone, s.unit, s.reasons, s.why, s.told_at, u.name AS unit_name,
                       u.name_en AS unit_name_en, u.level AS unit_level, u.parent, u.tree_left,
                       l.rank, viewer.tree_left AS first, viewer.tree_right AS last, count(*) OVER () AS total
                FROM unreached_of(%(alert)s, %(answer_within)s, %(at)s) s
                LEFT JOIN unit u ON u.id = s.unit
                LEFT JOIN level l ON l.code = u.level
                LEFT JOIN unit viewer ON viewer.id = %(within)s
                LEFT JOIN unit below ON below.id = %(unit)s
                WHERE (%(within)s::integer IS NULL
                       OR coalesce(u.tree_left, (SELECT min(tree_left) FROM unit))
                          BETWEEN viewer.tree_left AND viewer.tree_right)
                  AND (%(unit)s::integer IS NULL OR u.tree_left BETWEEN below.tree_left AND below.tree_right)
                  AND (%(level)s::text IS NULL OR u.level = %(level)s)
                  AND (%(why)s::text IS NULL OR s.why = %(why)s)
                  AND ((%(channel)s::text IS NULL AND %(state)s::text IS NULL) OR s.member IN (
                      SELECT t.member FROM tellings_of(%(alert)s) t
                      WHERE (%(channel)s::text IS NULL OR t.channel = %(channel)s)
                        AND (%(state)s::text IS NULL OR t.state = %(state)s)))
                ORDER BY l.rank NULLS LAST, u.tree_left NULLS LAST, s.member
                LIMIT %(limit)s OFFSET %(offset)s
            )
            SELECT p.member, m.name, p.phone, p.unit, p.unit_name, p.unit_name_en, p.unit_level, p.reasons, p.why,
                   p.told_at, boss.name AS superior, boss.phone AS superior_phone, p.total
            FROM page p
            JOIN member m ON m.id = p.member
            LEFT JOIN LATERAL (
                SELECT b.name, b.phone
                FROM unit above
                JOIN assignment s ON s.unit = above.id
                JOIN role r ON r.code = s.role AND r.is_leader
                JOIN member b ON b.id = s.member AND b.closed_at IS NULL AND b.id <> p.member
                WHERE above.id = CASE WHEN p.reasons -> 0 ->> 'why' = 'leader' THEN p.parent ELSE p.unit END
                  AND (p.first IS NULL OR above.tree_left BETWEEN p.first AND p.last)
                ORDER BY b.id LIMIT 1
            ) AS boss ON true
            ORDER BY p.rank NULLS LAST, p.tree_left NULLS LAST, p.member
            """,
            {
                "alert": alert,
                "answer_within": answer_within,
                "at": at,
                "within": wanted.within,
                "unit": wanted.unit,
                "level": wanted.level,
                "why": wanted.why,
                "channel": wanted.channel,
                "state": wanted.state,
                "limit": limit,
                "offset": offset,
            },
        )
        return await cursor.fetchall()


async def to_call_counts(
    connection: Connection, alert: UUID, *, within: int | None, answer_within: timedelta | None, at: datetime
) -> dict[str, int]:
    """Return how many are to be called for each reason, inside `within`."""
    cursor = await connection.execute(
        """
        SELECT s.why, count(*)
        FROM unreached_of(%(alert)s, %(answer_within)s, %(at)s) s
        LEFT JOIN unit u ON u.id = s.unit
        LEFT JOIN unit viewer ON viewer.id = %(within)s
        WHERE %(within)s::integer IS NULL
           OR coalesce(u.tree_left, (SELECT min(tree_left) FROM unit)) BETWEEN viewer.tree_left AND viewer.tree_right
        GROUP BY s.why
        """,
        {"alert": alert, "within": within, "answer_within": answer_within, "at": at},
    )
    return dict(await cursor.fetchall())

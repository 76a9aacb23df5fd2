"""Table alert_timer: what is due, claimed in order of its due date, once each."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]


class Due(NamedTuple):
    alert: UUID
    version: int
    kind: str


async def set_for_alert(connection: Connection, *, alert: UUID, version: int, kind: str, due_at: datetime) -> None:
    """Arm one timer of the whole alert; a second one of the same kind and version changes nothing."""
    await connection.execute(
        """
        INSERT INTO alert_timer (alert, version, kind, due_at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
        """,
        [alert, version, kind, due_at],
    )


async def set_for_members(
    connection: Connection, *, alert: UUID, version: int, members: Sequence[int], kind: str, due_at: datetime
) -> None:
    await connection.execute(
        """
        INSERT INTO alert_timer (alert, version, member, kind, due_at)
        SELECT %s, %s, member, %s, %s FROM unnest(%s::integer[]) AS member
        ON CONFLICT DO NOTHING
        """,
        [alert, version, kind, due_at, list(members)],
    )


async def start_reminders(
    connection: Connection, *, deliveries: Sequence[int], within: Mapping[str, timedelta], now: datetime
) -> int:
    """Start the clock of everybody whose first telling has just been sent, at levels that have a deadline."""
    cursor = await connection.execute(
        """
        INSERT INTO alert_timer (alert, version, member, kind, due_at)
        SELECT DISTINCT d.alert, d.version, d.member, 'remind', %(now)s::timestamptz + w.within
        FROM delivery d
        JOIN alert_version v ON (v.alert, v.version) = (d.alert, d.version)
        JOIN unnest(%(levels)s::text[], %(withins)s::interval[]) AS w(level, within) ON w.level = v.level
        WHERE d.id = ANY(%(deliveries)s) AND d.kind IN ('telling', 'passed_down')
          AND NOT EXISTS (SELECT 1 FROM acknowledgement k
                          WHERE (k.alert, k.version, k.member) = (d.alert, d.version, d.member))
        ON CONFLICT DO NOTHING
        """,
        {
            "deliveries": list(deliveries),
            "now": now,
            "levels": list(within),
            "withins": list(within.values()),
        },
    )
    return cursor.rowcount


async def next_due(connection: Connection, now: datetime) -> Due | None:
    """Return the oldest due group of timers: one alert, one version, one kind."""
    cursor = await connection.execute(
        """
        SELECT alert, version, kind FROM alert_timer
        WHERE done_at IS NULL AND due_at <= %s
        ORDER BY due_at, id LIMIT 1
        """,
        [now],
    )
    row = await cursor.fetchone()
    return Due(*row) if row else None


async def claim(connection: Connection, due: Due, now: datetime) -> list[int | None]:
    """Mark every due timer of the group as done and return its members (None: the alert's own).

    Whoever else claims the same group waits on the alert's row, which the caller has locked, and finds nothing left.
    """
    cursor = await connection.execute(
        """
        UPDATE alert_timer SET done_at = %(now)s
        WHERE alert = %(alert)s AND version = %(version)s AND kind = %(kind)s AND done_at IS NULL AND due_at <= %(now)s
        RETURNING member
        """,
        {"alert": due.alert, "version": due.version, "kind": due.kind, "now": now},
    )
    return [row[0] for row in await cursor.fetchall()]


async def stop(connection: Connection, *, alert: UUID, before_version: int, now: datetime) -> None:
    """Stop the timers of older versions."""
    await connection.execute(
        "UPDATE alert_timer SET done_at = %s WHERE alert = %s AND version < %s AND done_at IS NULL",
        [now, alert, before_version],
    )


async def stop_for_member(connection: Connection, *, alert: UUID, member: int, now: datetime) -> None:
    await connection.execute(
        "UPDATE alert_timer SET done_at = %s WHERE alert = %s AND member = %s AND done_at IS NULL",
        [now, alert, member],
    )

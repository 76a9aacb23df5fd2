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
    """Start the clock of everybody whose first telling has just been sent, at levels that have a deadline.

    A terminal's message is on its way to a terminal that may be off: where another of theirs still waits to leave, the
    clock waits for that one.
    """
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
          AND NOT (d.channel = 'terminal' AND EXISTS (
              SELECT 1 FROM delivery o
              WHERE (o.alert, o.version, o.member) = (d.alert, d.version, d.member) AND o.kind = d.kind
                AND o.state IN ('queued', 'sending')))
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


async def chase_lost(
    connection: Connection, *, deliveries: Sequence[int], within: Mapping[str, timedelta], now: datetime
) -> None:
    """Go on for the people whose message has just been lost: with what else told them, or with their superiors."""
    cursor = await connection.execute(
        """
        SELECT o.id FROM delivery d
        JOIN delivery o ON (o.alert, o.version, o.member) = (d.alert, d.version, d.member)
             AND o.kind IN ('telling', 'passed_down') AND o.state IN ('sent', 'delivered', 'unknown')
        WHERE d.id = ANY(%s) AND d.kind IN ('telling', 'passed_down')
        """,
        [list(deliveries)],
    )
    others = [row[0] for row in await cursor.fetchall()]
    if others:
        await start_reminders(connection, deliveries=others, within=within, now=now)
    await tell_superiors(connection, deliveries=deliveries, now=now)


async def tell_superiors(connection: Connection, *, deliveries: Sequence[int], now: datetime) -> None:
    """Let the superiors hear of people whom nothing has reached, nor will; in digests, at the next full minute but one.

    Of levels without a deadline the timer does nothing when it fires.
    """
    await connection.execute(
        """
        INSERT INTO alert_timer (alert, version, member, kind, due_at)
        SELECT DISTINCT d.alert, d.version, d.member, 'superior',
               date_trunc('minute', %(now)s::timestamptz) + interval '2 minutes'
        FROM delivery d
        JOIN alert a ON a.id = d.alert AND a.state = 'issued' AND a.in_force = d.version
        WHERE d.id = ANY(%(deliveries)s) AND d.kind IN ('telling', 'passed_down')
          AND NOT EXISTS (SELECT 1 FROM delivery o
                          WHERE (o.alert, o.version, o.member) = (d.alert, d.version, d.member)
                            AND o.kind IN ('telling', 'passed_down') AND o.state NOT IN ('failed', 'expired'))
          AND NOT EXISTS (SELECT 1 FROM acknowledgement k
                          WHERE (k.alert, k.version, k.member) = (d.alert, d.version, d.member))
          AND NOT EXISTS (SELECT 1 FROM alert_timer t
                          WHERE (t.alert, t.version, t.member) = (d.alert, d.version, d.member))
        ON CONFLICT DO NOTHING
        """,
        {"deliveries": list(deliveries), "now": now},
    )


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

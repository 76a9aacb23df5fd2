"""What is retained in each grid: the highest alert in force there, for whoever's terminal listens to it.

It needs no row for each person, so that it is the first that a city hears: own messages follow, with their answers.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]

LOCK: Final = 0x7265_7461  # "reta": two who work out the highest alert at a time miss each other's


async def retain(connection: Connection, grids: Sequence[int], *, now: datetime, is_below: bool = True) -> None:
    """Set the message of each of `grids`, and with `is_below` of all below them; an empty one clears.

    An alert is in force in its grids and below them, as far down as its depth says. Of several the real come before the
    drills, then the higher level, then the later issue. Others who set messages wait until this transaction ends.
    """
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    await connection.execute(
        """
        WITH affected AS MATERIALIZED (
            SELECT DISTINCT u.id, u.tree_left, l.rank, 'gw/v1/g/' || u.code || '/alert' AS topic
            FROM unit target
            JOIN unit u ON u.tree_left BETWEEN target.tree_left AND target.tree_right AND u.closed_at IS NULL
            JOIN level l ON l.code = u.level
            WHERE target.id = ANY(%(grids)s) AND (%(is_below)s OR u.id = target.id)
        ), in_force AS MATERIALIZED (
            SELECT a.id, a.is_drill, a.issued_at, v.level, convert_to(v.payload, 'UTF8') AS payload, v.grids,
                   coalesce((SELECT rank FROM level WHERE code = v.depth), 32767) AS depth
            FROM alert a JOIN alert_version v ON (v.alert, v.version) = (a.id, a.in_force)
            WHERE a.state = 'issued'
        ), highest AS (
            SELECT DISTINCT ON (u.id) u.id, i.id AS alert
            FROM in_force i
            JOIN unit target ON target.id = ANY(i.grids)
            JOIN affected u ON u.tree_left BETWEEN target.tree_left AND target.tree_right AND u.rank <= i.depth
            ORDER BY u.id, i.is_drill, array_position(ARRAY['red', 'orange', 'yellow', 'blue'], i.level),
                     i.issued_at DESC
        )
        INSERT INTO retained (topic, payload, changed_at)
        SELECT a.topic, coalesce(i.payload, ''::bytea), %(now)s
        FROM affected a
        LEFT JOIN highest h ON h.id = a.id
        LEFT JOIN in_force i ON i.id = h.alert
        WHERE i.id IS NOT NULL OR EXISTS (SELECT FROM retained r WHERE r.topic = a.topic AND r.payload <> '')
        ON CONFLICT (topic) DO UPDATE SET payload = excluded.payload, changed_at = excluded.changed_at
        WHERE retained.payload <> excluded.payload
        """,
        {"grids": list(grids), "now": now, "is_below": is_below},
    )


async def forget(connection: Connection, *, now: datetime) -> None:
    """Clear what is left of alerts that have ended: in grids that were closed, or moved elsewhere, meanwhile."""
    await connection.execute(
        """
        UPDATE retained r SET payload = ''::bytea, changed_at = %s
        WHERE r.payload <> '' AND NOT EXISTS (
            SELECT FROM alert a JOIN alert_version v ON v.alert = a.id
            WHERE a.state = 'issued' AND convert_to(v.payload, 'UTF8') = r.payload
        )
        """,
        [now],
    )

"""Table waiting_mailing: what large mailings still have to queue, once their SMS are."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from alerts.store import retained
from alerts.store.deliveries import Mailing

Connection = AsyncConnection[Any]


async def put_off(connection: Connection, mailing: Mailing) -> None:
    """Leave all but the SMS of a mailing to a later transaction."""
    await connection.execute(
        "INSERT INTO waiting_mailing (alert, version, mailing) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [mailing.alert, mailing.version, Jsonb(msgspec.to_builtins(mailing))],
    )


async def retain_below(connection: Connection, *, now: datetime) -> UUID | None:
    """Set the retained messages below the grids of an alert whose mailing waits; return it, None when none is left."""
    cursor = await connection.execute(
        """
        UPDATE waiting_mailing SET is_retained = true WHERE (alert, version) = (
            SELECT alert, version FROM waiting_mailing WHERE NOT is_retained
            ORDER BY mailing -> 'priority', alert, version LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        RETURNING alert, version
        """
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    alert, version = row
    cursor = await connection.execute(
        """
        SELECT v.grids FROM alert a JOIN alert_version v ON (v.alert, v.version) = (a.id, a.in_force)
        WHERE a.id = %s AND a.state = 'issued' AND a.in_force = %s FOR SHARE OF a
        """,
        [alert, version],
    )
    if (found := await cursor.fetchone()) is not None:
        await retained.retain(connection, found[0], now=now)
    return UUID(str(alert))


async def take(connection: Connection) -> Mailing | None:
    """Take a mailing that waits, behind `retain_below`; those of versions no longer in force are dropped.

    Nobody else takes it, and the alert does not change, until this transaction ends.
    """
    while True:
        cursor = await connection.execute(
            """
            DELETE FROM waiting_mailing WHERE (alert, version) = (
                SELECT alert, version FROM waiting_mailing WHERE is_retained
                ORDER BY mailing -> 'priority', alert, version LIMIT 1 FOR UPDATE SKIP LOCKED
            )
            RETURNING mailing
            """
        )
        row = await cursor.fetchone()
        if row is None:
            return None
        mailing = msgspec.convert(row[0], Mailing)
        cursor = await connection.execute("SELECT state, in_force FROM alert WHERE id = %s FOR SHARE", [mailing.alert])
        if await cursor.fetchone() == ("issued", mailing.version):
            return mailing

"""Table waiting_mailing: what large mailings still have to queue, once their SMS are."""

from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from alerts.store.deliveries import Mailing

Connection = AsyncConnection[Any]


async def put_off(connection: Connection, mailing: Mailing) -> None:
    """Leave all but the SMS of a mailing to a later transaction."""
    await connection.execute(
        "INSERT INTO waiting_mailing (alert, version, mailing) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [mailing.alert, mailing.version, Jsonb(msgspec.to_builtins(mailing))],
    )


async def take(connection: Connection) -> Mailing | None:
    """Take a mailing that waits and has a point; those of versions no longer in force are dropped.

    Nobody else takes it, and the alert does not change, until this transaction ends.
    """
    while True:
        cursor = await connection.execute(
            """
            DELETE FROM waiting_mailing WHERE (alert, version) = (
                SELECT alert, version FROM waiting_mailing ORDER BY mailing -> 'priority', alert, version
                LIMIT 1 FOR UPDATE SKIP LOCKED
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

"""Table sms_stop: what a number said last about circulars; STOP holds until it says START or somebody lifts it."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]


async def say(connection: Connection, *, number: str, inbound: int, is_stopped: bool, now: datetime) -> bool:
    """Keep a number's word; False when it said another one later, which was looked at before this one."""
    done = await connection.execute(
        """
        INSERT INTO sms_stop AS known (number, is_stopped, inbound, changed_at)
        VALUES (%(number)s, %(is_stopped)s, %(inbound)s, %(now)s)
        ON CONFLICT (number) DO UPDATE SET is_stopped = excluded.is_stopped, inbound = excluded.inbound,
            changed_at = excluded.changed_at, changed_by = NULL
        WHERE known.inbound < excluded.inbound
        """,
        {"number": number, "inbound": inbound, "is_stopped": is_stopped, "now": now},
    )
    return done.rowcount == 1


async def lift(connection: Connection, *, number: str, account: int, now: datetime) -> bool:
    """Let circulars reach a number again; False when it was not stopped."""
    done = await connection.execute(
        """
        UPDATE sms_stop SET is_stopped = false, changed_at = %(now)s, changed_by = %(account)s
        WHERE number = %(number)s AND is_stopped
        """,
        {"number": number, "account": account, "now": now},
    )
    return done.rowcount == 1

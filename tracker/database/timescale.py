"""All that depends on the TimescaleDB extension being there. Everything else is plain PostgreSQL.

With the extension the time series are hypertables (migrations `*.timescale.sql`); without it they are partitioned by
day, and tracker.database.partitions makes and drops the days.
"""

from datetime import timedelta
from typing import Any, Final

import psycopg

LOCK: Final = 0x6B65_6570  # "keep": one program at a time sets how long


def install(connection: psycopg.Connection[Any]) -> bool:
    """Create the extension if this server offers it; return whether the database has it.

    A server may offer it without having it preloaded; then CREATE EXTENSION fails with a hint, which is passed on.
    """
    offered = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'").fetchone()
    if offered is None:
        return False
    connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    return True


async def keep_for(connection: psycopg.AsyncConnection[Any], age: timedelta) -> bool:
    """Let the extension drop the chunks of positions and of their sums that are older; False where it is not there.

    There is one policy a table, and none can be changed: the old one goes and the new one comes in one transaction.
    Done at every start, so that it follows the setting.
    """
    found = await connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'")
    if await found.fetchone() is None:
        return False
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        for table in ("position", "member_hour"):
            await connection.execute("SELECT remove_retention_policy(%s::regclass, if_exists => true)", [table])
            await connection.execute(
                "SELECT add_retention_policy(%s::regclass, drop_after => %s::interval)", [table, age]
            )
    return True

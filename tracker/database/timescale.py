"""All that depends on the TimescaleDB extension being there. Everything else is plain PostgreSQL.

With the extension the time series are hypertables (migrations `*.timescale.sql`); without it they are partitioned by
day, and `ensure_partitions` keeps days ready ahead of the clock.
"""

from typing import Any

import psycopg


def install(connection: psycopg.Connection[Any]) -> bool:
    """Create the extension if this server offers it; return whether the database has it.

    A server may offer it without having it preloaded; then CREATE EXTENSION fails with a hint, which is passed on.
    """
    offered = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'").fetchone()
    if offered is None:
        return False
    connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    return True

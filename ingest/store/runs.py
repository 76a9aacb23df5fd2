"""The run of an ingest process: that it started, its sums, and its sign of life."""

from typing import Any, NamedTuple
from uuid import UUID

import psycopg

Connection = psycopg.AsyncConnection[Any]


class Totals(NamedTuple):
    """Since the run's start; connections: now."""

    packets: int
    positions_stored: int
    duplicates: int
    refused: int
    connections: int


async def start(connection: Connection, run: UUID, name: str, *, has_gateway: bool = False) -> None:
    """Record a run. `has_gateway`: its door takes the load-only gateway, which /healthz shows."""
    await connection.execute(
        """
        INSERT INTO ingest_run (id, name, has_gateway) VALUES (%(run)s, %(name)s, %(has_gateway)s)
        ON CONFLICT (id) DO NOTHING -- when nobody knows whether the first attempt came through
        """,
        {"run": run, "name": name, "has_gateway": has_gateway},
    )


async def beat(connection: Connection, run: UUID, totals: Totals) -> None:
    await connection.execute(
        """
        UPDATE ingest_run SET heartbeat_at = now(), packets = %(packets)s, positions_stored = %(positions_stored)s,
            duplicates = %(duplicates)s, refused = %(refused)s, connections = %(connections)s
        WHERE id = %(run)s
        """,
        {"run": run, **totals._asdict()},
    )


async def stop(connection: Connection, run: UUID) -> None:
    await connection.execute("UPDATE ingest_run SET stopped_at = now() WHERE id = %(run)s", {"run": run})


async def last_heard_us(connection: Connection, run: UUID) -> int:
    """Return when any earlier run last listened (microseconds since 1970), 0 for never."""
    cursor = await connection.execute(
        """
        SELECT coalesce((extract(epoch FROM max(heartbeat_at)) * 1000000)::bigint, 0) FROM ingest_run
        WHERE id <> %(run)s
        """,
        {"run": run},
    )
    row: Any = await cursor.fetchone()
    return row[0]

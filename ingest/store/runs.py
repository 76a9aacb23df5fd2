"""The run of an ingest process: its heartbeat, and its ownership of the terminals, which every commit checks.

One row of ingest_owner stands for all terminals. Who starts takes it over and raises the epoch; who lost it cannot
commit any more, however long it was away.
"""

from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg

Connection = psycopg.AsyncConnection[Any]

_ALL: Final = 0  # the slice that stands for all terminals


class OwnershipLostError(Exception):
    """Another ingest process owns the terminals now; this one must end."""


class Totals(NamedTuple):
    """Since the run's start; connections: now."""

    packets: int
    positions_stored: int
    duplicates: int
    refused: int
    connections: int


async def start(connection: Connection, run: UUID, name: str, *, has_gateway: bool = False) -> int:
    """Record a run and take the terminals over; return the epoch. Waits for a commit of the former owner to end.

    `has_gateway`: its door takes the load-only gateway, which /healthz shows.
    """
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO ingest_run (id, name, has_gateway) VALUES (%(run)s, %(name)s, %(has_gateway)s)",
            {"run": run, "name": name, "has_gateway": has_gateway},
        )
        cursor = await connection.execute(
            """
            INSERT INTO ingest_owner (slice, run, epoch) VALUES (%(slice)s, %(run)s, 1)
            ON CONFLICT (slice) DO UPDATE SET run = excluded.run, epoch = ingest_owner.epoch + 1
            RETURNING epoch
            """,
            {"slice": _ALL, "run": run},
        )
        row: Any = await cursor.fetchone()
    return row[0]


async def check_ownership(connection: Connection, run: UUID, epoch: int) -> None:
    """Hold the ownership until the end of the transaction; raises OwnershipLostError."""
    cursor = await connection.execute(
        "SELECT 1 FROM ingest_owner WHERE slice = %(slice)s AND run = %(run)s AND epoch = %(epoch)s FOR SHARE",
        {"slice": _ALL, "run": run, "epoch": epoch},
    )
    if await cursor.fetchone() is None:
        raise OwnershipLostError("another ingest process has taken the terminals over; this one ends")


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

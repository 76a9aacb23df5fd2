"""The pulse of ingest's runs over the last minutes: sample by sample, and what was refused in them."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.store.operation import ALIVE_S
from dashboard.store.refused import RefusalRow

Connection = AsyncConnection[Any]

SHOWN_S: Final = 15 * 60


class SampleRow(NamedTuple):
    """Counts over `span_ms` that ended at `at_ms` (since 1970); milliseconds are None where nothing was disposed of."""

    run: UUID
    at_ms: int
    span_ms: int
    packets: int
    positions: int
    late: int
    duplicates: int
    refused: int
    batches: int
    largest_batch: int
    inbox: int
    lag_p50_ms: float | None
    lag_p99_ms: float | None
    lag_max_ms: float | None
    commit_p50_ms: float | None
    commit_max_ms: float | None
    database_ms: int
    cpu_ms: int
    connections: int
    online: int
    silent: int
    offline: int
    late_tracks: int


class WorkerRow(NamedTuple):
    """A run with its sums; `state` is living, stopped (it said so) or lost (it did not)."""

    id: UUID
    name: str
    state: str
    started_at: datetime
    heartbeat_at: datetime
    stopped_at: datetime | None
    packets: int
    positions_stored: int
    duplicates: int
    refused: int
    connections: int


async def workers(connection: Connection) -> list[WorkerRow]:
    """Return the runs that gave a sign of life in the last SHOWN_S, or else the last one; the newest start first."""
    cursor = connection.cursor(row_factory=class_row(WorkerRow))
    await cursor.execute(
        """
        SELECT id, name,
            CASE
                WHEN stopped_at IS NOT NULL THEN 'stopped'
                WHEN heartbeat_at > now() - make_interval(secs => %(alive_s)s) THEN 'living'
                ELSE 'lost'
            END AS state,
            started_at, heartbeat_at, stopped_at, packets, positions_stored, duplicates, refused, connections
        FROM ingest_run
        WHERE heartbeat_at > now() - make_interval(secs => %(shown_s)s)
            OR id = (SELECT id FROM ingest_run ORDER BY heartbeat_at DESC LIMIT 1)
        ORDER BY started_at DESC
        """,
        {"shown_s": SHOWN_S, "alive_s": ALIVE_S},
    )
    return await cursor.fetchall()


async def samples(connection: Connection) -> list[SampleRow]:
    """Return the samples of the last SHOWN_S in order of time."""
    cursor = connection.cursor(row_factory=class_row(SampleRow))
    await cursor.execute(
        """
        SELECT run, (extract(epoch FROM at) * 1000)::bigint AS at_ms, span_ms, packets, positions, late, duplicates,
            refused, batches, largest_batch, inbox, round(lag_p50_ms::numeric, 1)::float8 AS lag_p50_ms,
            round(lag_p99_ms::numeric, 1)::float8 AS lag_p99_ms, round(lag_max_ms::numeric, 1)::float8 AS lag_max_ms,
            round(commit_p50_ms::numeric, 1)::float8 AS commit_p50_ms,
            round(commit_max_ms::numeric, 1)::float8 AS commit_max_ms,
            database_ms, cpu_ms, connections, online, silent, offline, late_tracks
        FROM ingest_pulse WHERE at > now() - make_interval(secs => %(shown_s)s) ORDER BY at
        """,
        {"shown_s": SHOWN_S},
    )
    return await cursor.fetchall()


async def recent_reasons(connection: Connection) -> list[RefusalRow]:
    """Return how many reports were refused in the last SHOWN_S, by reason."""
    cursor = connection.cursor(row_factory=class_row(RefusalRow))
    await cursor.execute(
        """
        SELECT key AS reason, sum(value::bigint)::bigint AS reports
        FROM ingest_pulse, jsonb_each_text(reasons)
        WHERE at > now() - make_interval(secs => %(shown_s)s) GROUP BY key ORDER BY 2 DESC, 1
        """,
        {"shown_s": SHOWN_S},
    )
    return await cursor.fetchall()


async def reasons_of_today(connection: Connection) -> list[RefusalRow]:
    """Return how many reports were refused today (UTC), by reason."""
    cursor = connection.cursor(row_factory=class_row(RefusalRow))
    await cursor.execute(
        """
        SELECT reason, reports FROM refusal_count WHERE day = (now() AT TIME ZONE 'UTC')::date
        ORDER BY reports DESC, reason
        """
    )
    return await cursor.fetchall()

"""The pulse of a run: one row every few seconds of what it did, for the screen of operations. Old ones go."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

Connection = psycopg.AsyncConnection[Any]

KEPT_S: Final = 20 * 60  # the screen shows 15 minutes


class Sample(NamedTuple):
    """Counts over `span_ms`, and how things stood at its end; None: nothing was disposed of."""

    at_us: int
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
    reasons: Mapping[str, int]


async def add(connection: Connection, run: UUID, sample: Sample) -> int:
    """Keep the sample; return how many late tracks wait. Bears being done twice."""
    cursor = await connection.execute(
        """
        WITH waiting AS (SELECT count(*)::integer AS late_tracks FROM late_track),
        added AS (
            INSERT INTO ingest_pulse (run, at, span_ms, packets, positions, late, duplicates, refused, batches,
                largest_batch, inbox, lag_p50_ms, lag_p99_ms, lag_max_ms, commit_p50_ms, commit_max_ms, database_ms,
                cpu_ms, connections, online, silent, offline, late_tracks, reasons)
            SELECT %(run)s, timestamptz 'epoch' + %(at_us)s * interval '1 microsecond', %(span_ms)s, %(packets)s,
                %(positions)s, %(late)s, %(duplicates)s, %(refused)s, %(batches)s, %(largest_batch)s, %(inbox)s,
                %(lag_p50_ms)s, %(lag_p99_ms)s, %(lag_max_ms)s, %(commit_p50_ms)s, %(commit_max_ms)s, %(database_ms)s,
                %(cpu_ms)s, %(connections)s, %(online)s, %(silent)s, %(offline)s, late_tracks, %(reasons)s
            FROM waiting
            ON CONFLICT (run, at) DO NOTHING
        )
        SELECT late_tracks FROM waiting
        """,
        {**sample._asdict(), "run": run, "reasons": Jsonb(dict(sample.reasons))},
    )
    row: Any = await cursor.fetchone()
    return row[0]


async def forget_old(connection: Connection) -> None:
    """Forget the samples of all runs that are older than KEPT_S."""
    await connection.execute(
        "DELETE FROM ingest_pulse WHERE at < now() - make_interval(secs => %(kept_s)s)", {"kept_s": KEPT_S}
    )

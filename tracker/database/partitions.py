"""Days of the table `position` on plain PostgreSQL, made ahead of the clock and dropped when they are old.

A hypertable makes its own chunks, and drops them (tracker.database.timescale).
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import psycopg
import structlog
from prometheus_client import Counter
from psycopg import AsyncConnection, sql

DAYS_BACK: Final = 91  # the age floor of a fix is 90 days
DAYS_AHEAD: Final = 7
LOCK: Final = 0x7061_7274  # "part": one program at a time makes days
# Who waits for the table's lock stops all that come later, ingest among them: it gives up until the next look.
LOCK_TIMEOUT: Final = "1s"
US: Final = 1_000_000  # microseconds a second
EVER: Final = (-(2**62), 2**62)
BATCH: Final = 20_000  # stray rows deleted at once

REFUSED: Final = Counter(
    "gridwarden_partitions_refused", "Days of positions that could not be made: rows lie there already"
)

Connection = AsyncConnection[Any]


async def ensure_partitions(connection: Connection, today: date, *, back: int = DAYS_BACK) -> int:
    """Make the daily partitions (UTC) from `back` days before `today` to 7 days after; return how many were missing.

    Each is a short transaction of its own, because it locks the table against writers. A day whose rows are in the
    default partition already stays there: that is slower, and nothing is lost.
    """
    if not await _is_partitioned(connection):
        return 0
    wanted = [today + timedelta(days=day) for day in range(-back, DAYS_AHEAD + 1)]
    known = await _names(connection)
    made = [await _make(connection, day) for day in wanted if _name(day) not in known]
    return sum(made)


async def drop_partitions(connection: Connection, before: date) -> int:
    """Drop the days before `before`, and stray rows of then; return how many days went.

    DETACH CONCURRENTLY is refused beside a default partition, so that each drop locks the table for a moment. A day
    that somebody reads for longer than that stays until the next call.
    """
    if not await _is_partitioned(connection):
        return 0
    last = _name(before)  # names sort like days
    old = sorted(name for name in await _names(connection) if name.startswith("position_2") and name < last)
    dropped = [await _drop(connection, name) for name in old]
    while await _delete_strays(connection, before) == BATCH:
        pass
    return sum(dropped)


async def span_us(connection: Connection) -> tuple[int, int]:
    """Return the microseconds from and to which days hold rows: (0, 0) when none does, EVER where that is not known.

    To look one terminal up opens each day that it could be in, and nearly all of a young city's are empty.
    """
    if not await _is_partitioned(connection):
        return EVER  # a hypertable has no chunk without rows
    held = sorted([name for name in await _names(connection) if await _has_rows(connection, name)])
    if not held:
        return 0, 0
    if not all(name.startswith("position_2") for name in held):
        return EVER
    first, last = (datetime.strptime(name, "position_%Y%m%d").replace(tzinfo=UTC) for name in (held[0], held[-1]))
    return round(first.timestamp() * US), round((last + timedelta(days=1)).timestamp() * US)


async def _has_rows(connection: Connection, name: str) -> bool:
    found = await connection.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(name)))
    row: Any = await found.fetchone()
    return bool(row[0])


def ensure_partitions_at(dsn: str, today: date, *, back: int = DAYS_BACK) -> int:
    """Do the same where no event loop runs yet."""

    async def ensure() -> int:
        async with await Connection.connect(dsn, autocommit=True) as connection:
            return await ensure_partitions(connection, today, back=back)

    return asyncio.run(ensure())


def days_missing(connection: psycopg.Connection[Any], days: Sequence[date]) -> list[date]:
    """Return which of `days` have no partition of their own; none on a hypertable. Changes nothing."""
    found = connection.execute(
        """
        SELECT day FROM unnest(%(days)s::date[]) AS days (day)
        WHERE EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = 'position'::regclass)
            AND to_regclass('position_' || to_char(day, 'YYYYMMDD')) IS NULL
        ORDER BY day
        """,
        {"days": list(days)},
    )
    return [day for (day,) in found.fetchall()]


def _name(day: date) -> str:
    return f"position_{day:%Y%m%d}"


async def _is_partitioned(connection: Connection) -> bool:
    found = await connection.execute("SELECT 1 FROM pg_partitioned_table WHERE partrelid = 'position'::regclass")
    return await found.fetchone() is not None


async def _names(connection: Connection) -> set[str]:
    found = await connection.execute(
        """
        SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = 'position'::regclass
        """
    )
    return {str(name) for (name,) in await found.fetchall()}


async def _make(connection: Connection, day: date) -> bool:
    # Vacuumed as it grows: only what vacuum has seen is answered from an index alone (migration 0016).
    statement = sql.SQL(
        "CREATE TABLE IF NOT EXISTS {} PARTITION OF position FOR VALUES FROM ({}) TO ({})"
        " WITH (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.5)"
    )
    limits = [sql.Literal(f"{limit} 00:00+00") for limit in (day, day + timedelta(days=1))]
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            await connection.execute(statement.format(sql.Identifier(_name(day)), *limits))
    except psycopg.errors.CheckViolation:
        REFUSED.inc()
        structlog.get_logger().warning("partition.refused", day=str(day), reason="rows in position_elsewhen")
        return False
    return True


async def _drop(connection: Connection, name: str) -> bool:
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            await connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(name)))
    except psycopg.errors.LockNotAvailable:
        structlog.get_logger().warning("partition.kept", table=name, reason="somebody reads it")
        return False
    return True


async def _delete_strays(connection: Connection, before: date) -> int:
    """Of the default partition: what came for days that had not been made."""
    done = await connection.execute(
        """
        DELETE FROM position_elsewhen WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM position_elsewhen WHERE fixed_at < %(before)s::date::timestamp AT TIME ZONE 'UTC'
            LIMIT %(batch)s
        ))
        """,
        {"before": before, "batch": BATCH},
    )
    return done.rowcount

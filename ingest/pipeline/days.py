"""Days of the table `position` made ahead of the clock and dropped when they are old, for as long as ingest runs.

What follows from positions goes with them: crossings and presence events. Refused reports have a cap of their own.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final, cast

import structlog
from psycopg_pool import AsyncConnectionPool

from ingest.store import events
from tracker.database import timescale
from tracker.database.partitions import drop_partitions, ensure_partitions
from tracker.database.retry import retry

LOOK_S: Final = 6 * 3600.0  # a week of days is ready: many looks may fail before a row lands in the slow default one
KEPT: Final = timedelta(days=365)
LEAST_KEPT: Final = timedelta(days=91)  # the age floor of a fix is 90 days

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


async def keep_days(pool: AsyncConnectionPool, kept: timedelta = KEPT) -> None:
    """Run until cancelled. Raises ValueError when less is to be kept than may still come."""
    if kept < LEAST_KEPT:
        raise ValueError(f"keep at least {LEAST_KEPT.days} days: a fix may be 90 days old")

    async def follow_setting() -> bool:
        async with pool.connection() as connection:
            return await timescale.keep_for(connection, kept)

    async def once() -> None:
        async with pool.connection() as connection:
            today = datetime.now(UTC).date()
            if made := await ensure_partitions(connection, today):
                log.info("days.made", days=made)
            if dropped := await drop_partitions(connection, today - kept):
                log.info("days.dropped", days=dropped)
            if forgotten := await events.forget(connection, datetime.now(UTC) - kept):
                log.info("events.forgotten", rows=forgotten)

    await retry(follow_setting, name="ingest")
    while True:
        await retry(once, name="ingest")
        await asyncio.sleep(LOOK_S)

"""Days of the table `position` made ahead of the clock, for as long as ingest runs."""

import asyncio
from datetime import UTC, datetime
from typing import Final, cast

import structlog
from psycopg_pool import AsyncConnectionPool

from tracker.database.partitions import ensure_partitions
from tracker.database.retry import retry

LOOK_S: Final = 6 * 3600.0  # a week of days is ready: many looks may fail before a row lands in the slow default one

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


async def keep_days(pool: AsyncConnectionPool) -> None:
    """Run until cancelled."""

    async def once() -> int:
        async with pool.connection() as connection:
            return await ensure_partitions(connection, datetime.now(UTC).date())

    while True:
        if made := await retry(once, name="ingest"):
            log.info("days.made", days=made)
        await asyncio.sleep(LOOK_S)

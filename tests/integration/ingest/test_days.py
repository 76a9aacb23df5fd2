import asyncio
from datetime import UTC, datetime, timedelta

from psycopg import AsyncConnection, sql

from ingest.pipeline.days import keep_days
from tracker.database.partitions import DAYS_AHEAD
from tracker.database.pool import open_pool


async def exists(connection: AsyncConnection, table: str) -> bool:
    found = await (await connection.execute("SELECT to_regclass(%s)", [table])).fetchone()
    return found != (None,)


async def test_a_running_ingest_makes_the_days_ahead(database: str, connection: AsyncConnection) -> None:
    last = f"position_{datetime.now(UTC).date() + timedelta(days=DAYS_AHEAD):%Y%m%d}"
    await connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(last)))
    async with (
        await open_pool(database, name="test", size=2) as pool,
        asyncio.timeout(30),
        asyncio.TaskGroup() as tasks,
    ):
        keeping = tasks.create_task(keep_days(pool))
        while not await exists(connection, last):  # noqa: ASYNC110 - a table cannot ring
            await asyncio.sleep(0.05)
        keeping.cancel()

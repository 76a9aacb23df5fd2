import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import AsyncConnection, sql

from gridwarden.settings import Settings
from ingest.pipeline.days import LEAST_KEPT, keep_days
from ingest.store import events
from tracker.database import timescale
from tracker.database.partitions import BATCH, DAYS_AHEAD, DAYS_BACK, drop_partitions, ensure_partitions
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


async def store(connection: AsyncConnection, *ages: timedelta) -> None:
    for age in ages:
        await connection.execute(
            "INSERT INTO position VALUES (%s, 1, 0, 1136000000, 347000000, 0, 0, 0, 0, 0, 0, 0)",
            [datetime.now(UTC) - age],
        )


async def test_old_days_are_dropped_and_the_others_stay(connection: AsyncConnection) -> None:
    today = datetime.now(UTC).date()
    await ensure_partitions(connection, today - timedelta(days=300), back=2)
    await store(connection, timedelta(days=301), timedelta(days=299), timedelta(days=1))
    assert await drop_partitions(connection, today - timedelta(days=300)) == 2
    assert await drop_partitions(connection, today - timedelta(days=300)) == 0
    cursor = await connection.execute("SELECT now() - fixed_at < interval '300 days' FROM position")
    assert await cursor.fetchall() == [(True,), (True,)]


async def test_old_rows_without_a_day_of_their_own_are_deleted(connection: AsyncConnection) -> None:
    await connection.execute(
        """
        INSERT INTO position
        SELECT now() - interval '200 days' + n * interval '1 ms', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
        FROM generate_series(1, %s) AS n
        """,
        [BATCH + 1],
    )
    await store(connection, timedelta(days=80))
    await drop_partitions(connection, datetime.now(UTC).date() - timedelta(days=91))
    cursor = await connection.execute("SELECT count(*) FROM position_elsewhen")
    assert await cursor.fetchone() == (1,)


async def test_a_day_that_is_being_read_is_dropped_later(connection: AsyncConnection, database: str) -> None:
    today = datetime.now(UTC).date()
    await ensure_partitions(connection, today - timedelta(days=300), back=0)
    async with await AsyncConnection.connect(database) as reader:
        await reader.execute("SELECT FROM position")
        assert await drop_partitions(connection, today - timedelta(days=299)) == 0
        await reader.rollback()
        assert await drop_partitions(connection, today - timedelta(days=299)) == 1


async def test_the_least_that_may_be_kept_keeps_every_day_that_is_made(connection: AsyncConnection) -> None:
    today = datetime.now(UTC).date()
    await ensure_partitions(connection, today)
    assert timedelta(days=DAYS_BACK) <= LEAST_KEPT
    assert await drop_partitions(connection, today - LEAST_KEPT) == 0


async def test_old_crossings_and_presence_events_are_forgotten(connection: AsyncConnection) -> None:
    for age in (200, 100):
        at = datetime.now(UTC) - timedelta(days=age)
        await connection.execute("INSERT INTO crossing VALUES (1, %s, 'enter', 1, 1, 1)", [at])
        await connection.execute("INSERT INTO presence_event VALUES (1, %s, 'online', 1, 1, 1)", [at])
    assert await events.forget(connection, datetime.now(UTC) - timedelta(days=150)) == 2
    cursor = await connection.execute("SELECT (SELECT count(*) FROM crossing), (SELECT count(*) FROM presence_event)")
    assert await cursor.fetchone() == (1, 1)


async def test_less_than_what_may_still_come_cannot_be_kept(database: str) -> None:
    with pytest.raises(ValueError, match="greater than or equal to 91"):
        Settings(keep_days=90)
    async with await open_pool(database, name="test", size=1) as pool:
        with pytest.raises(ValueError, match="keep at least 91 days"):
            await keep_days(pool, timedelta(days=90))


async def test_a_plain_database_has_no_policy_to_set(connection: AsyncConnection) -> None:
    assert not await timescale.keep_for(connection, timedelta(days=365))

import asyncio
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg_pool import PoolClosed
from structlog.testing import capture_logs

from gridwarden.embedded import EmbeddedPostgres
from tests.chaos.proxy import Proxy
from tracker.database.partitions import DAYS_AHEAD, DAYS_BACK, EVER, US, ensure_partitions, span_us
from tracker.database.pool import open_pool
from tracker.database.retry import retry


@pytest.fixture
def own_cluster() -> Iterator[EmbeddedPostgres]:
    """A cluster that a test may stop."""
    with tempfile.TemporaryDirectory(prefix="gridwarden-own-") as folder:
        Path(folder).chmod(0o755)
        cluster = EmbeddedPostgres(Path(folder), settings={"fsync": "off", "shared_buffers": "32MB"})
        cluster.start()
        yield cluster
        cluster.stop()


async def until(logs: Sequence[Mapping[str, object]], event: str) -> None:
    async with asyncio.timeout(30):
        while event not in [line["event"] for line in logs]:  # noqa: ASYNC110 - a list of logs has no event to wait on
            await asyncio.sleep(0.01)


async def test_a_pool_waits_for_a_database_that_is_not_there_yet(own_cluster: EmbeddedPostgres) -> None:
    await asyncio.to_thread(own_cluster.stop)
    with capture_logs() as logs:
        async with asyncio.TaskGroup() as tasks:
            opening = tasks.create_task(open_pool(own_cluster.dsn, name="test", size=2))
            await until(logs, "database.waiting")
            await asyncio.to_thread(own_cluster.start)
        async with opening.result() as pool, pool.connection() as connection:
            assert await (await connection.execute("SELECT 1")).fetchone() == (1,)
    assert [line["event"] for line in logs] == ["database.waiting", "database.found"]


async def test_work_goes_on_when_a_lost_database_is_back(own_cluster: EmbeddedPostgres) -> None:
    async with await open_pool(own_cluster.dsn, name="test", size=2) as pool:

        async def work() -> object:
            async with pool.connection() as connection:
                return await (await connection.execute("SELECT 42")).fetchone()

        assert await work() == (42,)
        await asyncio.to_thread(own_cluster.stop)
        with capture_logs() as logs:
            async with asyncio.TaskGroup() as tasks:
                working = tasks.create_task(retry(work, name="test"))
                await until(logs, "database.lost")
                await asyncio.to_thread(own_cluster.start)
    assert working.result() == (42,)
    assert [line["event"] for line in logs] == ["database.lost", "database.back"]


async def test_a_transaction_that_is_cut_is_done_again(database: str, connection: psycopg.AsyncConnection) -> None:
    async with await open_pool(database, name="test", size=1) as pool:
        cut: list[int] = []

        async def work() -> None:
            async with pool.connection() as own, own.transaction():
                await own.execute("INSERT INTO grid_set (note) VALUES ('once')")
                if not cut:
                    cut.append(own.info.backend_pid)
                    await connection.execute("SELECT pg_terminate_backend(%s, 10000)", cut)
                    await own.execute("SELECT 1")

        with capture_logs() as logs:
            await retry(work, name="test")
    assert [line["event"] for line in logs] == ["database.lost", "database.back"]
    assert await (await connection.execute("SELECT note FROM grid_set")).fetchall() == [("once",)]


async def test_an_error_that_waiting_cannot_mend_is_not_retried(database: str) -> None:
    async with await open_pool(database, name="test", size=1) as pool:

        async def work() -> None:
            async with pool.connection() as connection:
                await connection.execute("SELECT no_such_column")

        with pytest.raises(psycopg.errors.UndefinedColumn):
            await retry(work, name="test")
    with pytest.raises(PoolClosed):
        await retry(work, name="test")


async def test_days_are_ready_behind_and_ahead_of_the_clock(connection: psycopg.AsyncConnection) -> None:
    # A day that the template could not have foreseen
    today = datetime.now(UTC).date() + timedelta(days=400)
    assert await ensure_partitions(connection, today) == DAYS_BACK + 1 + DAYS_AHEAD
    assert await ensure_partitions(connection, today) == 0
    assert await ensure_partitions(connection, today + timedelta(days=1)) == 1


async def test_a_position_lands_in_the_partition_of_its_utc_day(connection: psycopg.AsyncConnection) -> None:
    day = datetime.now(UTC).date() - timedelta(days=3)
    last = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)
    assert await partition_of(connection, last) == f"position_{day:%Y%m%d}"
    assert await partition_of(connection, last + timedelta(seconds=1)) == f"position_{day + timedelta(days=1):%Y%m%d}"
    assert await partition_of(connection, datetime(1990, 1, 1, tzinfo=UTC)) == "position_elsewhen"


async def test_a_day_that_has_rows_already_is_left_where_it_is(connection: psycopg.AsyncConnection) -> None:
    await partition_of(connection, datetime(2031, 5, 5, 12, tzinfo=UTC))
    with capture_logs() as logs:
        await ensure_partitions(connection, date(2031, 5, 5))
    assert [(line["event"], line["day"]) for line in logs] == [("partition.refused", "2031-05-05")]


async def test_what_lies_between_the_first_and_the_last_day_with_rows_is_known(
    connection: psycopg.AsyncConnection,
) -> None:
    assert await span_us(connection) == (0, 0)
    first = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
    last = first + timedelta(days=2, hours=23, minutes=59)
    for fixed_at in (last, first):
        await partition_of(connection, fixed_at)
    end = first + timedelta(days=3)
    assert await span_us(connection) == (round(first.timestamp() * US), round(end.timestamp() * US))
    await partition_of(connection, datetime(1990, 1, 1, tzinfo=UTC))
    assert await span_us(connection) == EVER


async def partition_of(connection: psycopg.AsyncConnection, fixed_at: datetime) -> str:
    """Store a position of that time; return the name of the table that took it."""
    found = await connection.execute(
        """
        INSERT INTO position VALUES (%s, 1, 0, 1136000000, 347000000, 0, 0, 0, 0, 0, 0, 0)
        RETURNING (SELECT relname FROM pg_class WHERE pg_class.oid = position.tableoid)
        """,
        [fixed_at],
    )
    row = await found.fetchone()
    assert row is not None
    return str(row[0])


async def test_a_server_that_says_nothing_any_more_is_given_up_and_asked_anew(own_cluster: EmbeddedPostgres) -> None:
    proxy = Proxy(lambda: own_cluster.sockets / ".s.PGSQL.5432")
    await proxy.start()
    dsn = f"{own_cluster.dsn}&port={proxy.port}".replace(f"host={own_cluster.sockets}", "host=127.0.0.1")
    async with await open_pool(dsn, name="test", size=2, answer_s=0.2) as pool:

        async def work() -> object:
            async with pool.connection() as connection:
                attempts.append(proxy.halve() if not attempts else 0)  # the server goes without a word, once
                return await (await connection.execute("SELECT 'done'")).fetchone()

        attempts: list[int] = []
        async with asyncio.timeout(30):
            assert await retry(work, name="test") == ("done",)
        assert len(attempts) == 2
    await proxy.stop()


async def test_a_statement_may_take_its_time_where_nobody_is_impatient(own_cluster: EmbeddedPostgres) -> None:
    async with await open_pool(own_cluster.dsn, name="test", size=1, answer_s=0.2) as pool:
        with pytest.raises(psycopg.OperationalError):
            async with pool.connection() as connection:
                await connection.execute("SELECT pg_sleep(2)")
    async with await open_pool(own_cluster.dsn, name="test", size=1) as pool, pool.connection() as connection:
        assert await (await connection.execute("SELECT pg_sleep(0.4)::text")).fetchone() == ("",)


async def test_a_server_that_became_a_standby_is_waited_for(database: str) -> None:
    async with await open_pool(database, name="test", size=1) as pool:
        modes = ["READ ONLY", "READ WRITE"]

        async def work() -> str:
            async with pool.connection() as connection, connection.transaction():
                await connection.execute("SELECT set_config('transaction_read_only', %s, true)", [_ON[modes.pop(0)]])
                await connection.execute("CREATE TABLE written ()")
            return "written"

        assert await retry(work, name="test") == "written"


_ON = {"READ ONLY": "on", "READ WRITE": "off"}

"""The program as it runs: doorbell to outbox, answers, and its own end."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from alerts import program
from alerts.desk import Desk
from tests.integration.alerts.builders import BLOCK, SECRET, City, a_terminal, all_of, issued
from tracker.bus.interface import EVENTS
from tracker.bus.local import LocalBus
from tracker.bus.messages import AlertAcknowledged, encode

Connection = psycopg.AsyncConnection[Any]


@asynccontextmanager
async def running(database: str, bus: LocalBus) -> AsyncGenerator[asyncio.Task[None]]:
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(
            program.run(dsn=database, bus=bus, link_secret=SECRET, public_url="http://localhost", ready=ready.set)
        )
        await ready.wait()
        yield task
        task.cancel()


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 - the condition is in the database
            await asyncio.sleep(0.02)


async def test_an_issued_alert_leaves_by_itself_and_the_program_ends_when_cancelled(
    database: str, bus: LocalBus, city: City, connection: Connection, pool: Any
) -> None:
    desk = Desk(pool, bus, program.wall_clock)
    await a_terminal(connection, 1, member=100 + BLOCK)
    async with running(database, bus) as task:
        alert = await issued(desk, city)

        async def everybody_has_a_deadline() -> bool:
            return await all_of(connection, "SELECT count(*) FROM alert_timer WHERE member IS NOT NULL") == [3]

        await eventually(everybody_has_a_deadline)
        assert (await desk.get(alert.id)).reach.told == 3
        await bus.publish(EVENTS, b"not ours")
        await bus.publish(EVENTS, encode(AlertAcknowledged(alert=str(alert.id), version=2, member=100 + BLOCK)))

        async def chasing_has_stopped() -> bool:
            query = "SELECT count(*) FROM alert_timer WHERE member IS NOT NULL AND done_at IS NOT NULL"
            return await all_of(connection, query) == [1]

        await eventually(chasing_has_stopped)
    assert task.cancelled()
    assert await all_of(connection, "SELECT count(*) FROM downlink") == [1]


async def test_what_was_queued_while_nobody_ran_leaves_at_the_next_start(
    database: str, bus: LocalBus, city: City, pool: Any
) -> None:
    desk = Desk(pool, bus, program.wall_clock)
    alert = await issued(desk, city)
    async with running(database, bus):

        async def everybody_is_told() -> bool:
            return (await desk.get(alert.id)).reach.delivered == 3

        await eventually(everybody_is_told)


async def test_a_database_that_drops_every_connection_delays_and_loses_nothing(
    database: str, bus: LocalBus, city: City, connection: Connection, pool: Any
) -> None:
    desk = Desk(pool, bus, program.wall_clock)
    async with running(database, bus):
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gridwarden alerts'"
        )
        with contextlib.suppress(psycopg.OperationalError):
            await desk.list()
        alert = await issued(desk, city)

        async def everybody_is_told() -> bool:
            return (await desk.get(alert.id)).reach.delivered == 3

        await eventually(everybody_is_told)

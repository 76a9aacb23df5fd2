"""The program with a gateway: an issued warning leaves, an answer comes back, a drill stays in the outbox."""

import asyncio
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from alerts import program
from alerts.desk import Desk
from simulators.sms_centre.centre import SmsCentre
from simulators.sms_centre.records import Originated
from tests.integration.alerts.builders import JINSHUI, SECRET, City, issued
from tests.integration.alerts.gateways import a_gateway, queue, rows, until
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]
LEADER = 100 + JINSHUI


async def test_a_warning_leaves_and_an_answer_comes_back(
    database: str, pool: Pool, bus: LocalBus, city: City, connection: Connection
) -> None:
    desk = Desk(pool, bus, program.wall_clock)
    ready = asyncio.Event()
    async with SmsCentre() as centre, asyncio.TaskGroup() as group:
        running = group.create_task(
            program.run(
                dsn=database,
                bus=bus,
                link_secret=SECRET,
                public_url="http://localhost",
                gateways=[a_gateway(centre.port)],
                ready=ready.set,
            ),
            name="alerts",
        )
        await ready.wait()
        alert = await issued(desk, city)
        await queue(connection, ["an exercise"], channel="outbox")

        async def everybody_was_told() -> bool:
            return (await desk.get(alert.id)).reach.delivered == 3

        await until(everybody_was_told)
        assert len(centre.messages) == 3
        deadlines = "SELECT count(*) FROM alert_timer WHERE member IS NOT NULL"
        assert await rows(connection, deadlines) == [3]  # however early the receipts were
        centre.deliver(Originated(f"86138{LEADER:08d}", "10690001", "收到"))

        async def somebody_answered() -> bool:
            return await rows(connection, "SELECT member, channel FROM acknowledgement") == [(LEADER, "sms")]

        await until(somebody_answered)

        async def the_exercise_stayed() -> bool:
            return await rows(connection, "SELECT body FROM outbox_message") == ["an exercise"]

        await until(the_exercise_stayed)
        running.cancel()
    assert centre.counts.illegal == 0

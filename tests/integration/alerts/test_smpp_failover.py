"""Two operators: one that is down or ill loses nothing, the other carries it all."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from structlog.testing import capture_logs

from alerts import program
from simulators.sms_centre.centre import SmsCentre
from simulators.sms_centre.faults import Faults, Refusals
from tests.integration.alerts.builders import SECRET
from tests.integration.alerts.gateways import a_gateway, queue, rows, states, until
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
BY_PROVIDER = "SELECT provider, count(*)::integer FROM delivery GROUP BY provider ORDER BY provider"


@asynccontextmanager
async def running(database: str, bus: LocalBus, **gateways: dict[str, Any]) -> AsyncGenerator[None]:
    """Run the program with gateways by name, and return when it has started."""
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(
            program.run(
                dsn=database,
                bus=bus,
                link_secret=SECRET,
                public_url="http://localhost",
                gateways=[a_gateway(name=name, rate_per_s=500.0, **given) for name, given in gateways.items()],
                ready=ready.set,
            ),
            name="alerts",
        )
        await ready.wait()
        yield
        task.cancel()


async def _all_delivered(connection: Connection) -> bool:
    return set(await states(connection)) == {"delivered"}


async def test_both_carry_and_the_one_that_is_left_carries_the_rest(
    database: str, bus: LocalBus, connection: Connection
) -> None:
    async with SmsCentre() as mobile, SmsCentre() as unicom:
        async with running(database, bus, mobile={"port": mobile.port}, unicom={"port": unicom.port}):
            await until(lambda: mobile.sessions and unicom.sessions)
            await queue(connection, ["洪水红色预警"] * 600, expires_in=None)
            await until(lambda: len(mobile.submissions) > 50 and len(unicom.submissions) > 50)
            await mobile.kill()
            await until(lambda: _all_delivered_or_told(connection), within_s=60)
        numbers = {each.number for each in (*mobile.submissions, *unicom.submissions)}
        assert len(numbers) == 600


async def test_an_operator_that_takes_nothing_is_left(database: str, bus: LocalBus, connection: Connection) -> None:
    full = Faults(refusals=Refusals(queue_full_share=1.0))
    async with SmsCentre(faults=full) as ill, SmsCentre() as well:
        with capture_logs() as logs:
            async with running(database, bus, ill={"port": ill.port, "weight": 3.0}, well={"port": well.port}):
                await until(lambda: ill.sessions and well.sessions)
                await queue(connection, ["洪水红色预警"] * 400, expires_in=None)
                await until(lambda: _all_delivered(connection), within_s=60)
        assert [line["condition"] for line in logs if line["event"] == "sms.health"] == ["ill"]
    assert await rows(connection, BY_PROVIDER) == [("well", 400)]


async def _all_delivered_or_told(connection: Connection) -> bool:
    """What the killed centre took is told; its receipts died with it."""
    return set(await states(connection)) <= {"delivered", "sent"}

"""Gateways of different kinds in one program: they share the work, and one that fails loses nothing."""

import asyncio
from typing import Any

import psycopg

from alerts import program
from simulators.sms_centre.centre import SmsCentre
from tests.integration.alerts.builders import SECRET
from tests.integration.alerts.gateways import a_gateway, queue, rows, states, until
from tests.integration.alerts.http_gateways import twilio
from tests.sms_operators import Answered, Asked, Twilio, serving
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
BY_PROVIDER = "SELECT DISTINCT provider FROM sms_segment ORDER BY provider"


class Fragile(Twilio):
    """One that can be switched off: then it takes nothing, and says so."""

    is_down = False

    def judge(self, asked: Asked) -> Answered:
        return Answered(503, b"") if self.is_down else super().judge(asked)


async def test_an_operator_over_http_that_fails_leaves_the_rest_to_the_one_over_smpp(
    database: str, bus: LocalBus, connection: Connection
) -> None:
    ready = asyncio.Event()
    with serving(Fragile()) as operator:
        assert isinstance(operator, Fragile)
        async with SmsCentre() as centre, asyncio.TaskGroup() as group:
            over_smpp = a_gateway(centre.port, rate_per_s=200.0)
            running = group.create_task(
                program.run(
                    dsn=database,
                    bus=bus,
                    link_secret=SECRET,
                    public_url="http://localhost",
                    gateways=[over_smpp, twilio(operator.origin, rate_per_s=200.0)],
                    ready=ready.set,
                ),
                name="alerts",
            )
            await ready.wait()
            await until(lambda: bool(centre.sessions))
            await queue(connection, ["洪水红色预警"] * 400, expires_in=None)
            await until(lambda: len(centre.submissions) > 20 and len(operator.taken) > 20)
            operator.is_down = True

            async def all_left() -> bool:
                return not set(await states(connection)) - {"sent", "delivered"}

            await until(all_left, within_s=90)
            running.cancel()
        numbers = [each.number.removeprefix("+") for each in operator.taken]
        numbers += [each.number for each in centre.submissions]
    assert len(numbers) == len(set(numbers)) == 400
    assert await rows(connection, BY_PROVIDER) == ["operator", "twilio"]

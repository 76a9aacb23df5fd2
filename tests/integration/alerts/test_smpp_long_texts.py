"""Long texts over an operator that counts segments: none leaves twice, and none holds up a more urgent one."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from alerts.dispatch import Dispatcher, Rate
from alerts.program import lane
from alerts.providers.interface import Outcome, Outgoing
from simulators.sms_centre.centre import SmsCentre
from tests.integration.alerts.builders import LINKS
from tests.integration.alerts.gateways import QUICK, a_gateway, connected, now, queue, rows, states, until
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]
THREE_PARTS = "【网格预警】" + "暴雨预警，请立即撤离低洼地带。" * 12
SLOW = 60.0  # segments a second: a window of messages of three parts would take 1.6 s
IMPATIENT = replace(QUICK, waiting_s=0.3)


async def test_at_a_slow_operator_no_part_of_a_long_text_leaves_twice(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    gateway = a_gateway(0, rate_per_s=SLOW, window=32, timing=IMPATIENT)
    async with SmsCentre() as centre, connected(pool, replace(gateway, port=centre.port)) as provider:
        await queue(connection, [THREE_PARTS] * 50)
        async with asyncio.TaskGroup() as group:
            carried = lane(pool, bus, now, provider, LINKS)
            running = group.create_task(carried.run(asyncio.Event()), name="lane")
            await until(lambda: _all_delivered(connection))
            running.cancel()
        assert len(centre.submissions) == 150
        assert centre.duplicates == []
    assert await rows(connection, "SELECT count(*)::integer FROM delivery WHERE is_possible_duplicate") == [0]
    assert await rows(connection, "SELECT DISTINCT outcome FROM delivery_attempt ORDER BY 1") == [
        "accepted",
        "confirmed",
    ]


class Slow:
    """A provider that takes what comes, and answers for nothing."""

    name = "slow"
    channel = "sms"

    def __init__(self) -> None:
        self.seen: list[Outgoing] = []

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        self.seen += messages
        await asyncio.Event().wait()
        return []


async def test_what_is_under_way_before_an_urgent_text_is_counted_in_segments(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    slow = Slow()
    carried = Dispatcher(pool, bus, now, slow, links=LINKS, rate=Rate(per_s=200), weigh=lambda _text: 3, ahead=30)
    await queue(connection, [THREE_PARTS] * 60)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(carried.run(asyncio.Event()), name="lane")
        await until(lambda: len(slow.seen) > 10)
        running.cancel()
    assert len(slow.seen) == 10 + 3  # ten tokens, taken for ten texts; then it is known that each is three segments


async def _all_delivered(connection: Connection) -> bool:
    return set(await states(connection)) == {"delivered"}

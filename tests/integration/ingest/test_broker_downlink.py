"""What goes down through a real broker: many at a time, in order, and nothing noted that was not taken."""

import asyncio
from collections import defaultdict
from pathlib import Path
from typing import Any

import aiomqtt
import psycopg

from tests.integration.ingest.brokers import Mosquitto, count, running
from tests.integration.ingest.small_city import found, until
from tracker.bus.interface import DOWNLINK
from tracker.bus.local import LocalBus
from tracker.bus.messages import DownlinkWritten, encode

EACH = 700
WAITING = "SELECT count(*) FROM downlink WHERE delivered_at IS NULL"


async def write_rows(dsn: str, *, terminals: int = 3, each: int = EACH) -> None:
    async with await psycopg.AsyncConnection[Any].connect(dsn) as connection:
        await connection.execute(
            """
            INSERT INTO downlink (terminal, topic, payload)
            SELECT t.id, 'gw/v1/t/' || t.code || '/alert', convert_to(n::text, 'UTF8')
            FROM generate_series(1, %s) AS n, terminal t WHERE t.id <= %s ORDER BY n, t.id
            """,
            [each, terminals],
        )


async def retain(dsn: str, *grids: str, payload: bytes) -> None:
    async with await psycopg.AsyncConnection[Any].connect(dsn) as connection:
        for grid in grids:
            await connection.execute(
                """
                INSERT INTO retained (topic, payload) VALUES ('gw/v1/g/' || %s || '/alert', %s)
                ON CONFLICT (topic) DO UPDATE SET payload = excluded.payload, changed_at = clock_timestamp()
                """,
                [grid, payload],
            )


async def none_waits(dsn: str) -> bool:
    return await count(dsn, WAITING) == 0


async def hear(phone: aiomqtt.Client, total: int) -> dict[str, list[int]]:
    heard = defaultdict[str, list[int]](list)
    async with asyncio.timeout(60):
        async for message in phone.messages:
            assert isinstance(message.payload, bytes)
            heard[str(message.topic)].append(int(message.payload))
            if sum(len(numbers) for numbers in heard.values()) == total:
                return heard
    raise AssertionError("the broker went away")


async def test_many_go_down_in_each_terminals_order_through_a_broker_that_takes_twenty_at_a_time(
    database: str, tmp_path: Path
) -> None:
    await found(database)
    broker, bus = Mosquitto(tmp_path, in_flight=20), LocalBus()
    broker.start()
    try:
        async with (
            aiomqtt.Client("127.0.0.1", broker.port) as phone,
            running(dsn=database, bus=bus, broker=f"mqtt://127.0.0.1:{broker.port}", name="d1"),
        ):
            await phone.subscribe("gw/v1/t/+/alert", qos=1)
            await write_rows(database)
            await bus.publish(DOWNLINK, encode(DownlinkWritten((1, 2, 3))))
            heard = await hear(phone, 3 * EACH)
            await until(lambda: none_waits(database))
    finally:
        broker.stop()
    assert sorted(heard.values()) == [list(range(1, EACH + 1))] * 3


async def test_a_doorbell_that_names_terminals_is_enough_for_them(database: str, broker: Mosquitto) -> None:
    await found(database)
    bus = LocalBus()
    async with running(dsn=database, bus=bus, broker=f"mqtt://127.0.0.1:{broker.port}", name="d2"):
        await until(lambda: none_waits(database))
        for number in range(1, 4):
            await write_rows(database, terminals=2, each=number)
            await bus.publish(DOWNLINK, encode(DownlinkWritten((1, 2))))
        await until(lambda: none_waits(database))
    assert await count(database, "SELECT count(*) FROM downlink") == 12


async def test_a_broker_that_goes_in_the_middle_gets_the_rest_when_it_is_back(database: str, broker: Mosquitto) -> None:
    await found(database)
    bus = LocalBus()
    async with running(dsn=database, bus=bus, broker=f"mqtt://127.0.0.1:{broker.port}", name="d4"):
        for _ in range(3):
            await write_rows(database)
            await bus.publish(DOWNLINK, encode(DownlinkWritten((1, 2, 3))))
            broker.stop()
            broker.start()
        await until(lambda: none_waits(database))


async def test_retained_messages_are_told_to_the_broker_once_each_time_they_change(
    database: str, broker: Mosquitto
) -> None:
    await found(database)
    bus = LocalBus()
    grids = [f"4101{number:08d}" for number in range(1_500)]
    async with (
        aiomqtt.Client("127.0.0.1", broker.port) as phone,
        running(dsn=database, bus=bus, broker=f"mqtt://127.0.0.1:{broker.port}", name="d5"),
    ):
        await phone.subscribe("gw/v1/g/+/alert", qos=1)
        await retain(database, *grids, payload=b"1")
        await bus.publish(DOWNLINK, b"")
        heard = await hear(phone, len(grids))
        await retain(database, grids[7], payload=b"2")
        await bus.publish(DOWNLINK, b"")
        again = await hear(phone, 1)
    assert set(heard) == {f"gw/v1/g/{grid}/alert" for grid in grids}
    assert again == {f"gw/v1/g/{grids[7]}/alert": [2]}

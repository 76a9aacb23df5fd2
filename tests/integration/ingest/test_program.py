"""The whole program behind a real broker, and over a database that is killed under it."""

import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiomqtt
import psycopg
import pytest
from structlog.testing import capture_logs

from gridwarden.embedded import EmbeddedPostgres
from ingest.doors.subscribe import SubscribeDoor, broker_of
from ingest.inbox import Inbox
from ingest.program import Listen
from ingest.store.terminals import Directory
from tests.chaos.proxy import Proxy
from tests.integration.ingest.brokers import Mosquitto, count, free_port, running
from tests.integration.ingest.small_city import LAT, SECRET, WEST_LON, found, until
from tracker.bus.interface import DOWNLINK
from tracker.bus.local import LocalBus
from tracker.database.migrate import migrate


def fix(at: float) -> bytes:
    return json.dumps({"t": at, "lon": WEST_LON, "lat": LAT}).encode()


async def test_what_a_broker_holds_is_stored_and_receipts_come_back(database: str, broker: Mosquitto) -> None:
    await found(database)
    url, now = f"mqtt://127.0.0.1:{broker.port}", time.time()
    async with running(dsn=database, bus=LocalBus(), broker=url, name="t1"):
        async with aiomqtt.Client("127.0.0.1", broker.port) as phone:
            await phone.subscribe("gw/v1/t/walker-1/stored", qos=1)
            for second in range(50):
                await phone.publish("gw/v1/t/walker-1/pos", fix(now - second), qos=1)
            await phone.publish("owntracks/walker-2/phone", OWNTRACKS % int(now), qos=1, retain=True)
            await phone.publish("gw/v1/t/walker-1/pos", b'{"receipt": 7, "fixes": [%s]}' % fix(now - 3), qos=1)
            async with asyncio.timeout(20):
                receipt = json.loads(str((await anext(aiter(phone.messages))).payload, "utf-8"))
        assert receipt == {"id": 7, "stored": 0, "duplicate": 1, "refused": []}
        assert await count(database, "SELECT count(*) FROM position") == 51


async def test_what_was_published_while_ingest_was_down_is_stored_when_it_is_back(
    database: str, broker: Mosquitto
) -> None:
    await found(database)
    url, now = f"mqtt://127.0.0.1:{broker.port}", time.time()
    async with running(dsn=database, bus=LocalBus(), broker=url, name="t2"):
        pass
    async with aiomqtt.Client("127.0.0.1", broker.port) as phone:
        for second in range(200):
            await phone.publish("gw/v1/t/walker-1/pos", fix(now - second), qos=1)
    async with running(dsn=database, bus=LocalBus(), broker=url, name="t2"):

        async def all_there() -> bool:
            return await count(database, "SELECT count(*) FROM position") == 200

        await until(all_there)


async def test_a_broker_that_comes_back_is_found_again(database: str, broker: Mosquitto) -> None:
    await found(database)
    now = time.time()
    async with running(dsn=database, bus=LocalBus(), broker=f"mqtt://127.0.0.1:{broker.port}", name="t3"):
        broker.stop()
        broker.start()

        async def is_heard() -> bool:
            async with aiomqtt.Client("127.0.0.1", broker.port) as phone:
                await phone.publish("gw/v1/t/walker-1/pos", fix(now), qos=1)
            return await count(database, "SELECT count(*) FROM position") == 1

        await until(is_heard)


async def test_downlink_rows_go_out_through_the_broker_once(database: str, broker: Mosquitto) -> None:
    await found(database)
    bus = LocalBus()
    async with running(dsn=database, bus=bus, broker=f"mqtt://127.0.0.1:{broker.port}", name="t4"):
        async with aiomqtt.Client("127.0.0.1", broker.port) as phone:
            await phone.subscribe("gw/v1/t/walker-1/alert", qos=1)
            async with await psycopg.AsyncConnection[Any].connect(database) as connection:
                await connection.execute(
                    "INSERT INTO downlink (terminal, topic, payload) VALUES (1, 'gw/v1/t/walker-1/alert', 'run')"
                )
            await bus.publish(DOWNLINK, b"")
            async with asyncio.timeout(20):
                message = await anext(aiter(phone.messages))
        assert message.payload == b"run"

        async def is_noted() -> bool:
            return await count(database, "SELECT count(*) FROM downlink WHERE delivered_at IS NOT NULL") == 1

        await until(is_noted)


async def test_a_link_to_the_broker_that_says_nothing_any_more_is_given_up(broker: Mosquitto) -> None:
    proxy = Proxy(lambda: broker.port)
    await proxy.start()
    at = broker_of(f"mqtt://127.0.0.1:{proxy.port}")
    door = SubscribeDoor(
        broker=at, name="t6", inbox=Inbox(), directory=Directory([]), now_us=lambda: 0, keep_alive_s=0.2
    )
    with capture_logs() as logs:

        async def connected_twice() -> bool:
            return [line["event"] for line in logs].count("broker.connected") == 2

        async with asyncio.TaskGroup() as group:
            running_door = group.create_task(door.run())
            await door.has_been_ready.wait()
            assert proxy.halve() == 1
            await until(connected_twice)
            running_door.cancel()
    assert [line["reason"] for line in logs if line["event"] == "broker.waiting"] == ["the broker is silent"]
    await proxy.stop()


@pytest.fixture
def cluster() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of the test's own, fsync on, to be killed."""
    with tempfile.TemporaryDirectory(prefix="gridwarden-tests-") as folder:
        Path(folder).chmod(0o755)
        own = EmbeddedPostgres(Path(folder), settings={"shared_buffers": "32MB"})
        own.start()
        yield own
        own.stop()


def kill_and_start(cluster: EmbeddedPostgres) -> None:
    assert cluster.pid is not None
    os.kill(cluster.pid, signal.SIGKILL)
    cluster.stop()  # reaps it
    cluster.start()


async def test_a_database_killed_in_the_middle_loses_nothing_that_was_acknowledged(cluster: EmbeddedPostgres) -> None:
    migrate(cluster.dsn)
    await found(cluster.dsn)
    port, now, loop = free_port(), time.time(), asyncio.get_running_loop()
    walker = aiomqtt.Client("127.0.0.1", port, username="walker-1", password=SECRET, identifier="w1", timeout=60)
    async with running(dsn=cluster.dsn, bus=LocalBus(), listen=Listen(host="127.0.0.1", port=port), name="t5"):
        async with walker as phone, asyncio.TaskGroup() as group:
            group.create_task(publish(phone, now, 300))
            await until(lambda: is_stored(cluster.dsn, at_least=50))
            await loop.run_in_executor(None, kill_and_start, cluster)
        assert await count(cluster.dsn, "SELECT count(*) FROM position") == 300


async def publish(phone: aiomqtt.Client, now: float, fixes: int) -> None:
    """Return when each fix was acknowledged."""
    for number in range(fixes):
        await phone.publish("gw/v1/t/walker-1/pos", fix(now - number), qos=1)


async def is_stored(dsn: str, *, at_least: int) -> bool:
    return await count(dsn, "SELECT count(*) FROM position") >= at_least


OWNTRACKS = b'{"_type":"location","tst":"%d","lat":34.75,"lon":113.65,"acc":12,"batt":80,"vel":36}'

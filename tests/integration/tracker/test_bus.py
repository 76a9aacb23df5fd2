"""The promises of the bus, held by both of its kinds."""

import asyncio
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from redis import Redis
from redis.exceptions import RedisError

from tracker.bus.connect import connect
from tracker.bus.interface import EVENTS, OLDEST, POSITIONS, Bus, Message, cap_of


class RedisServer:
    """A real redis-server on a free port, without a file on disk."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._child = subprocess.Popen([*command, "--dir", str(self._folder)], stdout=subprocess.DEVNULL)  # noqa: S603
        deadline = time.monotonic() + 20
        with Redis.from_url(self.url) as client:
            while not _answers(client):
                assert time.monotonic() < deadline, "redis-server did not start"
                time.sleep(0.02)

    def stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["local", "redis"])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    if request.param == "local":
        opened = connect(None)
    else:
        server: RedisServer = request.getfixturevalue("redis_server")
        with Redis.from_url(server.url) as client:
            client.flushall()
        opened = connect(server.url)
    yield opened
    await opened.close()


async def take(messages: AsyncIterator[Message], count: int) -> list[Message]:
    async with asyncio.timeout(20):
        return [await anext(messages) for _ in range(count)]


async def test_a_reader_from_the_oldest_gets_everything_in_order(bus: Bus) -> None:
    for number in range(5):
        await bus.publish(POSITIONS, b"%d" % number)
    messages = await take(bus.read(POSITIONS, after=OLDEST), 5)
    assert [message.payload for message in messages] == [b"0", b"1", b"2", b"3", b"4"]


async def test_a_reader_goes_on_behind_its_cursor(bus: Bus) -> None:
    for number in range(5):
        await bus.publish(POSITIONS, b"%d" % number)
    seen = await take(bus.read(POSITIONS, after=OLDEST), 2)
    again = await take(bus.read(POSITIONS, after=seen[-1].cursor), 3)
    assert [message.payload for message in again] == [b"2", b"3", b"4"]


async def test_a_reader_without_a_cursor_gets_only_what_comes_later(bus: Bus) -> None:
    await bus.publish(EVENTS, b"before")
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(take(bus.read(EVENTS), 1))
        while not reading.done():
            await bus.publish(EVENTS, b"later")
            await asyncio.sleep(0.01)
    assert [message.payload for message in reading.result()] == [b"later"]


async def test_every_reader_gets_every_message(bus: Bus) -> None:
    async with asyncio.TaskGroup() as tasks:
        readers = [tasks.create_task(take(bus.read(EVENTS, after=OLDEST), 3)) for _ in range(3)]
        for payload in (b"a", b"b", b"c"):
            await bus.publish(EVENTS, payload)
    assert [[message.payload for message in reader.result()] for reader in readers] == [[b"a", b"b", b"c"]] * 3


async def test_streams_are_told_apart(bus: Bus) -> None:
    await bus.publish(POSITIONS, b"\x00\xff")
    await bus.publish(EVENTS, b"{}")
    await bus.publish("other", b"not asked for")
    messages = await take(bus.read(POSITIONS, EVENTS, after=OLDEST), 2)
    assert {(message.stream, message.payload) for message in messages} == {(POSITIONS, b"\x00\xff"), (EVENTS, b"{}")}


async def test_a_reader_that_falls_behind_the_cap_loses_the_oldest(bus: Bus) -> None:
    published = 2 * cap_of(POSITIONS)
    for number in range(published):
        await bus.publish(POSITIONS, b"%d" % number)
    (first,) = await take(bus.read(POSITIONS, after=OLDEST), 1)
    # Redis cuts whole nodes of 100 entries
    assert published - cap_of(POSITIONS) - 100 <= int(first.payload) <= published - cap_of(POSITIONS)


async def test_closing_ends_the_readers(bus: Bus) -> None:
    async def read_on() -> list[bytes]:
        return [message.payload async for message in bus.read(EVENTS, after=OLDEST)]

    await bus.publish(EVENTS, b"last")
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(read_on())
        await take(bus.read(EVENTS, after=OLDEST), 1)
        await bus.close()
    assert reading.result() in ([b"last"], [])


async def test_while_redis_is_away_messages_are_dropped_and_counted_and_readers_wait(tmp_path: Path) -> None:
    def dropped() -> float:
        return REGISTRY.get_sample_value("gridwarden_bus_dropped_messages_total", {"stream": EVENTS}) or 0.0

    server = RedisServer(tmp_path)
    bus = connect(server.url)
    before = dropped()
    await bus.publish(EVENTS, b"into the void")
    assert dropped() == before + 1
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(take(bus.read(EVENTS), 1))
        await asyncio.to_thread(server.start)
        while not reading.done():
            await bus.publish(EVENTS, b"heard")
            await asyncio.sleep(0.01)
    assert reading.result()[0].payload == b"heard"
    await bus.close()
    server.stop()

"""The proxy that chaos is made with, before an echo: what it does to a connection is what it says it does."""

import asyncio
import errno
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.chaos.proxy import Manner, Proxy


@dataclass(slots=True)
class Echo:
    """Answers with what it was told; `heard` is all of it."""

    port: int = 0
    heard: bytearray = field(default_factory=bytearray)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1000):
                self.heard += data
                writer.write(data)
        except ConnectionResetError:
            pass
        self.ended.set()
        writer.close()


@asynccontextmanager
async def echoing(path: Path | None = None) -> AsyncGenerator[tuple[Proxy, Echo]]:
    echo = Echo()
    if path is None:
        server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
        echo.port = server.sockets[0].getsockname()[1]
    else:
        server = await asyncio.start_unix_server(echo.serve, str(path))
    proxy = Proxy(lambda: path or echo.port)
    await proxy.start()
    try:
        async with asyncio.timeout(30):
            yield proxy, echo
    finally:
        await proxy.stop()
        server.close()


@asynccontextmanager
async def connected(proxy: Proxy) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    yield reader, writer
    writer.transport.abort()
    await asyncio.sleep(0)


async def test_it_passes_both_ways_to_a_port_and_to_a_unix_socket(tmp_path: Path) -> None:
    for path in (None, tmp_path / "socket"):
        async with echoing(path) as (proxy, _), connected(proxy) as (reader, writer):
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"


async def test_a_cut_passes_so_many_bytes_and_resets() -> None:
    async with echoing() as (proxy, echo), connected(proxy) as (reader, writer):
        writer.write(b"before")
        await reader.readexactly(6)
        proxy.cut(4)
        writer.write(b"a packet")
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(8)
        await echo.ended.wait()
        assert bytes(echo.heard) in (b"before", b"beforea pa")


async def test_what_is_swallowed_never_arrives_and_the_connection_stays_open() -> None:
    async with echoing() as (proxy, echo), connected(proxy) as (reader, writer):
        writer.write(b"1")
        await reader.readexactly(1)
        proxy.manner = Manner.SWALLOW
        writer.write(b"22")
        while proxy.swallowed < 2:  # noqa: ASYNC110 - the kernel gives no event
            await asyncio.sleep(0.01)
        proxy.manner = Manner.PASS
        writer.write(b"3")
        assert await reader.readexactly(1) == b"3"
        assert bytes(echo.heard) == b"13"
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)


async def test_a_half_open_connection_ends_upstream_and_its_peer_is_not_told() -> None:
    async with echoing() as (proxy, echo), connected(proxy) as (reader, writer):
        writer.write(b"1")
        await reader.readexactly(1)
        assert proxy.halve() == 1
        await echo.ended.wait()
        writer.write(b"22")
        while proxy.swallowed < 2:  # noqa: ASYNC110 - the kernel gives no event
            await asyncio.sleep(0.01)
        assert not reader.at_eof()
        assert not writer.is_closing()
        async with connected(proxy) as (other_reader, other_writer):
            other_writer.write(b"3")
            assert await other_reader.readexactly(1) == b"3"


async def test_a_delay_is_kept_by_every_read_in_order() -> None:
    async with echoing() as (proxy, _):
        proxy.manner, proxy.delay_s = Manner.DELAY, 0.05
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        async with connected(proxy) as (reader, writer):
            writer.write(b"12345")
            assert await reader.readexactly(5) == b"12345"
        assert loop.time() - began_s > 1.5 * proxy.delay_s  # two waits; the loop's clock counts whole milliseconds


async def test_who_is_not_there_is_a_reset() -> None:
    async with echoing() as (proxy, echo):
        echo.port = 1
        async with connected(proxy) as (reader, _):
            with pytest.raises(OSError) as caught:  # noqa: PT011 - the number says which
                await reader.readexactly(1)
        assert caught.value.errno == errno.ECONNRESET

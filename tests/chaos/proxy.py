"""A TCP proxy that misbehaves on command: it delays, cuts in the middle of a packet, swallows, leaves halves open.

What it does is one word, `manner`, that holds for all its connections, those of now and those to come. It keeps no
bytes: what was swallowed is gone, as on a link that lost them.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, Final

_READ: Final = 64 * 1024
_NO_LINGER: Final = struct.pack("ii", 1, 0)  # close() resets the connection: the peer reads an error, not an end


class Manner(Enum):
    PASS = "pass"
    DELAY = "delay"  # each read waits `delay_s`
    SWALLOW = "swallow"  # takes bytes from both sides, passes none; log-ins too


class Proxy:
    """Listens at a port of 127.0.0.1 that stays the same, and connects to `upstream`: a TCP port, or a Unix socket.

    A connection whose upstream does not answer is reset.
    """

    def __init__(self, upstream: Callable[[], int | Path]) -> None:
        self.manner = Manner.PASS
        self.delay_s = 0.0
        self.swallowed = 0  # bytes
        self._upstream: Final = upstream
        self._links: Final[set[_Link]] = set()
        self._server: asyncio.Server | None = None
        self._serving = 0
        self._idle: Final = asyncio.Event()
        self._idle.set()

    @property
    def port(self) -> int:
        assert self._server is not None, "start it first"
        return self._server.sockets[0].getsockname()[1]

    @property
    def links(self) -> int:
        return len(self._links)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_READ)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.reset()
        await self._idle.wait()

    def reset(self) -> None:
        """Reset every connection, on both sides."""
        for link in tuple(self._links):
            link.reset()

    def cut(self, after_bytes: int) -> None:
        """Let each connection pass so many further bytes of a direction, then reset it: in the middle of a packet."""
        for link in self._links:
            link.passes = after_bytes

    def halve(self) -> int:
        """Close the upstream halves. The others stay open, and nobody answers them any more; return how many."""
        for link in self._links:
            link.halve()
        return len(self._links)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving += 1
        self._idle.clear()
        try:
            await self._relay(reader, writer)
        finally:
            self._serving -= 1
            if not self._serving:
                self._idle.set()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream = self._upstream()
            opening = (
                asyncio.open_connection("127.0.0.1", upstream, limit=_READ)
                if isinstance(upstream, int)
                else asyncio.open_unix_connection(str(upstream), limit=_READ)
            )
            their_reader, their_writer = await opening
        except OSError:
            _reset(writer)
            return
        link = _Link(self, writer, their_writer)
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(link.pump(reader, their_writer, is_up=True), name="proxy up")
                group.create_task(link.pump(their_reader, writer, is_up=False), name="proxy down")
        finally:
            self._links.discard(link)
            link.close()


class _Link:
    """One connection: `passes` is how many bytes it lets through before it resets; None: all."""

    def __init__(self, proxy: Proxy, client: asyncio.StreamWriter, upstream: asyncio.StreamWriter) -> None:
        self.passes: int | None = None
        self._proxy: Final = proxy
        self._client: Final = client
        self._upstream: Final = upstream
        self._is_halved = False

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_READ):
                await self._hand_on(data, writer)
        if is_up or not self._is_halved:
            self.close()

    async def _hand_on(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        proxy = self._proxy
        if proxy.manner is Manner.DELAY:
            await asyncio.sleep(proxy.delay_s)
        if self._is_halved or proxy.manner is Manner.SWALLOW:
            proxy.swallowed += len(data)
            return
        if writer.transport.is_closing():
            return
        if self.passes is not None and len(data) >= self.passes:
            writer.write(data[: self.passes])
            await writer.drain()
            self.reset()
            return
        if self.passes is not None:
            self.passes -= len(data)
        writer.write(data)
        await writer.drain()

    def halve(self) -> None:
        self._is_halved = True
        _reset(self._upstream)

    def reset(self) -> None:
        _reset(self._client)
        _reset(self._upstream)

    def close(self) -> None:
        self._client.close()
        self._upstream.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close at once. What was written before is in the kernel's hands, and may arrive or not."""
    raw: Any = writer.get_extra_info("socket")
    if raw is not None and raw.family == socket.AF_INET and not writer.is_closing():
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    writer.transport.abort()

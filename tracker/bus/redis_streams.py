"""The bus between processes: capped Redis streams, read with a plain cursor (no consumer groups, no acknowledgement).

Redis may come and go. While it is away messages are dropped and counted, never waited for: every reader can rebuild
from tables.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, cast

import structlog
from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tracker.bus.interface import Message, cap_of
from tracker.model.backoff import delays

PUBLISH_TIMEOUT_S: Final = 2.0
BLOCK_MS: Final = 1_000
READ_TIMEOUT_S: Final = 10.0
READ_COUNT: Final = 500  # messages a reply
PREFIX: Final = "gridwarden:"
FIELD: Final = b"p"

DROPPED: Final = Counter("gridwarden_bus_dropped_messages", "Messages not published because Redis was away", ["stream"])

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class RedisBus:
    """Cursors are Redis's ids of entries. Order holds within a stream."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, protocol=2)  # replies as lists
        self._is_lost = False
        self._is_closed = False
        self._commands = 0  # under way
        self._idle = asyncio.Event()
        self._idle.set()

    async def publish(self, stream: str, payload: bytes) -> None:
        """Append to the stream; when Redis does not take it within two seconds, drop and count it."""
        if self._is_closed:
            return
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_S), self._command():
                await self._redis.xadd(PREFIX + stream, {FIELD: payload}, maxlen=cap_of(stream), approximate=True)
        except (RedisError, OSError, TimeoutError) as error:
            DROPPED.labels(stream).inc()
            self._lost(error)
        else:
            self._found()

    def read(self, *streams: str, after: str | None = None) -> AsyncIterator[Message]:
        """Yield messages in order within each stream, from the first step on or from behind `after`, until `close`."""
        return self._read({PREFIX + stream: after for stream in streams})

    async def close(self) -> None:
        """End every reader within a second, then the connections (redis-py fails under a command that it closes)."""
        self._is_closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(READ_TIMEOUT_S):
                await self._idle.wait()
        await self._redis.aclose()

    @asynccontextmanager
    async def _command(self) -> AsyncGenerator[None]:
        self._commands += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._commands -= 1
            if self._commands == 0:
                self._idle.set()

    async def _read(self, cursors: dict[str, str | None]) -> AsyncIterator[Message]:
        pauses = delays(random.random)
        while not self._is_closed:
            try:
                async with asyncio.timeout(READ_TIMEOUT_S), self._command():
                    messages = await self._step(cursors)
            except (RedisError, OSError, TimeoutError) as error:
                if self._is_closed:
                    return
                self._lost(error)
                await asyncio.sleep(next(pauses))
                continue
            self._found()
            pauses = delays(random.random)
            for message in messages:
                cursors[PREFIX + message.stream] = message.cursor
                yield message

    async def _step(self, cursors: dict[str, str | None]) -> list[Message]:
        """Read once, waiting up to BLOCK_MS. A cursor not set yet becomes the stream's newest entry."""
        for key, cursor in cursors.items():
            if cursor is None:
                cursors[key] = await self._newest(key)
        reply: Any = await self._redis.xread(cast("Any", cursors), count=READ_COUNT, block=BLOCK_MS)
        return [
            Message(stream.decode().removeprefix(PREFIX), cursor.decode(), fields.get(FIELD, b""))
            for stream, entries in reply or ()
            for cursor, fields in entries
        ]

    async def _newest(self, key: str) -> str:
        entries: Any = await self._redis.xrevrange(key, count=1)
        return entries[0][0].decode() if entries else "0"

    def _lost(self, error: BaseException) -> None:
        if not self._is_lost and not self._is_closed:
            self._is_lost = True
            log.warning("bus.lost", reason=str(error) or "no answer in time")

    def _found(self) -> None:
        if self._is_lost:
            self._is_lost = False
            log.info("bus.back")

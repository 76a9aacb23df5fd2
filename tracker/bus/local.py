"""The bus of programs that share one process and one event loop."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from itertools import takewhile

from tracker.bus.interface import Message, cap_of


class LocalBus:
    """Capped streams in memory. Cursors are numbers of publication, in one order over all streams."""

    def __init__(self) -> None:
        self._streams: dict[str, deque[Message]] = {}
        self._published = 0
        self._readers: set[asyncio.Event] = set()
        self._is_closed = False

    async def publish(self, stream: str, payload: bytes) -> None:
        """Append, drop the oldest over the cap, and wake the readers; never waits."""
        kept = self._streams.setdefault(stream, deque(maxlen=cap_of(stream)))
        self._published += 1
        kept.append(Message(stream, str(self._published), payload))
        self._wake()

    def read(self, *streams: str, after: str | None = None) -> AsyncIterator[Message]:
        """Yield messages in the order of publication, from this call on or from behind `after`, until `close`."""
        return self._read(streams, self._published if after is None else int(after))

    async def close(self) -> None:
        """End every reader once it has yielded what was published."""
        self._is_closed = True
        self._wake()

    async def _read(self, streams: tuple[str, ...], cursor: int) -> AsyncIterator[Message]:
        heard = asyncio.Event()
        self._readers.add(heard)
        try:
            while True:
                heard.clear()
                for message in self._behind(streams, cursor):
                    cursor = int(message.cursor)
                    yield message
                if heard.is_set():
                    continue
                if self._is_closed:
                    return
                await heard.wait()
        finally:
            self._readers.discard(heard)

    def _behind(self, streams: tuple[str, ...], cursor: int) -> list[Message]:
        found: list[Message] = []
        for stream in streams:
            kept = self._streams.get(stream, ())
            found.extend(takewhile(lambda message: int(message.cursor) > cursor, reversed(kept)))
        return sorted(found, key=lambda message: int(message.cursor))

    def _wake(self) -> None:
        for reader in self._readers:
            reader.set()

"""Between the front doors and the pipeline: a bounded queue of packets that hands out batches.

Full means that the doors stop reading, so that the senders wait; nothing is ever dropped here. One event loop, no lock.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ingest.rules.packets import Packet

# What a packet costs beside its payload: the object, its topic, its place in the queue.
PACKET_OVERHEAD: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much the inbox holds before the doors stop, and how a batch is cut."""

    packets: int = 20_000
    payload_bytes: int = 64 * 1024 * 1024
    batch: int = 8_000  # with 4,000 a summit of 27,000 a second was not kept up: some 26,000
    # Quiet: a batch costs 2 to 3 ms of CPU however small it is; 2 ms here took 40 % of a core at 120 packets a second
    shortest_linger_s: float = 0.020
    longest_linger_s: float = 0.080  # busy: a position costs 21 us of CPU in a batch of 400, 16 in one of 1,000


class Inbox:
    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds: Final = bounds or Bounds()
        self._most: Final = self._bounds.batch
        self._packets: deque[Packet] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._enough = asyncio.Event()
        self._waiting_for_room: list[Callable[[], None]] = []
        self._last_batch = 0
        self._since_s = 0.0  # when the first of them came, or one before it

    def __len__(self) -> int:
        return len(self._packets)

    @property
    def is_full(self) -> bool:
        """Whether doors should stop reading. What they have already read they may still put."""
        return len(self._packets) >= self._bounds.packets or self._bytes >= self._bounds.payload_bytes

    @property
    def room(self) -> int:
        """How many more packets it holds before it is full of them."""
        return self._bounds.packets - len(self._packets)

    @property
    def fill(self) -> float:
        """How full it is, by packets or by bytes; from 1 on it `is_full`."""
        return max(len(self._packets) / self._bounds.packets, self._bytes / self._bounds.payload_bytes)

    def put(self, packet: Packet) -> None:
        """Never waits and never refuses: the door looks at `is_full` after a read, and pauses."""
        packets = self._packets
        packets.append(packet)
        self._bytes += len(packet.payload) + PACKET_OVERHEAD
        count = len(packets)
        if count == 1:
            self._since_s = time.monotonic()
            self._arrived.set()
        if count == self._most:
            self._enough.set()

    def on_room(self, callback: Callable[[], None]) -> None:
        """Call back once, soon, when the inbox is full no more and reading costs nobody time. Resume reading there."""
        self._waiting_for_room.append(callback)

    async def take(self) -> list[Packet]:
        """Wait for the first packet, linger as long as the load makes worth while, return a batch in order."""
        await self._arrived.wait()
        if len(self._packets) < self._bounds.batch:
            await self._linger()
        count = min(len(self._packets), self._bounds.batch)
        batch = [self._packets.popleft() for _ in range(count)]
        self._bytes -= sum(len(packet.payload) + PACKET_OVERHEAD for packet in batch)
        self._last_batch = count
        if not self._packets:
            self._arrived.clear()
        if len(self._packets) < self._bounds.batch:
            self._enough.clear()
            self.read_on()
        return batch

    async def _linger(self) -> None:
        """Wait for more; what came while the batch before was written has waited already."""
        bounds = self._bounds
        wish_s = self._last_batch * 100e-6  # 100 us for each packet of the last batch
        linger_s = max(bounds.shortest_linger_s, min(wish_s, bounds.longest_linger_s))
        linger_s -= time.monotonic() - self._since_s
        if linger_s <= 0:
            return
        try:
            async with asyncio.timeout(linger_s):
                await self._enough.wait()
        except TimeoutError:
            return

    def read_on(self) -> None:
        """Let doors read that stopped, if there is room.

        The pipeline says so while the database writes a batch. While the next one is here already, reading before that
        would keep it from the database: of 27,000 messages a second 22,000 were written then.
        """
        if self.is_full or not self._waiting_for_room:
            return
        callbacks, self._waiting_for_room = self._waiting_for_room, []
        for callback in callbacks:
            callback()

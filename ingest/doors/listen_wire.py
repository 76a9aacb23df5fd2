"""The bytes of one terminal's connection: reading, and the reasons not to; writing, in one piece a batch; silence.

Reading stops while any reason in `Hold` stands: then the peer waits, and its keep-alive clock stands still. Nothing
here awaits, or raises for anything that a peer does.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Mapping
from enum import Enum, IntEnum
from typing import Any, Final, Protocol, cast

from ingest.mqtt.decoder import Decoder, Received, Side
from ingest.mqtt.encode import encode
from ingest.mqtt.packets import Level, Packet

# A payload over 256 KiB is refused, counted and kept like every bad report; what is larger still ends the connection,
# because a client of MQTT 3 would send it again after every reconnect.
LARGEST_PACKET: Final = 2 * 1024 * 1024


class Stage(Enum):
    GREETING = 1  # CONNECT has not come
    OPENING = 2  # its session is being read
    OPEN = 3
    CLOSED = 4


class Hold(IntEnum):
    """Why we do not read: bits of `Wire._held`. An IntFlag would cost 1 us at each `&`, and there is one a packet."""

    SESSION = 1  # the database is asked
    INBOX = 2  # no room
    UNSETTLED = 4  # too many of this connection's packets wait for COMMIT
    WRITING = 8  # the peer does not read what we write


class Clock(Protocol):
    """What a wire needs of the door: the time, and to be flushed when the loop's turn is over."""

    def now_s(self) -> float: ...
    def flush_soon(self, flush: Callable[[], None]) -> None: ...


class Wire(asyncio.Protocol):
    __slots__ = ("_decoder", "_held", "_out", "_transport", "_wire_door", "heard_at_s", "level", "silence_s", "stage")

    def __init__(self, door: Clock) -> None:
        self._wire_door: Final = door
        self._decoder: Final = Decoder(Side.SERVER, largest_packet=LARGEST_PACKET)
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._held = 0
        self.stage = Stage.GREETING
        self.level = Level.V311
        self.heard_at_s = door.now_s()
        self.silence_s = 0.0  # how long it may be silent; 0: for ever

    @abstractmethod
    def take(self, received: list[Received]) -> None:
        """Deal with packets in order."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.heard_at_s = self._wire_door.now_s()
        self.take(self._decoder.feed(data))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        self._transport = None

    def pause_writing(self) -> None:
        self.hold(Hold.WRITING)

    def resume_writing(self) -> None:
        self.release(Hold.WRITING)

    @property
    def certificate(self) -> Mapping[str, Any] | None:
        """What the peer proved to be in the TLS handshake; None without TLS or without a certificate."""
        return None if self._transport is None else self._transport.get_extra_info("peercert")

    @property
    def address(self) -> str:
        """Where the peer connects from; empty when it is gone."""
        peer = None if self._transport is None else self._transport.get_extra_info("peername")
        return peer[0] if peer else ""

    @property
    def is_choked(self) -> bool:
        """Whether the peer does not read what it was sent."""
        return bool(self._held & Hold.WRITING)

    def hold(self, reason: Hold) -> None:
        if not self._held and self._transport is not None:
            self._transport.pause_reading()
        self._held |= reason

    def release(self, reason: Hold) -> None:
        if not self._held & reason:
            return
        self._held &= ~reason
        if not self._held and self._transport is not None and not self._transport.is_closing():
            self.heard_at_s = self._wire_door.now_s()
            self._transport.resume_reading()

    def is_well(self, now_s: float) -> bool:
        """Whether there is nothing to look at: heard in time, no packet half sent, and it reads what we write."""
        if self._held:
            return not self._held & Hold.WRITING
        return self._decoder.unfinished is None and (not self.silence_s or now_s - self.heard_at_s <= self.silence_s)

    def is_overdue(self, now_s: float) -> bool:
        """Whether the peer kept silent longer than its keep-alive allows. Never while we are slow."""
        if self._held & ~Hold.WRITING or not self.silence_s:
            return False
        return now_s - self.heard_at_s > self.silence_s

    @property
    def unfinished(self) -> bytearray | None:
        """The beginning of a packet that the peer has not sent whole; None, too, while we do not read."""
        return None if self._held else self._decoder.unfinished

    def send(self, packet: Packet) -> None:
        self.write(encode(packet, self.level))

    def write(self, raw: bytes) -> None:
        """Write at the end of this turn of the loop, in one piece with all else: a send() costs 13 to 16 us."""
        if not self._out:
            self._wire_door.flush_soon(self.flush)
        self._out.append(raw)

    def flush(self) -> None:
        out, self._out = self._out, []
        if out and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(out))

    def shut(self) -> None:
        """Send what is written, and close; at once when the peer does not read."""
        self.flush()
        self.stage = Stage.CLOSED
        if self._transport is None:
            return
        if self.is_choked:
            self._transport.abort()
        else:
            self._transport.close()

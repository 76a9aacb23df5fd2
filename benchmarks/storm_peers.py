"""Terminals of a storm: each logs in with a session that is kept, a will and three subscriptions, as stock clients do.

Some others were there before the storm and publish on, one report every so often: what they wait for their PUBACK is
what a storm does to a city.
"""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from typing import Final, cast

from ingest.mqtt import packets
from ingest.mqtt.decoder import Decoder, Side
from ingest.mqtt.encode import encode, publish
from ingest.mqtt.packets import Level, Subscription, Will

SECRET: Final = "0123456789abcdef0123456789abcdef"  # noqa: S105 - the same for all of a benchmark's terminals
LINGER_0: Final = struct.pack("ii", 1, 0)  # closing resets: a connection that broke, and no port left in TIME_WAIT


def code_of(number: int) -> str:
    return f"S{number:05d}"


class Peer(asyncio.Protocol):
    """Connects, subscribes, then calls `is_up` once. A bare one leaves subscriptions, will and the session out."""

    __slots__ = ("_decoder", "_is_bare", "_is_up", "_number", "_sent_at", "_transport", "waits_s")

    def __init__(self, number: int, is_up: Callable[[], None], *, is_bare: bool = False) -> None:
        self._number = number
        self._is_up = is_up
        self._is_bare = is_bare
        self._decoder = Decoder(Side.CLIENT, level=Level.V311)
        self._transport: asyncio.Transport | None = None
        self._sent_at: dict[int, float] = {}
        self.waits_s: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        code = code_of(self._number)
        will = None if self._is_bare else Will(topic=f"gw/v1/t/{code}/status", payload=b"offline", qos=1)
        connect = packets.Connect(
            level=Level.V311,
            client_id=f"{code}-handset",
            clean_start=self._is_bare,
            keep_alive_s=3_600,
            user=code,
            password=SECRET.encode(),
            will=will,
        )
        self._transport.write(encode(connect, Level.V311))

    def data_received(self, data: bytes) -> None:
        for packet in self._decoder.feed(data):
            if isinstance(packet, packets.Connack):
                assert packet.code == 0, packet
                self._logged_in()
            elif isinstance(packet, packets.Suback):
                self._is_up()
            elif isinstance(packet, packets.Puback):
                self.waits_s.append(time.monotonic() - self._sent_at.pop(packet.packet_id))

    def _logged_in(self) -> None:
        if self._is_bare:
            self._is_up()
            return
        code = code_of(self._number)
        wanted = tuple(Subscription(f"gw/v1/t/{code}/{word}", 1) for word in ("alert", "cmd", "stored"))
        self._write(encode(packets.Subscribe(packet_id=1, subscriptions=wanted), Level.V311))

    def report(self, packet_id: int) -> None:
        self._sent_at[packet_id] = time.monotonic()
        payload = b'{"t":%.3f,"lon":113.6253,"lat":34.7466,"acc":5}' % time.time()
        topic = f"gw/v1/t/{code_of(self._number)}/pos".encode()
        self._write(publish(topic, payload, level=Level.V311, qos=1, packet_id=packet_id))

    def break_off(self) -> None:
        """End as a lost connection does: no DISCONNECT, a reset."""
        if self._transport is not None:
            sock: socket.socket | None = self._transport.get_extra_info("socket")
            assert sock is not None, "the door ended a connection"
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
            self._transport.abort()

    def _write(self, raw: bytes) -> None:
        if self._transport is not None:
            self._transport.write(raw)


async def dial(peer: asyncio.Protocol, port: int, source: str) -> None:
    """Connect from `source`, so that a city's connections do not run out of local ports."""
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: peer, "127.0.0.1", port, local_addr=(source, 0))

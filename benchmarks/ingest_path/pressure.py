"""The generator: terminals that publish as fast as they are acknowledged, over plain sockets in one epoll.

Closed loop: each connection keeps `window` messages without PUBACK, so what it counts is the highest rate that the
other end holds. Every message has fixes of its own instant, which the table's unique key sees. Nothing is checked but
that an acknowledgement comes for each message; whether all of it is stored is counted in the table afterwards.
"""

import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ingest.mqtt import packets
from ingest.mqtt.encode import encode
from ingest.mqtt.fields import varint
from ingest.mqtt.packets import Level

FIX: Final = b'{"t":%.3f,"lon":%.7f,"lat":%.7f,"acc":5.0,"spd":1.4,"hdg":%d,"bat":80,"seq":%d}'
# Every fix has the same length: numbers of three and of six digits.
FIX_BYTES: Final = len(FIX % (1e9, 113.0, 34.0, 100, 100_000))
PUBACK_BYTES: Final = 4
_STEP_DEG: Final = 1e-6  # a tenth of a metre from fix to fix: nobody is suspected, few cross
_MOST_IDS: Final = 16_000
_APART_S: Final = 0.002  # two fixes of a terminal, at least: said in milliseconds, they stay apart
_OPENING: Final = 200  # connections whose CONNACK is waited for together
_CONNECT_S: Final = 60.0


class Start(NamedTuple):
    """Who publishes, and from where on (degrees)."""

    terminal: str
    secret: str
    lon: float
    lat: float


class Count(NamedTuple):
    """What was acknowledged within the measured time, and what was published in all."""

    acknowledged: int
    published: int
    fixes: int  # of `published`
    seconds: float
    cpu_s: float  # of this process


@dataclass(slots=True)
class _Peer:
    connection: socket.socket
    start: Start
    header: bytes  # fixed header and topic: the same for each message
    sent: int = 0
    last_s: float = 0.0
    rest: int = 0  # bytes of an acknowledgement that is not whole


class Pressure:
    """`fixes` in each message. Raises OSError when the other end does not answer or breaks a connection off."""

    def __init__(self, port: int, starts: Sequence[Start], *, window: int, fixes: int) -> None:
        self._window: Final = window
        self._fixes: Final = fixes
        self._selector: Final = selectors.EpollSelector()
        self._peers: list[_Peer] = []
        for first in range(0, len(starts), _OPENING):
            self._peers += self._open(port, starts[first : first + _OPENING])

    def warm(self, seconds: float) -> None:
        """Begin to publish; nothing is counted yet."""
        for peer in self._peers:
            self._send(peer, self._window)
        self._until(time.monotonic() + seconds)

    def press(self, *, seconds: float, then: Callable[[], None] = lambda: None) -> Count:
        """Count what is acknowledged within `seconds`, call `then`, and wait for the answers to all that was sent."""
        began, cpu_s = time.monotonic(), time.process_time()
        acknowledged = self._until(began + seconds)
        took_s, cpu_s = time.monotonic() - began, time.process_time() - cpu_s
        then()
        published = sum(peer.sent for peer in self._peers)
        self._drain()
        return Count(acknowledged, published, published * self._fixes, took_s, cpu_s)

    def close(self) -> None:
        for peer in self._peers:
            peer.connection.close()
        self._selector.close()

    def _open(self, port: int, starts: Sequence[Start]) -> list[_Peer]:
        peers = [self._dial(port, start) for start in starts]
        for peer in peers:
            if peer.connection.recv(4)[:1] != b"\x20":
                raise OSError(f"no CONNACK for {peer.start.terminal}")
            peer.connection.settimeout(0)
            self._selector.register(peer.connection, selectors.EVENT_READ, peer)
        return peers

    def _dial(self, port: int, start: Start) -> _Peer:
        connection = socket.create_connection(("127.0.0.1", port), _CONNECT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        said = packets.Connect(
            level=Level.V311, client_id=start.terminal, user=start.terminal, password=start.secret.encode()
        )
        connection.sendall(encode(said, Level.V311))
        topic = f"gw/v1/t/{start.terminal}/pos".encode()
        payload_bytes = FIX_BYTES if self._fixes == 1 else self._fixes * (FIX_BYTES + 1) + 1
        header = b"\x32" + varint(2 + len(topic) + 2 + payload_bytes) + len(topic).to_bytes(2, "big") + topic
        return _Peer(connection, start, header)

    def _until(self, end: float) -> int:
        acknowledged = 0
        while time.monotonic() < end:
            for key, _ in self._selector.select(0.05):
                answered = self._answered(key.data)
                acknowledged += answered
                if answered:
                    self._send(key.data, answered)
        return acknowledged

    def _drain(self) -> None:
        waiting = len(self._peers) * self._window
        until = time.monotonic() + _CONNECT_S
        while waiting > 0 and time.monotonic() < until:
            waiting -= sum(self._answered(key.data) for key, _ in self._selector.select(0.05))
        if waiting:
            raise OSError(f"{waiting} messages were not acknowledged within {_CONNECT_S:.0f} s")

    def _answered(self, peer: _Peer) -> int:
        data = peer.connection.recv(4096)
        if not data:
            raise OSError(f"the connection of {peer.start.terminal} was closed")
        count, peer.rest = divmod(peer.rest + len(data), PUBACK_BYTES)
        return count

    def _send(self, peer: _Peer, count: int) -> None:
        peer.connection.send(b"".join([self._message(peer) for _ in range(count)]))

    def _message(self, peer: _Peer) -> bytes:
        number = peer.sent
        peer.sent = number + 1
        said = [self._fix(peer, number) for _ in range(self._fixes)]
        payload = said[0] if self._fixes == 1 else b"[" + b",".join(said) + b"]"
        return peer.header + (number % _MOST_IDS + 1).to_bytes(2, "big") + payload

    def _fix(self, peer: _Peer, number: int) -> bytes:
        peer.last_s = max(time.time(), peer.last_s + _APART_S)
        lat = peer.start.lat + number * _STEP_DEG
        return FIX % (peer.last_s, peer.start.lon, lat, 100 + number % 260, 100_000 + number % 900_000)

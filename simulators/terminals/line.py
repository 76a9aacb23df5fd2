"""Thousands of TCP connections in one process: plain sockets in an epoll of their own, looked at every few ms.

A transport of an event loop costs 2 to 3 KB a connection, with TLS 256 KB and more for its buffers; a socket costs some
hundred bytes, and one look serves all that came meanwhile. Nothing here knows MQTT, and nothing here waits.
"""

import os
import select
import socket
import ssl
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

_NO_PORT: Final = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)  # the port is chosen by connect(), for each peer anew
_NO_LINGER: Final = struct.pack("ii", 1, 0)  # close() resets the connection: as if the terminal had vanished
_MOST_EVENTS: Final = 8192
_READ: Final = 4096
_AGAIN: Final = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_TROUBLE: Final = select.EPOLLERR | select.EPOLLHUP
_READING: Final = select.EPOLLIN
_WRITING: Final = select.EPOLLIN | select.EPOLLOUT


class Stage(IntEnum):
    CLOSED = 0
    DIALLING = 1
    SHAKING = 2  # hands, by TLS
    OPEN = 3
    LEAVING = 4  # we have said goodbye


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to connect to, resolved, and from where: `sources` in turn."""

    family: socket.AddressFamily
    address: tuple[str, int] | tuple[str, int, int, int]
    host: str
    tls: ssl.SSLContext | None = None
    sources: Sequence[str] = ()


class Exchange:
    """Holds the epoll and whose each socket is. `now_s` is the moment of the last look, of a monotonic clock."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint: Final = endpoint
        self.now_s = 0.0
        self._epoll: Final = select.epoll()
        self._lines: Final[dict[int, Line]] = {}
        self._dialled = 0

    def look(self, now_s: float) -> None:
        """Serve every connection that something happened on."""
        self.now_s = now_s
        lines = self._lines
        for number, event in self._epoll.poll(0, _MOST_EVENTS):
            line = lines.get(number)
            if line is not None:
                line.attend(event)

    def close(self) -> None:
        """Close the epoll, and whatever is open still."""
        for line in tuple(self._lines.values()):
            line.vanish("the end of the run")
        self._epoll.close()

    def dial(self, line: "Line") -> socket.socket:
        """Begin to connect. Raises OSError."""
        endpoint = self.endpoint
        raw = socket.socket(endpoint.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if endpoint.sources:
                raw.setsockopt(socket.IPPROTO_IP, _NO_PORT, 1)
                raw.bind((endpoint.sources[self._dialled % len(endpoint.sources)], 0))
            self._dialled += 1
            error = raw.connect_ex(endpoint.address)
            if error not in _UNDER_WAY:
                raise OSError(error, os.strerror(error))  # noqa: TRY301 - as connect() itself does
        except OSError:
            raw.close()
            raise
        self._lines[raw.fileno()] = line
        self._epoll.register(raw, select.EPOLLOUT)
        return raw

    def secure(self, raw: socket.socket) -> socket.socket:
        """Put TLS over a connected socket of ours; the handshake is still to be made."""
        tls = self.endpoint.tls
        if tls is None:
            return raw
        return tls.wrap_socket(raw, do_handshake_on_connect=False, server_hostname=self.endpoint.host)

    def watch(self, raw: socket.socket, *, writing: bool) -> None:
        self._epoll.modify(raw, _WRITING if writing else _READING)

    def forget(self, raw: socket.socket) -> None:
        number = raw.fileno()
        if self._lines.pop(number, None) is not None:
            self._epoll.unregister(number)


_UNDER_WAY: Final = frozenset({0, 115})  # EINPROGRESS


class Line:
    """One connection, to be opened again and again. A subclass says what becomes of bytes."""

    __slots__ = ("_exchange", "_raw", "_unsent", "stage")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange: Final = exchange
        self._raw: socket.socket | None = None
        self._unsent: bytearray | None = None
        self.stage = Stage.CLOSED

    def opened(self) -> None:
        """Called when bytes may be written; called again for each connection."""

    def received(self, data: bytes) -> None:
        """Called with what came."""

    def ended(self, why: str) -> None:
        """Called when a connection, or an attempt at one, is over."""

    @property
    def is_choked(self) -> bool:
        """Whether the peer does not take what was written."""
        return self._unsent is not None

    def dial(self) -> None:
        try:
            self._raw = self._exchange.dial(self)
        except OSError as error:
            self.ended(error.strerror or str(error))
            return
        self.stage = Stage.DIALLING

    def write(self, data: bytes) -> None:
        """Send, or keep until it can be sent. After an error the connection has ended, and `ended` was called."""
        raw = self._raw
        if raw is None or self.stage is not Stage.OPEN:
            return
        if self._unsent is not None:
            self._unsent += data
            return
        try:
            sent = raw.send(data)
        except _AGAIN:
            sent = 0
        except OSError as error:
            self._end(error.strerror or str(error))
            return
        if sent < len(data):
            self._unsent = bytearray(data[sent:])
            self._exchange.watch(raw, writing=True)

    def leave(self) -> None:
        """Close our direction; what was written still arrives. The rest follows when the peer closes, too."""
        if self._raw is None:
            return
        if self.stage is not Stage.OPEN:
            self._end("we left")
            return
        self.stage = Stage.LEAVING
        try:
            self._raw.shutdown(socket.SHUT_WR)
        except OSError:
            self._end("we left")

    def vanish(self, why: str) -> None:
        """Reset the connection."""
        if self._raw is not None:
            self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self._end(why)

    def attend(self, event: int) -> None:
        """Serve what epoll says."""
        stage = self.stage
        if stage is Stage.OPEN:
            if event & select.EPOLLOUT:
                self._send_rest()
            if event & ~select.EPOLLOUT:
                self._read()
        elif stage is Stage.DIALLING:
            self._connected()
        elif stage is Stage.SHAKING:
            self._shake()
        elif event & _TROUBLE or not self._drained():
            self._end("we left")

    def _read(self) -> None:
        raw = self._raw
        try:
            data = raw.recv(_READ) if raw is not None else b""
        except _AGAIN:
            return
        except OSError as error:
            self._end(error.strerror or str(error))
            return
        if not data:
            self._end("the server closed the connection")
            return
        self.received(data)
        if isinstance(raw, ssl.SSLSocket) and raw is self._raw and raw.pending():
            self._read()  # the kernel has given it up already: epoll would not say it again

    def _drained(self) -> bool:
        """Throw away what comes after our goodbye; False when nothing will."""
        try:
            return self._raw is not None and bool(self._raw.recv(_READ))
        except _AGAIN:
            return True
        except OSError:
            return False

    def _send_rest(self) -> None:
        raw, unsent = self._raw, self._unsent
        if raw is None or unsent is None:
            return
        try:
            del unsent[: raw.send(unsent)]
        except _AGAIN:
            return
        except OSError as error:
            self._end(error.strerror or str(error))
            return
        if not unsent:
            self._unsent = None
            self._exchange.watch(raw, writing=False)
            self.drained()

    def drained(self) -> None:
        """Called when a choked connection takes bytes again."""

    def _connected(self) -> None:
        raw = self._raw
        if raw is None:
            return
        error = raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self._end(os.strerror(error))
            return
        self._exchange.watch(raw, writing=False)
        if self._exchange.endpoint.tls is None:
            self.stage = Stage.OPEN
            self.opened()
            return
        self._raw = self._exchange.secure(raw)
        self.stage = Stage.SHAKING
        self._shake()

    def _shake(self) -> None:
        raw = self._raw
        if not isinstance(raw, ssl.SSLSocket):
            return
        try:
            raw.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLWantWriteError:
            return  # the hello is small and the socket new: it does not come to this
        except OSError as error:
            self._end(f"TLS: {getattr(error, 'verify_message', '') or error.strerror or error}")
            return
        self.stage = Stage.OPEN
        self.opened()

    def _end(self, why: str) -> None:
        raw, self._raw = self._raw, None
        if raw is None:
            return
        self._exchange.forget(raw)
        raw.close()
        self._unsent = None
        self.stage = Stage.CLOSED
        self.ended(why)

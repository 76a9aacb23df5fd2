"""One WebSocket: the websockets library's protocol without its tasks, on a transport of the loop.

The library's asyncio client has a task and a queue a connection. Without them a message and its answer take 31 us
instead of 60, a connection 7 KB instead of 17; and one who does not read for seconds is a transport that is paused.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from typing import Any, Final, Protocol, cast
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import WebSocketURI, parse_uri

LIVE: Final = "/api/live"
_MOST_BYTES: Final = 64 << 20  # a city of 2 million points
_OPEN_S: Final = 15.0


class Ear(Protocol):
    """Who hears a line."""

    def opened(self, line: "Line") -> None: ...
    def heard(self, data: bytes, at_s: float) -> None:
        """A binary message; `at_s`: when its last bytes came, epoch s."""
        ...

    def told(self, text: bytes) -> None: ...
    def closed(self, line: "Line", code: int, reason: str) -> None:
        """Called once for each line that opened, and never after `leave`."""
        ...


class Address:
    """Where lines lead. `http`: http://host:port or https://, `ca`: a certificate file instead of the system's."""

    def __init__(self, http: str, *, headers: Mapping[str, str], ca: str | None = None) -> None:
        parts = urlsplit(http)
        is_secure = parts.scheme == "https"
        scheme = "wss" if is_secure else "ws"
        self.uri: Final[WebSocketURI] = parse_uri(f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}{LIVE}")
        self.headers: Final = dict(headers)
        self.tls: Final = ssl.create_default_context(cafile=ca) if is_secure else None


class RefusedError(Exception):
    """The server answered the handshake with something else."""


class Line(asyncio.Protocol):
    def __init__(self, address: Address, ear: Ear) -> None:
        self._address: Final = address
        self._ear: Ear | None = ear
        self._protocol: Final = ClientProtocol(address.uri, max_size=_MOST_BYTES)
        self._transport: asyncio.Transport | None = None
        self._answer: Final[asyncio.Future[None]] = asyncio.get_running_loop().create_future()
        self._parts: list[bytes] = []
        self._is_text = False

    async def open(self) -> None:
        """Return when the ear has heard `opened`. Raises OSError, TimeoutError, RefusedError."""
        uri = self._address.uri
        try:
            async with asyncio.timeout(_OPEN_S):
                loop = asyncio.get_running_loop()
                await loop.create_connection(lambda: self, uri.host, uri.port, ssl=self._address.tls)
                await self._answer
        except BaseException:
            self.leave()
            raise

    def say(self, text: bytes) -> None:
        """Say it, unless the line is closing: what is said then is lost, as in a browser."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_text(text)
            self._flush()

    def pause(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def leave(self, *, politely: bool = False) -> None:
        """End it; the ear hears nothing more."""
        self._ear = None
        if self._transport is None:
            return
        if politely and self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            self._flush()
            self._transport.close()
        else:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        request = self._protocol.connect()
        request.headers.update(self._address.headers)
        self._protocol.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        at_s = time.time()
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._answered()
            else:
                self._heard(cast("Any", event), at_s)
        self._flush()

    def eof_received(self) -> bool:
        self._protocol.receive_eof()
        self._flush()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if not self._answer.done():
            refusal = self._protocol.handshake_exc or "the connection ended before an answer"
            self._answer.set_exception(RefusedError(str(refusal)))
        elif self._ear is not None:
            closed = self._protocol.close_rcvd
            ear, self._ear = self._ear, None
            ear.closed(self, closed.code if closed else 1006, closed.reason if closed else "cut")

    def _answered(self) -> None:
        if self._answer.done():
            return
        if self._protocol.handshake_exc is not None:
            self._answer.set_exception(RefusedError(str(self._protocol.handshake_exc)))
        else:
            self._answer.set_result(None)
            if self._ear is not None:
                self._ear.opened(self)

    def _heard(self, frame: Any, at_s: float) -> None:
        if self._ear is None or frame.opcode not in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
            return
        if frame.opcode is not Opcode.CONT:
            self._is_text = frame.opcode is Opcode.TEXT
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return
        message, self._parts = b"".join(self._parts), []
        if self._is_text:
            self._ear.told(message)
        else:
            self._ear.heard(message, at_s)

    def _flush(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()

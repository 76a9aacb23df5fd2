"""MQTT over WebSocket (MQTT 5, 6): takes the frames off what comes and puts them round what goes, nothing else.

The frames are websockets' own sans-I/O protocol; a terminal's connection sees bytes in any chunks, as over TCP, and a
transport. Who does not finish the handshake is a stranger that sends no CONNECT, and ends as one.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, cast

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from ingest.doors.listen_wire import LARGEST_PACKET, Wire

SUBPROTOCOLS: Final = (Subprotocol("mqtt"), Subprotocol("mqttv3.1"))  # the second is what clients of 3.1 ask for
_DATA: Final = frozenset({Opcode.BINARY, Opcode.CONT})

_quiet: Final = logging.getLogger("ingest.websocket")  # what strangers do wrong is counted, not logged


class _Framed(asyncio.Transport):
    """The transport that a connection sees: writes become binary frames."""

    def __init__(self, socket: "WebSocket", below: asyncio.Transport) -> None:
        super().__init__()
        self._socket: Final = socket
        self._below: Final = below

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._socket.send(bytes(data))

    def close(self) -> None:
        self._socket.close()

    def abort(self) -> None:
        self._below.abort()

    def is_closing(self) -> bool:
        return self._below.is_closing()

    def pause_reading(self) -> None:
        self._below.pause_reading()

    def resume_reading(self) -> None:
        self._below.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._below.get_extra_info(name, default)


class WebSocket(asyncio.Protocol):
    def __init__(self, make: Callable[[], Wire]) -> None:
        self._inner: Final = make()
        self._frames: Final = ServerProtocol(subprotocols=SUBPROTOCOLS, max_size=LARGEST_PACKET, logger=_quiet)
        self._below: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._below = cast("asyncio.Transport", transport)
        self._inner.connection_made(_Framed(self, self._below))

    def data_received(self, data: bytes) -> None:
        self._frames.receive_data(data)
        for event in self._frames.events_received():
            if isinstance(event, Request):
                self._frames.send_response(self._frames.accept(event))
            elif isinstance(event, Frame) and event.opcode in _DATA:
                self._inner.data_received(bytes(event.data))
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._frames.fail(CloseCode.UNSUPPORTED_DATA)  # 6.0-1: control packets come in binary frames
        self._flush()

    def eof_received(self) -> None:
        self._frames.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._below = None
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def send(self, data: bytes) -> None:
        if self._frames.state is OPEN:
            self._frames.send_binary(data)
            self._flush()

    def close(self) -> None:
        if self._frames.state is OPEN:
            self._frames.send_close(CloseCode.NORMAL_CLOSURE)
            self._flush()
        if self._below is not None:
            self._below.close()

    def _flush(self) -> None:
        below = self._below
        if below is None:
            return
        raw = self._frames.data_to_send()
        if any(raw) and not below.is_closing():
            below.write(b"".join(raw))
        if self._frames.close_expected() or (raw and not raw[-1]):
            below.close()

"""One browser's connection to the live map without an event loop, for viewers that are threads."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

from websockets.sync.client import ClientConnection, connect

from simulators.viewers.frames import Frame, Kind, decode

SILENCE_S: Final = 15.0  # the map says something each second


class OutOfOrderError(Exception):
    """A frame does not follow the one before it; the message says how."""


class Window:
    """Watches one unit, over as many connections as it takes: each goes on where the one before ended."""

    def __init__(self, http: str, *, headers: Mapping[str, str], unit: int) -> None:
        self._live: Final = f"ws{http.removeprefix('http')}/api/live"
        self._headers: Final = headers
        self._unit: Final = unit
        self._socket: ClientConnection | None = None
        self.last: Frame | None = None

    @contextmanager
    def open(self) -> Generator[None]:
        """Connect, and ask for the unit. Raises OSError and websockets' exceptions."""
        with connect(self._live, additional_headers=self._headers, compression=None, close_timeout=1) as socket:
            self._socket = socket
            since = {} if self.last is None else {"epoch": self.last.epoch, "tick": self.last.tick}
            socket.send(json.dumps({"op": "watch", "unit": self._unit, **since}))
            yield

    def next_frame(self) -> Frame:
        """Return the next frame, acknowledged. Raises OutOfOrderError, BadFrameError, and what the connection does."""
        if self._socket is None:
            raise OSError("not open")
        while not isinstance(message := self._socket.recv(SILENCE_S), bytes):
            pass
        before, self.last = self.last, decode(message)
        self._socket.send(json.dumps({"op": "ack", "tick": self.last.tick}))
        _check(before, self.last)
        return self.last


def _check(before: Frame | None, frame: Frame) -> None:
    if before is None or before.epoch != frame.epoch:
        return
    if frame.tick < before.tick or frame.kind is Kind.SNAPSHOT:
        raise OutOfOrderError(f"{frame.kind.name} of tick {frame.tick} after tick {before.tick}")

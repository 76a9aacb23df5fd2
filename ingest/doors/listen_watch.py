"""Whom the listening door cuts off for being slow or silent: looked for once a second, at no cost to those who are not.

Nobody is blamed for what we are slow at: a connection that we do not read stands still, and so does its clock.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from ingest.doors.listen_connection import Connection
from ingest.mqtt.packets import Code

STALL_S: Final = 20.0  # a packet that is not whole yet may take so long,
SLOWEST_BYTES_PER_S: Final = 1_000  # and a second more for each so many bytes that came: a slow link, no dripping tap
DEAF_S: Final = 60.0  # a peer that reads nothing of what it is sent

KEEP_ALIVE: Final = "keep-alive"
STALLED: Final = "stalled packet"
DEAF: Final = "does not read"


class Verdict(NamedTuple):
    connection: Connection
    word: str
    code: Code


class _Since(NamedTuple):
    what: object
    at_s: float


class Watch:
    """Remembers between two looks what was slow at the last one: nothing for each of the others."""

    def __init__(self) -> None:
        self._partial: dict[Connection, _Since] = {}
        self._choked: dict[Connection, _Since] = {}

    def look(self, connections: Iterable[Connection], now_s: float) -> list[Verdict]:
        """Return who is to be ended and why; 20,000 are looked at in some 10 ms."""
        partial, choked, found = dict[Connection, _Since](), dict[Connection, _Since](), list[Verdict]()
        for connection in connections:
            connection.calm_down()
            if connection.is_overdue(now_s):
                found.append(Verdict(connection, KEEP_ALIVE, Code.KEEP_ALIVE_TIMEOUT))
            elif connection.is_choked:
                choked[connection] = since = self._choked.get(connection, _Since(None, now_s))
                if now_s - since.at_s > DEAF_S:
                    found.append(Verdict(connection, DEAF, Code.QUOTA_EXCEEDED))
            elif (unfinished := connection.unfinished) is not None:
                partial[connection] = since = self._since(connection, unfinished, now_s)
                if now_s - since.at_s > STALL_S + len(unfinished) / SLOWEST_BYTES_PER_S:
                    found.append(Verdict(connection, STALLED, Code.UNSPECIFIED_ERROR))
        self._partial, self._choked = partial, choked
        return found

    def _since(self, connection: Connection, unfinished: bytearray, now_s: float) -> _Since:
        """The decoder keeps one bytearray as long as one packet is not whole: another one is another packet."""
        known = self._partial.get(connection)
        return known if known is not None and known.what is unfinished else _Since(unfinished, now_s)

"""Whom the listening door cuts off for being slow or silent: looked for in rounds of seconds, in parts.

Nobody is blamed for what we are slow at: a connection that we do not read stands still, and so does its clock.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from ingest.doors.listen_connection import Connection
from ingest.mqtt.packets import Code

# A packet that is not whole yet may take a second more for each so many bytes that came: a slow link, no dripping tap.
SLOWEST_BYTES_PER_S: Final = 1_000

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
    """Remembers between two rounds who was slow in the last one: nothing for each of the others."""

    def __init__(self, *, stall_s: float, deaf_s: float) -> None:
        self._stall_s: Final = stall_s
        self._deaf_s: Final = deaf_s
        self._before: dict[Connection, _Since] = {}
        self._slow: dict[Connection, _Since] = {}

    def begin(self) -> None:
        """Begin a round: everybody is to be looked at once in it."""
        self._before, self._slow = self._slow, {}

    def look(self, connections: Iterable[Connection], now_s: float) -> list[Verdict]:
        """Return who of some connections is to be ended and why; 2 us for one that is well."""
        found = list[Verdict]()
        for connection in connections:
            if connection.is_well(now_s):
                continue
            if connection.is_overdue(now_s):
                found.append(Verdict(connection, KEEP_ALIVE, Code.KEEP_ALIVE_TIMEOUT))
            elif connection.is_choked:
                if now_s - self._since(connection, None, now_s) > self._deaf_s:
                    found.append(Verdict(connection, DEAF, Code.QUOTA_EXCEEDED))
            elif (unfinished := connection.unfinished) is not None:
                allowed_s = self._stall_s + len(unfinished) / SLOWEST_BYTES_PER_S
                if now_s - self._since(connection, unfinished, now_s) > allowed_s:
                    found.append(Verdict(connection, STALLED, Code.UNSPECIFIED_ERROR))
        return found

    def _since(self, connection: Connection, what: bytearray | None, now_s: float) -> float:
        """The decoder keeps one bytearray as long as one packet is not whole: another one is another packet."""
        known = self._before.get(connection)
        since = known if known is not None and known.what is what else _Since(what, now_s)
        self._slow[connection] = since
        return since.at_s

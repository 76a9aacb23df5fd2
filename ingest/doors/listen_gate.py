"""Who waits before the listening door, and who is sent away: its limits, kept while connections come and go.

A storm of log-ins is spread over time: a connection whose turn has not come is not read, and not refused. Counted are
the refused, by reason; those who waited are no trouble.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import takewhile
from typing import Final, NamedTuple

from ingest.doors.listen_connection import Connection
from ingest.doors.listen_limits import SPARE, Bucket, Caps, Failures, Strangers, Turns, network_of
from ingest.doors.listen_login import Refusal
from ingest.doors.listen_wire import Stage
from ingest.mqtt.packets import Code, ConnectReturn

MOST_DELAYED: Final = 1_000  # wrong log-ins that wait for their answer; more of them are closed without one
FAILURES_OF_AN_ADDRESS: Final = 10  # times those of a name: many terminals may share an address
LONGEST_TURN_S: Final = 30.0  # a terminal that would wait longer for its turn is told to come back later
LONGEST_NAME: Final = 64  # characters of a user name that are told apart: no terminal's is longer

FULL: Final = Refusal("full", ConnectReturn.SERVER_UNAVAILABLE, Code.QUOTA_EXCEEDED)
TOO_OFTEN: Final = Refusal("too often", ConnectReturn.SERVER_UNAVAILABLE, Code.CONNECTION_RATE_EXCEEDED)

Deed = Callable[[], None]


class _Stranger(NamedTuple):
    address: str
    since_s: float


class Gate:
    """The loop that runs is the one that uses it. `close` when the door stops: nobody's turn comes any more."""

    def __init__(self, caps: Caps, now_s: Callable[[], float]) -> None:
        self.caps: Final = caps
        self._now_s: Final = now_s
        self._strangers: Final[dict[Connection, _Stranger]] = {}  # connected, and no CONNECT came yet; oldest first
        self._by_address: Final = Strangers(caps.strangers_per_address)
        self._bucket: Final = Bucket(per_s=caps.logins_per_s, burst=caps.logins_at_once)
        self._turns: Final = Turns[int](
            every_s=caps.terminal_login_s, burst=caps.terminal_logins_at_once, longest_s=LONGEST_TURN_S
        )
        self._names: Final = Failures(limit=caps.failures, window_s=caps.failure_window_s)
        self._addresses: Final = Failures(limit=caps.failures * FAILURES_OF_AN_ADDRESS, window_s=caps.failure_window_s)
        self._waiting: Final[deque[tuple[Connection, Deed]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._delayed = 0
        self._is_closed = False

    def enter(self, connection: Connection, connections: int) -> str:
        """Count a connection that was just made; return the word that ends it, or none."""
        address = network_of(connection.address)
        self._strangers[connection] = _Stranger(address, self._now_s())
        has_room = self._by_address.enter(address)
        if connections > self.caps.connections + SPARE:
            return "too many connections"
        return "" if has_room else "too many strangers"

    def leave(self, connection: Connection) -> None:
        """A connection is a stranger no more: its CONNECT came, or it ended."""
        stranger = self._strangers.pop(connection, None)
        if stranger is not None:
            self._by_address.leave(stranger.address)

    def late(self, patience_s: float) -> list[Connection]:
        """Return the strangers that took longer than so many seconds, however busily they sent."""
        before_s = self._now_s() - patience_s
        return [*takewhile(lambda stranger: self._strangers[stranger].since_s < before_s, self._strangers)]

    def let_in(self, connection: Connection, terminal: int, enter: Deed, refuse: Callable[[Refusal], None]) -> None:
        """Let a terminal that may log in do so now, or when its turn comes.

        One that comes very often waits for itself, so that two who take each other over do not starve the others.
        """
        wait_s = self._turns.take(terminal, self._now_s())
        if wait_s is None:
            refuse(TOO_OFTEN)
        elif wait_s:
            self._later(wait_s, connection, lambda: self._pace(connection, enter))
        else:
            self._pace(connection, enter)

    def fail(self, connection: Connection, user: str, refuse: Deed) -> None:
        """Answer a wrong log-in: at once, late after many of them, and not at all when too many wait so."""
        now_s = self._now_s()
        is_often = self._names.note(user[:LONGEST_NAME], now_s)
        is_often |= self._addresses.note(network_of(connection.address), now_s)
        if not is_often:
            refuse()
        elif self._delayed >= MOST_DELAYED:
            connection.end("too many failures", with_will=False)
        else:
            self._delayed += 1
            self._later(self.caps.failure_delay_s, connection, refuse, is_failure=True)

    def tidy(self) -> None:
        """Forget what is over; once a second or so."""
        self._turns.forget(self._now_s())

    def close(self) -> None:
        self._is_closed = True
        self._waiting.clear()

    def _pace(self, connection: Connection, enter: Deed) -> None:
        """First come, first served."""
        if not self._waiting and self._bucket.take(self._now_s()):
            enter()
            return
        self._waiting.append((connection, enter))
        self._wait()

    def _later(self, wait_s: float, connection: Connection, deed: Deed, *, is_failure: bool = False) -> None:
        def due() -> None:
            self._delayed -= is_failure
            if connection.stage is not Stage.CLOSED and not self._is_closed:
                deed()

        asyncio.get_running_loop().call_later(wait_s, due)

    def _wait(self) -> None:
        if self._timer is None and self._waiting:
            wait_s = self._bucket.wait_s(self._now_s())
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._next)

    def _next(self) -> None:
        self._timer = None
        while self._waiting:
            if self._waiting[0][0].stage is Stage.CLOSED:
                self._waiting.popleft()
            elif self._bucket.take(self._now_s()):
                self._waiting.popleft()[1]()
            else:
                break
        self._wait()

"""A simulated terminal: it outlives its connections and keeps everything it said until that is acknowledged.

Reports that cannot go out at once (no connection, no signal, a slow server) become a backlog, which leaves as arrays.
Emergencies, status and answers never enter the backlog: they wait in the outbox, each on its own.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from simulators.roster import Credential
from simulators.terminals.counts import Counts
from simulators.terminals.link import Link
from simulators.terminals.outbox import Message, Outbox

BATCH: Final = 500  # reports in one array: the contract's limit
BACKLOG: Final = 20_000  # reports kept; the oldest give way, counted: 55 h at an interval of 10 s
_LOOK_S: Final = 0.05
STEADY_S: Final = 60  # keep-alive, s; a terminal that reports more often never pings


class Terminal:
    """`went_away` is called when a connection has ended and another is wanted; `heard` gets (topic, payload)."""

    def __init__(
        self,
        credential: Credential,
        counts: Counts,
        *,
        went_away: Callable[["Terminal", str], None],
        heard: Callable[["Terminal", str, bytes], None],
        client_prefix: str = "",
    ) -> None:
        self.credential: Final = credential
        self.prefix: Final = f"gw/v1/t/{credential.terminal}/"
        self.has_signal = True
        self.failures = 0  # attempts to connect since the last that worked
        self._counts: Final = counts
        self._went_away: Final = went_away
        self._heard: Final = heard
        self._client_id: Final = client_prefix + credential.terminal
        self._outbox: Final = Outbox()
        self._backlog: Final[deque[bytes]] = deque()
        self._pos: Final = f"{self.prefix}pos".encode()
        self._link: Link | None = None
        self.is_known = False  # to the server: it has let us in before
        self._is_leaving = False

    @property
    def unsettled(self) -> int:
        """How many messages wait for their acknowledgement, backlog not counted."""
        return len(self._outbox)

    @property
    def is_up(self) -> bool:
        return self._link is not None and self._link.is_up

    def new_link(self) -> Link:
        """Return the protocol for a new connection."""
        self._link = Link(
            self,
            self.credential,
            client_id=self._client_id,
            keep_alive_s=STEADY_S,
            downlink=f"{self.prefix}alert",
            will=f"{self.prefix}status",
        )
        return self._link

    def report(self, fix: bytes) -> None:
        """Publish one fix (a JSON object) now, or keep it for the next batch."""
        if len(self._backlog) == BACKLOG:
            self._backlog.popleft()
            self._counts.dropped += 1
        self._backlog.append(fix)
        self._pump()

    def say(self, word: str, payload: bytes, *, retain: bool = False, reports: int = 0) -> None:
        """Queue a message for the topic `word` of this terminal."""
        self.publish(Message(f"{self.prefix}{word}".encode(), payload, retain, reports))

    def publish(self, message: Message) -> None:
        """Queue a message as it is."""
        self._outbox.put(message)
        self._pump()

    def regain(self, *, has_signal: bool) -> None:
        """Lose or find the signal. The connection stays, as in a lift: TCP does not notice at once."""
        if has_signal is not self.has_signal:
            self.has_signal = has_signal
            self._pump()

    def tend(self) -> None:
        if self._link is not None:
            self._link.tend()

    def leave(self) -> None:
        """Close for good; what is not acknowledged is forgotten."""
        self._is_leaving = True
        if self._link is not None:
            self._link.leave()

    # What the link tells.

    def went_up(self, link: Link) -> None:
        self.failures = 0
        self._counts.connected += 1
        self._counts.most_connected = max(self._counts.most_connected, self._counts.connected)
        self._counts.connections += 1
        self._counts.reconnects += self.is_known
        self.is_known = True
        if again := self._outbox.repeat():
            self._counts.resent += len(again)
            link.send(again, dup=True)
        self.say("status", b"online", retain=True)

    def went_down(self, link: Link, why: str) -> None:
        self._counts.connected -= link.is_up
        self._counts.refused += link.was_refused
        if link is not self._link:
            return
        self._link = None
        if not self._is_leaving:
            self._went_away(self, why)

    def acknowledged(self, packet_id: int) -> None:
        message = self._outbox.settle(packet_id)
        if message is None:
            return
        self._counts.acknowledged += 1
        self._counts.reports_acknowledged += message.reports
        self._pump()

    def received(self, topic: str, payload: bytes) -> None:
        self._heard(self, topic, payload)

    def _pump(self) -> None:
        link = self._link
        if link is None or not link.is_writable or not self.has_signal:
            return
        while self._backlog and self._outbox.has_room:
            self._outbox.put(self._batch())
            self._send(link)
        self._send(link)

    def _send(self, link: Link) -> None:
        items = list(self._outbox.take())
        self._counts.published += len(items)
        self._counts.reports += sum(message.reports for _, message in items)
        link.send(items)

    def _batch(self) -> Message:
        """The next message of the backlog: one object, or an array."""
        count = min(len(self._backlog), BATCH)
        if count == 1:
            return Message(self._pos, self._backlog.popleft(), reports=1)
        fixes = list(islice(self._backlog, count))
        for _ in fixes:
            self._backlog.popleft()
        self._counts.batches += 1
        return Message(self._pos, b"[" + b",".join(fixes) + b"]", reports=count)


async def settle(terminals: Sequence[Terminal], *, within_s: float) -> bool:
    """Wait until all they said is acknowledged; False when that took too long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + within_s
    while any(terminal.unsettled for terminal in terminals):
        if loop.time() >= until:
            return False
        await asyncio.sleep(_LOOK_S)
    return True

"""A fleet: the crowd's reports published over one connection a terminal, on an open-loop schedule.

Open loop: what is due is reported when it is due, however slow the server is; a terminal that cannot send keeps a
backlog. `lag_s` says how far this process itself fell behind its schedule: a figure measured with lag is worth nothing.
"""

import asyncio
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import msgspec
import numpy as np

from simulators.movement.chance import Chance, Stream
from simulators.movement.crowd import Crowd, Reports
from simulators.roster import Handset
from simulators.terminals.connector import Connector
from simulators.terminals.counts import Counts
from simulators.terminals.terminal import Terminal, settle

_TICK_S: Final = 0.05
_TEND_S: Final = 2.0
_SETTLE_S: Final = 15.0  # how long a clean stop waits for acknowledgements
_GOODBYE_S: Final = 0.2  # for DISCONNECTs to leave
_ANSWERING: Final = 0.7  # of the people who hear an alert
_MOVING_MPS: Final = 0.1  # a heading means nothing below
_FIX: Final = b'{"t":%.3f,"lon":%.7f,"lat":%.7f,"acc":%.1f,"spd":%.2f%s,"bat":%d,"seq":%d}'
_SPEED: Final = 4  # its place in a row of the columns
_HEADING: Final = 5


@dataclass(slots=True, kw_only=True)
class Summary:
    terminals: int
    counts: Counts = field(default_factory=Counts)
    lag_s: float = 0.0  # worst
    unsettled: int = 0  # messages that a stop left unacknowledged

    @property
    def brief(self) -> str:
        """The figures that change, for a line of progress."""
        counts = self.counts
        return (
            f"{counts.connected} of {self.terminals} connected, {counts.reports} reports published, "
            f"{counts.reports_acknowledged} acknowledged"
        )

    def __str__(self) -> str:
        counts = self.counts
        figures = {
            "connected": counts.connected,
            "connected at most": counts.most_connected,
            "messages published": counts.published,
            "acknowledged": counts.acknowledged,
            "reports in them": counts.reports,
            "batches of backlog": counts.batches,
            "SOS": counts.emergencies,
            "alerts heard": counts.alerts,
            "alerts answered": counts.answered,
            "reconnects": counts.reconnects,
            "log-ins refused": counts.refused,
            "reports dropped": counts.dropped,
        }
        said = ", ".join(f"{count} {what}" for what, count in figures.items())
        return f"{self.terminals} terminals: {said}, worst lag {self.lag_s:.2f} s"


class _Alert(msgspec.Struct):
    alert: UUID
    version: int
    acknowledge: bool = True  # whether an answer is wanted


_alert: Final = msgspec.json.Decoder(_Alert)


class Fleet:
    """`handsets` in the crowd's order; `answer_s`: how soon, at least and at most, people acknowledge an alert."""

    def __init__(
        self,
        *,
        handsets: Sequence[Handset],
        crowd: Crowd,
        connector: Connector,
        chance: Chance,
        summary: Summary,
        answer_s: tuple[float, float],
    ) -> None:
        self._crowd: Final = crowd
        self._connector: Final = connector
        self._chance: Final = chance
        self._answer_s: Final = answer_s
        self._summary: Final = summary
        self._counts: Final = summary.counts
        self._started_at = 0.0  # epoch s
        self._answered: Final[set[tuple[str, UUID, int]]] = set()
        self._terminals: Final = [
            Terminal(handset.credential, self._counts, went_away=connector.want_again, heard=self._hear)
            for handset in handsets
        ]
        self._index: Final = {terminal.credential.terminal: at for at, terminal in enumerate(self._terminals)}

    async def run(
        self, *, duration_s: float | None, ready: Callable[[], None], progress: Callable[[Summary], None]
    ) -> None:
        """Run for `duration_s` (None: until cancelled), then stop cleanly. `ready` once, when all are connected."""
        try:
            async with asyncio.TaskGroup() as group:
                connecting = group.create_task(self._connector.run(), name="fleet's connections")
                tending = group.create_task(self._tend(ready, progress), name="fleet's care")
                await self._report(duration_s)
                await self._settle()
                connecting.cancel()
                tending.cancel()
        finally:
            self._summary.unsettled = sum(terminal.unsettled for terminal in self._terminals)
            for terminal in self._terminals:
                terminal.leave()
        await asyncio.sleep(_GOODBYE_S)

    async def _report(self, duration_s: float | None) -> None:
        """Publish every report at its moment."""
        loop = asyncio.get_running_loop()
        self._started_at, start_s = time.time(), loop.time()
        for terminal in self._terminals:
            self._connector.want(terminal)
        due_s = self._crowd.due_s
        while duration_s is None or loop.time() - start_s < duration_s:
            now_s = loop.time() - start_s
            who = np.flatnonzero(due_s <= now_s)
            if who.size:
                self._summary.lag_s = max(self._summary.lag_s, now_s - float(due_s[who].min()))
                self._publish(self._crowd.report(who))
            await asyncio.sleep(_TICK_S)

    def _publish(self, reports: Reports) -> None:
        columns = (reports.who, reports.has_signal, reports.is_emergency)
        rows = zip(*(column.tolist() for column in columns), payloads(reports, self._started_at), strict=True)
        for who, has_signal, is_emergency, payload in rows:
            terminal = self._terminals[who]
            terminal.regain(has_signal=has_signal)
            terminal.report(payload)
            if is_emergency:
                self._press(terminal, payload)

    def _press(self, terminal: Terminal, fix: bytes) -> None:
        """Press the emergency button: the fix, and an id of its own."""
        self._counts.emergencies += 1
        sos_id = f"{terminal.credential.terminal}-{int(self._started_at)}-{self._counts.emergencies}"
        terminal.say("sos", b'{"id":"%s",%s' % (sos_id.encode(), fix[1:]), reports=1)

    async def _tend(self, ready: Callable[[], None], progress: Callable[[Summary], None]) -> None:
        loop, is_ready, tended_at = asyncio.get_running_loop(), False, 0.0
        while True:
            await asyncio.sleep(_TEND_S / 10)
            if not is_ready and self._counts.connected == len(self._terminals):
                is_ready = True
                ready()
            if loop.time() - tended_at > _TEND_S:
                tended_at = loop.time()
                progress(self._summary)
                for terminal in self._terminals:
                    terminal.tend()

    async def _settle(self) -> None:
        """Say offline and wait until everything said is acknowledged, or for long enough; not for who never got in."""
        known = [terminal for terminal in self._terminals if terminal.is_known]
        for terminal in known:
            terminal.regain(has_signal=True)
            terminal.say("status", b"offline", retain=True)
        await settle(known, within_s=_SETTLE_S)

    def _hear(self, terminal: Terminal, topic: str, payload: bytes) -> None:
        """Receive an alert; most people acknowledge it after they have read it."""
        if not topic.endswith("/alert"):
            return
        self._counts.alerts += 1
        try:
            alert = _alert.decode(payload)
        except msgspec.MsgspecError:
            return
        if not alert.acknowledge:
            return
        key = (terminal.credential.terminal, alert.alert, alert.version)
        who = np.array([self._index[terminal.credential.terminal]], np.int64)
        occasion = zlib.crc32(alert.alert.bytes) + alert.version
        if key in self._answered or float(self._chance.uniform(Stream.ANSWER, who, occasion)[0]) >= _ANSWERING:
            return
        self._answered.add(key)
        delay_s = float(self._chance.between(*self._answer_s, Stream.ANSWER_DELAY, who, occasion)[0])
        asyncio.get_running_loop().call_later(delay_s, self._answer, terminal, alert)

    def _answer(self, terminal: Terminal, alert: _Alert) -> None:
        self._counts.answered += 1
        terminal.say("ack", msgspec.json.encode({"alert": alert.alert, "version": alert.version}), reports=0)


def payloads(reports: Reports, started_at: float) -> list[bytes]:
    """Write each row as the JSON object of a `pos` report; `started_at` is the start in epoch seconds."""
    columns = (
        reports.at_s + started_at,
        reports.lon,
        reports.lat,
        reports.accuracy_m,
        reports.speed_mps,
        reports.heading_deg % 360.0,
        reports.battery_pct,
        reports.step,
    )
    return [_payload(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _payload(row: tuple[float, ...]) -> bytes:
    heading = b',"hdg":%d' % row[_HEADING] if row[_SPEED] > _MOVING_MPS else b""
    return _FIX % (*row[:_HEADING], heading, *row[_HEADING + 1 :])

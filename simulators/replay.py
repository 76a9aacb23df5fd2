"""Replays recordings over MQTT, each file as one terminal, and counts what became of every message."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from simulators.roster import Credential
from simulators.terminals.connector import Connector
from simulators.terminals.counts import Counts
from simulators.terminals.outbox import Message
from simulators.terminals.terminal import Terminal, settle
from simulators.timeline import UNMOVED, Timeline, Turn, turns

_SETTLE_S: Final = 60.0  # for acknowledgements after the last message
_LOOK_S: Final = 0.05
_TEND_S: Final = 2.0
_GOODBYE_S: Final = 0.2


class RefusedError(Exception):
    """The server does not let the terminal in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSummary:
    file: Path
    terminal: str
    read: int  # messages: a fix, or the sentences of one instant
    bad_lines: int
    published: int
    acknowledged: int

    def __str__(self) -> str:
        return (
            f"{self.file} as {self.terminal or 'nobody'}: {self.read} fixes read, {self.bad_lines} bad lines, "
            f"{self.published} published, {self.acknowledged} acknowledged"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySummary:
    files: tuple[FileSummary, ...]
    unreadable: tuple[str, ...] = ()  # files that were left out, and why
    took_s: float = 0.0

    @property
    def published(self) -> int:
        return sum(file.published for file in self.files)

    @property
    def acknowledged(self) -> int:
        return sum(file.acknowledged for file in self.files)

    def __str__(self) -> str:
        took = timedelta(seconds=round(self.took_s))
        total = f"{self.published} published, {self.acknowledged} acknowledged in {took}"
        return "\n".join([*(str(file) for file in self.files), *self.unreadable, total])


class Replay:
    """One terminal for each timeline, in order; `as_recorded` leaves times as they are."""

    def __init__(
        self,
        *,
        timelines: Sequence[Timeline],
        credentials: Sequence[Credential],
        connector: Connector,
        as_recorded: bool,
    ) -> None:
        self._timelines: Final = timelines
        self._connector: Final = connector
        self._as_recorded: Final = as_recorded
        self._counts: Final = [Counts() for _ in timelines]
        self._terminals: Final = [
            Terminal(credential, counts, went_away=connector.want_again, heard=_ignore, client_prefix="replay-")
            for credential, counts in zip(credentials, self._counts, strict=True)
        ]

    async def run(self) -> ReplaySummary:
        """Connect, send everything at its moment, wait for the acknowledgements. Raises RefusedError."""
        try:
            return await self._run()
        except ExceptionGroup as group:
            refused, other = group.split(RefusedError)
            if refused is None or other is not None:
                raise
            raise RefusedError(*refused.exceptions[0].args) from None

    async def _run(self) -> ReplaySummary:
        try:
            async with asyncio.TaskGroup() as group:
                connecting = group.create_task(self._connector.run(), name="replay's connections")
                tending = group.create_task(self._tend(), name="replay's care")
                await self._connect()
                took_s = await self._send()
                await settle(self._terminals, within_s=_SETTLE_S)
                connecting.cancel()
                tending.cancel()
        finally:
            for terminal in self._terminals:
                terminal.leave()
        await asyncio.sleep(_GOODBYE_S)
        return self._summary(took_s)

    async def _connect(self) -> None:
        for terminal in self._terminals:
            self._connector.want(terminal)
        while not all(terminal.is_up for terminal in self._terminals):
            for terminal, counts in zip(self._terminals, self._counts, strict=True):
                if counts.refused:
                    raise RefusedError(f"the server refuses terminal {terminal.credential.terminal}, or its secret")
            await asyncio.sleep(_LOOK_S)

    async def _send(self) -> float:
        """Send everything, return how long it took."""
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        ends_at_s = time.time() + max((timeline.ends_s for timeline in self._timelines), default=0.0)
        shifts_s = [
            UNMOVED if self._as_recorded or not timeline.offsets_s else timeline.shift_s(ends_at_s)
            for timeline in self._timelines
        ]
        for turn in turns(self._timelines):
            if (wait_s := start_s + turn.due_s - loop.time()) > 0:
                await asyncio.sleep(wait_s)
            self._publish(turn, shifts_s[turn.file])
        for terminal in self._terminals:
            terminal.say("status", b"offline", retain=True)
        return loop.time() - start_s

    def _publish(self, turn: Turn, shift_s: int) -> None:
        terminal = self._terminals[turn.file]
        topic = turn.message.topic(terminal.credential.terminal).encode()
        terminal.publish(Message(topic, turn.message.payload(shift_s), reports=1))

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(_TEND_S)
            for terminal in self._terminals:
                terminal.tend()

    def _summary(self, took_s: float) -> ReplaySummary:
        return ReplaySummary(
            took_s=took_s,
            files=tuple(
                FileSummary(
                    file=timeline.recording.file,
                    terminal=terminal.credential.terminal,
                    read=len(timeline.recording.messages),
                    bad_lines=len(timeline.recording.faults),
                    published=counts.reports,
                    acknowledged=counts.reports_acknowledged,
                )
                for timeline, terminal, counts in zip(self._timelines, self._terminals, self._counts, strict=True)
            ),
        )


def announcement(timeline: Timeline, terminal: str, *, now_s: float, as_recorded: bool) -> list[str]:
    """Return what is worth saying of a file before its replay, in lines."""
    recording = timeline.recording
    lines = [str(fault) for fault in recording.faults[:_FAULTS_SAID]]
    if (more := len(recording.faults) - _FAULTS_SAID) > 0:
        lines.append(f"{recording.file}: and {more} bad lines more, the last on line {recording.faults[-1].line}")
    lines += [f"{recording.file}: {note}" for note in recording.notes]
    if not recording.messages:
        return [*lines, f"{recording.file}: no fix with a time in it, nothing to send"]
    lines.append(
        f"{recording.file}: {len(recording.messages)} fixes over {_span(timeline.spans_s)}, sent as {terminal} "
        f"in {_span(timeline.ends_s - timeline.starts_s)}"
    )
    if timeline.longest_gap_s > _LONG_GAP_S:
        lines.append(f"{recording.file}: the longest gap is {_span(timeline.longest_gap_s)}; --speed shortens it")
    old = sum(message.at_s < now_s - _AGE_FLOOR_S for message in recording.messages)
    if as_recorded and old:
        lines.append(
            f"{recording.file}: {old} fixes are older than {_AGE_FLOOR_DAYS} days: "
            "a server with the default age floor acknowledges and refuses them as too old"
        )
    return lines


_FAULTS_SAID: Final = 20
_LONG_GAP_S: Final = 600.0
_AGE_FLOOR_DAYS: Final = 90
_AGE_FLOOR_S: Final = _AGE_FLOOR_DAYS * 86_400.0


def _span(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _ignore(_terminal: Terminal, _topic: str, _payload: bytes) -> None:
    return

"""One viewer: a browser's live client over one line at a time, with the habits of who sits before it."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import msgspec

from simulators.viewers.frames import BadFrameError, Column, Frame
from simulators.viewers.gallery import Gallery
from simulators.viewers.line import Address, Line, RefusedError
from simulators.viewers.picture import Rows
from simulators.viewers.plan import Counts, ViewersPlan
from simulators.viewers.subscription import Subscription

# As the web application has them (dashboard/web/src/live)
_FIRST_RETRY_S: Final = 0.5
_LONGEST_RETRY_S: Final = 15.0
_LOST_AFTER_S: Final = 15.0
_NOT_LOGGED_IN: Final = 4401
_NOT_FOUND: Final = 4404
_ISSUED: Final = "issued"  # state of an alert
_PING: Final = b'{"op":"ping"}'
_FEWEST_TO_SWITCH: Final = 3  # frames of a unit left are still under way when it is chosen again at once


class _News(msgspec.Struct):
    kind: str
    message: str = ""
    id: str | int = ""
    state: str = ""


_news: Final = msgspec.json.Decoder(_News)


class Pace(Enum):
    QUICK = 0
    READS_LATE = 1  # leaves the bytes in the socket
    ANSWERS_LATE = 2  # reads at once, and takes and acknowledges later


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    pace: Pace = Pace.QUICK
    reconnects: bool = False
    switches: bool = False


STEADY: Final = Habits()


def habits(number: int, plan: ViewersPlan) -> Habits:
    """Draw a viewer's habits; the same for the same seed, whichever worker plays them."""
    chance = random.Random(f"{plan.seed}:{number}")
    is_slow, reconnects, switches = (
        chance.random() < share for share in (plan.slow_share, plan.reconnect_share, plan.switch_share)
    )
    late = chance.choice((Pace.READS_LATE, Pace.ANSWERS_LATE))
    return Habits(pace=late if is_slow else Pace.QUICK, reconnects=reconnects, switches=switches)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all viewers of a worker share. `open` runs a viewer's `open` as a task; `seen` notes rows of PLACES."""

    plan: ViewersPlan
    units: Sequence[int]
    address: Address
    counts: Counts
    open: Callable[["Viewer"], None]
    seen: Callable[["Viewer", float, Frame, Rows], None]
    trouble: Callable[[str], None]
    members: Mapping[int, Column] = field(default_factory=dict[int, Column])  # by unit, sorted; empty: not known
    gallery: Gallery = field(default_factory=Gallery)
    issued: dict[str, float] = field(default_factory=dict[str, float])  # by alert: when the first viewer heard of it


class Viewer:
    """Implements simulators.viewers.line.Ear."""

    def __init__(self, number: int, unit: int, habits: Habits, stage: Stage) -> None:
        self.number: Final = number
        self.habits = habits
        self._stage: Final = stage
        self.subscription = self._subscription(unit)
        self._loop: Final = asyncio.get_running_loop()
        self._chance: Final = random.Random(f"{stage.plan.seed}:{number}:moments")
        self._line: Line | None = None
        self._is_opening = False
        self._is_over = False
        self._has_been_open = False
        self._attempt = 0
        self._alive_s = 0.0  # when the line last said something, on the loop's clock
        self._kept: list[tuple[Frame, bytes, float]] = []  # read, and not taken yet
        self._left_unit = unit

    @property
    def is_connected(self) -> bool:
        return self._line is not None

    @property
    def is_shown(self) -> bool:
        """Whether the unit has been seen."""
        return self.subscription.epoch is not None

    def start(self) -> None:
        """Connect, and begin to live by the habits."""
        self.want()
        if self.habits.reconnects:
            self._later(self._stage.plan.reconnect_every_s, self._cut)
        if self.habits.switches and len(self._stage.units) >= _FEWEST_TO_SWITCH:
            self._later(self._stage.plan.switch_every_s, self._switch)

    def calm_down(self) -> None:
        """Be steady and quick from now on."""
        self.habits = STEADY
        self._take_kept()
        if self._line is not None:
            self._line.resume()
        self.want()

    def leave(self) -> None:
        self._is_over = True
        self._drop(politely=True)

    def want(self) -> None:
        """See to it that a connection is there or under way."""
        if self._line is None and not self._is_opening and not self._is_over:
            self._is_opening = True
            self._stage.open(self)

    async def open(self) -> None:
        """Try once; what fails is tried again after a while."""
        line = Line(self._stage.address, self)
        try:
            await line.open()
        except (OSError, TimeoutError, RefusedError) as trouble:
            self._stage.counts.refused += isinstance(trouble, RefusedError)
            self._stage.trouble(f"viewer {self.number} cannot connect: {str(trouble) or type(trouble).__name__}")
            self._retry()
        finally:
            self._is_opening = False

    def tend(self) -> None:
        """Ping, or give a line up that has been silent for too long; called every three seconds."""
        if self._line is None:
            return
        if self._loop.time() - self._alive_s > _LOST_AFTER_S + self._stage.plan.slow_s:
            self._stage.counts.lost += 1
            self._stage.trouble(f"viewer {self.number} heard nothing for {_LOST_AFTER_S:.0f} s")
            self._drop()
            self.want()
        else:
            self._line.say(_PING)

    def opened(self, line: Line) -> None:
        if self._is_over:
            line.leave()
            return
        self._line, self._attempt, self._alive_s = line, 0, self._loop.time()
        self._stage.counts.connected += 1
        self._stage.counts.reconnects += self._has_been_open
        self._has_been_open = True
        line.say(self.subscription.watch())

    def heard(self, data: bytes, at_s: float) -> None:
        self._alive_s = self._loop.time()
        try:
            frame = self.subscription.arrive(data)
        except BadFrameError as misfit:
            self._distrust(str(misfit))
            return
        if self.habits.pace is Pace.ANSWERS_LATE:
            if not self._kept:
                self._loop.call_later(self._stage.plan.slow_s, self._take_kept)
            self._kept.append((frame, data, at_s))
            return
        self._take(frame, data, at_s)
        if self.habits.pace is Pace.READS_LATE and self._line is not None:
            self._line.pause()
            self._loop.call_later(self._stage.plan.slow_s, self._line.resume)

    def told(self, text: bytes) -> None:
        self._alive_s = self._loop.time()
        self._stage.counts.news += 1
        try:
            news = _news.decode(text)
        except msgspec.MsgspecError as misfit:
            self._distrust(str(misfit))
            return
        if news.kind == "alert" and news.state == _ISSUED:
            self._stage.issued.setdefault(str(news.id), time.time())
        if news.kind == "error":
            self._stage.counts.refused += 1
            self._stage.trouble(f"viewer {self.number}: {news.message}")

    def closed(self, line: Line, code: int, reason: str) -> None:
        if line is not self._line:
            return
        self._stage.counts.lost += 1
        self._stage.trouble(f"viewer {self.number} lost the connection: {code} {reason}")
        self._drop()
        if code in {_NOT_LOGGED_IN, _NOT_FOUND}:
            self._stage.counts.refused += 1
            self._is_over = True
        self._retry()

    def _take(self, frame: Frame, data: bytes, at_s: float) -> None:
        if self._line is not None:
            self._line.say(self.subscription.acknowledge(frame))
        told = self.subscription.take(frame, data)
        if len(told):
            self._stage.seen(self, at_s, frame, told)

    def _take_kept(self) -> None:
        kept, self._kept = self._kept, []
        for frame, data, at_s in kept:
            self._take(frame, data, at_s)

    def _distrust(self, misfit: str) -> None:
        """A picture that cannot be trusted is fetched anew."""
        self._stage.counts.misfits += 1
        self._stage.trouble(f"viewer {self.number} does not understand: {misfit}")
        self.subscription.forget()
        self._drop(politely=True)
        self._retry()

    def _cut(self) -> None:
        """Lose the connection and come back, if that is still the habit."""
        if not self.habits.reconnects or self._is_over:
            return
        self._drop(politely=self._chance.random() < 1 / 2)
        self._loop.call_later(self._stage.plan.away_s, self.want)
        self._later(self._stage.plan.reconnect_every_s, self._cut)

    def _switch(self) -> None:
        """Choose another unit; not the one left last, whose frames may be under way still."""
        if not self.habits.switches or self._is_over:
            return
        self._take_kept()
        now = self.subscription.unit
        chosen = self._chance.choice([unit for unit in self._stage.units if unit not in {now, self._left_unit}])
        self._left_unit = now
        self._stage.counts.switches += 1
        self.subscription = self._subscription(chosen)
        if self._line is not None:
            self._line.say(self.subscription.watch())
        self._later(self._stage.plan.switch_every_s, self._switch)

    def _drop(self, *, politely: bool = False) -> None:
        self._kept.clear()
        line, self._line = self._line, None
        if line is not None:
            self._stage.counts.connected -= 1
            line.leave(politely=politely)

    def _retry(self) -> None:
        full_s = min(_FIRST_RETRY_S * 2**self._attempt, _LONGEST_RETRY_S)
        self._attempt += 1
        self._loop.call_later(full_s * (1 - self._chance.random() / 2), self.want)

    def _later(self, about_s: float, do: Callable[[], None]) -> None:
        self._loop.call_later(about_s * self._chance.uniform(0.5, 1.5), do)

    def _subscription(self, unit: int) -> Subscription:
        stage = self._stage
        return Subscription(unit, gallery=stage.gallery, counts=stage.counts, members=stage.members.get(unit))

"""All viewers of a worker: they are let in over a while, tended, calmed down at the end, and compared."""

import asyncio
import copy
import resource
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from simulators.ledger import FINAL, FINAL_FILE, SEEN, SEEN_FILE, Stream
from simulators.viewers.frames import Column, Frame
from simulators.viewers.line import Address
from simulators.viewers.picture import Rows
from simulators.viewers.plan import (
    DIGEST,
    DIGEST_FILE,
    ROLL,
    Counts,
    Done,
    Event,
    PlanError,
    Progress,
    Ready,
    Said,
    ViewersPlan,
)
from simulators.viewers.settling import Settling
from simulators.viewers.viewer import STEADY, Pace, Stage, Viewer, habits

_BEAT_S: Final = 0.1
_BEATS_A_SECOND: Final = 10
_BEATS_A_PING: Final = 30  # browsers ping every three seconds
_PATIENCE_S: Final = 15.0  # for the first picture, beyond the time to connect
_QUIET_TALK_S: Final = 5.0  # between two lines about trouble
_GOODBYE_S: Final = 0.2  # for the last bytes to leave
_OTHER_FILES: Final = 100  # descriptors that are no connections
_SAID_WRONG: Final = 10

Say = Callable[[Event], None]


async def watch(plan: ViewersPlan, *, say: Say, stop: asyncio.Event) -> None:
    """Play the plan to its end, or until `stop` is set, and say all of it. Raises PlanError, OSError."""
    _make_room(plan.count)
    address, members = Address(plan.http, headers=plan.headers, ca=plan.ca), _members(plan)
    with Stream(Path(plan.out) / SEEN_FILE, SEEN) as seen:
        async with asyncio.TaskGroup() as group:
            audience = Audience(plan, address=address, members=members, seen=seen, say=say, group=group)
            beating = group.create_task(audience.beat(), name="viewers' care")
            try:
                await audience.play(stop)
                done = audience.sum_up()
            finally:
                audience.leave()
                beating.cancel()
            await asyncio.sleep(_GOODBYE_S)
    say(done)


class Audience:
    def __init__(
        self,
        plan: ViewersPlan,
        *,
        address: Address,
        members: Mapping[int, Column],
        seen: Stream,
        say: Say,
        group: asyncio.TaskGroup,
    ) -> None:
        units = [plan.units[(plan.first + at) % len(plan.units)] for at in range(plan.count)]
        watched = list(dict.fromkeys(units))
        self._plan: Final = plan
        self._seen: Final = seen
        self._say: Final = say
        self._group: Final = group
        self._openings: Final = set[asyncio.Task[None]]()
        self._troubles = 0  # not said yet
        self._talked_s = -_QUIET_TALK_S
        self._settling: Settling | None = None
        self._stage: Final = Stage(
            plan=plan,
            units=watched,
            address=address,
            counts=Counts(viewers=plan.count, units=len(watched)),
            open=self._open,
            seen=self._note,
            trouble=self._hear_trouble,
            members=members,
        )
        self._witnesses: Final = dict[int, Viewer]()
        self._viewers: Final = [self._viewer(plan.first + at, unit) for at, unit in enumerate(units)]

    async def play(self, stop: asyncio.Event) -> None:
        """Let everybody in, let them watch, and wait at the end until they agree."""
        plan, loop = self._plan, asyncio.get_running_loop()
        begins_s = loop.time() + plan.starts_at - time.time()
        ends_s = begins_s + plan.duration_s
        for at, viewer in enumerate(self._viewers):
            loop.call_at(begins_s + plan.connect_within_s * at / plan.count, self._start, viewer, stop)
        await self._ready(min(begins_s + plan.connect_within_s + _PATIENCE_S, ends_s), stop)
        await _wait(stop, ends_s)
        stop.set()
        await self._settle()

    async def beat(self) -> None:
        """Until cancelled: measure our own lateness, ping, forget, write, and tell how it goes."""
        loop, beats = asyncio.get_running_loop(), 0
        due_s = loop.time()
        while True:
            due_s += _BEAT_S
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            self._stage.counts.lag_s = max(self._stage.counts.lag_s, loop.time() - due_s)
            due_s = max(due_s, loop.time() - _BEAT_S)
            for viewer in self._viewers[beats % _BEATS_A_PING :: _BEATS_A_PING]:
                viewer.tend()
            beats += 1
            if beats % _BEATS_A_SECOND == 0:
                self._stage.gallery.turn()
                self._seen.flush()
                self._say(Progress(time.time(), self._stage.counts))

    def sum_up(self) -> Done:
        """Write the files, and return the figures."""
        wrong = self._wrong()
        self._write()
        used = resource.getrusage(resource.RUSAGE_SELF)
        return Done(
            counts=copy.copy(self._stage.counts),
            members=sum(len(witness.subscription.picture.places) for witness in self._witnesses.values()),
            wrong_at_end=len(wrong),
            away_at_end=sum(not viewer.is_connected for viewer in self._viewers),
            wrong=wrong[:_SAID_WRONG],
            issued=self._stage.issued,
            cpu_s=used.ru_utime + used.ru_stime,
            rss_kb=used.ru_maxrss,
        )

    def leave(self) -> None:
        """Hang up; nobody comes back."""
        for viewer in self._viewers:
            viewer.leave()
        for opening in self._openings:
            opening.cancel()

    async def _ready(self, until_s: float, stop: asyncio.Event) -> None:
        await _poll(lambda: stop.is_set() or all(viewer.is_shown for viewer in self._viewers), until_s)
        self._say(Ready(self._stage.counts.connected))

    async def _settle(self) -> None:
        loop = asyncio.get_running_loop()
        for viewer in self._viewers:
            viewer.calm_down()
        self._settling = settling = Settling(
            {unit: witness.subscription for unit, witness in self._witnesses.items()},
            {viewer.number: viewer.subscription for viewer in self._viewers},
            now_s=loop.time(),
        )
        until_s = loop.time() + self._plan.settle_s
        await _poll(lambda: settling.look(now_s=loop.time()), until_s)

    def _wrong(self) -> list[int]:
        """Return who never agreed, or is not there at the end."""
        unlike = set() if self._settling is None else set(self._settling.wrong)
        return sorted(unlike | {viewer.number for viewer in self._viewers if not viewer.is_connected})

    def _write(self) -> None:
        with Stream(Path(self._plan.out) / FINAL_FILE, FINAL) as final:
            for witness in self._witnesses.values():
                final.append(_as(FINAL, witness.subscription.picture.places, viewer=witness.number))
        with Stream(Path(self._plan.out) / DIGEST_FILE, DIGEST) as digests:
            digests.append(np.array([_digest(viewer) for viewer in self._viewers], DIGEST))

    def _viewer(self, number: int, unit: int) -> Viewer:
        is_witness = unit not in self._witnesses
        viewer = Viewer(number, unit, STEADY if is_witness else habits(number, self._plan), self._stage)
        self._stage.counts.slow += viewer.habits.pace is not Pace.QUICK
        if is_witness:
            self._witnesses[unit] = viewer
        return viewer

    def _start(self, viewer: Viewer, stop: asyncio.Event) -> None:
        if not stop.is_set():
            viewer.start()

    def _open(self, viewer: Viewer) -> None:
        opening = self._group.create_task(viewer.open(), name=f"viewer {viewer.number} connects")
        self._openings.add(opening)
        opening.add_done_callback(self._openings.discard)

    def _note(self, viewer: Viewer, at_s: float, frame: Frame, told: Rows) -> None:
        if viewer.number < len(self._plan.units):
            self._seen.append(_as(SEEN, told, viewer=viewer.number, at_us=round(at_s * 1e6), tick=frame.tick))

    def _hear_trouble(self, line: str) -> None:
        """Pass a line on, unless one was passed on just now."""
        self._troubles += 1
        now_s = asyncio.get_running_loop().time()
        if now_s - self._talked_s < _QUIET_TALK_S:
            return
        more = f" (and {self._troubles - 1} more)" if self._troubles > 1 else ""
        self._troubles, self._talked_s = 0, now_s
        self._say(Said(line + more))


def _digest(viewer: Viewer) -> tuple[int, ...]:
    shown = viewer.subscription
    is_summary = shown.picture.grids is not None
    return viewer.number, shown.unit, shown.tick, len(shown.picture.places), int(is_summary), shown.picture.digest


def _as(dtype: "np.dtype[np.void]", places: Rows, **same: int) -> Rows:
    """Return rows of PLACES as rows of another shape; `same` are columns of one value."""
    rows = np.empty(len(places), dtype)
    for name in dtype.names or ():
        rows[name] = same[name] if name in same else places[name]
    return rows


async def _poll(is_so: Callable[[], bool], until_s: float) -> None:
    loop = asyncio.get_running_loop()
    while True:
        if is_so() or loop.time() >= until_s:
            return
        await asyncio.sleep(_BEAT_S)


async def _wait(stop: asyncio.Event, until_s: float) -> None:
    try:
        async with asyncio.timeout_at(until_s):
            await stop.wait()
    except TimeoutError:
        return


def _members(plan: ViewersPlan) -> dict[int, Column]:
    """Return who may be seen in each unit, sorted. Raises PlanError."""
    if plan.roll is None:
        return {}
    try:
        rows = np.fromfile(plan.roll, ROLL)
    except OSError as trouble:
        raise PlanError(f"{plan.roll}: {trouble}") from trouble
    return {unit: np.unique(rows["member"][rows["unit"] == unit]) for unit in set(plan.units)}


def _make_room(connections: int) -> None:
    """Raise the soft limit of open files as far as needed. Raises PlanError when that is not allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise PlanError(f"{connections} viewers need {wanted} open files, this process may have {hard} (ulimit -n)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

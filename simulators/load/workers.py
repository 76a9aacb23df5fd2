"""Worker processes of a run: each reads its plan from a file and says how it goes on standard output, a line at a time.

A worker that ends without its last word, or with another exit code than 0, is told as trouble; the run goes on with
the others, and the audit counts what it wrote.
"""

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

from simulators.fleet import events as fleet_events
from simulators.fleet.events import Figures
from simulators.viewers import plan as viewers_events
from simulators.viewers.plan import Counts

_LINE: Final = 1 << 20
_TAIL: Final = 600  # of what a worker that failed said on standard error
_GRACE_S: Final = 20.0  # beyond its own settling, before a worker that does not end is killed

Said = Callable[[str], None]
FleetSaid = fleet_events.Event
ViewersSaid = viewers_events.Event
Event = TypeVar("Event", FleetSaid, ViewersSaid)


@dataclass(slots=True)
class Worker(Generic[Event]):
    """One process, what it said last, and what it said at the end."""

    name: str
    process: Process
    errors: Path
    decode: Callable[[bytes], Event]
    is_ready: asyncio.Event = field(default_factory=asyncio.Event)
    last: Event | None = None  # its progress, and at the end its last word
    is_done: bool = False
    is_killed: bool = False

    async def listen(self, say: Said) -> None:
        """Read what it says until it ends."""
        if self.process.stdout is not None:
            async for line in self.process.stdout:
                self._take(line, say)
        code = await self.process.wait()
        self.is_ready.set()
        if (code or not self.is_done) and not self.is_killed:
            say(f"{self.name} ended with code {code}: {await asyncio.to_thread(self._last_words)}")

    def _take(self, line: bytes, say: Said) -> None:
        try:
            said = self.decode(line)
        except msgspec.MsgspecError:
            say(f"{self.name}: {line.decode(errors='replace').strip()}")
            return
        match said:
            case fleet_events.Ready() | viewers_events.Ready():
                self.is_ready.set()
            case fleet_events.Said() | viewers_events.Said():
                say(f"{self.name}: {said.line}")
            case fleet_events.Done() | viewers_events.Done():
                self.last, self.is_done = said, True
            case _:
                self.last = said

    def stop(self) -> None:
        """Ask it to stop, settle and say its last word."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()

    async def end(self, *, within_s: float) -> bool:
        """Wait until it has ended; kill it when that takes too long. False when that was needed."""
        try:
            async with asyncio.timeout(within_s + _GRACE_S):
                await self.process.wait()
        except TimeoutError:
            await self.kill()
            return False
        return True

    async def kill(self) -> None:
        self.is_killed = True
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    def _last_words(self) -> str:
        return " ".join(self.errors.read_text(errors="replace")[-_TAIL:].split()) or "no word on why"


@dataclass(slots=True)
class Workers:
    """All workers of a run."""

    folder: Path
    fleet: list[Worker[FleetSaid]] = field(default_factory=list[Worker[FleetSaid]])
    viewers: list[Worker[ViewersSaid]] = field(default_factory=list[Worker[ViewersSaid]])

    def processes(self) -> Mapping[str, Sequence[int]]:
        kinds = {"fleet": self.fleet, "viewers": self.viewers}
        return {kind: [worker.process.pid for worker in workers] for kind, workers in kinds.items() if workers}

    def viewers_done(self) -> list[viewers_events.Done]:
        return [worker.last for worker in self.viewers if isinstance(worker.last, viewers_events.Done)]

    async def start_fleet(self, plan: msgspec.Struct) -> None:
        self.fleet.append(await self._start(f"fleet-{len(self.fleet)}", "simulators.fleet", plan, fleet_events.decode))

    async def start_viewers(self, plan: msgspec.Struct) -> None:
        name = f"viewers-{len(self.viewers)}"
        self.viewers.append(await self._start(name, "simulators.viewers", plan, viewers_events.decode))

    async def _start(
        self, name: str, module: str, plan: msgspec.Struct, decode: Callable[[bytes], Event]
    ) -> Worker[Event]:
        """Start `python -m module` on its plan, which lies in the run folder for who wants to repeat it."""
        path, errors = await asyncio.to_thread(self._write, name, plan)
        with errors.open("wb") as said:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, str(path),
                stdin=DEVNULL, stdout=PIPE, stderr=said, limit=_LINE, start_new_session=True,
            )  # fmt: skip
        return Worker(name, process, errors, decode)

    def _write(self, name: str, plan: msgspec.Struct) -> tuple[Path, Path]:
        path = self.folder / f"{name}.json"
        path.touch(mode=0o600)  # it may hold the gateway's secret
        path.write_bytes(msgspec.json.format(msgspec.json.encode(plan)))
        return path, self.folder / f"{name}.err"


@contextlib.asynccontextmanager
async def workers_in(folder: Path) -> AsyncGenerator[Workers]:
    """Hold the workers of a run; none outlives the block."""
    workers = Workers(folder)
    try:
        yield workers
    finally:
        for worker in (*workers.fleet, *workers.viewers):
            if worker.process.returncode is None:
                await worker.kill()


def fleet_figures(workers: Sequence[Worker[FleetSaid]]) -> Figures:
    """Add up what the fleet's workers said last; a lag is the worst of theirs."""
    said = [worker.last for worker in workers if isinstance(worker.last, Figures)]
    added: dict[str, float] = {name: sum(getattr(each, name) for each in said) for name in Figures.__struct_fields__}
    for lag in ("lag_s", "worst_lag_s"):
        added[lag] = max((getattr(each, lag) for each in said), default=0.0)
    return msgspec.convert(added, Figures)


def first_shown(workers: Sequence[Worker[ViewersSaid]]) -> dict[str, float]:
    """Return by alert when the first viewer heard that it was issued (epoch s)."""
    found: dict[str, float] = {}
    for worker in workers:
        if isinstance(worker.last, viewers_events.Done):
            for alert, at in worker.last.issued.items():
                found[alert] = min(at, found.get(alert, at))
    return found


def viewers_counts(workers: Sequence[Worker[ViewersSaid]]) -> Counts:
    """Add up what the viewers' workers said last; a lag is the worst of theirs."""
    said = [
        worker.last.counts
        for worker in workers
        if isinstance(worker.last, viewers_events.Progress | viewers_events.Done)
    ]
    added: dict[str, float] = {name: sum(getattr(each, name) for each in said) for name in Counts.__struct_fields__}
    added["lag_s"] = max((each.lag_s for each in said), default=0.0)
    return msgspec.convert(added, Counts)

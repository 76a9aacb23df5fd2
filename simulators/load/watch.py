"""CPU and memory of processes by name, once a second, through restarts and the coming and going of children."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from simulators.report.model import Process

INTERVAL_S: Final = 1.0
_MB: Final = 1024 * 1024
_PROCESSES: Final = Path("/proc")

Processes = Callable[[], Mapping[str, Sequence[int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one process has used so far."""

    cpu_s: float
    children_s: float  # of its children who ended and were waited for
    parent: int
    rss: int


@dataclass(slots=True)
class _Group:
    """All processes of one name."""

    living: dict[int, Spent] = field(default_factory=dict[int, Spent])
    gone_s: float = 0.0  # of those who ended, unless their parent is here and has it in its own account
    began_s: float | None = None  # CPU seconds when the watch began
    series: list[tuple[float, float, float]] = field(default_factory=list[tuple[float, float, float]])

    def look(self, now: Mapping[int, Spent]) -> float:
        """Take over what lives now; return the group's CPU seconds, which never fall."""
        for pid, spent in self.living.items():
            if pid not in now and spent.parent not in now:
                self.gone_s += spent.cpu_s
        self.living = dict(now)
        parents = {spent.parent for spent in now.values()}
        total_s = self.gone_s + sum(
            spent.cpu_s + (spent.children_s if pid in parents else 0.0) for pid, spent in now.items()
        )
        if self.began_s is None:
            self.began_s = total_s
        return total_s


class Watch:
    """`processes` is asked every time, since a restart changes the ids. Times count from `starts_at` (epoch s)."""

    def __init__(self, processes: Processes, *, starts_at: float) -> None:
        self._processes: Final = processes
        self._starts_at: Final = starts_at
        self._groups: Final[dict[str, _Group]] = {}
        self._last: Final[dict[str, tuple[float, float]]] = {}  # when, and CPU seconds then

    async def run(self) -> None:
        """Look once a second until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(INTERVAL_S)

    def look(self) -> None:
        now = time.time()
        for name, pids in self._processes().items():
            group = self._groups.setdefault(name, _Group())
            living = {pid: spent for pid in pids if (spent := spent_by(pid)) is not None}
            cpu_s = group.look(living)
            rss_mb = sum(spent.rss for spent in living.values()) / _MB
            then, before_s = self._last.get(name, (now, cpu_s))
            self._last[name] = (now, cpu_s)
            if now > then:
                pct = max(cpu_s - before_s, 0.0) / (now - then) * 100
                group.series.append((round(now - self._starts_at, 1), round(pct, 1), round(rss_mb, 1)))

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU seconds that each name has used since the watch began."""
        return {name: self._last[name][1] - (group.began_s or 0.0) for name, group in self._groups.items()}

    def report(self) -> list[Process]:
        used_s = self.cpu_s()
        return [_process(name, group.series, used_s[name]) for name, group in self._groups.items() if group.series]


def _process(name: str, series: Sequence[tuple[float, float, float]], cpu_s: float) -> Process:
    pcts, rss = [pct for _, pct, _ in series], [mb for _, _, mb in series]
    return Process(
        name=name,
        cpu_pct=round(sum(pcts) / len(pcts), 1),
        cpu_pct_max=max(pcts),
        rss_mb=round(sum(rss) / len(rss), 1),
        rss_mb_max=max(rss),
        cpu_s=round(cpu_s, 2),
        series=tuple(series),
    )


def spent_by(pid: int) -> Spent | None:
    """Return what a process has used, None when it is gone, or not ours to look at."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            times = process.cpu_times()
            memory = process.memory_info()
            return Spent(
                cpu_s=times.user + times.system,
                children_s=times.children_user + times.children_system,
                parent=process.ppid(),
                rss=max(memory.rss - memory.shared, 0),  # PostgreSQL's buffers are in each of its processes
            )
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it, without a look at all others of the machine."""
    found = [pid] if (_PROCESSES / str(pid)).exists() else []
    for parent in found:
        for children in (_PROCESSES / str(parent) / "task").glob("*/children"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                found += map(int, children.read_text().split())
    return found

"""The pulse of a run: told once a batch what became of it, it counts for Prometheus and, every few seconds, into a row.

Measuring stays off the hot path: a batch costs a dozen additions however many packets it has, and whoever wants to know
more of a single packet than when the first and the last of its batch arrived does not find it here.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
from psycopg_pool import AsyncConnectionPool

from ingest import metrics
from ingest.rules.presence import WORDS, Presence
from ingest.store import pulse as store
from ingest.store.pulse import Sample
from tracker.database.retry import retry

SAMPLE_S: Final = 5.0
FORGET_EVERY: Final = 12  # samples
MOST_BATCHES: Final = 4_096  # of a sample that are looked at for quantiles; 5 s hold some 250
_SPREAD: Final = np.linspace(0.0, 1.0, 8)  # the packets of a batch arrived evenly between its first and its last


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposed:
    """What became of one batch: how long its packets waited from the door to the acknowledgement, and the database."""

    packets: int
    positions: int
    late: int
    duplicates: int
    refusals: Mapping[str, int]
    first_lag_s: float  # of the packet that came first
    last_lag_s: float
    commit_s: float  # from its hand-over to the database to its COMMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How things stand when a sample is taken; `cpu_s` is what the process has used since its start."""

    inbox: int
    connections: int
    presence: npt.NDArray[np.uint8]  # of each terminal
    cpu_s: float


class _Wait(NamedTuple):
    first_lag_s: float
    last_lag_s: float
    commit_s: float
    packets: int


@dataclass(slots=True)
class _Counts:
    """Since the last sample."""

    packets: int = 0
    positions: int = 0
    late: int = 0
    duplicates: int = 0
    batches: int = 0
    largest_batch: int = 0
    commit_s: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter[str])
    waits: deque[_Wait] = field(default_factory=lambda: deque[_Wait](maxlen=MOST_BATCHES))


class Pulse:
    """`now_s` is a clock that only runs forward."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s: Final = now_s
        self._counts = _Counts()
        self._since_s = now_s()
        self._cpu_s = 0.0

    def note(self, done: Disposed) -> None:
        """Count one batch that was disposed of."""
        counts = self._counts
        counts.packets += done.packets
        counts.positions += done.positions
        counts.late += done.late
        counts.duplicates += done.duplicates
        counts.batches += 1
        counts.largest_batch = max(counts.largest_batch, done.packets)
        counts.commit_s += done.commit_s
        counts.reasons.update(done.refusals)
        counts.waits.append(_Wait(done.first_lag_s, done.last_lag_s, done.commit_s, done.packets))
        _expose(done)

    def sample(self, at_us: int, standing: Standing) -> Sample:
        """Return what happened since the last sample, and begin the next."""
        counts, since_s, cpu_s = self._counts, self._since_s, self._cpu_s
        self._counts, self._since_s, self._cpu_s = _Counts(), self._now_s(), standing.cpu_s
        lags_ms = _lags_ms(counts.waits)
        commits_ms = sorted(wait.commit_s * 1000 for wait in counts.waits)
        present = np.bincount(standing.presence, minlength=len(Presence)).tolist()
        return Sample(
            at_us=at_us,
            span_ms=max(1, round((self._since_s - since_s) * 1000)),
            packets=counts.packets,
            positions=counts.positions,
            late=counts.late,
            duplicates=counts.duplicates,
            refused=counts.reasons.total(),
            batches=counts.batches,
            largest_batch=counts.largest_batch,
            inbox=standing.inbox,
            lag_p50_ms=lags_ms.p50,
            lag_p99_ms=lags_ms.p99,
            lag_max_ms=lags_ms.longest,
            commit_p50_ms=commits_ms[len(commits_ms) // 2] if commits_ms else None,
            commit_max_ms=commits_ms[-1] if commits_ms else None,
            database_ms=round(counts.commit_s * 1000),
            cpu_ms=round((standing.cpu_s - cpu_s) * 1000),
            connections=standing.connections,
            online=present[Presence.ONLINE],
            silent=present[Presence.SILENT],
            offline=present[Presence.OFFLINE],
            reasons=counts.reasons,
        )


async def pulses(
    pool: AsyncConnectionPool[Any],
    pulse: Pulse,
    run: UUID,
    *,
    look: Callable[[], Standing],
    now_us: Callable[[], int],
    every_s: float = SAMPLE_S,
) -> None:
    """Write a sample of `run` every so often until cancelled; one that the database cannot take waits for it."""
    taken = 0
    while True:
        await asyncio.sleep(every_s)
        standing = look()
        _expose_presence(standing.presence)
        await _keep(pool, run, pulse.sample(now_us(), standing), forgets=taken % FORGET_EVERY == 0)
        metrics.PULSE_AT.set_to_current_time()
        taken += 1


async def _keep(pool: AsyncConnectionPool[Any], run: UUID, sample: Sample, *, forgets: bool) -> None:
    async def once() -> None:
        async with pool.connection() as connection:
            metrics.LATE_TRACKS.set(await store.add(connection, run, sample))
            if forgets:
                await store.forget_old(connection)

    await retry(once, name="ingest")


class _Lags(NamedTuple):
    p50: float | None = None
    p99: float | None = None
    longest: float | None = None


def _lags_ms(waits: deque[_Wait]) -> _Lags:
    """Return quantiles over packets: each batch stands for as many as it had, spread evenly over their arrivals."""
    if not waits:
        return _Lags()
    first, last, _commit, packets = np.array(waits).T
    lags = (first[:, None] + (last - first)[:, None] * _SPREAD).ravel() * 1000
    order = np.argsort(lags)
    upto = np.cumsum(np.repeat(packets, len(_SPREAD))[order])
    p50, p99 = lags[order][np.searchsorted(upto, np.array([0.5, 0.99]) * upto[-1])].tolist()
    return _Lags(p50, p99, float(lags.max()))


def _expose(done: Disposed) -> None:
    metrics.PACKETS.inc(done.packets)
    metrics.BATCH.observe(done.packets)
    metrics.POSITIONS.inc(done.positions)
    metrics.LATE.inc(done.late)
    metrics.DUPLICATES.inc(done.duplicates)
    metrics.COMMIT.observe(done.commit_s)
    metrics.LAG.observe(done.first_lag_s)
    for reason, reports in done.refusals.items():
        metrics.REFUSED.labels(reason).inc(reports)


def _expose_presence(terminals: npt.NDArray[np.uint8]) -> None:
    present = np.bincount(terminals, minlength=len(Presence)).tolist()
    for presence, word in WORDS.items():
        metrics.TERMINALS.labels(word).set(present[presence])

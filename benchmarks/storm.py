"""A reconnect storm: nearly as many terminals as a process has descriptors, all lost at once and back within a minute.

Ingest is whole and in a process of its own, on a database with fsync; this process is the terminals. Three acts: bare
connections (what one costs in memory), kept sessions made anew, and the storm itself, in which they come back.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import psutil
import psycopg

from benchmarks.cluster import a_cluster
from benchmarks.storm_peers import SECRET, Peer, code_of, dial
from tracker.database.migrate import migrate

TERMINALS: Final = 19_000
OTHERS: Final = 200  # there all the time, publishing
PERIOD_S: Final = 1.0  # between two reports of one of the others
WINDOW_S: Final = 60.0  # the storm's
OPENING: Final = 500  # connections that are not up yet, at most
PORT: Final = 18_833
ENOUGH_S: Final = 300.0


@dataclass(slots=True)
class Act:
    """What one act cost: seconds until all were up, CPU of the server, its growth, and the others' waits meanwhile."""

    seconds: float
    cpu_s: float
    rss_kb: float
    waits_s: list[float] = field(default_factory=list[float])


class Stage:
    def __init__(self, server: psutil.Process) -> None:
        self._server = server
        self._others: list[Peer] = []

    async def begin(self) -> None:
        self._others = await self._open(range(TERMINALS, TERMINALS + OTHERS), over_s=0)

    async def play(self, *, is_bare: bool, over_s: float) -> Act:
        """Connect all terminals over so many seconds, then break every connection off."""
        before = self._seen()
        for other in self._others:
            other.waits_s.clear()
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            publishing = tasks.create_task(self._publish(), name="the others")
            peers = await self._open(range(TERMINALS), over_s=over_s, is_bare=is_bare)
            seconds = time.monotonic() - began
            await asyncio.sleep(2)  # what is written down behind them belongs to them
            after = self._seen()
            publishing.cancel()
        waits_s = [wait_s for other in self._others for wait_s in other.waits_s]
        for peer in peers:
            peer.break_off()
        await self._all_left()
        return Act(seconds, after[0] - before[0], after[1] - before[1], waits_s)

    async def _open(self, numbers: Sequence[int], *, over_s: float, is_bare: bool = False) -> list[Peer]:
        room, up, peers = asyncio.Semaphore(OPENING), asyncio.Event(), list[Peer]()
        left = len(numbers)

        def is_up() -> None:
            nonlocal left
            left -= 1
            room.release()
            if not left:
                up.set()

        began = time.monotonic()
        for place, number in enumerate(numbers):
            wait_s = began + over_s * place / len(numbers) - time.monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            await room.acquire()
            peers.append(Peer(number, is_up, is_bare=is_bare))
            await dial(peers[-1], PORT, f"127.0.1.{1 + place % 8}")
        async with asyncio.timeout(ENOUGH_S):
            await up.wait()
        return peers

    async def _publish(self) -> None:
        for number in range(1, 60_000):
            began = time.monotonic()
            for place, other in enumerate(self._others):
                wait_s = began + PERIOD_S * place / OTHERS - time.monotonic()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                other.report(number)

    async def _all_left(self) -> None:
        """Wait until the server holds the others only, and has written down who left."""
        async with asyncio.timeout(ENOUGH_S):
            while self._server.num_fds() > OTHERS + 100:  # noqa: ASYNC110 - a process rings no bell
                await asyncio.sleep(0.2)
        await asyncio.sleep(3)

    def _seen(self) -> tuple[float, float]:
        times = self._server.cpu_times()
        return times.user + times.system, self._server.memory_info().rss / 1024


async def measure() -> Mapping[str, float]:
    with a_cluster() as cluster:
        migrate(cluster.dsn)
        _seed(cluster.dsn)
        with _server(cluster.dsn) as server:
            stage = Stage(server)
            await stage.begin()
            bare = await stage.play(is_bare=True, over_s=WINDOW_S / 2)
            anew = await stage.play(is_bare=False, over_s=0)
            storm = await stage.play(is_bare=False, over_s=WINDOW_S)
    return {
        "connections": TERMINALS,
        **_figures("bare", bare),
        **_figures("anew", anew),
        **_figures("storm", storm),
        "kb_per_bare_connection": bare.rss_kb / TERMINALS,
        "kb_per_connection": (bare.rss_kb + anew.rss_kb) / TERMINALS,
    }


def _figures(name: str, act: Act) -> Mapping[str, float]:
    p50, p99, worst = np.quantile(act.waits_s, [0.5, 0.99, 1.0]) * 1000
    return {
        f"{name}_connect_s": act.seconds,
        f"{name}_cpu_us_per_login": act.cpu_s * 1e6 / TERMINALS,
        f"{name}_puback_p50_ms": float(p50),
        f"{name}_puback_p99_ms": float(p99),
        f"{name}_puback_worst_ms": float(worst),
        f"{name}_rss_kb": act.rss_kb,
    }


def _seed(dsn: str) -> None:
    """Terminals with one secret: hashed in the database, as `tracker.security` does."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO terminal (code, secret_salt, secret_hash)
            SELECT code, %(salt)s, sha512(convert_to(%(secret)s, 'UTF8') || %(salt)s)
            FROM unnest(%(codes)s::text[]) AS codes (code)
            """,
            {"secret": SECRET, "salt": bytes(range(12)), "codes": [code_of(n) for n in range(TERMINALS + OTHERS)]},
        )


@contextmanager
def _server(dsn: str) -> Generator[psutil.Process]:
    command = [sys.executable, "-m", "benchmarks.storm_server", dsn, str(PORT)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # noqa: S603 - our own module
    try:
        assert child.stderr is not None
        assert child.stderr.readline() == b"ready\n", "ingest did not start"
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait()

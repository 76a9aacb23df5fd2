"""How much ingest holds, beside its ceiling and the naive way, in one run on one machine. `make bench ONLY=ingest`.

The full city, thousands of connections, one generator for all: closed loop, so that each figure is the highest rate
held by that path with PostgreSQL, the path and the generator on the same cores. The paths take turns; each ratio is of
its neighbours in time. What was acknowledged must be in the table, else there is no figure.
"""

import asyncio
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import psutil
import psycopg
import shapely

from benchmarks.cluster import a_cluster
from benchmarks.ingest_path import stages
from benchmarks.ingest_path.pressure import Count, Pressure, Start
from benchmarks.peers.mosquitto import start_broker
from benchmarks.peers.service import Service, ServiceError, free_port
from gridwarden.embedded import EmbeddedPostgres
from ingest.store import positions
from simulators.roster import GRIDS, TERMINALS, read_grids, read_handsets
from tracker.city.files import write_city
from tracker.city.generator import REFERENCE, generate
from tracker.city.load import load_city
from tracker.database.migrate import migrate
from tracker.database.partitions import ensure_partitions
from tracker.model.positions import empty

CONNECTIONS: Final = int(os.environ.get("BENCH_CONNECTIONS", "8000"))
SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "15"))
ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS", "3"))
WARM_S: Final = 6.0  # the first fix of each terminal makes it on-line, which is an event
WINDOW: Final = 1
NAIVE_MESSAGES_S: Final = 20.0
COPY_ROWS: Final = 1_000
_START_S: Final = 120.0
_NAIVE_TABLE: Final = """
    CREATE TABLE naive_position (
        terminal integer, fixed_at timestamptz, lon double precision, lat double precision, grid integer,
        accuracy_m real, speed_mps real, heading_deg real, battery_pct real, UNIQUE (terminal, fixed_at)
    )
    """


@dataclass(frozen=True, slots=True)
class Held:
    """One path under pressure: fixes a second, and microseconds of its own CPU a fix."""

    fixes_per_s: float
    cpu_us: float


async def measure() -> Mapping[str, float]:
    with a_cluster() as cluster, tempfile.TemporaryDirectory(prefix="gridwarden-bench-") as name:
        folder = Path(name)
        migrate(cluster.dsn)
        _say("loading the full city")
        city = generate(7, REFERENCE)
        write_city(city, folder / "roster")
        await load_city(cluster.dsn, city, folder=folder / "roster")
        async with await psycopg.AsyncConnection.connect(cluster.dsn, autocommit=True) as connection:
            await ensure_partitions(connection, stages.today(), back=2)
        bench = _Bench(cluster, folder, starts_of(folder / "roster", CONNECTIONS))
        found = await asyncio.to_thread(bench.figures)
        found["bare_copy_rows_per_s"] = await bare_copy(cluster.dsn)
    return found | dict(await stages.measure())


def starts_of(roster: Path, count: int) -> list[Start]:
    """Return terminals of the whole roster, each somewhere within its unit's area."""
    grids = read_grids(roster / GRIDS)
    handsets = read_handsets(roster / TERMINALS)
    chosen = [handsets[at] for at in np.linspace(0, len(handsets) - 1, count).astype(int)]
    spots = {unit: shapely.point_on_surface(grids[unit].area) for unit in {handset.unit for handset in chosen}}
    return [
        Start(handset.credential.terminal, handset.credential.secret, spots[handset.unit].x, spots[handset.unit].y)
        for handset in chosen
    ]


class _Bench:
    def __init__(self, cluster: EmbeddedPostgres, folder: Path, starts: Sequence[Start]) -> None:
        self._cluster = cluster
        self._folder = folder
        self._starts = starts

    def figures(self) -> dict[str, float]:
        found: dict[str, float] = {"connections": len(self._starts), "distinct_terminals": len(self._starts)}
        for fixes in (1, 3):
            found |= self._product_and_ceiling(fixes)
        alone = self._listening("bare_program", self._starts, 1, dsn=None)
        found["bare_listener_messages_per_s"] = alone.fixes_per_s
        naive = self._naive()
        product = self._listening("product_program", self._starts, 1, dsn=self._cluster.dsn)
        found |= {
            "naive_fixes_per_s": naive,
            "ratio_to_naive": product.fixes_per_s / naive,
            "cpu_us_per_position": found["held_1_cpu_us"],
            "ratio_to_ceiling": found["held_1_ratio_to_ceiling"],
        }
        return found

    def _product_and_ceiling(self, fixes: int) -> dict[str, float]:
        pairs: list[tuple[Held, Held]] = []
        for _ in range(ROUNDS):
            product = self._listening("product_program", self._starts, fixes, dsn=self._cluster.dsn)
            bare = self._listening("bare_program", self._starts, fixes, dsn=self._cluster.dsn)
            pairs.append((product, bare))
        word = f"held_{fixes}"
        return {
            f"{word}_fixes_per_s": statistics.median(product.fixes_per_s for product, _ in pairs),
            f"{word}_ceiling_fixes_per_s": statistics.median(bare.fixes_per_s for _, bare in pairs),
            f"{word}_cpu_us": statistics.median(product.cpu_us for product, _ in pairs),
            f"{word}_ceiling_cpu_us": statistics.median(bare.cpu_us for _, bare in pairs),
            f"{word}_ratio_to_ceiling": statistics.median(
                product.fixes_per_s / bare.fixes_per_s for product, bare in pairs
            ),
        }

    def _listening(self, program: str, starts: Sequence[Start], fixes: int, *, dsn: str | None) -> Held:
        """Return what a listening program holds."""
        port = free_port()
        with self._running(program, port, dsn) as service:
            _wait_for(port, service)
            pressure = Pressure(port, starts, window=WINDOW, fixes=fixes)
            try:
                held, count = _pressed(pressure, service, fixes)
            finally:
                pressure.close()
        if dsn is not None:
            self._want_stored(count)
        _say(f"{program}: {held.fixes_per_s:,.0f} fixes/s of {fixes}, {held.cpu_us:.1f} us each")
        return held

    def _naive(self) -> float:
        """Return rows a second of the naive way while messages wait for it at the broker."""
        broker, port = start_broker(self._folder)
        with psycopg.connect(self._cluster.dsn, autocommit=True) as connection:
            connection.execute(_NAIVE_TABLE)
            try:
                with self._running("naive_program", port, self._cluster.dsn):
                    time.sleep(5)  # it subscribes
                    pressure = Pressure(port, self._starts[:500], window=1, fixes=1)
                    pressure.warm(2)
                    pressure.close()
                    first, began = _rows(connection), time.monotonic()
                    time.sleep(NAIVE_MESSAGES_S)
                    held = (_rows(connection) - first) / (time.monotonic() - began)
            finally:
                broker.stop()
        _say(f"naive: {held:,.0f} rows/s")
        return held

    @contextmanager
    def _running(self, program: str, port: int, dsn: str | None) -> Generator[Service]:
        command = [sys.executable, "-m", f"benchmarks.ingest_path.{program}", str(port), *([dsn] if dsn else [])]
        service = Service(name=program, command=command, log=self._folder / f"{program}.log")
        service.start()
        try:
            yield service
        finally:
            service.stop()

    def _want_stored(self, count: Count) -> None:
        with psycopg.connect(self._cluster.dsn, autocommit=True) as connection:
            [(stored,)] = connection.execute("SELECT count(*) FROM position").fetchall()
            connection.execute("TRUNCATE position, crossing, presence_event, terminal_state")
        if stored != count.fixes:
            raise ServiceError(f"{count.fixes} fixes were acknowledged, {stored} are in the table")


def _pressed(pressure: Pressure, service: Service, fixes: int) -> tuple[Held, Count]:
    """Return what was held, by the CPU time of the program's processes within the measured seconds too."""
    service.require_running()
    assert service.pid is not None
    process = psutil.Process(service.pid)
    before: list[float] = []
    pressure.warm(WARM_S)
    before.append(_cpu_s(process))
    count = pressure.press(seconds=SECONDS, then=lambda: before.append(_cpu_s(process)))
    spent_s = before[1] - before[0]
    done = count.acknowledged * fixes
    return Held(done / count.seconds, spent_s * 1e6 / done), count


def _cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system


async def bare_copy(dsn: str) -> float:
    """Return rows a second of binary COPY alone, each batch of 1,000 committed."""
    rows = empty(COPY_ROWS)
    rows["terminal"] = np.arange(COPY_ROWS) + 1
    done, began = 0, time.monotonic()
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        while time.monotonic() - began < SECONDS:
            rows["fixed_at_us"] = time.time_ns() // 1000
            await positions.copy(connection, rows, 1)
            done += len(rows)
        held = done / (time.monotonic() - began)
        await connection.execute("TRUNCATE position")
    return held


def _rows(connection: psycopg.Connection) -> int:
    [(count,)] = connection.execute("SELECT count(*) FROM naive_position").fetchall()
    return int(count)


def _wait_for(port: int, service: Service) -> None:
    until = time.monotonic() + _START_S
    while True:
        service.require_running()
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > until:
                raise ServiceError(f"{service.name} does not listen") from None
            time.sleep(0.2)
        else:
            return


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)

"""Ingest without sockets: CPU microseconds a position of this process, by stage, beside the bare path in the same run.

The database is a real one with fsync, and its own CPU is not counted. Batches of 200 packets of one fix: what a city of
9,011 messages a second makes in 22 ms.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import uuid4

import numpy as np
from psycopg_pool import AsyncConnectionPool

from benchmarks.cluster import a_cluster
from benchmarks.ingest_path import bare
from ingest.inbox import Inbox
from ingest.pipeline.batch import disassemble, place
from ingest.pipeline.loop import Pipeline
from ingest.pipeline.prepare import prepare
from ingest.program import now_us
from ingest.rules.packets import Packet, Route
from ingest.rules.screen import Limits
from ingest.rules.tracks import Rules
from ingest.store.terminals import Directory
from tracker.bus.local import LocalBus
from tracker.city.generator import DEMO, generate
from tracker.city.load import load_city
from tracker.database.migrate import migrate
from tracker.database.pool import open_pool
from tracker.geometry.fences import Fences

BATCH: Final = 200
BATCHES: Final = 150
STEP_S: Final = 0.25  # between a terminal's fixes; the walk must not lead into the future
PAYLOAD: Final = b'{"t":%.3f,"lon":%.7f,"lat":%.7f,"acc":%.1f,"spd":%.1f,"hdg":%d,"bat":%d,"seq":%d}'


class _Nobody:
    """Settles nothing and sends nothing: sockets are not measured here."""

    def settle(self, token: int) -> None: ...

    def send_now(self, terminal: int, topic: str, payload: bytes, correlation: bytes | None = None) -> None: ...


def today() -> date:
    return datetime.now(UTC).date()


async def measure() -> Mapping[str, float]:
    with a_cluster() as cluster:
        migrate(cluster.dsn)
        await load_city(cluster.dsn, generate(1, DEMO), folder=cluster.folder / "roster")
        async with await open_pool(cluster.dsn, name="bench", size=3) as pool:
            return await _measure(pool)


async def _measure(pool: AsyncConnectionPool[Any]) -> Mapping[str, float]:
    pipeline, directory, fences = await _pipeline(pool)
    batches = list(_walks(directory))
    spent: dict[str, float] = {"decode": 0, "fence": 0, "all": 0, "bare": 0}
    wall_s = 0.0
    async with pool.connection() as connection:
        for batch in batches:
            wall_s += await _once(pipeline, batch, spent)
            await connection.execute("TRUNCATE position, crossing")
            began = time.process_time()
            await bare.dispose(connection, batch, fences)
            spent["bare"] += time.process_time() - began
            await connection.execute("TRUNCATE position")
    fixes = BATCH * len(batches)
    us = {name: seconds * 1e6 / fixes for name, seconds in spent.items()}
    return {
        "without_sockets_cpu_us": us["all"],
        "decode_and_screen_cpu_us": us["decode"],
        "fence_cpu_us": us["fence"],
        "without_sockets_bare_cpu_us": us["bare"],
        "without_sockets_per_s": fixes / wall_s,
    }


async def _once(pipeline: Pipeline, packets: list[Packet], spent: dict[str, float]) -> float:
    """Return the wall clock's seconds of the whole way; the stages are measured apart, before it."""
    marks = [time.process_time()]
    batch = disassemble(packets, Limits())
    marks.append(time.process_time())
    place(batch, pipeline.maps.atlas)
    marks.append(time.process_time())
    began = time.perf_counter()
    await pipeline.dispose(packets)
    wall_s = time.perf_counter() - began
    marks.append(time.process_time())
    for name, seconds in zip(("decode", "fence", "all"), np.diff(marks), strict=True):
        spent[name] += float(seconds)
    return wall_s


async def _pipeline(pool: AsyncConnectionPool[Any]) -> tuple[Pipeline, Directory, Fences]:
    nobody, rules = _Nobody(), Rules()
    prepared = await prepare(pool, run=uuid4(), name="bench", rules=rules, now_us=now_us)
    pipeline = Pipeline(
        pool=pool,
        bus=LocalBus(),
        inbox=Inbox(),
        downlink=nobody,
        directory=prepared.directory,
        maps=prepared.maps,
        memory=prepared.memory,
        owner=prepared.owner,
        limits=Limits(),
        rules=rules,
        hears=lambda: True,
        now_us=now_us,
    )
    return pipeline, prepared.directory, prepared.maps.atlas.sheet(now_us()).fences


def _walks(directory: Directory) -> Iterator[list[Packet]]:
    """Yield batches of walkers, each starting somewhere and walking north at a walker's pace."""
    rng, nobody = np.random.default_rng(1), _Nobody()
    codes = sorted(directory.by_code)
    starts = rng.uniform([113.60, 34.70], [113.72, 34.80], (len(codes), 2))
    began_s = time.time() - STEP_S * BATCHES
    for number in range(BATCHES):
        walkers = [(number * BATCH + place) % len(codes) for place in range(BATCH)]
        spots = starts[walkers] + rng.normal(0, 5e-5, (BATCH, 2)) + np.array([0, number * 3e-6])
        yield [
            Packet(
                settler=nobody,
                token=place,
                terminal=directory.terminal_of(codes[walker]),
                topic=f"gw/v1/t/{codes[walker]}/pos",
                route=Route.POS,
                payload=PAYLOAD
                % (began_s + number * STEP_S, *spots[place], rng.uniform(3, 20), 1.4, number % 360, 80, number),
                received_at_us=now_us(),
            )
            for place, walker in enumerate(walkers)
        ]

"""The start of ingest: everything read and taken over that the pipeline needs, before a door opens."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

import structlog
from psycopg_pool import AsyncConnectionPool

from ingest.pipeline.maps import Maps
from ingest.pipeline.memory import Memory
from ingest.pipeline.ownership import begin
from ingest.pipeline.rebuild import rebuild
from ingest.pipeline.share import Owner, Share
from ingest.rules.tracks import Rules
from ingest.store import runs, terminals
from ingest.store.runs import Totals
from ingest.store.terminals import Directory, Horizon
from tracker.database.retry import retry

BEAT_S: Final = 1.0
log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """`share` is None where all terminals are ours. Changes are to be read from `horizon` on."""

    owner: Owner
    share: Share | None
    directory: Directory
    horizon: Horizon
    maps: Maps
    memory: Memory


async def prepare(
    pool: AsyncConnectionPool[Any],
    *,
    run: UUID,
    name: str,
    rules: Rules,
    now_us: Callable[[], int],
    is_shared: bool = False,
    has_gateway: bool = False,
) -> Prepared:
    """Return when everything is there, however long the database is away meanwhile.

    The terminals are taken over in the middle: from then on no former owner of them can commit, so that what is read
    afterwards is whole; and until then it serves.
    """

    async def once() -> Prepared:
        laps = _Laps()
        async with pool.connection() as connection:
            look = await terminals.load(connection)
            directory, maps = Directory(look.terminals), Maps()
            laps.end("terminals_s")
            await maps.look(connection)
            await maps.load_ahead(connection, now_us())
            laps.end("grids_s")
            owner = Owner(run)
            share = await begin(pool, owner, is_exclusive=not is_shared)
            laps.end("taking_over_s")
            heard_us = await runs.last_heard_us(connection, run)
            ours = None if share is None else share.ours()
            memory = await rebuild(
                connection, directory=directory, maps=maps, rules=rules, heard_us=heard_us, terminals=ours
            )
            laps.end("memory_s")
        known = len(directory.by_code)
        grids = len(maps.atlas.sheet(now_us()).fences)
        log.info(
            "ingest.prepared", terminals=known, ours=known if ours is None else len(ours), grids=grids, **laps.took
        )
        return Prepared(owner=owner, share=share, directory=directory, horizon=look.horizon, maps=maps, memory=memory)

    async with asyncio.TaskGroup() as tasks:
        await retry(lambda: _record(pool, run, name, has_gateway=has_gateway), name="ingest")
        beats = tasks.create_task(_beat(pool, run), name="heartbeat of the start")
        prepared = await retry(once, name="ingest")
        beats.cancel()
    return prepared


async def _record(pool: AsyncConnectionPool[Any], run: UUID, name: str, *, has_gateway: bool) -> None:
    async with pool.connection() as connection:
        await runs.start(connection, run, name, has_gateway=has_gateway)


async def _beat(pool: AsyncConnectionPool[Any], run: UUID) -> None:
    """Say that the run lives, until cancelled: to prepare a city takes longer than others wait for a sign of life."""

    async def once() -> None:
        async with pool.connection() as connection:
            await runs.beat(connection, run, Totals(0, 0, 0, 0, 0))

    while True:
        await asyncio.sleep(BEAT_S)
        await retry(once, name="ingest")


class _Laps:
    """How long each stage took, in seconds."""

    def __init__(self) -> None:
        self.took: Final[dict[str, float]] = {}
        self._began = time.monotonic()

    def end(self, stage: str) -> None:
        now = time.monotonic()
        self.took[stage], self._began = round(now - self._began, 1), now

"""Beside the pipeline of an ingest that shares the terminals: claims, losses, and the terminals of the dead.

Claims are written outside the pipeline's turn, since they may wait for others; what they brought is read inside it.
"""

import asyncio
import time
from contextlib import suppress
from typing import Any, Final, cast
from uuid import UUID

import numpy as np
import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from ingest.pipeline.loop import Pipeline
from ingest.pipeline.share import SESSION_S, Claim, Owner, Share, moved
from ingest.store import owners, sessions
from ingest.store.owners import Silent
from tracker.bus.interface import OWNERS, Bus
from tracker.database.retry import retry

LOOK_S: Final = 1.0  # the safety net for a doorbell that nobody heard; one index lookup
WATCHED_S: Final = 10.0  # a run is dead when its sign of life stays the same while we look: the longest pause of retry
DEAF_S: Final = 5.0  # since our last look: nothing we saw before it counts
ADOPTED: Final = 20_000  # terminals in one turn of the pipeline, which stands still meanwhile: some tenths of a second

Connection = psycopg.AsyncConnection[Any]
log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


async def begin(pool: AsyncConnectionPool[Any], owner: Owner, *, is_exclusive: bool) -> Share | None:
    """Put up the fence of a run that is recorded, and take over: everything, or what is nobody's.

    Returns the share of a run that is not exclusive.
    """

    async def enter(connection: Connection, number: int) -> bool:
        await owners.enter(connection, owner.run, is_exclusive=is_exclusive)
        if is_exclusive:
            return True
        for dead in await owners.silent(connection, owner.run):
            await owners.take_from(connection, owner.run, number, dead.run, np.iinfo(np.int32).max)
        await owners.take_what_is_nobodys(connection, owner.run, number)
        await sessions.adopt_orphans_of(connection, owner.run, number, SESSION_S)
        await owners.forget_old_fences(connection)
        return True

    await moved(pool, enter)
    if is_exclusive:
        return None
    share = Share(owner)
    async with pool.connection() as connection, connection.transaction():
        share.apply(await owners.look(connection, owner.run, share.seen))
    return share


class Ownership:
    """`run` is the task of it."""

    def __init__(
        self, *, pool: AsyncConnectionPool[Any], bus: Bus, pipeline: Pipeline, share: Share, owner: Owner
    ) -> None:
        self._pool: Final = pool
        self._bus: Final = bus
        self._pipeline: Final = pipeline
        self._share: Final = share
        self._owner: Final = owner
        self._beats: dict[
            UUID, tuple[int, float]
        ] = {}  # the last sign of life of a silent run, and when we saw it first
        self._watched_at = -DEAF_S

    async def run(self) -> None:
        """Run until cancelled. Raises OwnershipLostError when an exclusive ingest took over."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear(), name="ownership doorbell")
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._share.wake.wait()
                self._share.wake.clear()
                await self.claim(self._share.claims())
                await self.watch()

    async def claim(self, claims: list[Claim]) -> None:
        """Take the terminals of `claims`, and look what others took."""
        if claims and await self._share.take(self._pool, np.array([claim.terminal for claim in claims])):
            await self._bus.publish(OWNERS, b"")
        if claims or await retry(self._epoch, name="ingest") != self._owner.epoch:
            async with self._pipeline.turn:
                await self._pipeline.catch_up()
        for claim in claims:
            claim.done(self._share.owns(claim.terminal))

    async def watch(self) -> None:
        """Take over some terminals of runs that are down or dead."""
        now = time.monotonic()
        if now - self._watched_at > DEAF_S:
            self._beats.clear()
        self._watched_at = now
        for former in await retry(self._silent, name="ingest"):
            if former.is_down or self._is_dead(former, now):
                await self._adopt(former)

    def _is_dead(self, former: Silent, now: float) -> bool:
        """Whether its last sign of life stayed the same for long, while we and the database were there to see it."""
        beat, since = self._beats.get(former.run, (0, now))
        if beat != former.heartbeat_us:
            self._beats[former.run] = (former.heartbeat_us, now)
            return False
        return now - since >= WATCHED_S

    async def _adopt(self, former: Silent) -> None:
        count = await self._share.take_from(self._pool, former.run, ADOPTED)
        async with self._pipeline.turn:
            await self._pipeline.catch_up(heard_us=former.heartbeat_us)
        log.info("terminals.adopted", terminals=count, former=str(former.run))
        if count == ADOPTED:
            self._share.wake.set()

    async def _epoch(self) -> int:
        async with self._pool.connection() as connection:
            return await owners.epoch_of(connection, self._owner.run)

    async def _silent(self) -> list[Silent]:
        async with self._pool.connection() as connection:
            await owners.end_stuck_sessions(connection, owners.DEAD_S)
            return await owners.silent(connection, self._owner.run)

    async def _hear(self) -> None:
        async for _ in self._bus.read(OWNERS):
            self._share.wake.set()

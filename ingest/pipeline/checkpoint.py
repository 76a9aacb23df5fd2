"""Beside the pipeline: the checkpoint of its memory every few seconds, and the heartbeat of its run every second."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import numpy as np
import psycopg
from psycopg_pool import AsyncConnectionPool

from ingest.pipeline import late as lane
from ingest.pipeline.loop import Pipeline
from ingest.pipeline.share import Owner
from ingest.rules.presence import Presence
from ingest.store import late, owners, refusals, runs, states
from ingest.store.owners import FenceMovedError
from ingest.store.runs import Totals
from tracker.database.retry import retry

CHECKPOINT_S: Final = 2.5
HEARTBEAT_S: Final = 1.0
TRIM_BEATS: Final = 30

Connection = psycopg.AsyncConnection[Any]


async def checkpoints(pool: AsyncConnectionPool, pipeline: Pipeline, owner: Owner) -> None:
    """Run until cancelled."""

    async def once() -> None:
        with suppress(FenceMovedError):  # the pipeline minds it; what is still ours is saved next time
            async with pool.connection() as connection:
                await save(connection, pipeline, owner)

    while True:
        await asyncio.sleep(CHECKPOINT_S)
        await retry(once, name="ingest")


async def save(connection: Connection, pipeline: Pipeline, owner: Owner) -> None:
    """Write what changed since the last checkpoint. Raises OwnershipLostError and FenceMovedError."""
    memory, epoch = pipeline.memory, owner.epoch  # as it is when the columns are copied
    terminals = np.flatnonzero(memory.is_dirty & (memory.last["terminal"] != 0))
    if not len(terminals):
        return
    memory.is_dirty[terminals] = False
    last = memory.last[terminals]
    last["member"] = pipeline.directory.members[terminals]
    settled = lane.settled(memory)
    columns = (
        last,
        memory.tracks[terminals],
        memory.arrived_us[terminals],
        memory.presence[terminals] != Presence.ONLINE,
    )
    outings = memory.outings[last["member"]]
    try:
        async with connection.transaction():
            await owners.hold(connection, owner.run, epoch)
            await states.save(connection, *columns, outings=outings)
            await late.dequeue(connection, settled)
    except (psycopg.Error, FenceMovedError):
        memory.is_dirty[terminals] = True
        raise
    for terminal, mark in settled.items():
        if memory.recomputed.get(terminal) == mark:
            del memory.recomputed[terminal]


async def heartbeats(
    pool: AsyncConnectionPool, pipeline: Pipeline, owner: Owner, connections: Callable[[], int]
) -> None:
    """Run until cancelled."""
    beats = 0

    async def once() -> None:
        tally = pipeline.tally
        totals = Totals(tally.packets, tally.positions_stored, tally.duplicates, tally.refused, connections())
        async with pool.connection() as connection:
            await runs.beat(connection, owner.run, totals)
            if beats % TRIM_BEATS == 0:
                await refusals.forget_oldest(connection)

    while True:
        await retry(once, name="ingest")
        beats += 1
        await asyncio.sleep(HEARTBEAT_S)

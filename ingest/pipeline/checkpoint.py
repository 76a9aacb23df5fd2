"""Beside the pipeline: the checkpoint of its memory every few seconds, and the heartbeat of its run every second."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import psycopg
from psycopg_pool import AsyncConnectionPool

from ingest.pipeline import late as lane
from ingest.pipeline.loop import Owner, Pipeline
from ingest.rules.presence import Presence
from ingest.store import late, refusals, runs, states
from ingest.store.runs import Totals
from tracker.database.retry import retry

CHECKPOINT_S: Final = 2.5
HEARTBEAT_S: Final = 1.0
TRIM_BEATS: Final = 30

Connection = psycopg.AsyncConnection[Any]


async def checkpoints(pool: AsyncConnectionPool, pipeline: Pipeline, owner: Owner) -> None:
    """Run until cancelled."""

    async def once() -> None:
        async with pool.connection() as connection:
            await save(connection, pipeline, owner)

    while True:
        await asyncio.sleep(CHECKPOINT_S)
        await retry(once, name="ingest")


async def save(connection: Connection, pipeline: Pipeline, owner: Owner) -> None:
    """Write what changed since the last checkpoint. Raises OwnershipLostError."""
    memory = pipeline.memory
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
            await runs.check_ownership(connection, owner.run, owner.epoch)
            await states.save(connection, *columns, outings=outings)
            await late.dequeue(connection, settled)
    except psycopg.Error:
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

"""Beside the pipeline: the checkpoint of its memory every few seconds, and the heartbeat of its run every second."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any, Final

import numpy as np
import psycopg
from psycopg_pool import AsyncConnectionPool

from ingest.pipeline import late as lane
from ingest.pipeline.loop import Pipeline
from ingest.pipeline.memory import Ids
from ingest.pipeline.share import Owner
from ingest.rules.presence import Presence
from ingest.store import late, owners, refusals, runs, states
from ingest.store.owners import FenceMovedError
from ingest.store.runs import Totals
from tracker.database.retry import retry

CHECKPOINT_S: Final = 2.5  # a round: who changed is written in one that begins after it
PIECE: Final = 2_500  # terminals in a transaction; 22,500 at once held batches up for half a second, every round
EVERYBODY: Final = slice(None)
HEARTBEAT_S: Final = 1.0
TRIM_BEATS: Final = 30

Connection = psycopg.AsyncConnection[Any]


async def checkpoints(pool: AsyncConnectionPool, pipeline: Pipeline, owner: Owner) -> None:
    """Run until cancelled."""

    async def once(ids: slice) -> None:
        with suppress(FenceMovedError):  # the pipeline minds it; what is still ours is saved next time
            async with pool.connection() as connection:
                await save(connection, pipeline, owner, ids)

    while True:
        pieces = _pieces(np.flatnonzero(pipeline.memory.is_dirty))
        for ids in pieces:
            await asyncio.sleep(CHECKPOINT_S / len(pieces))
            await retry(lambda ids=ids: once(ids), name="ingest")


def _pieces(dirty: Ids) -> list[slice]:
    """Return ranges of terminal ids, all ids together, in which about as many changed each."""
    cuts = dirty[PIECE::PIECE].tolist()
    return [slice(first, end) for first, end in pairwise([0, *cuts, None])]


async def save(connection: Connection, pipeline: Pipeline, owner: Owner, ids: slice = EVERYBODY) -> None:
    """Write what changed of terminals `ids` since their last checkpoint.

    Raises OwnershipLostError and FenceMovedError.
    """
    memory, epoch = pipeline.memory, owner.epoch  # as it is when the columns are copied
    first = ids.start or 0
    terminals = first + np.flatnonzero(memory.is_dirty[ids] & (memory.last["terminal"][ids] != 0))
    if not len(terminals):
        return
    memory.is_dirty[terminals] = False
    last = memory.last[terminals]
    last["member"] = pipeline.directory.members[terminals]
    end = len(memory.is_dirty) if ids.stop is None else ids.stop
    settled = {terminal: mark for terminal, mark in lane.settled(memory).items() if first <= terminal < end}
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

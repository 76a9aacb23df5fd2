"""Beside the pipeline: the checkpoint of its memory every few seconds, and the heartbeat of its run every second.

Theory. What no checkpoint holds is rebuilt from the rows of `position`, so a checkpoint may be late; but each row of it
costs the database as much as a fix. So no more than MOST_PER_S are written: in a city at its full rate (270,342
terminals, a fix every 30 s) a terminal's turn comes every 68 s. They are written in the order in which they lie.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
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

CHECKPOINT_S: Final = 2.5  # a round, at least: who changed is written in one that begins after it
MOST_PER_S: Final = 4_000  # terminals
PIECE: Final = 1_000  # terminals in a transaction; 22,500 at once held batches up for half a second
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

    first = 0
    while True:
        pieces = max(1.0, np.count_nonzero(pipeline.memory.is_dirty) / PIECE)
        await asyncio.sleep(max(CHECKPOINT_S / pieces, PIECE / MOST_PER_S))
        ids = next_piece(np.flatnonzero(pipeline.memory.is_dirty), first)
        await retry(lambda ids=ids: once(ids), name="ingest")
        first = ids.stop or 0


def next_piece(dirty: Ids, first: int) -> slice:
    """Return the range of terminal ids from `first` on in which PIECE changed; with the last of them it has no end."""
    ahead = dirty[np.searchsorted(dirty, first) :]
    return slice(first, int(ahead[PIECE]) if len(ahead) > PIECE else None)


async def save_all(connection: Connection, pipeline: Pipeline, owner: Owner, *, within_s: float) -> None:
    """Write what changed, of everybody or of as many as there is time for; the others are rebuilt from their positions.

    Raises OwnershipLostError and FenceMovedError.
    """
    until_s = time.monotonic() + within_s
    dirty, first = np.flatnonzero(pipeline.memory.is_dirty), 0
    while time.monotonic() < until_s:
        ids = next_piece(dirty, first)
        await save(connection, pipeline, owner, ids)
        if ids.stop is None:
            return
        first = ids.stop


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

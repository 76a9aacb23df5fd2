"""Beside the pipeline: the checkpoint of its memory every few seconds, and the heartbeat of its run every second.

Theory. What no checkpoint holds is rebuilt from the rows of `position`, so a checkpoint may be late; but each row of it
costs the database as much as a fix. So no more than MOST_PER_S are written: in a city at its full rate (270,342
terminals, a fix every 30 s) a terminal's turn comes every 68 s. They are written in the order in which they lie, but
for those that changed presence: of a silence no row of `position` tells, so they are written before all others, or a
restart would find them silent a second time.
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
HEARTBEAT_S: Final = 1.0
TRIM_BEATS: Final = 30

Connection = psycopg.AsyncConnection[Any]


async def checkpoints(pool: AsyncConnectionPool, pipeline: Pipeline, owner: Owner) -> None:
    """Run until cancelled."""

    async def once(terminals: Ids) -> None:
        with suppress(FenceMovedError):  # the pipeline minds it; what is still ours is saved next time
            async with pool.connection() as connection:
                await save(connection, pipeline, owner, terminals)

    first = 0
    while True:
        pieces = max(1.0, np.count_nonzero(pipeline.memory.is_dirty) / PIECE)
        await asyncio.sleep(max(CHECKPOINT_S / pieces, PIECE / MOST_PER_S))
        memory = pipeline.memory
        terminals, first = next_piece(np.flatnonzero(memory.is_dirty), np.flatnonzero(memory.is_urgent), first)
        await retry(lambda terminals=terminals: once(terminals), name="ingest")


def next_piece(dirty: Ids, pressing: Ids, first: int) -> tuple[Ids, int]:
    """Return PIECE of the terminals `dirty`: those of `pressing`, which are among them, then those from id `first` on.

    And the id from which the piece after it goes on; 0: the round is over.
    """
    at_once = pressing[:PIECE]
    ahead = np.setdiff1d(dirty[np.searchsorted(dirty, first) :], at_once, assume_unique=True)
    in_turn = ahead[: PIECE - len(at_once)]
    return np.union1d(at_once, in_turn), int(ahead[len(in_turn)]) if len(ahead) > len(in_turn) else 0


async def save_all(connection: Connection, pipeline: Pipeline, owner: Owner, *, within_s: float) -> None:
    """Write what changed, of everybody or of as many as there is time for; the others are rebuilt from their positions.

    Raises OwnershipLostError and FenceMovedError.
    """
    until_s = time.monotonic() + within_s
    memory = pipeline.memory
    pressing = np.flatnonzero(memory.is_urgent)
    in_turn = np.concatenate([pressing, np.setdiff1d(np.flatnonzero(memory.is_dirty), pressing, assume_unique=True)])
    for start in range(0, len(in_turn), PIECE):
        if time.monotonic() > until_s:
            return
        await save(connection, pipeline, owner, np.sort(in_turn[start : start + PIECE]))


async def save(connection: Connection, pipeline: Pipeline, owner: Owner, terminals: Ids | None = None) -> None:
    """Write `terminals`, or all that changed, as they are now.

    Raises OwnershipLostError and FenceMovedError.
    """
    memory, epoch = pipeline.memory, owner.epoch  # as it is when the columns are copied
    terminals = np.flatnonzero(memory.is_dirty) if terminals is None else terminals
    was_urgent = memory.is_urgent[terminals]
    memory.is_dirty[terminals] = memory.is_urgent[terminals] = False
    has_fix = memory.last["terminal"][terminals] != 0  # of whom there is none there is nothing to write until it comes
    terminals, was_urgent = terminals[has_fix], was_urgent[has_fix]
    if not len(terminals):
        return
    last = memory.last[terminals]
    last["member"] = pipeline.directory.members[terminals]
    written = set(terminals.tolist())
    settled = {terminal: mark for terminal, mark in lane.settled(memory).items() if terminal in written}
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
        memory.is_urgent[terminals] |= was_urgent
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

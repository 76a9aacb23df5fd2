"""The pipeline: take a batch, decide, write it in one transaction; only after COMMIT remember, settle, answer, tell.

One thing at a time, in `turn`: batches, the tick that notices silence, late tracks and, where several ingests share the
terminals, taking over what moved among them. While the database is away the turn's holder waits with its batch in hand,
the inbox fills, and the doors stop reading.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg
from psycopg_pool import AsyncConnectionPool

from ingest import metrics
from ingest.inbox import Inbox
from ingest.pipeline import batch as batches
from ingest.pipeline import late as lane
from ingest.pipeline import own_grids, signs
from ingest.pipeline.batch import Batch
from ingest.pipeline.maps import Maps
from ingest.pipeline.memory import Memory
from ingest.pipeline.plan import Plan, decide
from ingest.pipeline.pulse import Disposed, Pulse
from ingest.pipeline.rebuild import rebuild, restore
from ingest.pipeline.receipts import receipts
from ingest.pipeline.share import Owner, Sharing
from ingest.pipeline.tell import tell
from ingest.pipeline.write import City, Written, write
from ingest.rules.columns import US
from ingest.rules.packets import Downlink, Packet
from ingest.rules.presence import Sign
from ingest.rules.screen import DUPLICATE, Limits
from ingest.rules.tracks import Rules, Tracks
from ingest.store import events, late, outings, owners, positions
from ingest.store.events import PresenceRow
from ingest.store.late import LateTrack
from ingest.store.owners import FenceMovedError, Moves
from ingest.store.terminals import Directory
from tracker.bus.interface import Bus
from tracker.database.retry import retry
from tracker.model.positions import Positions, empty
from tracker.model.records import pick

TICK_S: Final = 1.0
LONGEST_TICK_S: Final = 2.0  # more is our own standing still, and counts as deafness
LOOK_FIRST_S: Final = 60.0  # after a repetition that looked new, one of a suspect fix: there may be more
LATE_TRACKS: Final = 20  # a tick; each reads a track from its last crossings on
ATTEMPT_TIMEOUT_S: Final = 120.0

Connection = psycopg.AsyncConnection[Any]


@dataclass(slots=True)
class Tally:
    """Since the run's start."""

    packets: int = 0
    positions_stored: int = 0
    duplicates: int = 0
    refused: int = 0


class Pipeline:
    """`hears` says whether the front door is open; `now_us` is the server's clock. Without `sharing` all is ours.

    `catch_up` is for who holds `turn`.
    """

    def __init__(
        self,
        *,
        pool: AsyncConnectionPool,
        bus: Bus,
        inbox: Inbox,
        downlink: Downlink,
        directory: Directory,
        maps: Maps,
        memory: Memory,
        owner: Owner,
        limits: Limits,
        rules: Rules,
        hears: Callable[[], bool],
        now_us: Callable[[], int],
        sharing: Sharing | None = None,
    ) -> None:
        self.memory = memory
        self.turn: Final = asyncio.Lock()
        self.tally: Final = Tally()
        self.pulse: Final = Pulse()
        self.directory: Final = directory
        self.maps: Final = maps
        self._pool: Final = pool
        self._bus: Final = bus
        self._inbox: Final = inbox
        self._downlink: Final = downlink
        self._owner: Final = owner
        self._limits: Final = limits
        self._rules: Final = rules
        self._hears: Final = hears
        self._now_us: Final = now_us
        self._sharing: Final = sharing
        self._clock_s = 0.0  # of silence
        self._ticked_at = time.monotonic()
        self._looks_until = 0.0
        self._is_memory_stale = False

    @property
    def looks_at_all(self) -> bool:
        """Whether a repetition that looked new was met within the last minute: until then every fix is looked for."""
        return time.monotonic() < self._looks_until

    async def run(self) -> None:
        """Run until cancelled. Raises OwnershipLostError when another process has taken the terminals over."""
        while True:
            packets = await self._take()
            async with self.turn:
                if packets:
                    await self.dispose(packets)
                if time.monotonic() - self._ticked_at >= TICK_S:
                    await self.tick()

    async def dispose(self, packets: list[Packet]) -> None:
        """Return when each packet was disposed of: stored, duplicate, refused or ignored, durably, and told so.

        Except those of terminals that another ingest took over: their senders send them again, to it.
        """
        while packets := packets if self._sharing is None else await self._sift(packets, self._sharing):
            try:
                await self._dispose(packets)
            except FenceMovedError:
                await self._mind_fence()
            else:
                return

    async def _dispose(self, packets: list[Packet]) -> None:
        batch = batches.disassemble(packets, self._limits)
        began = time.monotonic()
        plan, written, presence = await retry(lambda: self._attempt(batch), name="ingest")
        commit_s = time.monotonic() - began
        self._inbox.read_on()  # a batch without positions sends none
        self._advance(batch, plan, presence)
        for packet in packets:
            packet.settler.settle(packet.token)
        for receipt in receipts(batch, plan.verdicts, written.refusals):
            self._downlink.send_now(receipt.terminal, receipt.topic, receipt.payload, receipt.correlation)
        self._count(batch, plan, written, commit_s)
        await tell(self._bus, plan, written, presence, self.directory)

    async def tick(self) -> None:
        """Notice who fell silent, and recompute some late tracks."""
        now = time.monotonic()
        elapsed_s, self._ticked_at = now - self._ticked_at, now
        if self._hears():
            self._clock_s += min(elapsed_s, LONGEST_TICK_S)
        silent = self.memory.overdue(self._clock_s)
        at_us = np.full(len(silent), self._now_us())
        rows = signs.presence_rows(silent, Sign.TIMED_OUT, at_us, self.memory, self.directory)
        try:
            if rows:
                await retry(lambda: self._add_presence(rows), name="ingest")
                signs.settle(self.memory, rows)
                await tell(self._bus, None, None, rows, self.directory)
            await retry(self._mend, name="ingest")
        except FenceMovedError:
            await self._mind_fence()

    async def catch_up(self, heard_us: int | None = None) -> None:
        """Take over what moved among the ingests. `heard_us`: when what we gain was last listened to, if not now."""
        sharing = self._sharing
        if sharing is None:
            return
        since_us = heard_us or self._now_us()
        moves = await retry(lambda: self._look(sharing.share.seen, since_us), name="ingest")
        lost = sharing.share.apply(moves)
        self.memory.forget(lost)
        sharing.front.lose(lost.tolist())

    async def _look(self, seen: int, heard_us: int) -> Moves:
        """Learn what moved, and what there is to know of what we gained, while nobody can take it away again."""
        async with self._pool.connection() as connection, connection.transaction():
            moves = await owners.look(connection, self._owner.run, seen)
            self.directory.make_room(int(max(moves.gained.max(initial=0), moves.lost.max(initial=0))) + 1)
            self.memory.make_room(self.directory)
            if len(moves.gained):
                await restore(
                    connection,
                    self.memory,
                    moves.gained,
                    directory=self.directory,
                    maps=self.maps,
                    rules=self._rules,
                    heard_us=heard_us,
                    clock_s=self._clock_s,
                )
        return moves

    async def _mind_fence(self) -> None:
        """Nothing was written, since others took some of our terminals: the memory was right, and loses those."""
        self._is_memory_stale = False
        await self.catch_up()

    async def _sift(self, packets: list[Packet], sharing: Sharing) -> list[Packet]:
        """Return the packets of terminals that are ours, after claiming what an open connection writes for."""
        kept, wanted = sharing.sift(packets)
        while len(wanted):
            await sharing.share.take(self._pool, wanted)
            await self.catch_up()
            kept, wanted = sharing.sift(kept)
        return kept

    async def _take(self) -> list[Packet]:
        try:
            async with asyncio.timeout(TICK_S):
                return await self._inbox.take()
        except TimeoutError:
            return []

    async def _attempt(self, batch: Batch) -> tuple[Plan, Written, list[PresenceRow]]:
        try:
            async with asyncio.timeout(ATTEMPT_TIMEOUT_S), self._pool.connection() as connection:
                await self._refresh(connection)
                city = await self._city(connection, batch)
                batches.place(batch, city.atlas)
                try:
                    done = await self._transact(connection, batch, city, looks=self.looks_at_all)
                except psycopg.errors.UniqueViolation:
                    self._looks_until = time.monotonic() + LOOK_FIRST_S
                    done = await self._transact(connection, batch, city, looks=True)
                self._is_memory_stale = False
                return done
        except TimeoutError as error:
            raise psycopg.OperationalError(f"no answer within {ATTEMPT_TIMEOUT_S:.0f} s") from error

    async def _refresh(self, connection: Connection) -> None:
        """Throw a memory away that may have missed a COMMIT. It is trusted again when the next one returned."""
        if self._is_memory_stale:
            rebuilt = await rebuild(
                connection,
                directory=self.directory,
                maps=self.maps,
                rules=self._rules,
                heard_us=self._now_us(),
                terminals=None if self._sharing is None else self._sharing.share.ours(),
            )
            rebuilt.make_room(self.directory)
            rebuilt.inherit_presence(self.memory)
            self.memory = rebuilt
        self._is_memory_stale = True

    async def _city(self, connection: Connection, batch: Batch) -> City:
        """Return what the whole batch is judged by, however long that takes and whatever changes meanwhile."""
        times, terminals = batch.positions["fixed_at_us"], batch.positions["terminal"]
        if batch.presses:
            times = np.append(times, [batch.packets[place].received_at_us for place, _ in batch.presses])
        atlas = await self.maps.holding(connection, times, self.memory.tracks["fixed_at_us"][terminals])
        return City(self.directory, atlas)

    async def _transact(
        self, connection: Connection, batch: Batch, city: City, *, looks: bool
    ) -> tuple[Plan, Written, list[PresenceRow]]:
        """Write the batch; with `looks`, first learn of each of its fixes whether it is stored already.

        Without, only of those that are no newer than the last one believed: a repetition is nearly always among them,
        so that it costs a query and not a batch done twice.
        """
        async with connection.transaction():
            await owners.hold(connection, self._owner.run, self._owner.epoch)
            doubted = batch.positions if looks else _not_newer(batch.positions, self.memory)
            stored = await positions.existing(connection, doubted) if len(doubted) else empty(0)
            plan = decide(
                batch,
                stored,
                memory=self.memory,
                directory=city.directory,
                atlas=city.atlas,
                homes=self.maps.homes,
                rules=self._rules,
            )
            presence = signs.signs(batch, plan, self.memory, self.directory)
            last = self.memory.last
            written = await write(
                connection,
                batch,
                plan,
                presence,
                last=last,
                city=city,
                limits=self._limits,
                on_sent=self._inbox.read_on,
            )
        return plan, written, presence

    async def _add_presence(self, presence: list[PresenceRow]) -> None:
        async with self._pool.connection() as connection:
            await self._refresh(connection)
            async with connection.transaction():
                await owners.hold(connection, self._owner.run, self._owner.epoch)
                await events.add_presence(connection, presence, grid_set=self.maps.atlas.version(self._now_us()))
            self._is_memory_stale = False

    async def _mend(self) -> None:
        async with self._pool.connection() as connection:
            await self._refresh(connection)
            await self._lapse(connection)
            for track in await self._late_tracks(connection):
                lane.hand_over(self.memory, await self._recompute(connection, track), track.mark)
            self._is_memory_stale = False

    async def _lapse(self, connection: Connection) -> None:
        """End the outings of members who cannot come back, because nothing is asked of them any more."""
        members = own_grids.lapsed(self.memory, self.directory, self.maps.homes)
        if members:
            async with connection.transaction():
                await owners.hold(connection, self._owner.run, self._owner.epoch)
                await outings.lapse(connection, members)
            own_grids.forget(self.memory, members)

    async def _late_tracks(self, connection: Connection) -> list[LateTrack]:
        if self._sharing is None:
            return await late.waiting(connection, LATE_TRACKS, self.memory.recomputed)
        found = await late.waiting_of(connection, self._owner.run, LATE_TRACKS, self.memory.recomputed)
        return [track for track in found if self._sharing.share.owns(track.terminal)]  # and not only gained just now

    async def _recompute(self, connection: Connection, track: LateTrack) -> Tracks:
        async with connection.transaction():
            await owners.hold(connection, self._owner.run, self._owner.epoch)
            return await lane.recompute(
                connection, track, memory=self.memory, directory=self.directory, maps=self.maps, rules=self._rules
            )

    def _advance(self, batch: Batch, plan: Plan, presence: list[PresenceRow]) -> None:
        self.memory.advance(plan.terminals, plan.scratch, plan.live)
        self.memory.take_outings(plan.own)
        terminals, times = signs.arrivals(batch, plan)
        self.memory.hear(terminals, times, self._clock_s)
        signs.settle(self.memory, presence)

    def _count(self, batch: Batch, plan: Plan, written: Written, commit_s: float) -> None:
        duplicates = int(np.count_nonzero(plan.verdicts == DUPLICATE))
        self.tally.packets += len(batch.packets)
        self.tally.positions_stored += len(plan.rows)
        self.tally.duplicates += duplicates
        self.tally.refused += written.refusals.counts.total()
        metrics.IGNORED.inc(batch.ignored)
        metrics.CROSSINGS.inc(len(plan.crossings))
        settled_at_us = self._now_us()
        self.pulse.note(
            Disposed(
                packets=len(batch.packets),
                positions=len(plan.rows),
                late=len(plan.late),
                duplicates=duplicates,
                refusals=written.refusals.counts,
                first_lag_s=max(0, settled_at_us - batch.packets[0].received_at_us) / US,
                last_lag_s=max(0, settled_at_us - batch.packets[-1].received_at_us) / US,
                commit_s=commit_s,
            )
        )


def _not_newer(rows: Positions, memory: Memory) -> Positions:
    """Return the fixes that are no newer than the last believed one of their terminal."""
    return pick(rows, rows["fixed_at_us"] <= memory.tracks["fixed_at_us"][rows["terminal"]])

"""The dispatcher: takes queued deliveries, most urgent first, and hands them to the provider of their channel.

At least once. A delivery is claimed under a lease, looked at once more, sent, settled; who dies in between loses the
lease, and the delivery is queued again, flagged as a possible duplicate. Doorbell `deliveries` wakes it, and a timer
does when nobody rang. Several dispatchers may run: SKIP LOCKED keeps them apart.

A lane does one batch after the other, or, where answers take their time (an operator far away), some at once: `ahead`
says how many segments may be under way when another batch is claimed, so never more than `ahead` and one batch are.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, cast

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from alerts import metrics
from alerts.core.backoff import backoff
from alerts.core.buckets import Bucket
from alerts.core.number_caps import NumberCaps
from alerts.core.states import DeliveryMove
from alerts.link_maker import LinkMaker
from alerts.providers.interface import Outcome, Outgoing, Provider
from alerts.store import outbox, queue, timers
from alerts.store.queue import Claimed, Settled
from tracker.bus.interface import ALERTS, DELIVERIES, Bus
from tracker.database.retry import retry

SAFETY_NET_S: Final = 1.0
LEASE: Final = timedelta(seconds=60)
SEND_TIMEOUT_S: Final = 30.0  # half the lease: who still sends has not lost it yet
GOODBYE_S: Final = 3.0
LONGEST_ROUND_S: Final = 0.05  # a batch of 200 at 200/s held up the first red for 0.98 s, one of 10 for 0.02 s
ENDS_BADLY: Final = frozenset({DeliveryMove.REFUSED, DeliveryMove.TIMED_OUT})
MOST_AT_ONCE: Final = 200  # of an operator's: what a killed sender may send twice

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How fast a provider may be fed."""

    per_s: float = 10_000.0
    most_at_once: int = MOST_AT_ONCE

    @property
    def batch(self) -> int:
        """As many as leave within LONGEST_ROUND_S, so that a red one never waits for more than that."""
        return max(1, min(self.most_at_once, int(self.per_s * LONGEST_ROUND_S)))


class Dispatcher:
    """One provider's lane: its own bucket, its own rounds."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        bus: Bus,
        clock: Callable[[], datetime],
        provider: Provider,
        *,
        links: LinkMaker,
        rate: Rate | None = None,
        weigh: Callable[[str], int] = lambda _text: 1,
        share: Callable[[], float] = lambda: 1.0,
        ahead: int = 0,
        per_number: NumberCaps | None = None,
        has_others: Callable[[], bool] = lambda: False,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        """`share` is the part of its rate that it runs at now; at 0 nothing is claimed, and all stays for others.

        `weigh`: how many segments a text is, where the operator counts those. With `ahead` the provider must bear
        several calls of `send` at once. `has_others`: whether others take what this one may not send to a number
        (`per_number`).
        """
        self._pool = pool
        self._bus = bus
        self._clock = clock
        self._provider = provider
        self._links = links
        self._rate = rate or Rate()
        self._weigh = weigh
        self._heaviness = 1.0  # segments a message, of the latest batch
        self._share = share
        self._ahead = ahead
        self._limits = [] if per_number is None else per_number.limits
        self._has_others = has_others
        self._under_way = 0
        self._landed = asyncio.Event()
        self._tick = tick
        batch = self._rate.batch
        self._bucket = Bucket.full(rate_per_s=self._rate.per_s, burst=batch, at_s=tick())

    async def run(self, rung: asyncio.Event) -> None:
        """Send for ever. `rung` is set by the doorbell; one waiting round a second is the safety net."""
        while True:
            rung.clear()
            await self._drain()
            await wait_for(rung, SAFETY_NET_S)

    async def _drain(self) -> None:
        """Send until nothing is queued, at the bucket's pace."""
        if self._ahead:
            await self._drain_ahead()
            return
        while await retry(self.round, name=f"dispatch {self._provider.name}"):
            wait_s = self._bucket.wait_s(at_s=self._tick())
            await asyncio.sleep(wait_s)

    async def _drain_ahead(self) -> None:
        """The same, and claim while what was claimed before is under way."""
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(self._bucket.wait_s(at_s=self._tick(), count=self._rate.batch))
                while self._under_way > self._ahead:
                    self._landed.clear()
                    await self._landed.wait()
                claimed = await retry(self._claim_granted, name=f"dispatch {self._provider.name}")
                if claimed is None:
                    continue
                if not claimed:
                    return
                weight = round(self._heaviness * len(claimed))
                self._under_way += weight
                group.create_task(self._carry(claimed, weight), name=f"batch of {self._provider.name}")

    async def _carry(self, claimed: Sequence[Claimed], weight: int) -> None:
        try:
            await retry(partial(self._send_or_let_go, claimed), name=f"dispatch {self._provider.name}")
        finally:
            self._under_way -= weight
            self._landed.set()

    async def round(self) -> int:
        """Claim, look once more, send, settle one batch; return how many were claimed."""
        claimed = await self._claim_granted()
        if claimed:
            await self._send_or_let_go(claimed)
        return len(claimed) if claimed is not None else 1

    async def _claim_granted(self) -> list[Claimed] | None:
        """Claim as many as there are tokens; None: there is none yet.

        A token is a segment, and nobody knows before the claim how many a message is: as many as the latest are. What
        was claimed beyond the tokens is owed.
        """
        share = self._share()
        if share <= 0:
            return []
        rate_per_s = self._rate.per_s * share
        if rate_per_s != self._bucket.rate_per_s:
            burst = max(1.0, self._rate.batch * share)
            self._bucket = self._bucket.at_rate(rate_per_s, burst=burst, at_s=self._tick())
        self._bucket, granted = self._bucket.take(self._rate.batch, at_s=self._tick())
        if not granted:
            return None
        claimed = await self.claim(max(1, int(granted / self._heaviness)))
        now = self._clock()
        spent = sum(self._weigh(self._links.body(row, now)) for row in claimed)
        if claimed:
            self._heaviness = max(1.0, spent / len(claimed))
        self._bucket = self._bucket.give_back(granted - spent)
        return claimed

    async def _send_or_let_go(self, claimed: Sequence[Claimed]) -> None:
        try:
            await self.send(claimed)
        except asyncio.CancelledError:
            await self._let_go(claimed)
            raise

    async def claim(self, limit: int) -> list[Claimed]:
        """Take up to `limit` deliveries under a lease."""
        now = self._clock()
        async with self._pool.connection() as connection:
            claimed = await queue.claim(
                connection,
                channel=self._provider.channel,
                provider=self._provider.name,
                limit=limit,
                lease_until=now + LEASE,
            )
        metrics.CLAIMED.labels(self._provider.channel).inc(len(claimed))
        return claimed

    async def send(self, claimed: Sequence[Claimed]) -> None:
        """Look once more, hand over what still has a point, and settle."""
        async with self._pool.connection() as connection:
            stale = await queue.pointless(connection, [row.id for row in claimed], now=self._clock())
            timely = [row for row in claimed if row.id not in stale]
            crowded = await self._crowded(connection, timely) if self._limits and timely else {}
        leaving = [row for row in timely if row.id not in crowded]
        outcomes = await self._submit(leaving) if leaving else {}
        settled = [_settled_stale(row, stale[row.id]) for row in claimed if row.id in stale]
        settled += [self._settled(row, crowded[row.id]) for row in timely if row.id in crowded]
        if outcomes is not None:
            settled += [self._settled(row, outcomes.get(row.id)) for row in leaving]
        await retry(partial(self._settle, settled), name=f"dispatch {self._provider.name}")
        for alert in {row.alert for row in claimed if row.alert is not None}:
            await self._bus.publish(ALERTS, str(alert).encode())

    async def _crowded(self, connection: AsyncConnection[Any], timely: Sequence[Claimed]) -> dict[int, Outcome]:
        """Return what must wait because its number has had enough of late; another way out may take it before."""
        now, name, zone = self._clock(), self._provider.name, self._links.policy.timezone
        ids = [row.id for row in timely]
        found = await queue.crowded(connection, ids, provider=name, limits=self._limits, now=now)
        return {
            delivery: Outcome(
                delivery=delivery,
                move=DeliveryMove.DEFERRED,
                detail=f"{name} may send this number no more until {until.astimezone(zone):%H:%M:%S}",
                retry_after=None if self._has_others() else until - now,
            )
            for delivery, until in found.items()
        }

    async def _let_go(self, claimed: Sequence[Claimed]) -> None:
        """Stopping in the middle of a batch: its leases end now, else it would wait them out. It may have left."""
        try:
            async with asyncio.timeout(GOODBYE_S), self._pool.connection() as connection:
                await queue.end_leases(connection, claimed, now=self._clock())
                lost = await queue.recover_leases(connection, self._clock())
        except (psycopg.OperationalError, TimeoutError) as error:
            log.warning("claims.kept", provider=self._provider.name, deliveries=len(claimed), reason=str(error))
        else:
            log.info("claims.released", provider=self._provider.name, deliveries=lost)

    async def _submit(self, leaving: Sequence[Claimed]) -> Mapping[int, Outcome] | None:
        """None: the provider fell silent, nobody knows what left, and the leases run out."""
        now = self._clock()
        messages = [
            Outgoing(
                delivery=row.id,
                attempt=row.attempt,
                alert=row.alert,
                member=row.member,
                address=row.address,
                body=self._links.body(row, now),
                expires_at=row.expires_at,
                is_possible_duplicate=row.is_possible_duplicate,
            )
            for row in leaving
        ]
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                outcomes = await self._provider.send(messages)
        except TimeoutError:
            log.warning("provider.silent", provider=self._provider.name, deliveries=len(messages))
            return None
        return {outcome.delivery: outcome for outcome in outcomes}

    def _settled(self, row: Claimed, outcome: Outcome | None) -> Settled:
        if outcome is None:
            outcome = Outcome(delivery=row.id, move=DeliveryMove.DEFERRED, detail="the provider did not answer for it")
        not_before = None
        if outcome.move in {DeliveryMove.DEFERRED, DeliveryMove.UNANSWERED}:
            # Where another way out is stronger it goes there soon: its attempts here say nothing about that one
            wait = backoff(row.attempt if self._share() >= 1.0 else 1, random.random())
            wait = max(wait, outcome.retry_after or timedelta())
            not_before = self._clock() + wait
        return Settled(
            id=row.id,
            attempt=row.attempt,
            move=outcome.move,
            detail=outcome.detail,
            provider_id=outcome.provider_id,
            not_before=not_before,
        )

    async def _settle(self, settled: Sequence[Settled]) -> None:
        now = self._clock()
        within = {level.value: wait for level, wait in self._links.policy.acknowledge_within.items() if wait}
        left = (DeliveryMove.ACCEPTED, DeliveryMove.CONFIRMED)
        sent = {outcome.id for outcome in settled if outcome.move in left}
        async with self._pool.connection() as connection, connection.transaction():
            moved = await queue.settle(connection, settled, now=now)
            await queue.log_attempts(connection, settled, provider=self._provider.name, now=now)
            started = [delivery for delivery in moved if delivery in sent]
            await timers.start_reminders(connection, deliveries=started, within=within, now=now)
            lost = {outcome.id for outcome in settled if outcome.move in ENDS_BADLY}
            if ended := [delivery for delivery in moved if delivery in lost]:
                await timers.chase_lost(connection, deliveries=ended, within=within, now=now)
        for move, count in Counter(outcome.move for outcome in settled).items():
            metrics.SETTLED.labels(self._provider.channel, move).inc(count)


def _settled_stale(row: Claimed, found: tuple[str, str]) -> Settled:
    move, why = found
    return Settled(id=row.id, attempt=row.attempt, move=DeliveryMove(move), detail=why)


async def sweep(pool: AsyncConnectionPool[Any], clock: Callable[[], datetime]) -> None:
    """One round of what nobody rings for: lost leases, ended backoffs, ended validity, terminals' receipts."""
    now = clock()
    async with pool.connection() as connection:
        lost = await queue.recover_leases(connection, now)
        await queue.wake(connection, now)
        async with connection.transaction():
            expired = await queue.time_out(connection, now)
            await timers.tell_superiors(connection, deliveries=expired, now=now)
        await outbox.confirm_terminals(connection)
    if lost:
        metrics.LEASES_LOST.inc(lost)
        log.warning("leases.lost", deliveries=lost)


async def run(
    dispatchers: Sequence[Dispatcher], pool: AsyncConnectionPool[Any], bus: Bus, clock: Callable[[], datetime]
) -> None:
    """Run every lane, the doorbell and the sweep until cancelled."""
    bells = [asyncio.Event() for _ in dispatchers]
    async with asyncio.TaskGroup() as group:
        group.create_task(_listen(bus, bells), name="dispatch doorbell")
        group.create_task(_sweep_for_ever(pool, clock), name="dispatch sweep")
        for dispatcher, bell in zip(dispatchers, bells, strict=True):
            group.create_task(dispatcher.run(bell), name="dispatch lane")


async def _listen(bus: Bus, bells: Sequence[asyncio.Event]) -> None:
    async for _ in bus.read(DELIVERIES):
        for bell in bells:
            bell.set()


async def _sweep_for_ever(pool: AsyncConnectionPool[Any], clock: Callable[[], datetime]) -> None:
    while True:
        await retry(partial(sweep, pool, clock), name="dispatch sweep")
        await asyncio.sleep(SAFETY_NET_S)


async def wait_for(rung: asyncio.Event, at_most_s: float) -> None:
    """Return when the bell rings or the time is over."""
    try:
        async with asyncio.timeout(at_most_s):
            await rung.wait()
    except TimeoutError:
        return

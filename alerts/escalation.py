"""What happens by itself while alerts are in force: due timers, people who enter a drawn area, answers from terminals.

And what large mailings left for later: terminals and pushes, behind the SMS.

It never sends anything; it queues deliveries and rings. Any number of these loops may run: the alert's row lock makes
each timer fire once.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Final, cast
from uuid import UUID

import structlog
from psycopg_pool import AsyncConnectionPool

from alerts import metrics
from alerts.changes import answering, chasing, entering, telling
from alerts.changes.chasing import Fired
from alerts.core.policy import Policy
from alerts.store import alerts, deliveries, mailings, timers
from tracker.bus.interface import ALERTS, DELIVERIES, DOWNLINK, EVENTS, Bus
from tracker.bus.messages import EVERYTHING_DOWN, AlertAcknowledged, Crossed, decode, encode
from tracker.database.retry import retry

TIMER_TICK_S: Final = 1.0
ENTRANTS_TICK_S: Final = 15.0  # without a crossing; a drawn area need not follow the grids' borders
ENTRANTS_REST_S: Final = 2.0  # between two looks, however many cross

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class Watch:
    """The alerts in force, watched over."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        bus: Bus,
        clock: Callable[[], datetime],
        policy: Policy | None = None,
    ) -> None:
        self._pool = pool
        self._bus = bus
        self._clock = clock
        self._policy = policy or Policy()

    async def run(self) -> None:
        """Watch until cancelled."""
        crossed, issued = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fire_for_ever(), name="alert timers")
            group.create_task(self._admit_for_ever(crossed), name="alert entrants")
            group.create_task(self._listen(crossed), name="alert events")
            group.create_task(self._finish_for_ever(issued), name="alert mailings")
            group.create_task(self._hear_issues(issued), name="alert doorbell")

    async def fire_due(self) -> list[Fired]:
        """Fire every timer that is due now, in order of its due date."""
        fired: list[Fired] = []
        while (one := await self._fire_one()) is not None:
            fired.append(one)
        return fired

    async def admit_entrants(self) -> list[int]:
        """Tell everybody who has entered the area of an alert in force; return them."""
        entered: list[int] = []
        async with self._pool.connection() as connection:
            watched = await alerts.with_area_in_force(connection)
        for alert in watched:
            async with self._pool.connection() as connection, connection.transaction():
                came = await entering.admit(connection, alert, policy=self._policy, now=self._clock())
            if came:
                await self._ring(alert)
            entered += came
        metrics.LATE_ENTRANTS.inc(len(entered))
        return entered

    async def finish_mailings(self) -> int:
        """Do what large issues left for later; return how many mailings there were.

        First what is retained in the grids below, which the whole city can hear at once; then everybody's own messages.
        """
        finished = 0
        while True:
            await self._retain_below()
            async with self._pool.connection() as connection, connection.transaction():
                mailing = await telling.finish(connection)
            if mailing is None:
                break
            finished += 1
            await self._ring(mailing.alert)
        if finished:
            async with self._pool.connection() as connection:
                await deliveries.analyze(connection)
        return finished

    async def _retain_below(self) -> None:
        while True:
            async with self._pool.connection() as connection, connection.transaction():
                alert = await mailings.retain_below(connection, now=self._clock())
            if alert is None:
                return
            await self._bus.publish(DOWNLINK, encode(EVERYTHING_DOWN))

    async def hear(self, event: AlertAcknowledged) -> None:
        """Stop chasing somebody who answered at their terminal; the row of the answer is there already."""
        try:
            alert = UUID(event.alert)
        except ValueError:
            log.warning("answer.unreadable", alert=event.alert)
            return
        async with self._pool.connection() as connection, connection.transaction():
            await answering.stop_chasing(connection, alert, member=event.member, now=self._clock())
        await self._bus.publish(ALERTS, event.alert.encode())

    async def _fire_one(self) -> Fired | None:
        now = self._clock()
        async with self._pool.connection() as connection, connection.transaction():
            due = await timers.next_due(connection, now)
            if due is None:
                return None
            fired = await chasing.fire(connection, due, policy=self._policy, now=now)
        metrics.TIMERS_FIRED.labels(fired.step).inc(fired.timers)
        await self._ring(fired.alert)
        return fired

    async def _ring(self, alert: UUID) -> None:
        await self._bus.publish(DELIVERIES, str(alert).encode())
        await self._bus.publish(ALERTS, str(alert).encode())

    async def _fire_for_ever(self) -> None:
        while True:
            for fired in await retry(self.fire_due, name="alert timers"):
                log.info("timers.fired", step=fired.step, timers=fired.timers, messages=fired.messages)
            await asyncio.sleep(TIMER_TICK_S)

    async def _finish_for_ever(self, issued: asyncio.Event) -> None:
        while True:
            issued.clear()
            if mailings := await retry(self.finish_mailings, name="alert mailings"):
                log.info("mailings.finished", mailings=mailings)
            try:
                async with asyncio.timeout(TIMER_TICK_S):
                    await issued.wait()
            except TimeoutError:
                continue

    async def _hear_issues(self, issued: asyncio.Event) -> None:
        async for _ in self._bus.read(DELIVERIES):
            issued.set()

    async def _admit_for_ever(self, crossed: asyncio.Event) -> None:
        while True:
            crossed.clear()
            await retry(self.admit_entrants, name="alert entrants")
            await asyncio.sleep(ENTRANTS_REST_S)
            try:
                async with asyncio.timeout(ENTRANTS_TICK_S):
                    await crossed.wait()
            except TimeoutError:
                continue

    async def _listen(self, crossed: asyncio.Event) -> None:
        async for message in self._bus.read(EVENTS):
            events = decode(message.payload)
            if events is None:
                log.warning("event.misfit", bytes=len(message.payload))
            for event in events or ():
                if isinstance(event, Crossed):
                    crossed.set()
                if isinstance(event, AlertAcknowledged):
                    await retry(partial(self.hear, event), name="alert events")

"""The rule watch: runs the rules that are on, each at its pace, and the trials that people ask for.

Each run is one transaction under the rule's lock, so that several programs may watch: SKIP LOCKED keeps them apart, and
a rule that was run meanwhile is left alone. A trial is worked on under a lease; who dies in between loses it, and it is
begun again. Nothing here decides: alerts.core.cases does.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

import structlog
from psycopg_pool import AsyncConnectionPool

from alerts import metrics
from alerts.changes import judging, proposing, trying
from alerts.changes.judging import Look
from alerts.core.cases import Outcome
from alerts.core.policy import Policy
from alerts.core.rules import EVERY
from alerts.store import rule_cases, rules, trials
from alerts.store.rules import RuleRow
from alerts.store.trials import TrialRow
from tracker.bus.interface import ALERTS, DELIVERIES, DOWNLINK, Bus
from tracker.database.retry import retry

TICK_S: Final = 2.0
TRIAL_TICK_S: Final = 1.0
LEASE: Final = timedelta(seconds=60)  # of a trial; a part of one takes some seconds

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class RuleWatch:
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
        async with asyncio.TaskGroup() as group:
            group.create_task(self._judge_for_ever(), name="rules")
            group.create_task(self._try_for_ever(), name="rule trials")

    async def judge_due(self) -> list[Outcome]:
        """Run every rule that is due, who waited longest first, and take back drafts whose cases have ended."""
        now = self._clock()
        async with self._pool.connection() as reading:
            due = await rules.due(reading, now, EVERY)
            look = Look(reading, now)
            outcomes = [outcome for rule in due for outcome in await self._judge(rule, look)]
        await self._withdraw_left()
        return outcomes

    async def try_next(self) -> bool:
        """Work on the oldest trial that waits; False when there is none."""
        now = self._clock()
        async with self._pool.connection() as connection:
            trial = await trials.claim(connection, now=now, lease_until=now + LEASE)
        if trial is None:
            return False
        async with self._pool.connection() as connection:
            row = await rules.find(connection, trial.rule)
            result = {} if row is None or row.revision != trial.revision else await self._try(connection, row, trial)
            await trials.finish(connection, trial.id, result, at=self._clock())
        return True

    async def _judge(self, rule: int, look: Look) -> Sequence[Outcome]:
        async with self._pool.connection() as connection, connection.transaction():
            row = await rules.claim(connection, rule, look.at)
            if row is None:
                return ()
            judged = await judging.run(connection, row, look, zone=self._policy.timezone)
            made = [
                alert
                for outcome in judged.now
                for alert in await proposing.follow(connection, row, outcome, policy=self._policy, now=look.at)
            ]
        for outcome in (*judged.past, *judged.now):
            self._say(row, outcome)
        await self._ring(made)
        return (*judged.past, *judged.now)

    async def _try(self, connection: Any, row: RuleRow, trial: TrialRow) -> Any:
        async def progress(done: int, pieces: int) -> None:
            async with self._pool.connection() as telling:
                await trials.progress(telling, trial.id, done=done, pieces=pieces, lease_until=self._clock() + LEASE)

        return await trying.run(
            connection, row, since=trial.since, until=trial.until, zone=self._policy.timezone, progress=progress
        )

    async def _withdraw_left(self) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            left = await rule_cases.left_drafts(connection)
            taken = [
                one.alert
                for one in left
                if await proposing.withdraw(connection, one, policy=self._policy, now=self._clock())
            ]
        await self._ring(taken)

    def _say(self, row: RuleRow, outcome: Outcome) -> None:
        metrics.CASES_OPENED.labels(row.kind).inc(len(outcome.opened))
        if outcome.opened or outcome.over:
            log.info("rule.judged", rule=row.id, opened=len(outcome.opened), over=len(outcome.over))

    async def _ring(self, alerts: Sequence[UUID]) -> None:
        for alert in alerts:
            for stream in (DELIVERIES, DOWNLINK, ALERTS):
                await self._bus.publish(stream, str(alert).encode())

    async def _judge_for_ever(self) -> None:
        while True:
            await retry(self.judge_due, name="rules")
            await asyncio.sleep(TICK_S)

    async def _try_for_ever(self) -> None:
        while True:
            if not await retry(self.try_next, name="rule trials"):
                await asyncio.sleep(TRIAL_TICK_S)

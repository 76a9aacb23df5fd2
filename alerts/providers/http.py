"""The provider of SMS over one operator's HTTP interface, as its description says.

What a request took is committed, by the operator's ids, before anything else is asked. A request that got no answer may
have been taken: its messages are UNANSWERED, and go again flagged. A list that is refused as a whole is halved until
the message at fault is alone. What became of messages the operator tells by callbacks, which come to the dashboard
(alerts.callbacks) and are matched there, or here by a look a second.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, cast

import structlog
from psycopg_pool import AsyncConnectionPool

from alerts import metrics
from alerts.core.numbers import is_number
from alerts.core.pace import Pace
from alerts.core.policy import Policy
from alerts.core.states import DeliveryMove
from alerts.core.verdicts import GOOD, MOVES, Answer, Verdict, judged
from alerts.over_http import reading
from alerts.over_http.asking import NoAnswer, asked, new_client
from alerts.over_http.filling import Letter
from alerts.over_http.gateway import HttpGateway, TooLong
from alerts.over_http.wording import NoTemplate
from alerts.providers.interface import Outcome, Outgoing, Terms
from alerts.providers.matching import look, match, within_of
from alerts.providers.strength import Strength
from alerts.store import sms
from alerts.store.sms import Taken
from tracker.database.retry import retry

HALVING_S: Final = 18.0  # then what is left of a refused list waits: the dispatcher's patience is 30

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class Http:
    """Run `run` beside the dispatcher: it matches what callbacks left waiting, and closes the connections."""

    channel = "sms"

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        clock: Callable[[], datetime],
        gateway: HttpGateway,
        *,
        policy: Policy,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = gateway.name
        self._pool = pool
        self._clock = clock
        self._gateway = gateway
        self._within = within_of(policy)
        self._tick = tick
        self._strength = Strength(gateway.name, weight=gateway.weight, rate_per_s=gateway.rate_per_s, tick=tick)
        self._pace = Pace.full(gateway.rate_per_s, at_s=tick())
        self._slots = asyncio.Semaphore(gateway.at_once)
        self._broken_until_s = 0.0
        self._trouble = ""
        self._client = new_client(gateway)

    @property
    def terms(self) -> Terms:
        gateway = self._gateway
        return Terms(rate_per_s=gateway.rate_per_s, ahead=gateway.ahead, per_number=gateway.per_number)

    @property
    def is_open(self) -> bool:
        """Whether the operator did not just say that it does not know us."""
        return self._tick() >= self._broken_until_s

    @property
    def strength(self) -> float:
        return self._strength.now if self.is_open else 0.0

    def weigh(self, text: str) -> int:  # noqa: ARG002 - these operators count messages
        return 1

    async def run(self) -> None:
        """Look once a second until cancelled. The client may have been used before: it is closed here, not opened."""
        try:
            while True:
                await asyncio.sleep(self._gateway.patience.look_s)
                await retry(self.look, name=f"sms look {self.name}")
        finally:
            await self._client.aclose()

    async def look(self) -> None:
        """Match what waits, and give up receipts that speak of nothing of ours."""
        await look(self._pool, self._clock, provider=self.name, within=self._within)

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Ask for all messages, in as few requests as the operator allows; return what became of each."""
        refused: list[Outcome] = []
        letters: list[Letter] = []
        for message in messages:
            try:
                letters.append(self._letter(message))
            except (NoTemplate, TooLong, ValueError) as why:
                refused.append(Outcome(delivery=message.delivery, move=DeliveryMove.REFUSED, detail=str(why)))
        until_s = self._tick() + HALVING_S
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._carry(batch, until_s), name=f"request to {self.name}")
                for batch in self._gateway.batches(letters)
            ]
        answers = [pair for task in tasks for pair in task.result()]
        for verdict, count in Counter(answer.verdict for _, answer in answers).items():
            metrics.SMS_SEGMENTS.labels(self.name, verdict).inc(count)
        return refused + [_outcome(letter, answer) for letter, answer in answers]

    def _letter(self, message: Outgoing) -> Letter:
        if not is_number(message.address):
            raise ValueError(f"{message.address!r} is no telephone number")
        return self._gateway.letter(
            delivery=message.delivery,
            attempt=message.attempt,
            number=message.address,
            text=message.body,
            expires_at=message.expires_at,
            now=self._clock(),
        )

    async def _carry(self, batch: list[Letter], until_s: float) -> list[tuple[Letter, Answer]]:
        answers = await self._answers(batch)
        taken = [
            Taken(letter.delivery, letter.attempt, 1, 1, answer.operator_id, letter.number)
            for letter, answer in zip(batch, answers, strict=True)
            if answer.verdict is Verdict.TAKEN
        ]
        if taken:
            await retry(partial(self._keep, taken), name=f"sms {self.name}")
        is_refused_whole = not self._gateway.description.answer.each and answers[0].verdict is Verdict.REFUSED
        if len(batch) == 1 or not is_refused_whole:
            return list(zip(batch, answers, strict=True))
        if self._tick() > until_s:
            later = Answer(Verdict.LATER, detail=f"refused beside others: {answers[0].detail}")
            return [(letter, later) for letter in batch]
        middle = len(batch) // 2
        return await self._carry(batch[:middle], until_s) + await self._carry(batch[middle:], until_s)

    async def _answers(self, batch: list[Letter]) -> list[Answer]:
        if not self.is_open:
            return [Answer(Verdict.LATER, detail=self._trouble)] * len(batch)
        try:
            async with asyncio.timeout(self._gateway.patience.turn_s):
                await self._slots.acquire()
        except TimeoutError:
            return [Answer(Verdict.LATER, detail="the operator is slower than its agreed rate")] * len(batch)
        try:
            return await self._asked(batch)
        finally:
            self._slots.release()

    async def _asked(self, batch: list[Letter]) -> list[Answer]:
        try:
            async with asyncio.timeout(self._gateway.patience.turn_s):
                await self._turn(len(batch))
        except TimeoutError:
            return [Answer(Verdict.LATER, detail="the operator is slower than its agreed rate")] * len(batch)
        began_s, asking = self._tick(), self._gateway.description.request
        ready = self._gateway.request(asking, batch, now=self._clock(), nonce=secrets.token_hex(16))
        try:
            status, octets = await asked(self._client, ready, self._gateway)
        except NoAnswer as none:
            answers = [Answer(none.verdict, detail=str(none))] * len(batch)
        else:
            answers = reading.answers(
                self._gateway.description.answer,
                status=status,
                octets=octets,
                letters=batch,
                country_code=self._gateway.country_code,
            )
        self._heed(answers, waited_s=self._tick() - began_s)
        return answers

    async def _turn(self, count: int) -> None:
        """Wait for as many tokens as a request has messages."""
        while True:
            self._pace, granted = self._pace.take(count, at_s=self._tick())
            count -= granted
            if not count:
                return
            await asyncio.sleep(max(0.001, self._pace.wait_s(at_s=self._tick())))

    def _heed(self, answers: Sequence[Answer], *, waited_s: float) -> None:
        """Slow down, stand still, and let the health know."""
        good = sum(answer.verdict in GOOD for answer in answers)
        self._strength.judge(good=good, bad=len(answers) - good, waited_s=waited_s)
        found = {answer.verdict: answer.detail for answer in answers}
        if Verdict.SLOWER in found:
            before, self._pace = self._pace, self._pace.throttled(at_s=self._tick())
            if self._pace is not before:
                log.warning("sms.throttled", gateway=self.name, per_s=round(self._pace.per_s, 1))
        if Verdict.BROKEN in found:
            self._broken_until_s = self._tick() + self._gateway.patience.broken_s
        trouble = found.get(Verdict.BROKEN) or found.get(Verdict.LOST) or found.get(Verdict.LATER) or ""
        if trouble and trouble != self._trouble:
            log.warning("sms.trouble", gateway=self.name, reason=trouble, is_refused=Verdict.BROKEN in found)
        elif self._trouble and Verdict.TAKEN in found:
            log.info("sms.well", gateway=self.name)
        self._trouble = trouble or ("" if Verdict.TAKEN in found else self._trouble)

    async def _keep(self, taken: Sequence[Taken]) -> None:
        now, ids = self._clock(), sorted({each.operator_id for each in taken})
        async with self._pool.connection() as connection, connection.transaction():
            await sms.keep_segments(connection, taken, provider=self.name, now=now, ask_after=None)
            await match(connection, ids, provider=self.name, within=self._within, now=now)


def _outcome(letter: Letter, answer: Answer) -> Outcome:
    ending, detail = judged([answer])
    return Outcome(delivery=letter.delivery, move=MOVES[ending], provider_id=answer.operator_id or None, detail=detail)

"""The provider of SMS over one operator's SMS centre: a session that is kept up, and a record of what is said there.

A message is ACCEPTED when the operator took all its segments and their ids are committed. What was under way when the
connection ended is UNANSWERED: it goes again, flagged as a possible duplicate. It is DELIVERED, or failed, by the
receipts of its segments; a segment without one is asked about.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from psycopg_pool import AsyncConnectionPool

from alerts import metrics
from alerts.core.policy import Policy
from alerts.core.states import DeliveryMove
from alerts.core.verdicts import GOOD, MOVES, Answer, Verdict, judged
from alerts.providers.interface import Outcome, Outgoing, Terms
from alerts.providers.questions import Questions
from alerts.providers.smpp_records import Records
from alerts.providers.strength import Strength
from alerts.smpp import pdus, receipts
from alerts.smpp.batches import Tag
from alerts.smpp.gateway import Gateway
from alerts.smpp.link import Listeners
from alerts.smpp.pdus import Submit
from alerts.smpp.segments import Concatenation, Segment, TooLong, segments
from alerts.smpp.segments import count as count_segments
from alerts.smpp.session import NotAnswered, Session
from alerts.smpp.times import absolute
from tracker.database.retry import retry

LOOK_S: Final = 1.0
ASK_AT_ONCE: Final = 50

Planned = tuple[Tag, bytes]


class Smpp:
    """Run `run` beside the dispatcher: without it nothing is connected, and every message is put back."""

    channel = "sms"

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        clock: Callable[[], datetime],
        gateway: Gateway,
        *,
        policy: Policy,
        on_inbound: Callable[[], None] = lambda: None,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = gateway.name
        self._pool = pool
        self._clock = clock
        self._gateway = gateway
        self._tick = tick
        self._strength = Strength(gateway.name, weight=gateway.weight, rate_per_s=gateway.rate_per_s, tick=tick)
        self._records = Records(
            pool, clock, gateway, policy=policy, on_inbound=on_inbound, listen=lambda on: self._listen(is_listening=on)
        )
        self._questions = Questions(gateway.name)
        self._session = Session(
            gateway, Listeners(delivered=self._records.delivered, late=self._records.late), tick=tick
        )

    @property
    def is_open(self) -> bool:
        """Whether messages may be claimed for it now."""
        return self._session.is_sending

    @property
    def strength(self) -> float:
        """Its weight, as far as it is well; 0 while it is not connected."""
        return self._strength.now if self.is_open else 0.0

    @property
    def gateway(self) -> Gateway:
        return self._gateway

    @property
    def terms(self) -> Terms:
        gateway = self._gateway
        return Terms(rate_per_s=gateway.rate_per_s, ahead=gateway.window, per_number=gateway.per_number)

    def weigh(self, text: str) -> int:
        return 1 if self._gateway.concatenation is Concatenation.PAYLOAD else count_segments(text)

    @property
    def session(self) -> Session:
        return self._session

    async def run(self) -> None:
        """Keep the session, write the records, ask about what no receipt came for; until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._records.run(), name=f"sms records {self.name}")
            group.create_task(self._look_for_ever(), name=f"sms look {self.name}")
            group.create_task(self._ask_for_ever(), name=f"sms query {self.name}")
            group.create_task(self._session.run(), name=f"sms session {self.name}")

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Submit all segments of all messages; return what became of each message."""
        refused: list[Outcome] = []
        planned: list[Planned] = []
        counts: list[tuple[Outgoing, int]] = []
        for message in messages:
            try:
                parts = self._planned(message)
            except (TooLong, ValueError) as why:
                refused.append(Outcome(delivery=message.delivery, move=DeliveryMove.REFUSED, detail=str(why)))
                continue
            planned += parts
            counts.append((message, len(parts)))
        began_s = self._tick()
        answers = await self._session.submit(planned)
        self._judge(answers, waited_s=self._tick() - began_s)
        await self._records.keep(
            [
                (tag, answer.operator_id)
                for (tag, _), answer in zip(planned, answers, strict=True)
                if answer.verdict is Verdict.TAKEN
            ]
        )
        return refused + self._outcomes(counts, answers)

    def _outcomes(self, counts: Sequence[tuple[Outgoing, int]], answers: Sequence[Answer]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        at = 0
        for message, count in counts:
            mine = answers[at : at + count]
            at += count
            ending, detail = judged(mine)
            outcomes.append(
                Outcome(
                    delivery=message.delivery,
                    move=MOVES[ending],
                    provider_id=mine[0].operator_id or None,
                    detail=detail,
                )
            )
        for verdict, count in Counter(answer.verdict for answer in answers).items():
            metrics.SMS_SEGMENTS.labels(self.name, verdict).inc(count)
        return outcomes

    def _judge(self, answers: Sequence[Answer], *, waited_s: float) -> None:
        good = sum(answer.verdict in GOOD for answer in answers)
        self._strength.judge(good=good, bad=len(answers) - good, waited_s=waited_s)

    def _planned(self, message: Outgoing) -> list[Planned]:
        """Return the segments of one message, ready for the wire. Raises TooLong, ValueError."""
        gateway = self._gateway
        parts = segments(message.body, reference=message.delivery, by=gateway.concatenation, most=gateway.most_parts)
        destination = gateway.destination(message.address)
        if not destination.digits.isdigit():
            raise ValueError(f"{message.address!r} is no telephone number")
        has_end = gateway.sends_validity and message.expires_at is not None
        validity = absolute(message.expires_at) if has_end and message.expires_at is not None else ""

        def body(part: Segment) -> bytes:
            return pdus.submit_body(
                Submit(
                    source=gateway.source,
                    destination=destination,
                    payload=part.payload,
                    data_coding=part.data_coding,
                    esm_class=part.esm_class,
                    validity=validity,
                    service_type=gateway.service_type,
                    is_payload_parameter=part.is_payload_parameter,
                )
            )

        return [
            (Tag(message.delivery, message.attempt, number, len(parts), message.address), body(part))
            for number, part in enumerate(parts, start=1)
        ]

    def _listen(self, *, is_listening: bool) -> None:
        self._session.listen(is_listening=is_listening)

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await retry(self.look, name=f"sms look {self.name}")

    async def look(self) -> None:
        """Match what waits, and give up receipts that speak of nothing of ours."""
        await self._records.look()

    async def _ask_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._gateway.timing.query_every_s)
            if self.is_open:
                await retry(self.ask, name=f"sms query {self.name}")

    async def ask(self) -> int:
        """Ask the operator about segments that no receipt came for; return how many."""
        async with self._pool.connection() as connection:
            found = await self._questions.due(connection, now=self._clock(), limit=ASK_AT_ONCE)
        for each in found:
            with suppress(NotAnswered, receipts.BadReceipt):
                said = await self._session.query(each.operator_id, self._gateway.source)
                self._records.asked(receipts.of_state(each.operator_id, said.message_state, said.error))
        return len(found)

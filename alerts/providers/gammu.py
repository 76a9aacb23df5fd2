"""The provider of SMS over a modem that gammu-smsd drives, by the tables of its database.

A message is ACCEPTED when it is in the outbox and the ids of its parts are committed here; sentitems says what became
of each part, and is asked as an SMS centre is asked by query_sm. A message that may have been put there by who died
before is looked for first, so that it leaves once. What people write is read from the inbox and stored here before it
is marked there. No more than some messages lie in the outbox: what is there no red one can overtake.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple, cast

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from alerts import metrics
from alerts.core.gammu import CREATOR, FATES, Creator, GammuGateway, operator_id, validity
from alerts.core.numbers import e164, is_number
from alerts.core.policy import Policy
from alerts.core.states import DeliveryMove
from alerts.core.verdicts import Fate, Verdict
from alerts.providers.interface import Outcome, Outgoing, Terms
from alerts.providers.matching import look, match, within_of
from alerts.providers.questions import Questions
from alerts.providers.strength import Strength
from alerts.smpp.alphabets import Coding, read
from alerts.smpp.commands import ESM_UDHI
from alerts.smpp.segments import Segment, TooLong, placed, segments
from alerts.store import gammu, inbound, sms
from alerts.store.sms import Said, Taken
from tracker.database.retry import retry

AT_ONCE: Final = 200
TOO_LATE: Final = timedelta(seconds=5)  # before its end a message that has not left is taken back
CODINGS: Final = {Coding.DEFAULT: "Default_No_Compression", Coding.UCS_2: "Unicode_No_Compression"}
HEADER_OCTETS: Final = 6
LONGEST_TEXT: Final = 2_000
LONGEST_NUMBER: Final = 20  # characters

Planned = tuple[Outgoing, list[gammu.Part]]

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class ModemAway(Exception):  # noqa: N818 - of theirs
    """smsd's database cannot be used; the message says why. `was_reached`: something was asked of it before."""

    def __init__(self, reason: str, *, was_reached: bool) -> None:
        super().__init__(reason)
        self.was_reached = was_reached


@asynccontextmanager
async def reached(gateway: GammuGateway) -> AsyncGenerator[AsyncConnection[Any]]:
    """Connect for some statements: a modem takes seconds for each message, a connection a few thousandths of one.

    Raises ModemAway.
    """
    timing, was_reached = gateway.timing, False
    try:
        async with asyncio.timeout(timing.answer_s):
            connection = await AsyncConnection[Any].connect(
                gateway.dsn, autocommit=True, connect_timeout=timing.connect_s
            )
            was_reached = True
            async with connection:
                yield connection
    except TimeoutError as silent:
        raise ModemAway(
            f"{gateway.where} does not answer in {timing.answer_s:g} s", was_reached=was_reached
        ) from silent
    except psycopg.Error as wrong:
        why = " ".join(str(wrong).split()) or type(wrong).__name__
        raise ModemAway(f"{gateway.where}: {why}", was_reached=was_reached) from wrong


class _Found(NamedTuple):
    """What one look at smsd's tables brought."""

    state: gammu.State
    withdrawn: Sequence[int]
    sent: Sequence[gammu.Sent]
    received: Sequence[gammu.Received]


class Gammu:
    """Run `run` beside the dispatcher: without it nothing is known of smsd, and nothing is claimed."""

    channel = "sms"

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        clock: Callable[[], datetime],
        gateway: GammuGateway,
        *,
        policy: Policy,
        on_inbound: Callable[[], None] = lambda: None,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = gateway.name
        self._pool = pool
        self._clock = clock
        self._gateway = gateway
        self._within = within_of(policy)
        self._on_inbound = on_inbound
        self._tick = tick
        self._strength = Strength(gateway.name, weight=gateway.weight, rate_per_s=gateway.rate_per_s, tick=tick)
        self._questions = Questions(gateway.name)
        self._state = gammu.State(is_alive=False, waiting=0)
        self._trouble = ""

    @property
    def terms(self) -> Terms:
        gateway = self._gateway
        return Terms(rate_per_s=gateway.rate_per_s, ahead=1, per_number=gateway.per_number)

    @property
    def is_open(self) -> bool:
        return self._state.is_alive and self._state.waiting < self._gateway.most_waiting

    @property
    def strength(self) -> float:
        return self._strength.now if self.is_open else 0.0

    def weigh(self, text: str) -> int:  # noqa: ARG002 - smsd keeps the parts of a message together
        return 1

    async def run(self) -> None:
        """Look at smsd's tables until cancelled."""
        while True:
            await retry(self.look, name=f"sms look {self.name}")
            await asyncio.sleep(self._gateway.timing.look_s)

    async def look(self) -> None:
        """See whether smsd lives, read the inbox, ask what became of what left; without its database do nothing."""
        await look(self._pool, self._clock, provider=self.name, within=self._within)
        due = await retry(self._due, name=f"sms look {self.name}")
        try:
            found = await self._look_there(due)
        except ModemAway as away:
            self._say(str(away))
            self._state = gammu.State(is_alive=False, waiting=0)
            return
        self._state = found.state
        self._say("" if found.state.is_alive else "gammu-smsd does not run, or its modem does not send")
        withdrawn = [Said(operator_id(each, 1), Fate.EXPIRED, "taken back from the outbox") for each in found.withdrawn]
        await retry(partial(self._keep_said, withdrawn + _said(found.sent)), name=f"sms {self.name}")
        await self._take_in(found.received)

    async def _due(self) -> list[int]:
        """Return the messages whose parts have no last word, and are to be asked about."""
        async with self._pool.connection() as connection:
            due = await self._questions.due(connection, now=self._clock(), limit=AT_ONCE)
        return sorted({int(each.operator_id.partition("/")[0]) for each in due})

    async def _look_there(self, due: Sequence[int]) -> _Found:
        async with reached(self._gateway) as theirs:
            state = await gammu.state(theirs, creator=CREATOR)
            withdrawn = await gammu.withdraw(theirs, creator=CREATOR, now=self._clock() + TOO_LATE)
            sent = await gammu.sent(theirs, due) if due else []
            return _Found(state, withdrawn, sent, await gammu.received(theirs, limit=AT_ONCE))

    async def _take_in(self, came: Sequence[gammu.Received]) -> None:
        """Store what people wrote, then mark it there: who dies in between finds it again, and knows it."""
        if not came:
            return
        await retry(partial(self._keep_inbound, came), name=f"sms {self.name}")
        self._on_inbound()
        try:
            async with reached(self._gateway) as theirs:
                await gammu.taken(theirs, [each.message for each in came])
        except ModemAway as away:
            self._say(str(away))

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Put all messages into the outbox; return what became of each."""
        outcomes: list[Outcome] = []
        planned: list[Planned] = []
        for message in messages:
            try:
                planned.append((message, self._parts(message)))
            except (TooLong, ValueError) as why:
                outcomes.append(Outcome(delivery=message.delivery, move=DeliveryMove.REFUSED, detail=str(why)))
        began_s = self._tick()
        try:
            put = await self._put(planned)
        except ModemAway as away:
            self._strength.judge(good=0, bad=len(planned), waited_s=self._tick() - began_s)
            verdict, move = Verdict.LATER, DeliveryMove.DEFERRED
            if away.was_reached:  # the COMMIT may have happened: the next attempt looks for it
                verdict, move = Verdict.LOST, DeliveryMove.UNANSWERED
            metrics.SMS_SEGMENTS.labels(self.name, verdict).inc(len(planned))
            return outcomes + [
                Outcome(delivery=message.delivery, move=move, detail=str(away)) for message, _ in planned
            ]
        await retry(partial(self._keep_taken, put), name=f"sms {self.name}")
        self._strength.judge(good=len(planned), bad=0, waited_s=self._tick() - began_s)
        metrics.SMS_SEGMENTS.labels(self.name, Verdict.TAKEN).inc(len(put))
        self._state = gammu.State(self._state.is_alive, self._state.waiting + len(planned))
        first = {each.delivery: each.operator_id for each in reversed(put)}
        return outcomes + [
            Outcome(delivery=message.delivery, move=DeliveryMove.ACCEPTED, provider_id=first[message.delivery])
            for message, _ in planned
        ]

    def _parts(self, message: Outgoing) -> list[gammu.Part]:
        if not is_number(message.address):
            raise ValueError(f"{message.address!r} is no telephone number")
        if len(message.address) > LONGEST_NUMBER:
            raise ValueError(f"a number of {len(message.address)} characters: smsd has room for {LONGEST_NUMBER}")
        return [
            _part(each) for each in segments(message.body, reference=message.delivery, most=self._gateway.most_parts)
        ]

    async def _put(self, planned: Sequence[Planned]) -> list[Taken]:
        put: list[Taken] = []
        async with reached(self._gateway) as theirs, theirs.transaction():
            for message, parts in planned:
                there: int | None = None
                if message.is_possible_duplicate:
                    there = await gammu.known(theirs, creator=CREATOR, delivery=message.delivery)
                if there is None:
                    left = None if message.expires_at is None else message.expires_at - self._clock()
                    there = await gammu.put(
                        theirs,
                        parts,
                        number=message.address,
                        creator=Creator(message.delivery, message.attempt, message.expires_at).text,
                        validity=validity(left),
                    )
                put += [
                    Taken(
                        message.delivery,
                        message.attempt,
                        number,
                        len(parts),
                        operator_id(there, number),
                        message.address,
                    )
                    for number in range(1, len(parts) + 1)
                ]
        return put

    async def _keep_taken(self, put: Sequence[Taken]) -> None:
        now, ids = self._clock(), sorted({each.operator_id for each in put})
        ask_after = timedelta(seconds=self._gateway.timing.ask_after_s)
        async with self._pool.connection() as connection, connection.transaction():
            await sms.keep_segments(connection, put, provider=self.name, now=now, ask_after=ask_after)
            await match(connection, ids, provider=self.name, within=self._within, now=now)

    async def _keep_said(self, said: Sequence[Said]) -> None:
        if not said:
            return
        now, ids = self._clock(), sorted({each.operator_id for each in said})
        async with self._pool.connection() as connection, connection.transaction():
            await sms.keep_receipts(connection, said, provider=self.name, source="query", now=now)
            await match(connection, ids, provider=self.name, within=self._within, now=now)
        for each in said:
            metrics.SMS_RECEIPTS.labels(self.name, each.state).inc()

    async def _keep_inbound(self, came: Sequence[gammu.Received]) -> None:
        parts = [_inbound(each, self._gateway.country_code) for each in came]
        async with self._pool.connection() as connection:
            new = await inbound.keep(connection, parts, provider=self.name, now=self._clock())
        metrics.SMS_INBOUND.labels(self.name).inc(new)

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            log.warning("sms.trouble", gateway=self.name, reason=trouble)
        elif self._trouble and not trouble:
            log.info("sms.well", gateway=self.name)
        self._trouble = trouble


def _part(segment: Segment) -> gammu.Part:
    is_long = bool(segment.esm_class & ESM_UDHI)
    header, octets = segment.payload[: HEADER_OCTETS * is_long], segment.payload[HEADER_OCTETS * is_long :]
    coding = Coding(segment.data_coding)
    return gammu.Part(read(coding, octets), CODINGS[coding], header.hex().upper() or None)


def _inbound(came: gammu.Received, country_code: str) -> inbound.Part:
    try:
        place, _ = placed(ESM_UDHI, bytes.fromhex(came.header), {})
    except ValueError:
        place = None
    return inbound.Part(
        source=e164(came.sender, country_code=country_code),
        destination=came.recipient,
        body=came.text[:LONGEST_TEXT],
        reference=None if place is None else place.reference,
        part=1 if place is None else place.part,
        parts=1 if place is None else place.parts,
        # With its time and sender: ids begin again where somebody makes the tables anew
        operator_id=f"{came.message}/{came.received_at}/{came.sender}",
    )


def _said(found: Sequence[gammu.Sent]) -> list[Said]:
    """Return the last words among what sentitems says."""
    fates = [(each, FATES.get(each.status, Fate.UNDER_WAY)) for each in found]
    return [
        Said(operator_id(each.message, each.part), fate, _word(each))
        for each, fate in fates
        if fate is not Fate.UNDER_WAY
    ]


def _word(sent: gammu.Sent) -> str:
    return f"{sent.status} {sent.error}" if sent.error > 0 else sent.status

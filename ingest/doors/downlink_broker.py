"""Downlink where ingest subscribes: what waits in the tables is published through the broker, at QoS 1.

A row is delivered when the broker acknowledged it. Receipts go through a bounded queue and are dropped when it is full
or the broker is away: the terminal that gets none sends its packet again.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Final, cast

import structlog
from psycopg_pool import AsyncConnectionPool

from ingest.doors.broker_link import Login
from ingest.doors.broker_publisher import BrokerGoneError, BrokerPublisher, Down
from ingest.doors.subscribe import Broker, connect
from ingest.mqtt.properties import NONE, Properties
from ingest.store import sessions
from tracker.bus.interface import DOWNLINK, Bus
from tracker.bus.messages import decode_downlink
from tracker.database.retry import retry
from tracker.model.backoff import delays

POLL_S: Final = 2.0  # the safety net for a doorbell that nobody heard
AT_ONCE: Final = 1_000  # messages; what comes up meanwhile waits for so many
TERMINALS_AT_ONCE: Final = 1_000
RECEIPTS: Final = 20_000
ROWS_A_TERMINAL: Final = 100
RETAINED_OVERLAP_S: Final = 60.0

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class BrokerDownlink:
    def __init__(self, *, pool: AsyncConnectionPool, bus: Bus, broker: Broker, name: str) -> None:
        self._pool: Final = pool
        self._bus: Final = bus
        self._broker: Final = broker
        self._name: Final = name
        self._receipts: Final[deque[Down]] = deque()
        self._bell: Final = asyncio.Event()
        self._is_up = False
        self._due: Final[set[int]] = set()  # terminals that something waits for
        self._is_anything = True  # somebody may have written anything
        self._retained_at: Final[dict[str, datetime]] = {}  # what the broker has

    def send_now(self, terminal: int, topic: str, payload: bytes, correlation: bytes | None = None) -> None:  # noqa: ARG002 - the topic names it
        if self._is_up and len(self._receipts) < RECEIPTS:
            said = NONE if correlation is None else Properties(correlation=correlation)
            self._receipts.append(Down(topic, payload, said=said))
            self._bell.set()

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="downlink doorbell")
            group.create_task(self._publish(), name="downlink to broker")

    async def _listen(self) -> None:
        async for message in self._bus.read(DOWNLINK):
            named = decode_downlink(message.payload).terminals
            self._due.update(named)
            self._is_anything |= not named
            self._bell.set()

    async def _publish(self) -> None:
        broker, pauses, is_lost = self._broker, delays(random.random), False
        password = None if broker.password is None else broker.password.encode()
        login = Login(client_id=f"{self._name}-downlink", user=broker.user, password=password)
        while True:
            publisher = BrokerPublisher(login)
            why = await connect(publisher, broker)
            if why is None:
                pauses, is_lost = delays(random.random), False
                why = await self._stay(publisher)
            if not is_lost:
                log.warning("downlink.waiting", host=broker.host, reason=why)
            is_lost = True
            await asyncio.sleep(next(pauses))

    async def _stay(self, publisher: BrokerPublisher) -> str:
        """Publish until the connection is over; return why."""
        self._is_up = True
        try:
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(self._serve(publisher), name="downlink at broker")
                why = await publisher.stay()
                serving.cancel()
                return why
        finally:
            self._is_up = False

    async def _serve(self, publisher: BrokerPublisher) -> None:
        with suppress(BrokerGoneError):  # whoever watches the link says why
            await self._serve_on(publisher)

    async def _serve_on(self, publisher: BrokerPublisher) -> None:
        self._retained_at.clear()  # the broker may have forgotten while it was away
        self._is_anything, within_s = True, 10 * 365 * 86_400.0
        while True:
            self._bell.clear()
            await self._send_receipts(publisher)
            if self._is_anything:
                self._is_anything = False
                await self._retain(publisher, within_s=within_s)
                within_s = RETAINED_OVERLAP_S
                self._due.update(await retry(self._terminals, name="ingest"))
            await self._send_waiting(publisher)
            if self._due or self._receipts:
                continue
            try:
                async with asyncio.timeout(POLL_S):
                    await self._bell.wait()
            except TimeoutError:
                self._is_anything = True

    async def _send_receipts(self, publisher: BrokerPublisher) -> None:
        await publisher.send([self._receipts.popleft() for _ in range(min(len(self._receipts), AT_ONCE))])

    async def _send_waiting(self, publisher: BrokerPublisher) -> None:
        """Publish what waits for some of the terminals that are due, the oldest of each first.

        They are due no longer before the tables are read, so that a doorbell meanwhile is heard; when the broker goes,
        everybody is looked for anew.
        """
        terminals = list(islice(self._due, TERMINALS_AT_ONCE))
        if not terminals:
            return
        self._due.difference_update(terminals)
        rows = await retry(lambda: self._waiting(terminals), name="ingest")
        counts = Counter[int]()
        for first in range(0, len(rows), AT_ONCE):
            batch = rows[first : first + AT_ONCE]
            answers = await publisher.send([Down(row.topic, row.payload) for row in batch])
            taken = [row for row, is_taken in zip(batch, answers, strict=True) if is_taken]
            await retry(lambda taken=taken: self._delivered(taken), name="ingest")
            counts.update(row.terminal for row in taken)
        self._due.update(terminal for terminal, count in counts.items() if count == ROWS_A_TERMINAL)

    async def _terminals(self) -> list[int]:
        async with self._pool.connection() as connection:
            return await sessions.terminals_with_waiting(connection)

    async def _waiting(self, terminals: Sequence[int]) -> list[sessions.Waiting]:
        async with self._pool.connection() as connection:
            return await sessions.waiting(connection, terminals, ROWS_A_TERMINAL)

    async def _delivered(self, rows: Sequence[sessions.Waiting]) -> None:
        async with self._pool.connection() as connection:
            await sessions.mark_delivered(connection, [row.id for row in rows])

    async def _retain(self, publisher: BrokerPublisher, *, within_s: float) -> None:
        changed = await retry(lambda: self._changed(within_s), name="ingest")
        news = [topic for topic, at in changed.items() if self._retained_at.get(topic) != at]
        for first in range(0, len(news), AT_ONCE):
            rows = await retry(lambda first=first: self._retained(news[first : first + AT_ONCE]), name="ingest")
            taken = await publisher.send([Down(row.topic, row.payload, is_retained=True) for row in rows])
            for row, is_taken in zip(rows, taken, strict=True):
                if is_taken:
                    self._retained_at[row.topic] = row.changed_at

    async def _changed(self, within_s: float) -> Mapping[str, datetime]:
        async with self._pool.connection() as connection:
            return await sessions.retained_of_late(connection, within_s)

    async def _retained(self, topics: Sequence[str]) -> list[sessions.Retained]:
        async with self._pool.connection() as connection:
            return await sessions.retained(connection, topics)

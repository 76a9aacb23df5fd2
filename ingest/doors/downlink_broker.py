"""Downlink where ingest subscribes: what waits in the tables is published through the broker, at QoS 1, by aiomqtt.

A row is delivered when the broker acknowledged it. Receipts go through a bounded queue and are dropped when it is full
or the broker is away: the terminal that gets none sends its packet again.
"""

import asyncio
import random
from collections import deque
from datetime import datetime
from typing import Final, NamedTuple, cast

import aiomqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from psycopg_pool import AsyncConnectionPool

from ingest.doors.subscribe import Broker
from ingest.store import sessions
from tracker.bus.interface import DOWNLINK, Bus
from tracker.database.retry import retry
from tracker.model.backoff import delays

POLL_S: Final = 2.0  # the safety net for a doorbell that nobody heard
KEEP_ALIVE_S: Final = 10  # a link that says nothing any more is given up after twice that
AT_ONCE: Final = 200  # receipts on their way to the broker
RECEIPTS: Final = 20_000
ROWS_A_TERMINAL: Final = 100
RETAINED_OVERLAP_S: Final = 60.0

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class _Receipt(NamedTuple):
    topic: str
    payload: bytes
    correlation: bytes | None


class BrokerDownlink:
    def __init__(self, *, pool: AsyncConnectionPool, bus: Bus, broker: Broker, name: str) -> None:
        self._pool: Final = pool
        self._bus: Final = bus
        self._broker: Final = broker
        self._name: Final = name
        self._receipts: Final[deque[_Receipt]] = deque()
        self._bell: Final = asyncio.Event()
        self._is_up = False
        self._retained_at: Final[dict[str, datetime]] = {}  # what the broker has

    def send_now(self, terminal: int, topic: str, payload: bytes, correlation: bytes | None = None) -> None:  # noqa: ARG002 - the topic names it
        if self._is_up and len(self._receipts) < RECEIPTS:
            self._receipts.append(_Receipt(topic, payload, correlation))
            self._bell.set()

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="downlink doorbell")
            group.create_task(self._publish(), name="downlink to broker")

    async def _listen(self) -> None:
        async for _ in self._bus.read(DOWNLINK):
            self._bell.set()

    async def _publish(self) -> None:
        pauses = delays(random.random)
        is_lost = False
        while True:
            try:
                async with self._client() as client:
                    pauses, is_lost, self._is_up = delays(random.random), False, True
                    await self._serve(client)
            except (aiomqtt.MqttError, OSError) as error:
                if not is_lost:
                    log.warning("downlink.waiting", host=self._broker.host, reason=str(error))
                is_lost = True
            finally:
                self._is_up = False
            await asyncio.sleep(next(pauses))

    def _client(self) -> aiomqtt.Client:
        broker = self._broker
        return aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.user,
            password=broker.password,
            identifier=f"{self._name}-downlink",
            protocol=aiomqtt.ProtocolVersion.V5,
            tls_context=broker.tls,
            keepalive=KEEP_ALIVE_S,
        )

    async def _serve(self, client: aiomqtt.Client) -> None:
        self._retained_at.clear()  # the broker may have forgotten while it was away
        await self._retain(client, within_s=10 * 365 * 86_400.0)
        while True:
            self._bell.clear()
            await self._send_receipts(client)
            await self._send_waiting(client)
            await self._retain(client, within_s=RETAINED_OVERLAP_S)
            try:
                async with asyncio.timeout(POLL_S):
                    await self._bell.wait()
            except TimeoutError:
                continue

    async def _send_receipts(self, client: aiomqtt.Client) -> None:
        """Publish what waits, many at a time: one after the other is a round trip to the broker for each."""
        while self._receipts:
            batch = [self._receipts.popleft() for _ in range(min(len(self._receipts), AT_ONCE))]
            trouble: BaseExceptionGroup[Exception] | None = None
            try:
                async with asyncio.TaskGroup() as group:
                    for receipt in batch:
                        group.create_task(_send_receipt(client, receipt), name="receipt")
            except* aiomqtt.MqttError as errors:
                trouble = errors
            if trouble is not None:
                raise aiomqtt.MqttError(str(trouble.exceptions[0])) from trouble

    async def _send_waiting(self, client: aiomqtt.Client) -> None:
        for row in await retry(self._waiting, name="ingest"):
            await client.publish(row.topic, row.payload, qos=1)
            await retry(lambda row=row: self._delivered(row.id), name="ingest")

    async def _waiting(self) -> list[sessions.Waiting]:
        async with self._pool.connection() as connection:
            terminals = await sessions.terminals_with_waiting(connection)
            return await sessions.waiting(connection, terminals, ROWS_A_TERMINAL) if terminals else []

    async def _delivered(self, row: int) -> None:
        async with self._pool.connection() as connection:
            await sessions.mark_delivered(connection, [row])

    async def _retain(self, client: aiomqtt.Client, *, within_s: float) -> None:
        for row in await retry(lambda: self._retained(within_s), name="ingest"):
            if self._retained_at.get(row.topic) != row.changed_at:
                await client.publish(row.topic, row.payload, qos=1, retain=True)
                self._retained_at[row.topic] = row.changed_at

    async def _retained(self, within_s: float) -> list[sessions.Retained]:
        async with self._pool.connection() as connection:
            return await sessions.retained_of_late(connection, within_s)


async def _send_receipt(client: aiomqtt.Client, receipt: _Receipt) -> None:
    said = Properties(PacketTypes.PUBLISH)
    if receipt.correlation is not None:
        said.CorrelationData = receipt.correlation
    await client.publish(receipt.topic, receipt.payload, qos=1, properties=said)

"""Downlink over the listening door: what waits in the tables goes to the terminals that are connected.

One task works in rounds: note what was acknowledged, find who has something waiting, send as much as the windows take.
A row stays in the table until its PUBACK; whatever was killed meanwhile, it is sent again, with DUP.
"""

import asyncio
from datetime import datetime
from itertools import islice
from typing import Any, Final, NamedTuple

from psycopg_pool import AsyncConnectionPool

from ingest import metrics
from ingest.doors.listen_connection import Connection
from ingest.doors.listen_downward import LARGEST_WINDOW
from ingest.doors.listen_grants import Grant
from ingest.doors.listen_roster import Roster
from ingest.doors.listen_wire import Stage
from ingest.store import sessions as store
from ingest.store.sessions import Retained, Waiting
from tracker.bus.interface import DOWNLINK, Bus
from tracker.bus.messages import decode_downlink
from tracker.database.retry import retry

SWEEP_S: Final = 10.0  # the safety net for a doorbell that nobody heard
ROUND_S: Final = 0.02  # a round gathers the acknowledgements of 20 ms
TERMINALS_A_ROUND: Final = 1_000
# More than a window, so that rows which no subscription takes do not hide those behind them.
ROWS_A_TERMINAL: Final = 10 * LARGEST_WINDOW
TOPICS_AT_ONCE: Final = 200  # what else the door has to do comes between
LATE_S: Final = 600.0  # a retained message that commits later than this is seen at the next subscription only


class _Sending(NamedTuple):
    connection: Connection
    row: Waiting
    qos: int


class Deliveries:
    def __init__(self, *, pool: AsyncConnectionPool[Any], bus: Bus, roster: Roster) -> None:
        self._pool: Final = pool
        self._bus: Final = bus
        self._roster: Final = roster
        self._wake: Final = asyncio.Event()
        self._rings = 1  # somebody may have written rows for anybody
        self._answered = 0
        self._called: set[int] = set()  # terminals to look for, from the next round on
        self._due: set[int] = set()  # in this one
        self._delivered: set[int] = set()  # rows acknowledged, not noted yet
        self._asked: list[tuple[Connection, Grant]] = []

    def look(self, terminal: int) -> None:
        """Look for what waits for a terminal: it came, subscribed, or has room again."""
        self._called.add(terminal)
        self._wake.set()

    def delivered(self, terminal: int, row: int) -> None:
        self._delivered.add(row)
        self.look(terminal)

    def begin_listening(self, connection: Connection, grants: list[Grant]) -> None:
        """Send what is retained for each grid, when it is wanted, and every change from there on."""
        self._asked += [(connection, grant) for grant in grants]
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled. A database that is away makes the rows wait where they are."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear(), name="downlink doorbell")
            tasks.create_task(self._work(), name="downlink")

    async def _hear(self) -> None:
        async for message in self._bus.read(DOWNLINK):
            named = decode_downlink(message.payload).terminals
            here = [terminal for terminal in named if self._roster.of_terminal(terminal)]
            self._called.update(here)
            if here or not named:
                self._rings += not named
                self._wake.set()

    async def _work(self) -> None:
        while True:
            try:
                async with asyncio.timeout(SWEEP_S):
                    await self._wake.wait()
            except TimeoutError:
                self._rings += 1
            await asyncio.sleep(ROUND_S)
            self._wake.clear()
            await retry(self._round, name="downlink")

    async def _round(self) -> None:
        """Every step may be done again after the database was lost: nothing is taken off a list before it is done."""
        async with self._pool.connection() as connection:
            await self._note_delivered(connection)
            await self._sweep(connection)
            await self._deliver(connection)
            await self._retain(connection)
        if self._called or self._due or self._delivered or self._asked:
            self._wake.set()

    async def _note_delivered(self, connection: store.Connection) -> None:
        rows = tuple(self._delivered)
        if rows:
            await store.mark_delivered(connection, rows)
            self._delivered.difference_update(rows)

    async def _sweep(self, connection: store.Connection) -> None:
        rings = self._rings
        if rings == self._answered:
            return
        waiting = await store.terminals_with_waiting(connection)
        self._due.update(terminal for terminal in waiting if self._roster.of_terminal(terminal))
        changed = await store.retained_of_late(connection, LATE_S)
        news = [topic for topic, at in changed.items() if self._is_news(topic, at)]
        for first in range(0, len(news), TOPICS_AT_ONCE):
            for message in await store.retained(connection, news[first : first + TOPICS_AT_ONCE]):
                self._spread(message)
        self._answered = rings

    def _is_news(self, topic: str, changed_at: datetime) -> bool:
        return any(sent != changed_at for sent in self._roster.listeners(topic).values())

    def _spread(self, message: Retained) -> None:
        for listener, sent in tuple(self._roster.listeners(message.topic).items()):
            grant = listener.grant_of(message.topic)
            if sent != message.changed_at and grant is not None:
                self._roster.listen(listener, message.topic, message.changed_at)
                _send_retained(listener, message, qos=grant.qos, retain=grant.retain_as_published)

    async def _deliver(self, connection: store.Connection) -> None:
        self._due |= self._called
        self._called.clear()
        terminals = list(islice(self._due, TERMINALS_A_ROUND))
        if not terminals:
            return
        rows = await store.waiting(connection, terminals, ROWS_A_TERMINAL)
        sendings = [sending for row in rows for sending in self._sendings(row)]
        fresh = {sending.row.id for sending in sendings if not sending.row.is_repeat}
        if fresh:
            await store.mark_sent(connection, tuple(fresh))
        self._due.difference_update(terminals)
        for sending in sendings:
            _send(sending)

    def _sendings(self, row: Waiting) -> list[_Sending]:
        """Return whom to send a row: each connection of the terminal that subscribed, reads, and has not got it."""
        if row.id in self._delivered:
            return []
        found: list[_Sending] = []
        for connection in self._roster.of_terminal(row.terminal):
            grant = connection.grant_of(row.topic)
            if grant is None or connection.window.holds(row.id):
                continue
            if connection.can_take(row.topic, row.payload):
                found.append(_Sending(connection, row, grant.qos))
        return found

    async def _retain(self, connection: store.Connection) -> None:
        asked = self._asked[:TERMINALS_A_ROUND]
        if not asked:
            return
        topics = {grant.subscription.filter for _, grant in asked}
        messages = {message.topic: message for message in await store.retained(connection, tuple(topics))}
        del self._asked[: len(asked)]
        for listener, grant in asked:
            self._begin_listening(listener, grant, messages.get(grant.subscription.filter))

    def _begin_listening(self, listener: Connection, grant: Grant, message: Retained | None) -> None:
        topic = grant.subscription.filter
        if listener.grant_of(topic) is None:
            return  # it left, or unsubscribed
        self._roster.listen(listener, topic, None if message is None else message.changed_at)
        if message is not None and message.payload and grant.wants_retained:
            _send_retained(listener, message, qos=grant.subscription.qos, retain=True)


def _send(sending: _Sending) -> None:
    connection, row, qos = sending
    if connection.stage is not Stage.OPEN or (qos and not connection.window.has_room_for(row.id)):
        return  # looked for again when it is back, or when something is acknowledged
    connection.send_row(row.id, row.topic, row.payload, qos=qos, dup=row.is_repeat)
    metrics.LISTEN_SENT.labels("downlink").inc()


def _send_retained(connection: Connection, message: Retained, *, qos: int, retain: bool) -> None:
    if connection.can_take(message.topic, message.payload):
        connection.send_down(message.topic, message.payload, qos=qos, retain=retain)
        metrics.LISTEN_SENT.labels("retained").inc()
    else:
        metrics.LISTEN_DROPPED.inc()

"""Keeps the live map true: from tables at the start, then from the bus, and from tables again as a safety net.

The bus may lose a message or be a bus of one process only (programs apart without Redis); what is read again
(dashboard.live.rereading) makes up for that, later but surely.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any, Final, cast

import numpy as np
import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from dashboard.live.board import Board
from dashboard.live.grid_watch import GridWatch
from dashboard.live.hub import Hub
from dashboard.live.layout import Branch, Layout, Person, lay_out
from dashboard.live.news import Newsroom
from dashboard.live.rereading import Rereading
from dashboard.store import city, emergencies
from tracker.bus import messages
from tracker.bus.interface import ALERTS, CITY, EVENTS, POSITIONS, Bus, Message
from tracker.database.retry import retry
from tracker.model.positions import POSITION
from tracker.organisation import duty

TICK_S: Final = 1.0
EMERGENCIES_S: Final = 10.0
CITY_S: Final = 60.0  # between two looks at the whole city, 0.2 s of the database's: a doorbell rings when it changes
DUTY_S: Final = 60.0  # shifts begin and end on whole minutes

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


def new_epoch() -> int:
    return secrets.randbits(32)


async def read_layout(connection: AsyncConnection[Any]) -> Layout:
    """Return the city as it stands in the tables; the sorting is done in a thread."""
    async with connection.transaction():
        await city.freeze(connection)  # no member of a unit that was added between the two
        first_rank = await city.first_grid_rank(connection)
        units = await city.units(connection)
        people = await city.members(connection)
    return await asyncio.to_thread(_lay_out, units, people, first_rank)


def _lay_out(units: list[city.UnitRow], people: list[city.MemberRow], first_rank: int) -> Layout:
    lefts = {unit.id: unit.tree_left for unit in units}
    branches = [
        Branch(
            id=unit.id,
            name=unit.name,
            name_en=unit.name_en,
            left=unit.tree_left,
            right=unit.tree_right,
            is_leaf=unit.is_leaf,
            is_high=unit.rank < first_rank,
        )
        for unit in units
    ]
    return lay_out(
        branches,
        [Person(id=who.id, name=who.name, left=lefts[who.unit], is_leader=who.is_leader) for who in people],
    )


class Feed:
    """`clock` returns the time now, aware UTC."""

    def __init__(
        self, pool: AsyncConnectionPool, bus: Bus, hub: Hub, newsroom: Newsroom, *, clock: Callable[[], datetime]
    ) -> None:
        self._pool = pool
        self._bus = bus
        self._hub = hub
        self._newsroom = newsroom
        self._clock = clock
        self._grid_watch = GridWatch(pool, hub, changed=self._reread)
        self._fingerprint: tuple[int, ...] = ()
        self._looked_s = 0.0  # at the city
        self._lasts = Rereading(pool, hub.board)
        self._is_changed = asyncio.Event()
        self._rereading = asyncio.Lock()  # an older city must not overtake a newer one

    async def run(self, *, ready: Callable[[], None]) -> None:
        """Read everything, say `ready`, and keep it true until cancelled."""
        # From here on, before the tables are read: what is said meanwhile is merged by time of fix.
        positions, doorbells = self._bus.read(POSITIONS), self._bus.read(EVENTS, CITY, ALERTS)
        await retry(self._reread, name="dashboard")
        self._hub.pulse()
        ready()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_positions(positions), name="dashboard positions")
            group.create_task(self._follow_doorbells(doorbells), name="dashboard doorbells")
            group.create_task(self._beat(), name="dashboard tick")
            group.create_task(self._reread_for_ever(), name="dashboard reread")
            group.create_task(self._follow_emergencies(), name="dashboard emergencies")
            group.create_task(self._grid_watch.run(), name="dashboard grid sets")
            group.create_task(self._follow_changes(), name="dashboard changes of the city")
            group.create_task(self._follow_duty(), name="dashboard duty")

    async def _follow_positions(self, source: AsyncIterator[Message]) -> None:
        async for message in source:
            if len(message.payload) % POSITION.itemsize:
                log.warning("positions.misfit", bytes=len(message.payload))
                continue
            self._hub.board.apply(np.frombuffer(message.payload, POSITION))

    async def _follow_doorbells(self, source: AsyncIterator[Message]) -> None:
        async for message in source:
            await retry(lambda message=message: self._heed(message), name="dashboard")

    async def _heed(self, message: Message) -> None:
        if message.stream == CITY:
            self._grid_watch.ring()
            if messages.decode_city(message.payload).kind != "terminals":  # who carries what is ingest's matter
                self._is_changed.set()
        elif message.stream == ALERTS:
            await self._newsroom.alert(message.payload.decode(errors="replace"))
        else:
            await self._heed_event(message.payload)

    async def _heed_event(self, payload: bytes) -> None:
        events = messages.decode(payload)
        if events is None:
            log.warning("event.misfit", bytes=len(payload))
            return
        if any(isinstance(event, messages.EmergencyPressed) for event in events):
            await self._read_emergencies()
        for event in events:
            await self._newsroom.event(event)

    async def _beat(self) -> None:
        """Tick on a schedule of its own, so that a slow tick does not delay the following ones."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + TICK_S, loop.time())
            await asyncio.sleep(due - loop.time())
            self._hub.pulse()

    async def _reread_for_ever(self) -> None:
        while True:
            await retry(self._lasts.round, name="dashboard")
            await retry(self._reread_city, name="dashboard")

    async def _follow_emergencies(self) -> None:
        while True:
            await asyncio.sleep(EMERGENCIES_S)
            await retry(self._read_emergencies, name="dashboard")

    async def _follow_changes(self) -> None:
        """Read the city again after a doorbell. Doorbells that ring meanwhile are answered together, by one more."""
        while True:
            await self._is_changed.wait()
            self._is_changed.clear()
            self._fingerprint = ()
            await retry(self._reread, name="dashboard")

    async def _follow_duty(self) -> None:
        """Look at the rosters at the beginning of each minute."""
        while True:
            await asyncio.sleep(DUTY_S - self._clock().timestamp() % DUTY_S)
            await retry(self._read_duty, name="dashboard")

    async def _reread(self) -> None:
        """Read at once what changed in the tables; the whole city only when it is another one."""
        async with self._rereading:
            async with self._pool.connection() as connection:
                if not self._fingerprint or self._is_city_due:
                    await self._look_at_city(connection)
                await self._lasts.at_once(connection)
            await self._read_emergencies()

    async def _reread_city(self) -> None:
        """Look whether the city changed without a doorbell."""
        if not self._is_city_due:
            return
        async with self._rereading, self._pool.connection() as connection:
            if await self._look_at_city(connection):
                await self._lasts.at_once(connection)

    @property
    def _is_city_due(self) -> bool:
        return time.monotonic() - self._looked_s >= CITY_S

    async def _look_at_city(self, connection: AsyncConnection[Any]) -> bool:
        """Return whether it was another one than before."""
        fingerprint = await city.fingerprint(connection)
        is_another = fingerprint != self._fingerprint
        if is_another:
            await self._read_city(connection)
            self._fingerprint = fingerprint
            self._lasts.forget()
        self._looked_s = time.monotonic()
        return is_another

    async def _read_city(self, connection: AsyncConnection[Any]) -> None:
        """Read the layout, and the duty of those who are in it now."""
        layout = await read_layout(connection)
        said = await duty.words(connection, self._clock())
        self._hub.board.change_layout(layout, epoch=new_epoch())
        self._hub.board.set_duty(on=said.on, off=said.off)
        log.info("city.read", members=layout.size)

    async def _read_duty(self) -> None:
        async with self._pool.connection() as connection:
            said = await duty.words(connection, self._clock())
        self._hub.board.set_duty(on=said.on, off=said.off)

    async def _read_emergencies(self) -> None:
        async with self._pool.connection() as connection:
            self._hub.board.set_emergencies(await emergencies.open_members(connection))


def empty_hub(*, clock: Callable[[], datetime]) -> Hub:
    """Return the hub of a city nobody has read yet."""
    return Hub(Board(lay_out([], []), epoch=new_epoch()), clock=clock)

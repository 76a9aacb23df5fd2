"""The program `ingest`: a front door, the inbox, the pipeline, and what runs beside them, in one TaskGroup.

Startup order matters: the terminals are taken over first (from then on no former owner can commit), then the memory is
rebuilt, and only then does the door open.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol, cast
from uuid import uuid4

import numpy as np
import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from ingest import metrics
from ingest.doors.downlink_broker import BrokerDownlink
from ingest.doors.listen import Listener
from ingest.doors.listen_limits import Caps
from ingest.doors.subscribe import SubscribeDoor, broker_of
from ingest.inbox import Inbox
from ingest.pipeline.checkpoint import checkpoints, heartbeats, save_all
from ingest.pipeline.days import KEPT, keep_days
from ingest.pipeline.loop import Pipeline
from ingest.pipeline.ownership import Ownership
from ingest.pipeline.prepare import Prepared, prepare
from ingest.pipeline.pulse import Standing, pulses
from ingest.pipeline.share import Owner, Share, Sharing
from ingest.rules.packets import Downlink, Settler
from ingest.rules.screen import Limits
from ingest.rules.tracks import Rules
from ingest.store import owners, runs, terminals
from ingest.store.owners import FenceMovedError, OwnershipLostError
from ingest.store.terminals import Horizon, Look
from tracker.bus.interface import CITY, Bus
from tracker.database.pool import open_pool
from tracker.database.retry import retry

POOL_SIZE: Final = 9  # pipeline, checkpoint, heartbeat, pulse, city, downlink, claims, some sessions at a time
NAME_LENGTH: Final = 15  # with the run behind it, what PostgreSQL keeps of an application's name
ANSWER_S: Final = (
    30.0  # of the database to any one statement; the longest, reading all tracks at a start, takes seconds
)
GOODBYE_S: Final = 5.0
CITY_POLL_S: Final = 3.0  # the safety net for a doorbell that nobody heard; three index lookups
HOMES_POLL_S: Final = 60.0  # the same for assignments, which a look reads whole: 0.1 s of the database's
APPLIED: Final = 2_000  # changed terminals at a time, so that the event loop is not held

Connection = psycopg.AsyncConnection[Any]
log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    host: str
    port: int
    tls: ssl.SSLContext | None = None
    gateway: str | None = field(default=None, repr=False)  # the load-only gateway's secret; None: there is none
    caps: Caps = field(default_factory=Caps)
    web_port: int | None = None  # MQTT over WebSocket; None: it is not spoken
    is_shared: bool = False  # beside other ingests on the same port; each terminal has one owner among them


class _Door(Downlink, Protocol):
    @property
    def connections(self) -> int: ...
    @property
    def is_open(self) -> bool: ...
    def recheck(self, terminals: Iterable[int]) -> None: ...
    def lose(self, terminals: Collection[int]) -> None: ...
    def is_gone(self, settler: Settler) -> bool: ...
    async def run(self, ready: Callable[[], None]) -> None: ...


class _Listening:
    def __init__(self, listener: Listener, listen: Listen) -> None:
        self._listener = listener
        self._listen = listen
        self.send_now = listener.send_now
        self.recheck = listener.recheck
        self.lose = listener.lose
        self.is_gone = listener.is_gone

    @property
    def connections(self) -> int:
        return self._listener.connections

    @property
    def is_open(self) -> bool:
        return self._listener.port != 0

    async def run(self, ready: Callable[[], None]) -> None:
        await self._listener.run(self._listen.host, self._listen.port, ready, web_port=self._listen.web_port)


class _Subscribing:
    def __init__(self, door: SubscribeDoor, downlink: BrokerDownlink) -> None:
        self._door = door
        self._downlink = downlink
        self.send_now = downlink.send_now

    @property
    def connections(self) -> int:
        return self._door.connections

    @property
    def is_open(self) -> bool:
        return self._door.is_open

    def recheck(self, terminals: Iterable[int]) -> None:
        """Nothing: the broker holds the connections, and what a terminal sends that is admitted no more is refused."""

    def lose(self, terminals: Collection[int]) -> None:
        """Nothing: who subscribes owns all terminals."""

    def is_gone(self, settler: Settler) -> bool:  # noqa: ARG002 - the broker redelivers what it must
        return False

    async def run(self, ready: Callable[[], None]) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._door.run(), name="session at the broker")
            tasks.create_task(self._downlink.run(), name="downlink through the broker")
            await self._door.has_been_ready.wait()
            ready()


async def run(
    *,
    dsn: str,
    bus: Bus,
    listen: Listen | None = None,
    broker: str | None = None,
    name: str = "ingest",
    ready: Callable[[], None] = lambda: None,
    limits: Limits | None = None,
    rules: Rules | None = None,
    keep: timedelta = KEPT,
) -> None:
    """Run until cancelled, with one front door: `listen`, or the `broker` at a URL. `name` names the instance.

    What is older than `keep` is dropped. Raises OwnershipLostError when another ingest process takes all terminals
    over, BrokerUrlError, and OSError when the address cannot be listened on.
    """
    if (listen is None) is (broker is None):
        raise ValueError("ingest has one front door: give listen or broker")
    started, rules = uuid4(), rules or Rules()
    # The run in the name lets others end its sessions, should it stand still with a lock in hand.
    async with await open_pool(dsn, name=f"{name[:NAME_LENGTH]} {started}", size=POOL_SIZE, answer_s=ANSWER_S) as pool:
        prepared = await prepare(
            pool,
            run=started,
            name=name,
            rules=rules,
            now_us=now_us,
            is_shared=listen is not None and listen.is_shared,
            has_gateway=listen is not None and listen.gateway is not None,
        )
        program = _Program(pool, bus, prepared, prepared.horizon, limits or Limits(), rules, Inbox())
        door = program.door(listen, broker, name)
        pipeline = program.pipeline(door)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(pipeline.run(), name="ingest pipeline")
                tasks.create_task(checkpoints(pool, pipeline, program.owner), name="ingest checkpoint")
                tasks.create_task(heartbeats(pool, pipeline, program.owner, lambda: door.connections), name="heartbeat")
                tasks.create_task(program.pulse(pipeline, door), name="ingest pulse")
                tasks.create_task(program.follow_city(pipeline, door), name="ingest city")
                tasks.create_task(keep_days(pool, keep), name="ingest days")
                if prepared.share is not None:
                    tasks.create_task(program.ownership(pipeline, prepared.share).run(), name="ingest ownership")
                tasks.create_task(door.run(ready), name="ingest door")
        finally:
            await _say_goodbye(pool, pipeline, program.owner)


@dataclass(slots=True)
class _Program:
    pool: AsyncConnectionPool[Any]
    bus: Bus
    prepared: Prepared
    horizon: Horizon
    limits: Limits
    rules: Rules
    inbox: Inbox

    @property
    def owner(self) -> Owner:
        return self.prepared.owner

    def door(self, listen: Listen | None, broker: str | None, name: str) -> _Door:
        directory = self.prepared.directory
        if listen is not None:
            listener = Listener(
                inbox=self.inbox,
                directory=directory,
                pool=self.pool,
                bus=self.bus,
                tls=listen.tls,
                gateway=listen.gateway,
                caps=listen.caps,
                claims=self.prepared.share,
            )
            return _Listening(listener, listen)
        at = broker_of(broker or "")
        door = SubscribeDoor(broker=at, name=name, inbox=self.inbox, directory=directory, now_us=now_us)
        return _Subscribing(door, BrokerDownlink(pool=self.pool, bus=self.bus, broker=at, name=name))

    def pipeline(self, door: _Door) -> Pipeline:
        prepared = self.prepared
        return Pipeline(
            pool=self.pool,
            bus=self.bus,
            inbox=self.inbox,
            downlink=door,
            directory=prepared.directory,
            maps=prepared.maps,
            memory=prepared.memory,
            owner=prepared.owner,
            limits=self.limits,
            rules=self.rules,
            hears=lambda: door.is_open,
            now_us=now_us,
            sharing=None if prepared.share is None else Sharing(prepared.share, door),
        )

    def ownership(self, pipeline: Pipeline, share: Share) -> Ownership:
        return Ownership(pool=self.pool, bus=self.bus, pipeline=pipeline, share=share, owner=self.owner)

    async def pulse(self, pipeline: Pipeline, door: _Door) -> None:
        """Write down how the run does, every few seconds."""

        def look() -> Standing:
            return Standing(
                inbox=len(self.inbox),
                connections=door.connections,
                presence=pipeline.memory.presence,
                cpu_s=time.process_time(),
            )

        metrics.WAITING.set_function(lambda: len(self.inbox))
        metrics.INBOX_FILL.set_function(lambda: self.inbox.fill)
        await pulses(self.pool, pipeline.pulse, self.owner.run, look=look, now_us=now_us)

    async def follow_city(self, pipeline: Pipeline, door: _Door) -> None:
        """Take over changed terminals and grid sets when told so, and every few seconds."""
        rung = asyncio.Event()
        looked_s = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_hear(self.bus, rung), name="ingest doorbell")
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(CITY_POLL_S):
                        await rung.wait()
                is_told, now_s = rung.is_set(), time.monotonic()
                rung.clear()
                if is_told or now_s - looked_s >= HOMES_POLL_S:
                    await retry(self._look_at_homes, name="ingest")
                    looked_s = now_s
                await self._take_over(await retry(self._changed, name="ingest"), pipeline, door)
                await retry(self._look_at_maps, name="ingest")

    async def _changed(self) -> Look:
        async with self.pool.connection() as connection:
            return await terminals.changed(connection, self.horizon)

    async def _take_over(self, look: Look, pipeline: Pipeline, door: _Door) -> None:
        for start in range(0, len(look.terminals), APPLIED):
            changed = look.terminals[start : start + APPLIED]
            pipeline.directory.apply(changed)
            pipeline.memory.make_room(pipeline.directory)
            pipeline.memory.configure(np.array([terminal.id for terminal in changed]), pipeline.directory)
            door.recheck(terminal.id for terminal in changed)
            await asyncio.sleep(0)
        self.horizon = look.horizon

    async def _look_at_homes(self) -> None:
        async with self.pool.connection() as connection:
            await self.prepared.maps.look_at_homes(connection)

    async def _look_at_maps(self) -> None:
        async with self.pool.connection() as connection:
            await self.prepared.maps.look(connection)
            await self.prepared.maps.load_ahead(connection, now_us())


async def _hear(bus: Bus, rung: asyncio.Event) -> None:
    async for _ in bus.read(CITY):
        rung.set()


async def _say_goodbye(pool: AsyncConnectionPool[Any], pipeline: Pipeline, owner: Owner) -> None:
    """Leave a fresh checkpoint and the end of the run behind, if the database is there and the terminals still ours."""
    try:
        async with asyncio.timeout(GOODBYE_S), pool.connection() as connection:
            with suppress(OwnershipLostError, FenceMovedError):
                await save_all(connection, pipeline, owner, within_s=GOODBYE_S / 2)
            await owners.leave(connection, owner.run)  # from here on others may take what was ours
            await runs.stop(connection, owner.run)
    except (psycopg.OperationalError, TimeoutError) as error:
        log.warning("ingest.stopped_hard", reason=str(error))


def now_us() -> int:
    """The server's clock: microseconds since 1970."""
    return time.time_ns() // 1000

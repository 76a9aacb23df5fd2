"""Does to the system what the schedule says, and undoes it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

import psycopg

from tests.chaos.keepers import Database, Program
from tests.chaos.proxy import Manner, Proxy
from tests.chaos.schedule import Fault, Kind, Lane
from tests.chaos.system import System

_READY_S: Final = 20.0  # what a fault is to hit may still be coming back from the last one
_MOST_BYTES: Final = 300  # until a cut: inside one of the next packets

_CHANGED: Final = {"DELAYED": Manner.DELAY, "DROPPED": Manner.SWALLOW}
_DELAYS_S: Final = {"TERMINALS": 0.3, "SQL": 0.1, "BROKER": 0.3}


class Mischief:
    """`note` hears each fault when it begins, with what it really hit."""

    def __init__(self, system: System, note: Callable[[Fault, str], None]) -> None:
        self._system: Final = system
        self._note: Final = note

    async def play(self, faults: tuple[Fault, ...], *, until_s: float) -> None:
        """Play the lanes beside each other. `until_s`: on the loop's clock; no fault begins or lasts beyond it."""
        began_s = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            for lane in Lane:
                mine = [fault for fault in faults if fault.kind.lane is lane]
                group.create_task(self._lane(mine, began_s, until_s), name=f"faults of {lane.name}")

    async def _lane(self, faults: list[Fault], began_s: float, until_s: float) -> None:
        loop = asyncio.get_running_loop()
        for fault in faults:
            await asyncio.sleep(began_s + fault.at_s - loop.time())
            if fault.kind.lane is Lane.PROCESSES:
                await self._until_ready()
            left_s = until_s - loop.time()
            if left_s <= 0:
                return
            does = self._on_link(fault) if fault.kind.lane is Lane.LINKS else self._on_process(fault)
            async with does as hit:
                self._note(fault, hit)
                await asyncio.sleep(min(fault.lasts_s, left_s))

    async def _until_ready(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_READY_S):
                while not await self._system.database.answers():  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)

    @asynccontextmanager
    async def _on_link(self, fault: Fault) -> AsyncGenerator[str]:
        where, _, what = fault.kind.name.partition("_")
        proxy = self._proxy(where)
        if what == "CUT":
            proxy.cut(int(fault.draw * _MOST_BYTES))
            yield f"{proxy.links} connections"
        elif what == "HALVED":
            yield f"{proxy.halve()} connections"
        else:
            proxy.manner, proxy.delay_s = _CHANGED[what], _DELAYS_S[where]
            try:
                yield f"{proxy.links} connections"
            finally:
                proxy.manner = Manner.PASS
                if what == "DROPPED":
                    proxy.reset()

    def _proxy(self, where: str) -> Proxy:
        system = self._system
        return {"TERMINALS": system.terminals, "SQL": system.sql, "BROKER": system.mqtt}[where]

    @asynccontextmanager
    async def _on_process(self, fault: Fault) -> AsyncGenerator[str]:
        match fault.kind:
            case Kind.DISK_FULL | Kind.WAL_FULL:
                does = self._full_disk(wants_wal=fault.kind is Kind.WAL_FULL)
            case Kind.BACKEND_KILLED | Kind.BACKEND_STOPPED | Kind.BACKENDS_ENDED:
                does = self._hit_backends(fault)
            case Kind.DATABASE_STOPPED | Kind.INGEST_STOPPED | Kind.BROKER_STOPPED:
                does = _stopped(self._target(fault.kind))
            case _:
                does = _killed(self._target(fault.kind))
        async with does as hit:
            yield hit

    def _target(self, kind: Kind) -> Program | Database:
        system = self._system
        found = {"DATABASE": system.database, "INGEST": system.ingest, "BROKER": system.broker}
        target = found[kind.name.partition("_")[0]]
        assert target is not None
        return target

    @asynccontextmanager
    async def _full_disk(self, *, wants_wal: bool) -> AsyncGenerator[str]:
        database, disk = self._system.database, self._system.disk
        pid = database.pid
        if pid is None:
            yield "nothing: the database is down"
            return
        try:
            await asyncio.to_thread(disk.fill, pid)
            if wants_wal:
                await asyncio.to_thread(self._switch_wal)
            yield disk.words
        finally:
            disk.free(database.pid)

    def _switch_wal(self) -> None:
        """End the WAL segment: whoever writes next needs a new one, and there is no room."""
        with contextlib.suppress(psycopg.Error), psycopg.connect(self._system.dsn, connect_timeout=5) as connection:
            connection.execute("SELECT pg_switch_wal()")

    @asynccontextmanager
    async def _hit_backends(self, fault: Fault) -> AsyncGenerator[str]:
        backends = await asyncio.to_thread(self._backends)
        one = backends[int(fault.draw * len(backends)) :][:1]
        number = {Kind.BACKEND_KILLED: signal.SIGKILL, Kind.BACKEND_STOPPED: signal.SIGSTOP}.get(fault.kind)
        hit = backends if number is None else one
        for pid in hit:
            _signal(pid, signal.SIGTERM if number is None else number)
        try:
            yield f"{len(hit)} of {len(backends)} backends"
        finally:
            if number is signal.SIGSTOP:
                for pid in hit:
                    _signal(pid, signal.SIGCONT)

    def _backends(self) -> list[int]:
        try:
            return self._system.database.backends()
        except psycopg.OperationalError:
            return []


@asynccontextmanager
async def _killed(target: Program | Database) -> AsyncGenerator[str]:
    hit = f"process {target.pid}"
    target.kill()
    yield hit
    target.is_wanted = True


@asynccontextmanager
async def _stopped(target: Program | Database) -> AsyncGenerator[str]:
    target.signal(signal.SIGSTOP)
    yield f"process {target.pid}"
    target.signal(signal.SIGCONT)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)

"""A process that dies by SIGKILL at one enumerated point of what alerts do.

Points are where a crash can make a difference: before each statement that goes to the database, before and after each
COMMIT, before and after each message that leaves, before each doorbell. They are counted as they are met, so a new
statement is a new point, and nobody keeps a list.
"""

import asyncio
import json
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool

from alerts import dispatch
from alerts.core.states import DeliveryMove
from alerts.desk import Desk
from alerts.dispatch import Dispatcher
from alerts.escalation import Watch
from alerts.providers.interface import Outcome, Outgoing
from alerts.providers.terminal import Terminals
from tests.integration.alerts.builders import LINKS, City, Clock, drain
from tracker.bus.local import LocalBus
from tracker.database.pool import open_pool


@dataclass(slots=True)
class Faults:
    """Dies at point number `fatal`, counted from 0; None: at none. `where` is a file that is told the last point."""

    fatal: int | None = None
    where: Path | None = None
    met: int = 0

    def point(self, what: str) -> None:
        if self.met == self.fatal:
            if self.where is not None:
                self.where.write_text(what)
            os.kill(os.getpid(), signal.SIGKILL)
        self.met += 1


@dataclass(slots=True)
class PostOffice:
    """A provider whose letters outlive it: each that leaves is a line of a file."""

    book: Path
    faults: Faults
    name: str = "post office"
    channel: str = "sms"

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        for message in messages:
            self.faults.point("before a message leaves")
            left = {"delivery": message.delivery, "is_possible_duplicate": message.is_possible_duplicate}
            with self.book.open("a") as book:
                book.write(json.dumps(left) + "\n")
            outcomes.append(Outcome(delivery=message.delivery, move=DeliveryMove.CONFIRMED))
        self.faults.point("after all messages left")
        return outcomes


class Bell(LocalBus):
    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults

    async def publish(self, stream: str, payload: bytes) -> None:
        self._faults.point(f"before the doorbell {stream}")
        await super().publish(stream, payload)


@dataclass(slots=True, kw_only=True)
class Works:
    """All of alerts, over a real database."""

    desk: Desk
    sms: Dispatcher
    terminals: Dispatcher
    office: PostOffice
    watch: Watch
    clock: Clock
    pool: AsyncConnectionPool[Any]
    city: City = field(default_factory=City)

    async def send_all(self) -> None:
        for lane in (self.sms, self.terminals):
            await drain(lane)

    async def sweep(self) -> None:
        await dispatch.sweep(self.pool, self.clock)


Step = Callable[[Works, UUID], Awaitable[None]]


@asynccontextmanager
async def works(dsn: str, *, now: datetime, book: Path, faults: Faults) -> AsyncGenerator[Works]:
    clock, bus, office = Clock(now), Bell(faults), PostOffice(book, faults)
    async with await open_pool(dsn, name="victim", size=2) as pool:
        yield Works(
            desk=Desk(pool, bus, clock),
            sms=Dispatcher(pool, bus, clock, office, links=LINKS),
            terminals=Dispatcher(pool, bus, clock, Terminals(pool, bus, clock), links=LINKS),
            office=office,
            watch=Watch(pool, bus, clock),
            clock=clock,
            pool=pool,
        )
    await bus.close()


def die(dsn: str, now: datetime, book: Path, where: Path, step: Step, alert: UUID, fatal: int) -> None:
    """Run `step` in this process, and end it by SIGKILL at point `fatal`, if it has so many."""
    asyncio.run(_die(dsn, now, book, Faults(fatal, where), step, alert))


async def _die(dsn: str, now: datetime, book: Path, faults: Faults, step: Step, alert: UUID) -> None:
    async with works(dsn, now=now, book=book, faults=faults) as made:
        _watch_the_driver(faults)
        await step(made, alert)


def _watch_the_driver(faults: Faults) -> None:
    """Make a point of each statement and each COMMIT of this process."""
    execute, commit, leave = (
        psycopg.AsyncCursor.execute,
        psycopg.AsyncConnection.commit,
        psycopg.AsyncTransaction.__aexit__,
    )

    async def counted_execute(self: Any, query: Any, *args: Any, **options: Any) -> Any:
        faults.point(f"before {_words(query)}")
        return await execute(self, query, *args, **options)

    async def counted_commit(self: Any) -> None:
        faults.point("before COMMIT")
        await commit(self)
        faults.point("after COMMIT")

    async def counted_leave(self: Any, kind: Any, error: Any, trace: Any) -> Any:
        faults.point("before COMMIT")
        result = await leave(self, kind, error, trace)
        faults.point("after COMMIT")
        return result

    psycopg.AsyncCursor.execute = counted_execute
    psycopg.AsyncConnection.commit = counted_commit
    psycopg.AsyncTransaction.__aexit__ = counted_leave  # pyright: ignore[reportAttributeAccessIssue]


def _words(query: Any) -> str:
    text = query if isinstance(query, str) else query.as_string(None)
    return " ".join(text.split()[:6])

"""The sessions of the listening door in the database, written by one task in batches.

Connections hand in jobs and stop reading until they are called back, so there are never more jobs than connections. A
database that is away makes them wait; nobody is refused for it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from psycopg_pool import AsyncConnectionPool

from ingest.mqtt.packets import Subscription
from ingest.store import sessions as store
from ingest.store.sessions import Connection, Stored
from tracker.database.retry import retry

LONGEST_EXPIRY_S: Final = 7 * 24 * 3600  # what a session of MQTT 3 gets, and the most that one of MQTT 5 gets
SWEEP_S: Final = 600.0
LARGEST_BATCH: Final = 500  # jobs in one transaction: a reconnecting city is 40 of them, not 20,000


@dataclass(slots=True)
class Session:
    """What outlives a connection when `expiry_s` is not 0. The key is (terminal, client_id)."""

    terminal: int
    client_id: str
    expiry_s: int
    is_assigned: bool = False  # we chose the client id
    is_present: bool = False  # it was there before this connection
    subscriptions: dict[str, Subscription] = field(default_factory=dict[str, Subscription])
    qos2_received: set[int] = field(default_factory=set[int])

    @property
    def is_stored(self) -> bool:
        return self.expiry_s > 0


class _Job(NamedTuple):
    work: Callable[[Connection], Awaitable[Any]]
    done: Callable[[Any], None]


class Sessions:
    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool: Final = pool
        self._jobs: list[_Job] = []
        self._wake: Final = asyncio.Event()

    def open(self, session: Session, *, clean: bool, done: Callable[[Stored | None], None]) -> None:
        """Resume the session, or begin it anew: then `done` gets None."""
        self._add(partial(_open, session=session, clean=clean), done)

    def subscribe(self, session: Session, done: Callable[[], None]) -> None:
        wanted = tuple(session.subscriptions.values())
        self._keep(session, partial(store.subscribe, subscriptions=wanted), done)

    def remember(self, session: Session, packet_id: int, done: Callable[[], None]) -> None:
        self._keep(session, partial(store.remember, packet_id=packet_id), done)

    def forget(self, session: Session, packet_id: int, done: Callable[[], None]) -> None:
        self._keep(session, partial(store.forget, packet_id=packet_id), done)

    def leave(self, session: Session) -> None:
        self._keep(session, partial(store.leave, expiry_s=session.expiry_s), _nothing)

    def discard(self, session: Session) -> None:
        """End a stored session: its peer wants it no longer."""
        self._add(partial(_on_session, statement=store.discard, session=session), lambda _: None)

    async def run(self) -> None:
        """Write until cancelled; each batch is one transaction and waits for the database, however long."""
        self._add(partial(store.adopt_orphans, expiry_s=LONGEST_EXPIRY_S), lambda _: None)
        while True:
            await self._sleep()
            jobs, self._jobs = self._jobs[:LARGEST_BATCH], self._jobs[LARGEST_BATCH:]
            if self._jobs:
                self._wake.set()
            results = await retry(partial(self._write, jobs), name="mqtt sessions")
            for job, result in zip(jobs, results, strict=True):
                job.done(result)

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(SWEEP_S):
                await self._wake.wait()
        except TimeoutError:
            self._add(store.expire, lambda _: None)
        self._wake.clear()

    async def _write(self, jobs: list[_Job]) -> list[Any]:
        async with self._pool.connection() as connection, connection.transaction():
            return [await job.work(connection) for job in jobs]

    def _keep(self, session: Session, statement: Callable[..., Awaitable[None]], done: Callable[[], None]) -> None:
        if not session.is_stored:
            done()
            return
        work = partial(_on_session, statement=statement, session=session)
        self._add(work, lambda _: done())

    def _add(self, work: Callable[[Connection], Awaitable[Any]], done: Callable[[Any], None]) -> None:
        self._jobs.append(_Job(work, done))
        self._wake.set()


async def _on_session(connection: Connection, *, statement: Callable[..., Awaitable[None]], session: Session) -> None:
    await statement(connection, session.terminal, session.client_id)


async def _open(connection: Connection, *, session: Session, clean: bool) -> Stored | None:
    if not clean:
        stored = await store.resume(connection, session.terminal, session.client_id)
        if stored is not None:
            return stored
    if session.is_stored:
        await store.create(connection, session.terminal, session.client_id)
    else:
        await store.discard(connection, session.terminal, session.client_id)
    return None


def _nothing() -> None:
    """Nobody waits for it."""

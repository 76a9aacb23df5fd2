"""The sessions of the listening door in the database, written by one task in batches.

Connections hand in jobs and stop reading until they are called back, so there are never more jobs than connections. A
database that is away makes them wait; nobody is refused for it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from psycopg_pool import AsyncConnectionPool

from ingest.doors.listen_jobs import Job, Kind, waves, write
from ingest.mqtt.packets import Subscription
from ingest.store import sessions as store
from ingest.store.sessions import Key, Opening, Stored
from tracker.database.retry import retry

LONGEST_EXPIRY_S: Final = 7 * 24 * 3600  # what a session of MQTT 3 gets, and the most that one of MQTT 5 gets
SWEEP_S: Final = 600.0
MOST_LEFT: Final = 16  # sessions of one terminal that wait for it: a client id that is new each time leaves one behind
GATHER_S: Final = 0.02  # a storm's transactions are then of ten log-ins and not of two; none waits longer for it
LARGEST_BATCH: Final = 500  # jobs in one transaction: a reconnecting city is 40 of them, not 20,000


@dataclass(slots=True)
class Session:
    """What outlives a connection when `expiry_s` is not 0. The key is (terminal, client_id)."""

    terminal: int
    client_id: str
    expiry_s: int
    is_assigned: bool = False  # we chose the client id
    is_present: bool = False  # it was there before this connection
    has_row: bool = False  # in the database, whatever its peer says when it leaves
    subscriptions: dict[str, Subscription] = field(default_factory=dict[str, Subscription])
    qos2_received: set[int] = field(default_factory=set[int])

    @property
    def key(self) -> Key:
        return Key(self.terminal, self.client_id)

    @property
    def is_stored(self) -> bool:
        return self.expiry_s > 0


class Sessions:
    def __init__(self, pool: AsyncConnectionPool[Any], *, is_alone: bool = True) -> None:
        self._pool: Final = pool
        self._is_alone: Final = is_alone  # sessions that nobody saw leave can be no other process's
        self._jobs: list[Job] = []
        self._wake: Final = asyncio.Event()

    def open(self, session: Session, *, clean: bool, done: Callable[[Stored | None], None]) -> None:
        """Resume the session, or begin it anew: then `done` gets None."""
        self._add(Kind.OPEN, session, Opening(session.key, clean, session.is_stored), done)

    def subscribe(self, session: Session, done: Callable[[], None]) -> None:
        self._keep(Kind.SUBSCRIBE, session, tuple(session.subscriptions.values()), done)

    def remember(self, session: Session, packet_id: int, done: Callable[[], None]) -> None:
        self._keep(Kind.REMEMBER, session, packet_id, done)

    def forget(self, session: Session, packet_id: int, done: Callable[[], None]) -> None:
        self._keep(Kind.FORGET, session, packet_id, done)

    def leave(self, session: Session) -> None:
        self._keep(Kind.LEAVE, session, session.expiry_s, _nothing)

    def discard(self, session: Session) -> None:
        """End a stored session: its peer wants it no longer."""
        self._add(Kind.DISCARD, session, None, _ignore)

    async def run(self) -> None:
        """Write until cancelled; each batch is one transaction and waits for the database, however long."""
        if self._is_alone:
            await retry(self._adopt, name="mqtt sessions")
        while True:
            await self._sleep()
            await asyncio.sleep(GATHER_S)
            jobs, self._jobs = self._jobs[:LARGEST_BATCH], self._jobs[LARGEST_BATCH:]
            if self._jobs:
                self._wake.set()
            if jobs:
                await self._work(jobs)

    async def _work(self, jobs: list[Job]) -> None:
        answers = await retry(partial(self._write, jobs), name="mqtt sessions")
        for job in jobs:
            job.done(answers.get(id(job)))

    async def _adopt(self) -> None:
        async with self._pool.connection() as connection:
            await store.adopt_orphans(connection, LONGEST_EXPIRY_S)

    async def _expire(self) -> None:
        async with self._pool.connection() as connection:
            await store.expire(connection, MOST_LEFT)

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(SWEEP_S):
                await self._wake.wait()
        except TimeoutError:
            await retry(self._expire, name="mqtt sessions")
        self._wake.clear()

    async def _write(self, jobs: list[Job]) -> dict[int, Stored]:
        """Return what each job that opened a living session found, by the job's id()."""
        found: dict[int, Stored] = {}
        async with self._pool.connection() as connection, connection.transaction():
            for wave in waves(jobs):
                answers = await write(connection, wave)
                found.update((id(job), answers[job.key]) for job in wave.get(Kind.OPEN, ()) if job.key in answers)
        return found

    def _keep(self, kind: Kind, session: Session, value: Any, done: Callable[[], None]) -> None:
        if not session.is_stored:
            done()
            return
        self._add(kind, session, value, lambda _: done())

    def _add(self, kind: Kind, session: Session, value: Any, done: Callable[[Stored | None], None]) -> None:
        self._jobs.append(Job(kind, session.key, value, done))
        self._wake.set()


def _nothing() -> None:
    """Nobody waits for it."""


def _ignore(_found: Stored | None) -> None:
    """Nobody waits for it."""

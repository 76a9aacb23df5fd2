"""A city of two square grids side by side and a few terminals, and the parts of ingest put together by hand."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg
import shapely
from psycopg_pool import AsyncConnectionPool

from ingest.inbox import Inbox
from ingest.pipeline.loop import Pipeline
from ingest.pipeline.ownership import Ownership
from ingest.pipeline.prepare import prepare
from ingest.pipeline.share import Owner, Share, Sharing
from ingest.program import now_us
from ingest.rules.packets import Packet, Settler, address
from ingest.rules.screen import Limits
from ingest.rules.tracks import Rules
from tracker.bus.local import LocalBus
from tracker.database.pool import open_pool
from tracker.security import hash_secret, new_salt

WEST, EAST = 11, 12  # unit ids; the border is at 113.60
WEST_LON, EAST_LON, OUTSIDE_LON = 113.55, 113.65, 113.75
LAT = 34.75
WALKERS = ("walker-1", "walker-2", "walker-3")  # terminal ids 1, 2, 3; members 101, 102, none
SECRET = "s3cret"


async def found(dsn: str) -> None:
    """Write the city into a fresh database."""
    async with await psycopg.AsyncConnection[Any].connect(dsn) as connection:
        await connection.execute(
            """
            INSERT INTO unit (id, code, name, level, parent, tree_left, tree_right) VALUES
                (1, '410100', 'city', 'city', NULL, 1, 6),
                (11, '410102001001001', 'west', 'grid-3', 1, 2, 3), (12, '410102001001002', 'east', 'grid-3', 1, 4, 5)
            """
        )
        await connection.execute("INSERT INTO grid_set (version) VALUES (1)")
        for unit, west in ((WEST, 113.5), (EAST, 113.6)):
            await connection.execute(
                "INSERT INTO grid VALUES (1, %s, true, %s, %s, 34.7, %s, 34.8)",
                [unit, shapely.to_wkb(shapely.box(west, 34.7, west + 0.1, 34.8)), west, west + 0.1],
            )
        await connection.execute("INSERT INTO member (id, code, name) VALUES (101, 'm1', '张三'), (102, 'm2', '李四')")
        salt = new_salt()
        for at, code in enumerate(WALKERS, start=1):
            await connection.execute(
                "INSERT INTO terminal (id, code, secret_salt, secret_hash, member) VALUES (%s, %s, %s, %s, %s)",
                [at, code, salt, hash_secret(SECRET, salt), {1: 101, 2: 102}.get(at)],
            )


@dataclass(slots=True)
class Sender:
    """Who delivers packets, and hears that they were disposed of."""

    settled: list[int] = field(default_factory=list[int])
    sent: list[tuple[int, str, bytes]] = field(default_factory=list[tuple[int, str, bytes]])
    correlations: list[bytes | None] = field(default_factory=list[bytes | None])
    lost: list[int] = field(default_factory=list[int])
    is_open: bool = True
    _token: int = 0

    def lose(self, terminals: Collection[int]) -> None:
        self.lost += terminals

    def is_gone(self, settler: Settler) -> bool:
        return settler is self and not self.is_open

    def settle(self, token: int) -> None:
        self.settled.append(token)

    def send_now(self, terminal: int, topic: str, payload: bytes, correlation: bytes | None = None) -> None:
        self.sent.append((terminal, topic, payload))
        self.correlations.append(correlation)

    def packet(self, topic: str, payload: bytes, *, received_at_us: int | None = None) -> Packet:
        route, code = address(topic)
        self._token += 1
        return Packet(
            settler=self,
            token=self._token,
            terminal=WALKERS.index(code) + 1 if code in WALKERS else 0,
            topic=topic,
            route=route,
            payload=payload,
            received_at_us=received_at_us or now_us(),
        )


@dataclass(slots=True)
class Works:
    """The pipeline over a real database, a real bus, and a sender of ours."""

    pipeline: Pipeline
    pool: AsyncConnectionPool[Any]
    owner: Owner
    sender: Sender
    bus: LocalBus
    share: Share | None

    @property
    def ownership(self) -> Ownership:
        assert self.share is not None
        return Ownership(pool=self.pool, bus=self.bus, pipeline=self.pipeline, share=self.share, owner=self.owner)

    async def say(self, topic: str, payload: bytes, *, received_at_us: int | None = None) -> None:
        await self.pipeline.dispose([self.sender.packet(topic, payload, received_at_us=received_at_us)])

    async def rows(self, statement: Any) -> list[Any]:
        async with self.pool.connection() as connection:
            return await (await connection.execute(statement)).fetchall()


@asynccontextmanager
async def works(
    dsn: str, *, name: str = "test", rules: Rules | None = None, is_shared: bool = False
) -> AsyncGenerator[Works]:
    """Start the pipeline's parts on `dsn`, as the program does."""
    rules, run, sender, bus = rules or Rules(), uuid4(), Sender(), LocalBus()
    async with await open_pool(dsn, name=f"{name} {run}", size=4) as pool:
        prepared = await prepare(pool, run=run, name=name, rules=rules, now_us=now_us, is_shared=is_shared)
        pipeline = Pipeline(
            pool=pool,
            bus=bus,
            inbox=Inbox(),
            downlink=sender,
            directory=prepared.directory,
            maps=prepared.maps,
            memory=prepared.memory,
            owner=prepared.owner,
            limits=Limits(),
            rules=rules,
            hears=lambda: sender.is_open,
            now_us=now_us,
            sharing=None if prepared.share is None else Sharing(prepared.share, sender),
        )
        yield Works(pipeline, pool, prepared.owner, sender, bus, prepared.share)


async def until(holds: Callable[[], Awaitable[bool]], *, within_s: float = 30) -> None:
    """Wait for a condition; fails the test when it does not come true in time."""
    async with asyncio.timeout(within_s):
        while not await holds():  # noqa: ASYNC110 - what it waits for is in another program
            await asyncio.sleep(0.02)

"""A gateway to a peer of the test, deliveries for it, and a lane that carries them."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from alerts.core.policy import Policy
from alerts.dispatch import Dispatcher, Rate
from alerts.providers.interface import Operator
from alerts.providers.smpp import Smpp
from alerts.smpp.gateway import Gateway, Timing
from tests.integration.alerts.builders import LINKS, Clock
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]
QUICK = Timing(
    connect_s=5,
    answer_s=2,
    enquire_s=0.2,
    throttled_s=1,
    waiting_s=5,
    unbind_s=0.5,
    first_retry_s=0.05,
    most_retry_s=0.2,
    refused_retry_s=0.2,
    look_s=0.05,
    query_after_s=0.5,
    query_every_s=0.1,
)


def now() -> datetime:
    return datetime.now(UTC)


def a_gateway(port: int, **changes: Any) -> Gateway:
    given: dict[str, Any] = {
        "name": "operator",
        "host": "127.0.0.1",
        "port": port,
        "system_id": "gridwarden",
        "password": "secret",
        "rate_per_s": 10_000.0,
        "timing": QUICK,
    }
    return Gateway(**{**given, **changes})


@asynccontextmanager
async def connected(pool: Pool, gateway: Gateway, *, is_awaited: bool = True, **given: Any) -> AsyncGenerator[Smpp]:
    """Run the provider of a gateway, and return when it may send."""
    provider = Smpp(pool, given.pop("clock", now), gateway, policy=Policy(), **given)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(provider.run(), name="provider")
        if is_awaited:
            await until(lambda: provider.is_open)
        yield provider
        running.cancel()


def a_lane(pool: Pool, bus: LocalBus, provider: Operator, clock: Any = now) -> Dispatcher:
    return Dispatcher(pool, bus, clock, provider, links=LINKS, rate=Rate(per_s=10_000))


async def until(condition: Any, within_s: float = 60.0) -> None:
    """Wait until something is so. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not (await value if asyncio.iscoroutine(value := condition()) else value):  # noqa: ASYNC110 - the caller's
            await asyncio.sleep(0.01)


async def queue(
    connection: Connection,
    bodies: Sequence[str],
    *,
    number: str | None = None,
    channel: str = "sms",
    expires_in: timedelta | None = timedelta(hours=1),
) -> None:
    """Queue manual messages, each to a number of its own unless told otherwise."""
    await connection.execute(
        """
        INSERT INTO delivery (kind, channel, address, body, priority, state, queued_at, expires_at)
        SELECT 'manual', %(channel)s, coalesce(%(number)s, '+86138' || lpad(n::text, 8, '0')), body, 4, 'queued',
               now(), now() + %(expires_in)s
        FROM unnest(%(bodies)s::text[]) WITH ORDINALITY AS b(body, n)
        """,
        {"bodies": list(bodies), "number": number, "channel": channel, "expires_in": expires_in},
    )


async def states(connection: Connection) -> dict[str, int]:
    cursor = await connection.execute("SELECT state, count(*)::integer FROM delivery GROUP BY state")
    return dict(await cursor.fetchall())


async def rows(connection: Connection, query: Any) -> list[Any]:
    cursor = await connection.execute(query)
    return [row[0] if len(row) == 1 else row for row in await cursor.fetchall()]


def a_clock() -> Clock:
    return Clock(now())

"""A city, a desk at it, and the dispatcher's parts, on the real database."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from alerts.desk import Desk
from alerts.dispatch import Dispatcher
from alerts.escalation import Watch
from alerts.providers.outbox import Outbox
from alerts.providers.terminal import Terminals
from tests.integration.alerts.builders import LINKS, City, Clock, a_city
from tracker.bus.local import LocalBus
from tracker.database.pool import open_pool


@pytest.fixture
async def pool(database: str) -> AsyncIterator[AsyncConnectionPool[Any]]:
    async with await open_pool(database, name="test", size=4) as opened:
        yield opened


@pytest.fixture
async def city(connection: psycopg.AsyncConnection[Any]) -> City:
    return await a_city(connection)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def bus() -> AsyncIterator[LocalBus]:
    opened = LocalBus()
    yield opened
    await opened.close()


@pytest.fixture
def desk(pool: AsyncConnectionPool[Any], bus: LocalBus, clock: Clock) -> Desk:
    return Desk(pool, bus, clock)


@pytest.fixture
def sms(pool: AsyncConnectionPool[Any], bus: LocalBus, clock: Clock) -> Dispatcher:
    """The lane of the outbox."""
    return Dispatcher(pool, bus, clock, Outbox(pool, clock), links=LINKS)


@pytest.fixture
def terminals(pool: AsyncConnectionPool[Any], bus: LocalBus, clock: Clock) -> Dispatcher:
    """The lane of the handheld terminals."""
    return Dispatcher(pool, bus, clock, Terminals(pool, bus, clock), links=LINKS)


@pytest.fixture
def watch(pool: AsyncConnectionPool[Any], bus: LocalBus, clock: Clock) -> Watch:
    return Watch(pool, bus, clock)

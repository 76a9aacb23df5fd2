"""A dashboard that really runs: on the real database, on a free port, beside the test in one loop."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from alerts.phones import PushOffer
from dashboard import program
from tests.integration.dashboard.builders import LI, WANG, ZHAO, Place, a_checkpoint, a_city, a_position
from tracker.bus.local import LocalBus

SECRET = b"of acknowledgement links"
PUSH = PushOffer(public_key="any", services=(".push.example",))


@pytest.fixture
def secret() -> bytes:
    return SECRET


@pytest.fixture
async def bus() -> AsyncIterator[LocalBus]:
    opened = LocalBus()
    yield opened
    await opened.close()


@pytest.fixture
async def city(connection: psycopg.AsyncConnection[Any]) -> psycopg.AsyncConnection[Any]:
    """A connection to the database of a small city; three of its four people have been heard."""
    await a_city(connection)
    await a_checkpoint(connection, a_position(LI))
    await a_checkpoint(connection, a_position(WANG, lon=113.35, grid=6))
    await a_checkpoint(connection, a_position(ZHAO, lon=113.1, grid=10, age_s=1000))
    return connection


@pytest.fixture
async def place(database: str, city: psycopg.AsyncConnection[Any], bus: LocalBus) -> AsyncIterator[Place]:
    port = free_port()
    is_ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(
            program.run(
                dsn=database,
                bus=bus,
                host="127.0.0.1",
                port=port,
                version="test",
                link_secret=SECRET,
                push=PUSH,
                ready=is_ready.set,
            )
        )
        await is_ready.wait()
        yield Place(f"127.0.0.1:{port}")
        running.cancel()


def free_port() -> int:
    with program.listen("127.0.0.1", 0) as found:
        return int(found.getsockname()[1])

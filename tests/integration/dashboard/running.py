"""A dashboard with settings of its own, beside the test in one loop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from dashboard import program
from dashboard.security.single_sign_on import SingleSignOn
from tests.integration.dashboard.builders import Place
from tracker.bus.local import LocalBus


@asynccontextmanager
async def a_dashboard(
    database: str, *, port: int, needs_second_factor: bool = False, single_sign_on: SingleSignOn | None = None
) -> AsyncGenerator[Place]:
    bus, is_ready = LocalBus(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(
            program.run(
                dsn=database,
                bus=bus,
                host="127.0.0.1",
                port=port,
                version="test",
                link_secret=b"of the installation",
                needs_second_factor=needs_second_factor,
                single_sign_on=single_sign_on,
                ready=is_ready.set,
            )
        )
        await is_ready.wait()
        yield Place(f"127.0.0.1:{port}")
        running.cancel()
    await bus.close()


def free_port() -> int:
    with program.listen("127.0.0.1", 0) as found:
        return int(found.getsockname()[1])

"""Wait for a database that went away while running, and do the work again.

Safe for work that is one transaction. When the connection breaks during COMMIT nobody knows whether it happened, so
the work must bear being done twice (unique keys, ON CONFLICT).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import psycopg
import structlog
from psycopg_pool import PoolClosed

from tracker.model.backoff import delays

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())

T = TypeVar("T")


async def retry(work: Callable[[], Awaitable[T]], *, name: str) -> T:
    """Return the result of `work()`, called again with back-off as long as it raises psycopg.OperationalError.

    (PoolTimeout is one.) Says `database.lost` once and `database.back` once. Every other error passes, and so does
    PoolClosed: who closed the pool is stopping.
    """
    pauses = delays(random.random)
    is_lost = False
    while True:
        try:
            result = await work()
        except PoolClosed:
            raise
        except psycopg.OperationalError as error:
            if not is_lost:
                log.warning("database.lost", program=name, reason=" ".join(str(error).split()))
            is_lost = True
        else:
            if is_lost:
                log.info("database.back", program=name)
            return result
        await asyncio.sleep(next(pauses))

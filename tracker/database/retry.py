"""Wait for a database that went away while running, and do the work again.

Safe for work that is one transaction. When the connection breaks during COMMIT nobody knows whether it happened, so
the work must bear being done twice (unique keys, ON CONFLICT).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, cast

import psycopg
import structlog
from psycopg_pool import PoolClosed

from tracker.model.backoff import delays

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())

T = TypeVar("T")

# What passes by itself. PoolTimeout and DiskFull are OperationalErrors; the others psycopg takes for our own faults: a
# server that has become a standby, and one that ended our transaction because we stood still in the middle of it.
AWAY: Final = (
    psycopg.OperationalError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
)


async def retry(work: Callable[[], Awaitable[T]], *, name: str) -> T:
    """Return the result of `work()`, called again with back-off as long as the database is AWAY.

    Says `database.lost` once and `database.back` once. Every other error passes, and so does PoolClosed: who closed
    the pool is stopping. So does a cancellation that came while `work` waited and was lost there: asyncio.wait_for of
    Python 3.11, by which the pool waits, returns its result when both come at once (CPython issue 86296), and whoever
    works in a loop would never end.
    """
    pauses = delays(random.random)
    is_lost = False
    cancellations = _cancellations()
    while True:
        try:
            result = await work()
        except PoolClosed:
            raise
        except AWAY as error:
            if not is_lost:
                log.warning("database.lost", program=name, reason=" ".join(str(error).split()))
            is_lost = True
        else:
            if is_lost:
                log.info("database.back", program=name)
            if _cancellations() > cancellations:
                raise asyncio.CancelledError
            return result
        await asyncio.sleep(next(pauses))


def _cancellations() -> int:
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()

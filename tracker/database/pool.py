"""A pool of connections that may be asked for before the database is there.

Connections are in autocommit: the caller's `async with connection.transaction()` is the unit of work.
"""

import asyncio
import logging
import random
from typing import Any, Final, cast

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from tracker.model.backoff import delays

CONNECT_TIMEOUT_S: Final = 10.0
CHECKOUT_TIMEOUT_S: Final = 10.0
# The pool doubles its pause between attempts without a cap; giving one up after 4 s lets the next caller start afresh.
RECONNECT_TIMEOUT_S: Final = 4.0

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


async def open_pool(dsn: str, *, name: str, size: int) -> AsyncConnectionPool:
    """Return an open pool of at most `size` connections; wait, however long, for a database that is not there yet.

    The caller closes it (`async with await open_pool(...) as pool`). `name` is shown in pg_stat_activity. Raises
    psycopg.ProgrammingError for a `dsn` that cannot be parsed.
    """
    await wait_for_database(dsn, name=name)
    # It warns of each failed attempt; tracker.database.retry says once `database.lost` and once `database.back`.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    pool = AsyncConnectionPool[AsyncConnection[TupleRow]](
        dsn,
        kwargs={
            "autocommit": True,
            "application_name": f"gridwarden {name}",
            "connect_timeout": int(CONNECT_TIMEOUT_S),
        },
        name=name,
        min_size=1,
        max_size=size,
        open=False,
        timeout=CHECKOUT_TIMEOUT_S,
        reconnect_timeout=RECONNECT_TIMEOUT_S,
        # Else each connection of the pool fails once after the server was restarted. A round trip: 40 us on a socket.
        check=AsyncConnectionPool[AsyncConnection[TupleRow]].check_connection,
    )
    await pool.open()
    return pool


async def wait_for_database(dsn: str, *, name: str) -> None:
    """Return once a connection can be made; one line when that has to wait, and one when it is over.

    Raises psycopg.ProgrammingError for a `dsn` that cannot be parsed.
    """
    _check_ports(dsn)
    has_waited = False
    for delay_s in delays(random.random):
        trouble = await _trouble(dsn)
        if trouble is None:
            break
        if not has_waited:
            log.warning("database.waiting", program=name, reason=trouble)
            has_waited = True
        await asyncio.sleep(delay_s)
    if has_waited:
        log.info("database.found", program=name)


def _check_ports(dsn: str) -> None:
    """A port in words is no outage, but libpq tells it like one, and we would wait for ever."""
    ports = str(conninfo_to_dict(dsn).get("port") or "").split(",")
    if not all(port.isdecimal() for port in ports if port):
        raise psycopg.ProgrammingError(f"the port of the database's URL is no number: {','.join(ports)}")


async def _trouble(dsn: str) -> str | None:
    """Why no connection can be made, in one line; None when one can."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            connection = await AsyncConnection[Any].connect(dsn)
    except psycopg.OperationalError as error:
        return " ".join(str(error).split())
    except TimeoutError:
        return f"no answer within {CONNECT_TIMEOUT_S:.0f} s"
    await connection.close()
    return None

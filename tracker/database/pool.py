"""A pool of connections that may be asked for before the database is there.

Connections are in autocommit: the caller's `async with connection.transaction()` is the unit of work. A connection
whose other end is gone without a word is found out: by TCP where the network is at fault, and by `answer_s` where
something in between takes our bytes and says nothing.
"""

import asyncio
import contextlib
import logging
import os
import random
import socket
from typing import Any, Final, TypeVar, cast

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from tracker.model.backoff import delays

CONNECT_TIMEOUT_S: Final = 10.0
CHECKOUT_TIMEOUT_S: Final = 10.0
# The pool doubles its pause between attempts without a cap; giving one up after 4 s lets the next caller start afresh.
RECONNECT_TIMEOUT_S: Final = 4.0
CHECK_S: Final = 5.0  # for the empty query of a checkout
# A peer that has gone is noticed after some 20 s, idle or not; Linux would take two hours, and 15 minutes.
KEEPALIVE: Final = {"keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3, "tcp_user_timeout": 20_000}

V = TypeVar("V")

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class ImpatientConnection(AsyncConnection[TupleRow]):
    """Hangs up when the server says nothing for `answer_s`, whatever it was asked; that is an OperationalError.

    Cancelling instead would ask the server, by a new connection, to cancel: another wait for who does not answer.
    """

    answer_s: float | None = None

    async def wait(self, gen: PQGen[V], interval: float = 0.1, timeout: float | None = None) -> V:  # noqa: ASYNC109 - psycopg's
        if self.answer_s is None:
            return await super().wait(gen, interval, timeout)
        timer = asyncio.get_running_loop().call_later(self.answer_s, self._hang_up)
        try:
            return await super().wait(gen, interval, timeout)
        finally:
            timer.cancel()

    def _hang_up(self) -> None:
        """Shut the socket: whoever waits for it reads its end."""
        with (
            contextlib.suppress(OSError, psycopg.OperationalError),  # closed meanwhile
            socket.socket(fileno=os.dup(self.pgconn.socket)) as same,
        ):
            same.shutdown(socket.SHUT_RDWR)


async def open_pool(dsn: str, *, name: str, size: int, answer_s: float | None = None) -> AsyncConnectionPool:
    """Return an open pool of at most `size` connections; wait, however long, for a database that is not there yet.

    The caller closes it (`async with await open_pool(...) as pool`). `name` is shown in pg_stat_activity. `answer_s`:
    the longest that any statement may take (None: any time). Raises psycopg.ProgrammingError for a `dsn` that cannot
    be parsed.
    """

    async def configure(connection: AsyncConnection[TupleRow]) -> None:
        if isinstance(connection, ImpatientConnection):
            connection.answer_s = answer_s

    await wait_for_database(dsn, name=name)
    # It warns of each failed attempt; tracker.database.retry says once `database.lost` and once `database.back`.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    pool = AsyncConnectionPool[AsyncConnection[TupleRow]](
        dsn,
        connection_class=ImpatientConnection,
        configure=configure,
        kwargs={
            **KEEPALIVE,
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
        check=_check,
    )
    await pool.open()
    return pool


async def _check(connection: AsyncConnection[TupleRow]) -> None:
    """Raise OperationalError for a connection that does not answer; PostgreSQL needs microseconds for it."""
    if not isinstance(connection, ImpatientConnection):
        raise TypeError(f"a pool of {type(connection).__name__}")
    usual_s, connection.answer_s = connection.answer_s, CHECK_S
    await AsyncConnectionPool[ImpatientConnection].check_connection(connection)
    connection.answer_s = usual_s


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

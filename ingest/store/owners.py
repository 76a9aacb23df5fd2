"""Which run each terminal belongs to, and the fences of the runs.

Theory. A commit of a run holds the run's fence (FOR SHARE) and compares the epoch with the one the run knows. Who moves
terminals away raises the epoch in the same transaction, hence behind the commits in flight, and the next one fails:
then the run looks what it lost. Moves happen one after the other, under the lock of ownership_move, whose number is
therefore in the order in which they become visible: "moved since the last I saw" passes nothing over.

A process that was stopped in the middle of a transaction keeps its locks. Who waits for one too long ends the database
sessions of the runs without a sign of life; when such a process is continued, it finds its epoch moved.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.rows import class_row

from tracker.database.columns import Column, columns_of, take_columns

LOCK_TIMEOUT_S: Final = 3.0  # a commit takes tenths of a second, when the disk is bad seconds
STUCK_S: Final = (
    8.0  # heartbeats come every second; to end the sessions of a run that lives only makes it do them again
)
DEAD_S: Final = 15.0  # without a sign of life: its terminals are nobody's

Connection = psycopg.AsyncConnection[Any]
Terminals = npt.NDArray[Any]

_MOVED: Final = np.dtype([("terminal", "<i4"), ("moved", "<i8"), ("is_ours", "?")])


class OwnershipLostError(Exception):
    """Another ingest process took all over; this one must end."""


class FenceMovedError(Exception):
    """Some of the run's terminals belong to others now; nothing was written."""


class Moves(NamedTuple):
    """What moved since a look: to us (also what we have had before, and lost in between), and away from us."""

    epoch: int
    last: int
    gained: Terminals
    lost: Terminals


class Silent(NamedTuple):
    """A run that has terminals and does not say that it lives."""

    run: UUID
    heartbeat_us: int  # microseconds since 1970
    is_down: bool


async def hold(connection: Connection, run: UUID, epoch: int) -> None:
    """Let nobody take terminals from `run` until the end of the transaction.

    Raises OwnershipLostError, FenceMovedError.
    """
    if await _held(connection, run) != epoch:
        raise FenceMovedError("some of the terminals belong to another ingest process now")


async def epoch_of(connection: Connection, run: UUID) -> int:
    """Return the epoch of `run` as it is, holding nothing; raises OwnershipLostError."""
    cursor = await connection.execute(
        "SELECT epoch FROM ingest_fence WHERE run = %(run)s AND NOT is_down", {"run": run}
    )
    return _epoch(await cursor.fetchone())


async def look(connection: Connection, run: UUID, since: int) -> Moves:
    """Return what moved after move `since`, and hold the fence. Raises OwnershipLostError."""
    epoch = await _held(connection, run)
    cursor = connection.cursor(binary=True)
    await cursor.execute(
        """
        SELECT string_agg(int4send(terminal), ''), string_agg(int8send(moved), ''),
            string_agg(boolsend(run = %(run)s), '')
        FROM terminal_owner WHERE moved > %(since)s
        """,
        {"run": run, "since": since},
    )
    row: Any = await cursor.fetchone()
    rows = columns_of(row, _MOVED)
    is_ours = rows["is_ours"]
    last = max(since, int(rows["moved"].max(initial=0)))
    return Moves(epoch, last, rows["terminal"][is_ours], rows["terminal"][~is_ours])


@asynccontextmanager
async def moving(connection: Connection) -> AsyncGenerator[int]:
    """A transaction in which terminals move; yields the number of the move.

    Raises LockNotAvailable when a lock did not come: then what stood in the way was ended, and to try again helps.
    """
    try:
        async with connection.transaction():
            await connection.execute(
                "SELECT set_config('lock_timeout', %(limit)s, true)", {"limit": f"{LOCK_TIMEOUT_S:.0f}s"}
            )
            cursor = await connection.execute("UPDATE ownership_move SET last = last + 1 RETURNING last")
            row: Any = await cursor.fetchone()
            yield row[0]
    except psycopg.errors.LockNotAvailable:
        await end_stuck_sessions(connection, STUCK_S)
        raise


async def enter(connection: Connection, run: UUID, *, is_exclusive: bool) -> None:
    """Put up the fence of `run` and end the runs that cannot be beside it; inside `moving`."""
    await connection.execute(
        """
        UPDATE ingest_fence SET is_down = true
        WHERE run <> %(run)s AND NOT is_down AND (is_exclusive OR %(is_exclusive)s)
        """,
        {"run": run, "is_exclusive": is_exclusive},
    )
    await connection.execute(
        """
        INSERT INTO ingest_fence (run, is_exclusive) VALUES (%(run)s, %(is_exclusive)s)
        ON CONFLICT (run) DO NOTHING -- when nobody knows whether the first attempt came through
        """,
        {"run": run, "is_exclusive": is_exclusive},
    )


async def leave(connection: Connection, run: UUID) -> None:
    """Take the fence down: the run commits nothing any more, its terminals are nobody's."""
    await connection.execute("UPDATE ingest_fence SET is_down = true WHERE run = %(run)s", {"run": run})


async def forget_old_fences(connection: Connection) -> None:
    """Of runs that have no terminals and are down, or gave no sign of life for a day."""
    await connection.execute(
        """
        DELETE FROM ingest_fence USING ingest_run
        WHERE ingest_run.id = ingest_fence.run AND (is_down OR heartbeat_at < now() - interval '1 day')
            AND NOT EXISTS (SELECT FROM terminal_owner WHERE terminal_owner.run = ingest_fence.run)
        """
    )


async def take(connection: Connection, run: UUID, move: int, terminals: Terminals) -> int:
    """Move `terminals` to `run`, once the commits in flight of those who had them are over; inside `moving`.

    Returns from how many runs they were taken.
    """
    take_columns(connection)
    wanted = Column(np.unique(terminals).astype(np.int32))
    cursor = await connection.execute(
        "SELECT DISTINCT run FROM terminal_owner WHERE terminal = ANY(%(terminals)s::integer[]) AND run <> %(run)s",
        {"terminals": wanted, "run": run},
    )
    former = [found for (found,) in await cursor.fetchall()]
    await _raise_epochs(connection, former, move)
    await connection.execute(
        """
        INSERT INTO terminal_owner (terminal, run, moved)
        SELECT terminal, %(run)s, %(move)s FROM unnest(%(terminals)s::integer[]) AS wanted (terminal)
        ON CONFLICT (terminal) DO UPDATE SET run = excluded.run, moved = excluded.moved
        """,
        {"terminals": wanted, "run": run, "move": move},
    )
    return len(former)


async def take_from(connection: Connection, run: UUID, move: int, former: UUID, most: int) -> int:
    """Move at most `most` terminals of `former` to `run`, inside `moving`; return how many."""
    await _raise_epochs(connection, [former], move)
    cursor = await connection.execute(
        """
        UPDATE terminal_owner SET run = %(run)s, moved = %(move)s
        WHERE terminal IN (SELECT terminal FROM terminal_owner WHERE run = %(former)s ORDER BY terminal LIMIT %(most)s)
        """,
        {"run": run, "move": move, "former": former, "most": most},
    )
    return cursor.rowcount


async def take_what_is_nobodys(connection: Connection, run: UUID, move: int) -> None:
    """Move to `run` all terminals that never had an owner; inside `moving`. 270,342 of them: some seconds."""
    await connection.execute(
        """
        INSERT INTO terminal_owner (terminal, run, moved)
        SELECT id, %(run)s, %(move)s FROM terminal
        WHERE closed_at IS NULL AND NOT EXISTS (SELECT FROM terminal_owner WHERE terminal_owner.terminal = terminal.id)
        """,
        {"run": run, "move": move},
    )


async def silent(connection: Connection, run: UUID) -> list[Silent]:
    """Return the other runs that have terminals and are down, or gave no sign of life for `DEAD_S`."""
    async with connection.cursor(row_factory=class_row(Silent)) as cursor:
        await cursor.execute(
            """
            SELECT run, (extract(epoch FROM heartbeat_at) * 1000000)::bigint AS heartbeat_us,
                is_down OR stopped_at IS NOT NULL AS is_down
            FROM ingest_fence JOIN ingest_run ON ingest_run.id = ingest_fence.run
            WHERE run <> %(run)s
                AND (is_down OR stopped_at IS NOT NULL OR heartbeat_at < now() - make_interval(secs => %(dead_s)s))
                AND EXISTS (SELECT FROM terminal_owner WHERE terminal_owner.run = ingest_fence.run)
            """,
            {"run": run, "dead_s": DEAD_S},
        )
        return await cursor.fetchall()


async def end_stuck_sessions(connection: Connection, stuck_s: float) -> None:
    """End the database sessions of other runs that gave no sign of life for so long; their locks go with them.

    A session is known by the run at the end of its application name.
    """
    await connection.execute(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        JOIN ingest_run ON ingest_run.id::text = right(application_name, 36)
        WHERE datname = current_database() AND heartbeat_at < now() - make_interval(secs => %(stuck_s)s)
            AND right(application_name, 36) <> right(current_setting('application_name'), 36)
        """,
        {"stuck_s": stuck_s},
    )


async def _held(connection: Connection, run: UUID) -> int:
    cursor = await connection.execute(
        "SELECT epoch FROM ingest_fence WHERE run = %(run)s AND NOT is_down FOR SHARE", {"run": run}
    )
    return _epoch(await cursor.fetchone())


def _epoch(row: Any) -> int:
    if row is None:
        raise OwnershipLostError("another ingest process has taken the terminals over; this one ends")
    return row[0]


async def _raise_epochs(connection: Connection, former: Sequence[UUID], move: int) -> None:
    await connection.execute(
        "UPDATE ingest_fence SET epoch = %(move)s WHERE run = ANY(%(former)s)", {"former": list(former), "move": move}
    )

"""Who may talk to ingest: the terminals, cached whole, so that a database outage never ends in refused log-ins.

Read whole once, at start. From then on only what changed, by the transaction that changed it: a row whose transaction
may still have been running at the last look is read again, so that one which commits late is not skipped.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.rows import args_row

FETCH: Final = 2_000  # rows at a time: some 4 ms of an event loop
SPARE: Final = 1_024  # room is made for so many new terminals at once; for each one alone it would copy all columns

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class Terminal:
    id: int
    code: str  # the MQTT user name
    member: int  # 0: carried by nobody
    interval_s: int  # configured reporting interval; 0: learned from its fixes
    secret_salt: bytes
    secret_hash: bytes
    is_admitted: bool = True  # not revoked, lost or retired
    changed_by: int = 0  # the transaction that changed the row last


class Directory:
    """The admitted terminals by code, and the columns the pipeline looks up by id. Changed in place, never shrinks."""

    def __init__(self, terminals: Sequence[Terminal] = ()) -> None:
        self.by_code: Final[dict[str, Terminal]] = {}
        self.members: npt.NDArray[np.int32] = np.zeros(1, np.int32)  # index: terminal id
        self.intervals_s: npt.NDArray[np.float32] = np.zeros(1, np.float32)
        self.make_room(max((terminal.id for terminal in terminals), default=0) + 1)
        self.apply(terminals)

    def apply(self, terminals: Iterable[Terminal]) -> None:
        """Take changed terminals over: new ones, handed over ones, and those that are admitted no more."""
        for terminal in terminals:
            if terminal.id >= self.size:
                self.make_room(terminal.id + SPARE)
            self.members[terminal.id] = terminal.member
            self.intervals_s[terminal.id] = terminal.interval_s
            if terminal.is_admitted:
                self.by_code[terminal.code] = terminal
            else:
                self.by_code.pop(terminal.code, None)

    @property
    def size(self) -> int:
        """More than the largest terminal id."""
        return len(self.members)

    def terminal_of(self, code: str) -> int:
        """Return the id of the terminal `code`, 0 when there is none that is admitted."""
        found = self.by_code.get(code)
        return 0 if found is None else found.id

    def make_room(self, size: int) -> None:
        """Have columns of at least `size`; of terminals that are not known yet they say nothing."""
        more = max(size - self.size, 0)
        self.members = np.concatenate([self.members, np.zeros(more, np.int32)])
        self.intervals_s = np.concatenate([self.intervals_s, np.zeros(more, np.float32)])


class Horizon(NamedTuple):
    """Up to where changes were read: all below transaction `below`, and from there on those of the ones in `read`."""

    below: int
    read: frozenset[int]


@dataclass(frozen=True, slots=True)
class Look:
    terminals: list[Terminal]
    horizon: Horizon


async def load(connection: Connection) -> Look:
    """Return all terminals but the retired ones: 270,342 rows take some seconds."""
    below = await _oldest_running(connection)
    async with connection.cursor(row_factory=args_row(Terminal), binary=True) as cursor:
        await cursor.execute(
            """
            SELECT id, code, coalesce(member, 0) AS member, coalesce(interval_s, 0) AS interval_s,
                   secret_salt, secret_hash, revoked_at IS NULL AND lost_at IS NULL AS is_admitted,
                   changed_by::text::bigint AS changed_by
            FROM terminal
            WHERE closed_at IS NULL
            """
        )
        found = await _rows(cursor)
    return Look(found, _horizon(below, found, frozenset()))


async def changed(connection: Connection, since: Horizon) -> Look:
    """Return the terminals that changed since a look, retired ones too; one index lookup when there are none.

    The rows of a transaction become visible together, so one that was read is read whole.
    """
    below = await _oldest_running(connection)
    async with connection.cursor(row_factory=args_row(Terminal), binary=True) as cursor:
        await cursor.execute(
            """
            SELECT id, code, coalesce(member, 0) AS member, coalesce(interval_s, 0) AS interval_s,
                   secret_salt, secret_hash,
                   revoked_at IS NULL AND lost_at IS NULL AND closed_at IS NULL AS is_admitted,
                   changed_by::text::bigint AS changed_by
            FROM terminal
            WHERE changed_by >= %(below)s::text::xid8 AND changed_by <> ALL (%(read)s::text[]::xid8[])
            """,
            {"below": str(since.below), "read": [str(xid) for xid in since.read]},
        )
        found = await _rows(cursor)
    return Look(found, _horizon(below, found, since.read))


async def _oldest_running(connection: Connection) -> int:
    """Return the transaction below which every one has ended; to be asked before the rows are."""
    cursor = await connection.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    row: Any = await cursor.fetchone()
    return row[0]


async def _rows(cursor: psycopg.AsyncCursor[Terminal]) -> list[Terminal]:
    """Fetch what was asked for, letting others run in between."""
    found: list[Terminal] = []
    while rows := await cursor.fetchmany(FETCH):
        found += rows
        await asyncio.sleep(0)
    return found


def _horizon(below: int, found: Sequence[Terminal], read: frozenset[int]) -> Horizon:
    seen = read.union(terminal.changed_by for terminal in found)
    return Horizon(below, frozenset(xid for xid in seen if xid >= below))

"""Late fixes: the queue of tracks to be recomputed, and the crossings that a recomputation looks at."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import class_row

ANCHORS: Final = 2

Connection = psycopg.AsyncConnection[Any]


class LateTrack(NamedTuple):
    """`mark` is another one after every late fix that came."""

    terminal: int
    since_us: int
    mark: int


class Anchor(NamedTuple):
    """A crossing and the units left by it, leaf and ancestors; none when it came from outside the city."""

    fixed_at_us: int
    exited: list[int]


class Known(NamedTuple):
    fixed_at_us: int
    kind: str
    grid: int


async def enqueue(connection: Connection, terminals: Sequence[int], since_us: Sequence[int]) -> None:
    await connection.execute(
        """
        INSERT INTO late_track (terminal, since)
        SELECT terminal, min(timestamptz 'epoch' + at_us * interval '1 microsecond')
        FROM unnest(%(terminals)s::integer[], %(times)s::bigint[]) AS row (terminal, at_us)
        GROUP BY terminal ORDER BY terminal
        ON CONFLICT (terminal) DO UPDATE SET since = least(late_track.since, excluded.since)
        """,
        {"terminals": list(terminals), "times": list(since_us)},
    )


async def waiting(connection: Connection, most: int, done: Mapping[int, int]) -> list[LateTrack]:
    """Return tracks of the queue, without those that stand in `done`, terminal to mark."""
    async with connection.cursor(row_factory=class_row(LateTrack)) as cursor:
        await cursor.execute(
            """
            SELECT terminal, (extract(epoch FROM since) * 1000000)::bigint AS since_us, xmin::text::bigint AS mark
            FROM late_track
            WHERE (terminal, xmin::text::bigint) NOT IN (
                SELECT terminal, mark FROM unnest(%(terminals)s::integer[], %(marks)s::bigint[]) AS row (terminal, mark)
            )
            ORDER BY terminal LIMIT %(most)s
            """,
            {"most": most, "terminals": list(done), "marks": list(done.values())},
        )
        return await cursor.fetchall()


async def waiting_of(connection: Connection, run: UUID, most: int, done: Mapping[int, int]) -> list[LateTrack]:
    """The same of the terminals that belong to `run`."""
    async with connection.cursor(row_factory=class_row(LateTrack)) as cursor:
        await cursor.execute(
            """
            SELECT terminal, (extract(epoch FROM since) * 1000000)::bigint AS since_us,
                late_track.xmin::text::bigint AS mark
            FROM late_track JOIN terminal_owner USING (terminal)
            WHERE run = %(run)s AND (terminal, late_track.xmin::text::bigint) NOT IN (
                SELECT terminal, mark FROM unnest(%(terminals)s::integer[], %(marks)s::bigint[]) AS row (terminal, mark)
            )
            ORDER BY terminal LIMIT %(most)s
            """,
            {"run": run, "most": most, "terminals": list(done), "marks": list(done.values())},
        )
        return await cursor.fetchall()


async def dequeue(connection: Connection, done: Mapping[int, int]) -> None:
    """Take tracks off the queue to which no late fix came since their mark was read."""
    await connection.execute(
        """
        DELETE FROM late_track USING unnest(%(terminals)s::integer[], %(marks)s::bigint[]) AS row (terminal, mark)
        WHERE late_track.terminal = row.terminal AND late_track.xmin::text::bigint = row.mark
        """,
        {"terminals": list(done), "marks": list(done.values())},
    )


async def anchors(connection: Connection, track: LateTrack) -> list[Anchor]:
    """Return the last crossings in force before the late fixes, newest first, at most `ANCHORS`."""
    async with connection.cursor(row_factory=class_row(Anchor)) as cursor:
        await cursor.execute(
            """
            SELECT (extract(epoch FROM fixed_at) * 1000000)::bigint AS fixed_at_us,
                   coalesce(array_agg(grid) FILTER (WHERE kind = 'exit'), '{}') AS exited
            FROM crossing
            WHERE terminal = %(terminal)s AND superseded_at IS NULL
                AND fixed_at < timestamptz 'epoch' + %(since_us)s::bigint * interval '1 microsecond'
            GROUP BY fixed_at ORDER BY fixed_at DESC LIMIT %(most)s
            """,
            {"terminal": track.terminal, "since_us": track.since_us, "most": ANCHORS},
        )
        return await cursor.fetchall()


async def known(connection: Connection, terminal: int, after_us: int) -> list[Known]:
    """Return the crossings in force of `terminal` later than `after_us`."""
    async with connection.cursor(row_factory=class_row(Known)) as cursor:
        await cursor.execute(
            """
            SELECT (extract(epoch FROM fixed_at) * 1000000)::bigint AS fixed_at_us, kind, grid FROM crossing
            WHERE terminal = %(terminal)s AND superseded_at IS NULL
                AND fixed_at > timestamptz 'epoch' + %(after_us)s::bigint * interval '1 microsecond'
            """,
            {"terminal": terminal, "after_us": after_us},
        )
        return await cursor.fetchall()


async def supersede(connection: Connection, terminal: int, row: Known) -> None:
    await connection.execute(
        """
        UPDATE crossing SET superseded_at = now()
        WHERE terminal = %(terminal)s AND kind = %(kind)s AND grid = %(grid)s
            AND fixed_at = timestamptz 'epoch' + %(fixed_at_us)s::bigint * interval '1 microsecond'
        """,
        {"terminal": terminal, **row._asdict()},
    )

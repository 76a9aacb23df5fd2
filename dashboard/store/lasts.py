"""The last positions as ingest checkpoints them, read as rows of the bus's POSITION.

Theory. What was heard when says nothing of when it was written: after an outage ingest checkpoints fixes that arrived
long ago, and a slow commit shows a row behind later ones. So a reader remembers no time but a *moment*: the oldest
transaction that was still under way. What becomes visible afterwards was written by that transaction or by a later
one, and PostgreSQL keeps the writer's number with each row (`xmin`). Rows may be read twice, none is passed over.
"""

from collections.abc import AsyncGenerator
from typing import Any, Final

import numpy as np
from psycopg import AsyncConnection

from tracker.model.positions import Positions, empty

BEGINNING: Final = 0  # the moment before all others
PIECE: Final = 4_096  # ids of terminals; a piece is decoded and taken in by the live map within 3 ms
EPOCH_2000_US: Final = 946_684_800_000_000  # PostgreSQL's times count from there
# Source: PostgreSQL documentation, "Frontend/Backend Protocol", binary formats: big-endian.
COLUMNS: Final = (
    ("fixed_at_us", ">i8"),
    ("received_at_us", ">i8"),
    ("terminal", ">i4"),
    ("member", ">i4"),
    ("lon", ">i4"),
    ("lat", ">i4"),
    ("grid", ">i4"),
    ("interval_s", ">f4"),
    ("speed_dmps", ">i2"),
    ("heading_deg", ">i2"),
    ("accuracy_dm", ">i2"),
    ("altitude_m", ">i2"),
    ("battery_pct", ">i2"),
)


async def moment(connection: AsyncConnection[Any]) -> int:
    """Return what to remember: everything that can be seen now is of before, everything later is `since` it."""
    cursor = await connection.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    found = await cursor.fetchone()
    return BEGINNING if found is None else int(found[0])


# `age()` compares numbers that wrap round; of BEGINNING it is greater than any other.
_WRITTEN_SINCE: Final = """
        SELECT
            string_agg(timestamptz_send(fixed_at), ''), string_agg(timestamptz_send(received_at), ''),
            string_agg(int4send(terminal), ''), string_agg(int4send(member), ''),
            string_agg(int4send(lon), ''), string_agg(int4send(lat), ''), string_agg(int4send(grid), ''),
            string_agg(float4send(terminal_state.interval_s), ''), string_agg(int2send(speed_dmps), ''),
            string_agg(int2send(heading_deg), ''), string_agg(int2send(accuracy_dm), ''),
            string_agg(int2send(altitude_m), ''), string_agg(int2send(battery_pct), '')
        FROM terminal_state
        JOIN terminal ON terminal.id = terminal_state.terminal
        WHERE age(terminal_state.xmin) <= age(%(before)s::text::xid8::xid) AND member IS NOT NULL AND closed_at IS NULL
"""
_OF_ALL: Final = _WRITTEN_SINCE + "GROUP BY terminal / %(piece)s::integer"
# The range is said of both tables: else each row is looked up by itself.
_OF_PIECE: Final = (
    _WRITTEN_SINCE
    + "AND terminal BETWEEN %(first)s AND %(last)s AND terminal.id BETWEEN %(first)s AND %(last)s HAVING count(*) > 0"
)


async def since(connection: AsyncConnection[Any], before: int) -> AsyncGenerator[Positions]:
    """Yield, in pieces, the last position of every carried terminal whose row was written since the moment `before`.

    Whole columns as bytes: 270,342 rows as Python's objects held the event loop for 0.9 s, these for 10 ms.
    """
    cursor = connection.cursor(binary=True)
    await cursor.execute(_OF_ALL, {"before": str(before), "piece": PIECE})
    async for columns in cursor:
        yield _decode(columns)


async def pieces(connection: AsyncConnection[Any]) -> range:
    """Return the numbers of the pieces, of PIECE terminals each, that together hold every terminal."""
    cursor = await connection.execute("SELECT coalesce(max(terminal), -1) FROM terminal_state")
    found = await cursor.fetchone()
    return range(0 if found is None else (found[0] + PIECE) // PIECE)


async def piece_since(connection: AsyncConnection[Any], before: int, piece: int) -> Positions:
    """Return what `since` would of the terminals of one piece."""
    cursor = connection.cursor(binary=True)
    first = piece * PIECE
    await cursor.execute(_OF_PIECE, {"before": str(before), "first": first, "last": first + PIECE - 1})
    columns = await cursor.fetchone()
    return empty(0) if columns is None else _decode(columns)


def _decode(columns: tuple[bytes, ...]) -> Positions:
    (_, first_kind), *_ = COLUMNS
    rows = empty(len(columns[0]) // np.dtype(first_kind).itemsize)
    for (name, kind), column in zip(COLUMNS, columns, strict=True):
        rows[name] = np.frombuffer(column, kind)
    rows["fixed_at_us"] += EPOCH_2000_US
    rows["received_at_us"] += EPOCH_2000_US
    return rows

"""The table `position`: written as one numpy array in PostgreSQL's binary COPY format, read back as one."""

import struct
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg

from tracker.database.columns import EPOCH_2000_US, Column, columns_of, take_columns
from tracker.model.positions import GRID_SET_BITS, GRID_SET_SHIFT, POSITION, Positions, empty

Connection = psycopg.AsyncConnection[Any]

# Source: PostgreSQL documentation, COPY, "Binary Format": a header, tuples of (number of fields, then each one's length
# and its value, big-endian), a trailer. Times are microseconds since 2000-01-01.
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TRAILER: Final = b"\xff\xff"
FARTHEST_US: Final = 2**53  # of the years that a timestamp holds: 2255
_MOST_DELAY_MS: Final = 2**31 - 1
FIELDS: Final = (
    ("fixed_at", ">i8"),
    ("terminal", ">i4"),
    ("delay_ms", ">i4"),
    ("lon", ">i4"),
    ("lat", ">i4"),
    ("grid", ">i4"),
    ("speed_dmps", ">i2"),
    ("heading_deg", ">i2"),
    ("accuracy_dm", ">i2"),
    ("altitude_m", ">i2"),
    ("battery_pct", ">i2"),
    ("flags", ">i2"),
    ("member", ">i4"),
    ("step_m", ">i2"),
    ("step_s", ">i2"),
)
_TUPLE: Final = np.dtype(
    [("fields", ">i2"), *(part for name, kind in FIELDS for part in ((f"{name}_length", ">i4"), (name, kind)))]
)


def encode(rows: Positions, grid_sets: npt.NDArray[np.int64] | int) -> bytes:
    """Return `rows`, judged by these grid sets, as a whole binary COPY stream."""
    tuples = np.zeros(len(rows), _TUPLE)
    tuples["fields"] = len(FIELDS)
    for name, kind in FIELDS:
        tuples[f"{name}_length"] = np.dtype(kind).itemsize
    for name, _ in FIELDS[3:]:
        tuples[name] = rows[name]
    tuples["fixed_at"] = rows["fixed_at_us"] - EPOCH_2000_US
    tuples["terminal"] = rows["terminal"]
    tuples["flags"] = rows["flags"] | (np.asarray(grid_sets) & GRID_SET_BITS) << GRID_SET_SHIFT
    delay_ms = (rows["received_at_us"] - rows["fixed_at_us"]) // 1000
    tuples["delay_ms"] = np.clip(delay_ms, -_MOST_DELAY_MS, _MOST_DELAY_MS)
    return b"".join((_HEADER, tuples.tobytes(), _TRAILER))


async def copy(
    connection: Connection,
    rows: Positions,
    grid_sets: npt.NDArray[np.int64] | int,
    *,
    on_sent: Callable[[], None] = lambda: None,
) -> None:
    """Write the rows; `on_sent` is called when they are on their way and the server has work to do.

    Raises psycopg.errors.UniqueViolation when one (terminal, fix time) is there already.
    """
    statement = """
        COPY position (fixed_at, terminal, delay_ms, lon, lat, grid, speed_dmps, heading_deg, accuracy_dm, altitude_m,
                       battery_pct, flags, member, step_m, step_s)
        FROM STDIN (FORMAT BINARY)
        """
    async with connection.cursor() as cursor, cursor.copy(statement) as stream:
        await stream.write(encode(rows, grid_sets))
        on_sent()


async def existing(connection: Connection, keys: Positions) -> Positions:
    """Return the stored rows with the (terminal, fix time) of `keys`, of which there is at least one."""
    take_columns(connection)
    return await _fetch(
        connection,
        """
        SELECT (extract(epoch FROM fixed_at) * 1000000)::bigint, 0::bigint, same.terminal, 0, lon, lat, grid,
               0::real, speed_dmps, heading_deg, accuracy_dm, altitude_m, battery_pct, flags,
               0::smallint, 0::smallint
        FROM unnest(%(terminals)s::integer[], %(times)s::bigint[]) AS key (terminal, at_us)
        -- OFFSET 0 keeps this a look into the index for each key. As a join, a table without statistics was read whole
        -- for each of them: 4,000 keys among 18,000 rows took 8 to 13 s instead of 0.1.
        CROSS JOIN LATERAL (
            SELECT * FROM position
            WHERE position.terminal = key.terminal
                AND position.fixed_at = timestamptz 'epoch' + key.at_us * interval '1 microsecond'
                -- Leaves out the days (or the chunks, eight a day) in which no key can be, before one is opened.
                AND position.fixed_at BETWEEN timestamptz 'epoch' + %(first_us)s::bigint * interval '1 microsecond'
                AND timestamptz 'epoch' + %(last_us)s::bigint * interval '1 microsecond'
            OFFSET 0
        ) AS same
        """,
        {
            "terminals": Column(keys["terminal"]),
            "times": Column(keys["fixed_at_us"]),
            "first_us": int(keys["fixed_at_us"].min()),
            "last_us": int(keys["fixed_at_us"].max()),
        },
    )


async def behind_checkpoint(
    connection: Connection, terminals: npt.NDArray[Any], since_us: npt.NDArray[np.int64], *, span_us: tuple[int, int]
) -> Positions:
    """Return the fixes of `terminals` later than `since_us` of each, in order of (terminal, time); no members.

    `span_us` is where there are rows at all (tracker.database.partitions).

    Without those that never changed live presence. Of 270,342 terminals 7 s on a busy machine, 6 of them for the look
    into the index for each one; a `since_us` of long ago makes it a look into each day since.
    """
    if not len(terminals) or span_us == (0, 0):
        return empty(0)
    take_columns(connection)
    cursor = connection.cursor(binary=True)
    await cursor.execute(
        """
        SELECT string_agg(timestamptz_send(later.fixed_at), ''), string_agg(int4send(later.delay_ms), ''),
            string_agg(int4send(known.terminal), ''), string_agg(int4send(later.lon), ''),
            string_agg(int4send(later.lat), ''), string_agg(int4send(later.grid), ''),
            string_agg(int2send(later.speed_dmps), ''), string_agg(int2send(later.heading_deg), ''),
            string_agg(int2send(later.accuracy_dm), ''), string_agg(int2send(later.altitude_m), ''),
            string_agg(int2send(later.battery_pct), ''), string_agg(int2send(later.flags), '')
        FROM unnest(%(terminals)s::integer[], %(since)s::bigint[]) AS known (terminal, since_us)
        CROSS JOIN LATERAL (
            SELECT * FROM position
            WHERE position.terminal = known.terminal
                AND position.fixed_at > timestamptz 'epoch' + known.since_us * interval '1 microsecond'
                AND position.flags & 14 = 0
                -- Leaves out the days (or the chunks) in which no fix can be, before one is opened.
                AND position.fixed_at > timestamptz 'epoch' + %(first_us)s::bigint * interval '1 microsecond'
                AND position.fixed_at < least(now() + interval '1 day',
                    timestamptz 'epoch' + %(end_us)s::bigint * interval '1 microsecond')
            OFFSET 0 -- look up one terminal after the other, whatever the planner knows of the table
        ) AS later
        """,
        {
            "terminals": Column(terminals.astype(np.int32)),
            "since": Column(since_us),
            "first_us": max(int(since_us.min()), span_us[0] - 1),
            "end_us": min(span_us[1], FARTHEST_US),
        },
    )
    row: Any = await cursor.fetchone()
    found = columns_of(row, _LATER)
    rows = empty(len(found))
    for name in (name for name in _LATER.names or () if name != "delay_ms"):
        rows[name] = found[name]
    rows["fixed_at_us"] += EPOCH_2000_US
    rows["received_at_us"] = rows["fixed_at_us"] + found["delay_ms"].astype(np.int64) * 1000
    return rows[np.lexsort((rows["fixed_at_us"], rows["terminal"]))]


async def of_terminal(connection: Connection, terminal: int, since_us: int) -> Positions:
    """Return the accurate fixes of `terminal` from `since_us` on, in order of time, whenever they arrived."""
    return await _fetch(
        connection,
        """
        SELECT (extract(epoch FROM fixed_at) * 1000000)::bigint, 0::bigint, terminal, 0, lon, lat, grid, 0::real,
               speed_dmps, heading_deg, accuracy_dm, altitude_m, battery_pct, 0::smallint, 0::smallint, 0::smallint
        FROM position
        WHERE terminal = %(terminal)s AND flags & 8 = 0
            AND fixed_at >= timestamptz 'epoch' + %(since_us)s::bigint * interval '1 microsecond'
        ORDER BY fixed_at
        """,
        {"terminal": terminal, "since_us": since_us},
    )


_LATER: Final = np.dtype(
    [("fixed_at_us", "<i8"), ("delay_ms", "<i4")]
    + [(name, "<i4") for name in ("terminal", "lon", "lat", "grid")]
    + [(name, "<i2") for name in ("speed_dmps", "heading_deg", "accuracy_dm", "altitude_m", "battery_pct", "flags")]
)


async def _fetch(connection: Connection, statement: Any, values: dict[str, Any]) -> npt.NDArray[np.void]:
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(statement, values)
        return np.array(await cursor.fetchall(), POSITION)

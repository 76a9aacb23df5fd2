"""The table `position`: written as one numpy array in PostgreSQL's binary COPY format, read back as one."""

import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg

from tracker.database.columns import Column, take_columns
from tracker.model.positions import GRID_SET_BITS, GRID_SET_SHIFT, POSITION, Positions

Connection = psycopg.AsyncConnection[Any]

# Source: PostgreSQL documentation, COPY, "Binary Format": a header, tuples of (number of fields, then each one's length
# and its value, big-endian), a trailer. Times are microseconds since 2000-01-01.
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TRAILER: Final = b"\xff\xff"
_EPOCH_2000_US: Final = 946_684_800_000_000
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
    tuples["fixed_at"] = rows["fixed_at_us"] - _EPOCH_2000_US
    tuples["terminal"] = rows["terminal"]
    tuples["flags"] = rows["flags"] | (np.asarray(grid_sets) & GRID_SET_BITS) << GRID_SET_SHIFT
    delay_ms = (rows["received_at_us"] - rows["fixed_at_us"]) // 1000
    tuples["delay_ms"] = np.clip(delay_ms, -_MOST_DELAY_MS, _MOST_DELAY_MS)
    return b"".join((_HEADER, tuples.tobytes(), _TRAILER))


async def copy(connection: Connection, rows: Positions, grid_sets: npt.NDArray[np.int64] | int) -> None:
    """Raises psycopg.errors.UniqueViolation when one (terminal, fix time) is there already."""
    statement = """
        COPY position (fixed_at, terminal, delay_ms, lon, lat, grid, speed_dmps, heading_deg, accuracy_dm, altitude_m,
                       battery_pct, flags, member, step_m, step_s)
        FROM STDIN (FORMAT BINARY)
        """
    async with connection.cursor() as cursor, cursor.copy(statement) as stream:
        await stream.write(encode(rows, grid_sets))


async def existing(connection: Connection, keys: Positions) -> Positions:
    """Return the stored rows with the (terminal, fix time) of `keys`, of which there is at least one.

    Inside a transaction: it sets planner options.
    """
    # Without statistics the planner may read every partition whole to join a few hundred keys.
    await connection.execute("SELECT set_config(name, 'off', true) FROM unnest(%s::text[]) AS name", [_SLOW_PLANS])
    take_columns(connection)
    return await _fetch(
        connection,
        """
        SELECT (extract(epoch FROM fixed_at) * 1000000)::bigint, 0::bigint, position.terminal, 0, lon, lat, grid,
               0::real, speed_dmps, heading_deg, accuracy_dm, altitude_m, battery_pct, flags,
               0::smallint, 0::smallint
        FROM unnest(%(terminals)s::integer[], %(times)s::bigint[]) AS key (terminal, at_us)
        JOIN position ON position.terminal = key.terminal
            AND position.fixed_at = timestamptz 'epoch' + key.at_us * interval '1 microsecond'
        -- Leaves out the days (or the chunks, eight a day) in which no key can be, before one is opened.
        WHERE position.fixed_at BETWEEN timestamptz 'epoch' + %(first_us)s::bigint * interval '1 microsecond'
            AND timestamptz 'epoch' + %(last_us)s::bigint * interval '1 microsecond'
        """,
        {
            "terminals": Column(keys["terminal"]),
            "times": Column(keys["fixed_at_us"]),
            "first_us": int(keys["fixed_at_us"].min()),
            "last_us": int(keys["fixed_at_us"].max()),
        },
    )


async def behind_checkpoint(connection: Connection) -> Positions:
    """Return the fixes in order of (terminal, time) that are later than the last one their checkpoint knows.

    Of a terminal without a checkpoint, those of the last two days: older ones never change live presence.
    """
    return await _fetch(
        connection,
        """
        SELECT (extract(epoch FROM later.fixed_at) * 1000000)::bigint,
               (extract(epoch FROM later.fixed_at) * 1000000)::bigint + delay_ms * 1000::bigint,
               terminal.id, coalesce(terminal.member, 0), later.lon, later.lat, later.grid, 0::real,
               later.speed_dmps, later.heading_deg, later.accuracy_dm, later.altitude_m, later.battery_pct, later.flags,
               0::smallint, 0::smallint
        FROM terminal
        LEFT JOIN terminal_state AS state ON state.terminal = terminal.id
        CROSS JOIN LATERAL (
            SELECT * FROM position
            WHERE position.terminal = terminal.id
                AND position.fixed_at > coalesce(state.fixed_at, now() - interval '2 days')
                AND position.flags & 14 = 0
            ORDER BY position.fixed_at
        ) AS later
        WHERE terminal.closed_at IS NULL
        ORDER BY terminal.id, later.fixed_at
        """,
        {},
    )


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


_SLOW_PLANS: Final = ["enable_hashjoin", "enable_mergejoin", "enable_seqscan"]


async def _fetch(connection: Connection, statement: Any, values: dict[str, Any]) -> npt.NDArray[np.void]:
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(statement, values)
        return np.array(await cursor.fetchall(), POSITION)

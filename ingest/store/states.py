"""The checkpoint of ingest's memory: the table terminal_state."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.rows import class_row

from ingest.rules.tracks import NOBODY, Tracks
from tracker.database.columns import Column, take_columns
from tracker.model.positions import Positions

Connection = psycopg.AsyncConnection[Any]


class StateRow(NamedTuple):
    """One terminal's checkpoint. `fixed_at_us` is its last believed fix."""

    terminal: int
    fixed_at_us: int
    received_at_us: int
    lon: int
    lat: int
    grid: int
    speed_dmps: int
    heading_deg: int
    accuracy_dm: int
    altitude_m: int
    battery_pct: int
    interval_s: float
    confirmed_grid: int
    candidate_grid: int
    candidate_count: int
    candidate_since_us: int  # 0: no candidate
    is_silent: bool


async def save(
    connection: Connection,
    last: Positions,
    tracks: Tracks,
    received_at_us: npt.NDArray[np.int64],
    is_silent: npt.NDArray[np.bool_],
) -> None:
    """Upsert one row for each of `last`, in one statement; all columns are parallel."""
    has_candidate = tracks["candidate"] != NOBODY
    take_columns(connection)
    await connection.execute(
        """
        INSERT INTO terminal_state (terminal, fixed_at, received_at, lon, lat, grid, speed_dmps, heading_deg,
            accuracy_dm, altitude_m, battery_pct, interval_s, confirmed_grid, candidate_grid, candidate_count,
            candidate_since, is_silent)
        SELECT terminal, timestamptz 'epoch' + fixed_at_us * interval '1 microsecond',
            timestamptz 'epoch' + received_at_us * interval '1 microsecond', lon, lat, grid, speed_dmps, heading_deg,
            accuracy_dm, altitude_m, battery_pct, interval_s, confirmed_grid, candidate_grid, candidate_count,
            timestamptz 'epoch' + nullif(candidate_since_us, 0) * interval '1 microsecond', is_silent
        FROM unnest(%(terminal)s::integer[], %(fixed_at_us)s::bigint[], %(received_at_us)s::bigint[],
            %(lon)s::integer[], %(lat)s::integer[], %(grid)s::integer[], %(speed_dmps)s::smallint[],
            %(heading_deg)s::smallint[], %(accuracy_dm)s::smallint[], %(altitude_m)s::smallint[],
            %(battery_pct)s::smallint[], %(interval_s)s::real[], %(confirmed)s::integer[], %(candidate)s::integer[],
            %(candidate_count)s::smallint[], %(candidate_since_us)s::bigint[], %(is_silent)s::boolean[])
            AS row (terminal, fixed_at_us, received_at_us, lon, lat, grid, speed_dmps, heading_deg, accuracy_dm,
                altitude_m, battery_pct, interval_s, confirmed_grid, candidate_grid, candidate_count,
                candidate_since_us, is_silent)
        ORDER BY terminal
        ON CONFLICT (terminal) DO UPDATE SET fixed_at = excluded.fixed_at, received_at = excluded.received_at,
            lon = excluded.lon, lat = excluded.lat, grid = excluded.grid, speed_dmps = excluded.speed_dmps,
            heading_deg = excluded.heading_deg, accuracy_dm = excluded.accuracy_dm, altitude_m = excluded.altitude_m,
            battery_pct = excluded.battery_pct, interval_s = excluded.interval_s,
            confirmed_grid = excluded.confirmed_grid, candidate_grid = excluded.candidate_grid,
            candidate_count = excluded.candidate_count, candidate_since = excluded.candidate_since,
            is_silent = excluded.is_silent
        """,
        {
            **{name: Column(last[name]) for name in _OF_LAST},
            **{name: Column(tracks[name]) for name in _OF_TRACK},
            "candidate_since_us": Column(np.where(has_candidate, tracks["candidate_since_us"], 0)),
            "received_at_us": Column(received_at_us),
            "is_silent": Column(is_silent),
        },
    )


async def load(connection: Connection) -> list[StateRow]:
    async with connection.cursor(row_factory=class_row(StateRow), binary=True) as cursor:
        await cursor.execute(
            """
            SELECT terminal, (extract(epoch FROM fixed_at) * 1000000)::bigint AS fixed_at_us,
                (extract(epoch FROM received_at) * 1000000)::bigint AS received_at_us, lon, lat, grid, speed_dmps,
                heading_deg, accuracy_dm, altitude_m, battery_pct, terminal_state.interval_s, confirmed_grid,
                candidate_grid,
                candidate_count, coalesce((extract(epoch FROM candidate_since) * 1000000)::bigint, 0)
                    AS candidate_since_us,
                is_silent
            FROM terminal_state JOIN terminal ON terminal.id = terminal_state.terminal
            WHERE terminal.closed_at IS NULL
            """
        )
        return await cursor.fetchall()


_OF_LAST = (
    "terminal",
    "fixed_at_us",
    "lon",
    "lat",
    "grid",
    "speed_dmps",
    "heading_deg",
    "accuracy_dm",
    "altitude_m",
    "battery_pct",
)
_OF_TRACK = ("interval_s", "confirmed", "candidate", "candidate_count")

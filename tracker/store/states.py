"""The last of each terminal, as ingest's checkpoint has it: seconds old while ingest runs, and never truth."""

from typing import Any

import numpy as np
import psycopg

from tracker.model.positions import POSITION, Positions

Connection = psycopg.AsyncConnection[Any]


async def last_positions(connection: Connection) -> Positions:
    """Return one row a terminal that was ever seen, of the member who carries it now (0: nobody).

    Binary and whole: 270,342 rows take 0.4 s.
    """
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(
            """
            SELECT (extract(epoch FROM state.fixed_at) * 1000000)::bigint,
                   (extract(epoch FROM state.received_at) * 1000000)::bigint,
                   state.terminal, coalesce(terminal.member, 0), state.lon, state.lat, state.grid, state.interval_s,
                   state.speed_dmps, state.heading_deg, state.accuracy_dm, state.altitude_m, state.battery_pct,
                   0::smallint
            FROM terminal_state AS state JOIN terminal ON terminal.id = state.terminal
            WHERE terminal.closed_at IS NULL
            """
        )
        return np.array(await cursor.fetchall(), POSITION)

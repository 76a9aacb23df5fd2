"""Looking up which fixes of a batch are stored already."""

from typing import Any

import numpy as np
import psycopg

from ingest.store.positions import existing
from tracker.model.positions import empty

TERMINALS, FIXES = 100, 30


async def test_each_fix_is_looked_up_in_the_index_even_in_a_table_without_statistics(
    connection: psycopg.AsyncConnection[Any],
) -> None:
    await connection.execute(
        """
        INSERT INTO position (fixed_at, terminal, delay_ms, lon, lat, grid, speed_dmps, heading_deg, accuracy_dm,
                              altitude_m, battery_pct, flags)
        SELECT now() - interval '1 hour' + number * interval '1 second', terminal, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
        FROM generate_series(1, %s) AS number, generate_series(1, %s) AS terminal
        """,
        [FIXES, TERMINALS],
    )
    cursor = await connection.execute(
        "SELECT terminal, (extract(epoch FROM fixed_at) * 1000000)::bigint FROM position ORDER BY random()"
    )
    rows = await cursor.fetchall()
    keys = empty(len(rows))
    keys["terminal"], keys["fixed_at_us"] = np.array(rows).T
    for _ in range(8):  # from the sixth on, PostgreSQL plans without looking at the values
        async with connection.transaction():
            found = await existing(connection, keys)
        assert len(found) == len(rows)
    assert await index_scans(connection) == 8 * len(rows)


async def index_scans(connection: psycopg.AsyncConnection[Any]) -> int:
    await connection.execute("SELECT pg_stat_force_next_flush()")
    cursor = await connection.execute(
        """
        SELECT sum(idx_scan)::bigint FROM pg_stat_user_indexes
        WHERE relname LIKE 'position%' AND indexrelname LIKE '%terminal_fixed_at%'
        """
    )
    row: Any = await cursor.fetchone()
    return row[0]

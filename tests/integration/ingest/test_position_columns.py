"""What is written as binary COPY is read back the same from the real database, up to the edges of every column."""

import asyncio
from typing import Any

import numpy as np
import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.store import positions
from tracker.model.positions import GRID_SET_BITS, GRID_SET_SHIFT, POSITION, REASONS, Positions

SMALL = st.sampled_from([-32_768, -1, 0, 1, 32_767]) | st.integers(-32_768, 32_767)
LARGE = st.sampled_from([-(2**31), -1, 0, 1, 2**31 - 1]) | st.integers(-(2**31), 2**31 - 1)
TIMES = st.integers(-2_208_988_800_000_000, 4_102_444_800_000_000)  # 1900 to 2100
FIELDS: dict[str, st.SearchStrategy[int]] = {
    "fixed_at_us": TIMES,
    "received_at_us": TIMES,
    "terminal": LARGE,
    "member": LARGE,
    "lon": LARGE,
    "lat": LARGE,
    "grid": LARGE,
    **dict.fromkeys(("speed_dmps", "heading_deg", "accuracy_dm", "altitude_m", "battery_pct"), SMALL),
    "flags": st.integers(0, REASONS),
    **dict.fromkeys(("step_m", "step_s"), SMALL),
}
ROWS = st.lists(st.fixed_dictionaries(FIELDS), min_size=1, max_size=6, unique_by=lambda row: row["terminal"])
READ = ("fixed_at_us", "terminal", "lon", "lat", "grid", "speed_dmps", "heading_deg", "accuracy_dm", "altitude_m")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=ROWS, grid_set=st.integers(0, 2**31 - 1))
def test_what_is_copied_is_read_back_the_same(database: str, said: list[dict[str, int]], grid_set: int) -> None:
    rows = np.zeros(len(said), POSITION)
    for name in FIELDS:
        rows[name] = [row[name] for row in said]
    rows.sort(order="terminal")
    found = asyncio.run(_written_and_read(database, rows, grid_set))
    assert found[[*READ, "battery_pct"]].tolist() == rows[[*READ, "battery_pct"]].tolist()
    assert (found["flags"] & REASONS).tolist() == rows["flags"].tolist()
    assert set((found["flags"] >> GRID_SET_SHIFT).tolist()) == {grid_set & GRID_SET_BITS}


async def _written_and_read(database: str, rows: Positions, grid_set: int) -> Positions:
    """Leave nothing behind."""
    async with (
        await psycopg.AsyncConnection[Any].connect(database) as connection,
        connection.transaction(force_rollback=True),
    ):
        await positions.copy(connection, rows, grid_set)
        return np.sort(await positions.existing(connection, rows), order="terminal")

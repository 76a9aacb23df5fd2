"""Grid sets by the moment they take effect, their leaves, and what moved from one to the next."""

import asyncio
from typing import Any, Final

import numpy as np
import psycopg
import shapely
from psycopg.rows import class_row

from tracker.geometry.atlas import Era
from tracker.geometry.fences import OUTSIDE, Fences, Units

FETCH: Final = 1_000  # rows at a time: some 2 ms of an event loop

Connection = psycopg.AsyncConnection[Any]
Parents = dict[int, int | None]


async def eras(connection: Connection) -> list[Era]:
    """Return the sets that count or will count, in the order of time; those withdrawn never do."""
    async with connection.cursor(row_factory=class_row(Era)) as cursor:
        await cursor.execute(
            """
            SELECT version, (extract(epoch FROM takes_effect_at) * 1000000)::bigint AS since_us FROM grid_set
            WHERE withdrawn_at IS NULL ORDER BY takes_effect_at, version
            """
        )
        return await cursor.fetchall()


async def fences(connection: Connection, version: int) -> Fences:
    """Return the leaves of a set; none for an unknown one. Built in a thread: 17,350 polygons take a second."""
    units, areas = await _leaves(connection, version)
    return await asyncio.to_thread(Fences, units=units, areas=areas, version=version)


async def parents(connection: Connection) -> Parents:
    """Return the tree: every unit, closed ones too, to the one above it."""
    cursor = await connection.execute("SELECT id, parent FROM unit")
    return dict(await cursor.fetchall())


async def tree_mark(connection: Connection) -> int:
    """Return a number that is another one after the tree changed."""
    cursor = await connection.execute(
        "SELECT coalesce(bit_xor(hashint8extended((id::bigint << 32) | coalesce(parent, 0), 7)), 0) FROM unit"
    )
    row: Any = await cursor.fetchone()
    return row[0]


async def moved(connection: Connection, before: int, after: int) -> Units:
    """Return the sorted units that are a leaf of `before` and have another area, or none, in `after`.

    OUTSIDE is among them when the outline of all leaves is another one.
    """
    cursor = await connection.cursor(binary=True).execute(
        """
        SELECT coalesce(old.unit, new.unit), old.area, new.area
        FROM (SELECT unit, area FROM grid WHERE version = %(before)s AND is_leaf) AS old
        FULL JOIN (SELECT unit, area FROM grid WHERE version = %(after)s AND is_leaf) AS new USING (unit)
        WHERE old.area IS DISTINCT FROM new.area
        """,
        {"before": before, "after": after},
    )
    rows: list[Any] = await cursor.fetchall()
    gone = sorted(unit for unit, old, _ in rows if old is not None)
    before_areas = [old for _, old, _ in rows if old is not None]
    after_areas = [new for _, _, new in rows if new is not None]
    is_outline = await asyncio.to_thread(_is_outline_moved, before_areas, after_areas)
    return np.array([OUTSIDE, *gone] if is_outline else gone, np.int32)


def _is_outline_moved(before: list[bytes], after: list[bytes]) -> bool:
    """Whether the changed leaves together cover another area than those that replace them."""
    old, new = (shapely.union_all(shapely.from_wkb(np.array(areas, object))) for areas in (before, after))
    return not shapely.equals(shapely.normalize(old), shapely.normalize(new))


async def _leaves(connection: Connection, version: int) -> tuple[list[int], list[bytes]]:
    """Return units and areas in the order of unit codes (by bytes), without holding the event loop for long."""
    units: list[int] = []
    areas: list[bytes] = []
    async with connection.transaction(), connection.cursor(name="leaves", binary=True) as cursor:
        await cursor.execute(
            """
            SELECT grid.unit, grid.area FROM grid JOIN unit ON unit.id = grid.unit
            WHERE grid.version = %(version)s AND grid.is_leaf ORDER BY unit.code COLLATE "C"
            """,
            {"version": version},
        )
        while rows := await cursor.fetchmany(FETCH):
            units += [unit for unit, _ in rows]
            areas += [area for _, area in rows]
    return units, areas

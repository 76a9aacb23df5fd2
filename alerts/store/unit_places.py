"""Units as places: those whose names stand in a text, and the grids that may hold a point."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from alerts.core.place_names import NamedUnit

Connection = AsyncConnection[Any]

MOST: Final = 200  # units of one text: more are no answer


async def named(connection: Connection, phrases: Sequence[str]) -> list[NamedUnit]:
    """Return the units that one of `phrases` names, squeezed. Neither the whole city nor a department is a place.

    Looked up by the indexes on squeezed names, phrase by phrase whatever the planner knows of them (LATERAL, LIMIT):
    a text costs what its own length does, whatever the city's size.
    """
    cursor = await connection.execute(
        """
        WITH found AS MATERIALIZED (
            SELECT DISTINCT it.id
            FROM unnest(%(phrases)s::text[]) AS said(phrase)
            CROSS JOIN LATERAL (
                (SELECT id FROM unit WHERE as_said(name) = said.phrase LIMIT %(most)s)
                UNION ALL
                (SELECT id FROM unit WHERE as_said(name_en) = said.phrase LIMIT %(most)s)
                UNION ALL
                (SELECT id FROM unit WHERE as_said(code) = said.phrase LIMIT %(most)s)
            ) AS it
        )
        SELECT unit.id, as_said(name), as_said(unit.name_en), as_said(unit.code), tree_left, tree_right
        FROM found JOIN unit ON unit.id = found.id JOIN level ON level.code = unit.level
        WHERE parent IS NOT NULL AND closed_at IS NULL AND NOT hangs_anywhere
        ORDER BY tree_left LIMIT %(most)s
        """,
        {"phrases": list(phrases), "most": MOST},
    )
    return [
        NamedUnit(
            unit=unit,
            names=(name,) if name_en is None else (name, name_en),
            code=code,
            tree_left=left,
            tree_right=right,
        )
        for unit, name, name_en, code, left, right in await cursor.fetchall()
    ]


async def leaves_about(connection: Connection, *, lon: float, lat: float, now: datetime) -> list[tuple[int, bytes]]:
    """Return the leaf grids (unit, WKB) whose bounding boxes hold a point, in order of their codes."""
    cursor = await connection.execute(
        """
        SELECT unit, area FROM grid JOIN unit ON unit.id = grid.unit
        WHERE version = grid_set_at(%(now)s) AND is_leaf AND closed_at IS NULL
          AND %(lon)s BETWEEN min_lon AND max_lon AND %(lat)s BETWEEN min_lat AND max_lat
        ORDER BY unit.code
        """,
        {"lon": lon, "lat": lat, "now": now},
    )
    return await cursor.fetchall()

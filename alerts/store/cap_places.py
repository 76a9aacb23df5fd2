"""Units that an area of another service may touch: those of one level below a unit, with their outlines and codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerts.core.areas import Bounds

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlined:
    """A unit and its area in the grid set in force, WKB."""

    unit: int
    outline: bytes


async def outlined(connection: Connection, *, below: int, level: str, box: Bounds, now: datetime) -> list[Outlined]:
    """Return the units of `level` below a unit whose bounding box meets `box` (degrees), in tree order."""
    west, south, east, north = box
    async with connection.cursor(row_factory=class_row(Outlined)) as cursor:
        await cursor.execute(
            """
            SELECT u.id AS unit, g.area AS outline
            FROM unit root
            JOIN unit u ON u.tree_left BETWEEN root.tree_left AND root.tree_right
                       AND u.level = %(level)s AND u.id <> root.id AND u.closed_at IS NULL
            JOIN grid g ON (g.version, g.unit) = (grid_set_at(%(now)s), u.id)
            WHERE root.id = %(below)s
              AND g.min_lon <= %(east)s AND g.max_lon >= %(west)s AND g.min_lat <= %(north)s AND g.max_lat >= %(south)s
            ORDER BY u.tree_left
            """,
            {"below": below, "level": level, "now": now, "west": west, "south": south, "east": east, "north": north},
        )
        return await cursor.fetchall()


async def coded(
    connection: Connection, *, below: int, level: str, codes: Sequence[str], divisions: Sequence[str]
) -> list[int]:
    """Return the units of `level` below a unit that codes name: themselves, what holds them, or what they hold.

    `divisions`: what the codes of all units in them begin with.
    """
    cursor = await connection.execute(
        """
        SELECT u.id
        FROM unit root
        JOIN unit u ON u.tree_left BETWEEN root.tree_left AND root.tree_right
                   AND u.level = %(level)s AND u.id <> root.id AND u.closed_at IS NULL
        WHERE root.id = %(below)s AND (
            EXISTS (SELECT FROM unnest(%(divisions)s::text[]) AS division WHERE starts_with(u.code, division))
            OR EXISTS (
                SELECT FROM unit named
                WHERE named.code = ANY(%(codes)s::text[]) AND named.closed_at IS NULL
                  AND (named.tree_left BETWEEN u.tree_left AND u.tree_right
                       OR u.tree_left BETWEEN named.tree_left AND named.tree_right)))
        ORDER BY u.tree_left
        """,
        {"below": below, "level": level, "codes": list(codes), "divisions": list(divisions)},
    )
    return [row[0] for row in await cursor.fetchall()]


async def top(connection: Connection) -> int | None:
    """Return the unit that has none above it; None in a city that is not there yet."""
    cursor = await connection.execute(
        "SELECT id FROM unit WHERE parent IS NULL AND closed_at IS NULL ORDER BY tree_left, id LIMIT 1"
    )
    row = await cursor.fetchone()
    return None if row is None else int(row[0])

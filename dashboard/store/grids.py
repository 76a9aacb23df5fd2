"""Areas of grids, as they are drawn."""

from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.shapes import Scope
from dashboard.store.units import within


class GridRow(NamedTuple):
    id: int
    code: str
    name: str
    level: str
    parent: int | None
    area: bytes  # WKB


async def version(connection: AsyncConnection[Any]) -> int:
    """Return the version of the grid set in force; 0 when there is none."""
    cursor = await connection.execute("SELECT grid_set_at(now())")
    found = await cursor.fetchone()
    return 0 if found is None else int(found[0])


async def areas(
    connection: AsyncConnection[Any], scope: Scope, *, version: int, level: str | None, limit: int
) -> list[GridRow]:
    """Return the scope's grids of one level, or of all, in tree order."""
    cursor = connection.cursor(row_factory=class_row(GridRow))
    await cursor.execute(
        """
        SELECT id, code, name, level, CASE WHEN id = %(top)s THEN NULL ELSE parent END AS parent, area
        FROM grid
        JOIN unit ON unit.id = grid.unit
        WHERE version = %(version)s AND closed_at IS NULL AND tree_left BETWEEN %(left)s AND %(right)s
            AND (%(level)s::text IS NULL OR level = %(level)s)
        ORDER BY tree_left
        LIMIT %(limit)s
        """,
        {**within(scope), "version": version, "level": level, "limit": limit},
    )
    return await cursor.fetchall()

"""Crossings of grid borders. Ingest writes an exit and an enter at one moment; they are read as one."""

from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.shapes import Scope
from dashboard.store.units import within


class CrossingRow(NamedTuple):
    member: int
    member_name: str
    left_grid: int | None
    left_name: str | None
    left_name_en: str | None
    left_tree: int | None
    entered_grid: int | None
    entered_name: str | None
    entered_name_en: str | None
    entered_tree: int | None
    at: datetime


async def page(connection: AsyncConnection[Any], scope: Scope, *, limit: int) -> list[CrossingRow]:
    """Return the newest crossings of members of the scope."""
    cursor = connection.cursor(row_factory=class_row(CrossingRow))
    await cursor.execute(
        """
        SELECT
            crossing.member, member.name AS member_name,
            min(grid.id) FILTER (WHERE kind = 'exit') AS left_grid,
            min(grid.name) FILTER (WHERE kind = 'exit') AS left_name,
            min(grid.name_en) FILTER (WHERE kind = 'exit') AS left_name_en,
            min(grid.tree_left) FILTER (WHERE kind = 'exit') AS left_tree,
            min(grid.id) FILTER (WHERE kind = 'enter') AS entered_grid,
            min(grid.name) FILTER (WHERE kind = 'enter') AS entered_name,
            min(grid.name_en) FILTER (WHERE kind = 'enter') AS entered_name_en,
            min(grid.tree_left) FILTER (WHERE kind = 'enter') AS entered_tree,
            fixed_at AS at
        FROM crossing
        JOIN member ON member.id = crossing.member
        JOIN assignment ON assignment.member = member.id AND is_primary
        JOIN unit home ON home.id = assignment.unit
        LEFT JOIN unit grid ON grid.id = crossing.grid
        LEFT JOIN grid leaf ON leaf.unit = crossing.grid AND leaf.version = grid_set
        WHERE superseded_at IS NULL AND COALESCE(is_leaf, true)
            AND home.tree_left BETWEEN %(left)s AND %(right)s
        GROUP BY terminal, crossing.member, member.name, fixed_at
        ORDER BY fixed_at DESC
        LIMIT %(limit)s
        """,
        {**within(scope), "limit": limit},
    )
    return await cursor.fetchall()

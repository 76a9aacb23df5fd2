"""Units of one subtree. Every statement is limited to a scope."""

from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.shapes import Scope

Connection = AsyncConnection[Any]


class UnitRow(NamedTuple):
    id: int
    code: str
    name: str
    name_en: str | None
    level: str
    parent: int | None
    bounds: list[float] | None
    attributes: dict[str, Any]
    tree_left: int
    tree_right: int
    role_set: str | None
    role_set_of_level: str | None
    revision: int
    closed_at: datetime | None


_UNIT: LiteralString = """
    SELECT
        id, unit.code, name, unit.name_en, level,
        CASE WHEN id = %(top)s THEN NULL ELSE parent END AS parent,
        CASE WHEN min_lon IS NOT NULL THEN ARRAY[min_lon, min_lat, max_lon, max_lat] END AS bounds,
        attributes, tree_left, tree_right, unit.role_set, level.role_set AS role_set_of_level, revision, closed_at
    FROM unit
    JOIN level ON level.code = unit.level
    LEFT JOIN grid ON grid.unit = unit.id
        AND version = grid_set_at(now())
    WHERE (closed_at IS NULL OR %(closed)s) AND tree_left BETWEEN %(left)s AND %(right)s
"""


def within(scope: Scope) -> dict[str, int]:
    """Return the parameters `top`, `left` and `right` that every statement on a scope takes."""
    return {"top": scope.unit, "left": scope.left, "right": scope.right}


async def subtree(connection: Connection, scope: Scope, *, closed: bool = False) -> list[UnitRow]:
    """Return the scope's units in tree order; with the closed ones if asked."""
    cursor = connection.cursor(row_factory=class_row(UnitRow))
    await cursor.execute(_UNIT + " ORDER BY tree_left", {**within(scope), "closed": closed})
    return await cursor.fetchall()


async def find(connection: Connection, scope: Scope, unit: int, *, closed: bool = False) -> UnitRow | None:
    """Return one unit; None when it is not there or lies outside, or is closed and such are not asked for."""
    cursor = connection.cursor(row_factory=class_row(UnitRow))
    await cursor.execute(_UNIT + " AND id = %(unit)s", {**within(scope), "unit": unit, "closed": closed})
    return await cursor.fetchone()


async def search(connection: Connection, scope: Scope, words: str, limit: int) -> list[UnitRow]:
    """Return units whose name, English name or code holds `words`, the highest first."""
    cursor = connection.cursor(row_factory=class_row(UnitRow))
    await cursor.execute(
        _UNIT
        + """
        AND (strpos(lower(name), lower(%(words)s)) > 0 OR strpos(lower(unit.name_en), lower(%(words)s)) > 0
            OR starts_with(unit.code, %(words)s))
        ORDER BY length(unit.code), tree_left
        LIMIT %(limit)s
        """,
        {**within(scope), "words": words, "limit": limit, "closed": False},
    )
    return await cursor.fetchall()


async def is_top(connection: Connection, unit: int) -> bool:
    """Whether a unit is the top of the tree: the whole city."""
    cursor = await connection.execute("SELECT parent IS NULL FROM unit WHERE id = %(unit)s", {"unit": unit})
    found = await cursor.fetchone()
    return found is not None and bool(found[0])

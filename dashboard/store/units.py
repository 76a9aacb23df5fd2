"""Units of one subtree. Every statement is limited to a scope."""

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


_UNIT: LiteralString = """
    SELECT
        id, code, name, name_en, level,
        CASE WHEN id = %(top)s THEN NULL ELSE parent END AS parent,
        CASE WHEN min_lon IS NOT NULL THEN ARRAY[min_lon, min_lat, max_lon, max_lat] END AS bounds,
        attributes, tree_left, tree_right
    FROM unit
    LEFT JOIN grid ON grid.unit = unit.id
        AND version = (SELECT max(version) FROM grid_set WHERE takes_effect_at <= now())
    WHERE closed_at IS NULL AND tree_left BETWEEN %(left)s AND %(right)s
"""


def within(scope: Scope) -> dict[str, int]:
    """Return the parameters `top`, `left` and `right` that every statement on a scope takes."""
    return {"top": scope.unit, "left": scope.left, "right": scope.right}


async def subtree(connection: Connection, scope: Scope) -> list[UnitRow]:
    """Return the scope's units in tree order."""
    cursor = connection.cursor(row_factory=class_row(UnitRow))
    await cursor.execute(_UNIT + " ORDER BY tree_left", within(scope))
    return await cursor.fetchall()


async def find(connection: Connection, scope: Scope, unit: int) -> UnitRow | None:
    """Return one unit; None when it is not there or lies outside."""
    cursor = connection.cursor(row_factory=class_row(UnitRow))
    await cursor.execute(_UNIT + " AND id = %(unit)s", {**within(scope), "unit": unit})
    return await cursor.fetchone()


async def search(connection: Connection, scope: Scope, words: str, limit: int) -> list[UnitRow]:
    """Return units whose name, English name or code holds `words`, the highest first."""
    cursor = connection.cursor(row_factory=class_row(UnitRow))
    await cursor.execute(
        _UNIT
        + """
        AND (strpos(lower(name), lower(%(words)s)) > 0 OR strpos(lower(name_en), lower(%(words)s)) > 0
            OR starts_with(code, %(words)s))
        ORDER BY length(code), tree_left
        LIMIT %(limit)s
        """,
        {**within(scope), "words": words, "limit": limit},
    )
    return await cursor.fetchall()


async def is_top(connection: Connection, unit: int) -> bool:
    """Whether a unit is the top of the tree: the whole city."""
    cursor = await connection.execute("SELECT parent IS NULL FROM unit WHERE id = %(unit)s", {"unit": unit})
    found = await cursor.fetchone()
    return found is not None and bool(found[0])

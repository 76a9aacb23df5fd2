"""Grid sets as a list, and the leaves of one unit as an editor needs them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from dashboard.shapes import Scope
from tracker.city.grid_rows import GridRow

Connection = AsyncConnection[Any]


class SetRow(NamedTuple):
    version: int
    takes_effect_at: datetime
    made_at: datetime
    made_by: int | None
    made_by_name: str | None
    note: str
    based_on: int | None
    grids: int
    state: str  # past, in_force, planned, withdrawn


async def page(connection: Connection, *, limit: int, offset: int) -> list[SetRow]:
    """Return sets, the newest first."""
    cursor = connection.cursor(row_factory=class_row(SetRow))
    await cursor.execute(
        """
        SELECT version, takes_effect_at, made_at, made_by, account.name AS made_by_name, note, based_on,
            (SELECT count(*) FROM grid WHERE grid.version = grid_set.version) AS grids,
            CASE
                WHEN withdrawn_at IS NOT NULL THEN 'withdrawn'
                WHEN takes_effect_at > now() THEN 'planned'
                WHEN version = grid_set_at(now()) THEN 'in_force'
                ELSE 'past'
            END AS state
        FROM grid_set LEFT JOIN account ON account.id = made_by
        ORDER BY version DESC LIMIT %(limit)s OFFSET %(offset)s
        """,
        {"limit": limit, "offset": offset},
    )
    return await cursor.fetchall()


async def count(connection: Connection) -> int:
    cursor = await connection.execute("SELECT count(*) FROM grid_set")
    found: Any = await cursor.fetchone()
    return int(found[0])


@dataclass(frozen=True, slots=True)
class Moments:
    """Which set is in force, which is the newest, and in how many seconds another one takes effect."""

    in_force: int
    newest: int | None
    next_s: float | None


async def moments(connection: Connection) -> Moments:
    """Return how the grid sets stand at this moment."""
    cursor = connection.cursor(row_factory=class_row(Moments))
    await cursor.execute(
        """
        SELECT grid_set_at(clock_timestamp()) AS in_force, (
            SELECT version FROM grid_set WHERE withdrawn_at IS NULL ORDER BY takes_effect_at DESC, version DESC LIMIT 1
        ) AS newest, (
            SELECT extract(epoch FROM min(takes_effect_at) - clock_timestamp())::float8 FROM grid_set
            WHERE takes_effect_at > clock_timestamp() AND withdrawn_at IS NULL
        ) AS next_s
        """
    )
    found: Any = await cursor.fetchone()
    return found


async def leaves_in(connection: Connection, scope: Scope, *, version: int, limit: int) -> list[GridRow]:
    """Return the leaves of a set that lie in a subtree, in tree order."""
    async with connection.cursor(row_factory=class_row(GridRow), binary=True) as cursor:
        await cursor.execute(
            """
            SELECT grid.unit, code, name, level, parent, tree_left, is_leaf, area
            FROM grid JOIN unit ON unit.id = grid.unit
            WHERE version = %(version)s AND is_leaf AND tree_left BETWEEN %(left)s AND %(right)s
            ORDER BY tree_left LIMIT %(limit)s
            """,
            {"version": version, "left": scope.left, "right": scope.right, "limit": limit},
        )
        return await cursor.fetchall()


async def without_area(connection: Connection, scope: Scope, *, version: int) -> list[dict[str, Any]]:
    """Return the open units below a unit that have no area, of levels whose units have one, and nothing below them."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """
            SELECT unit.id, unit.code, unit.name, unit.name_en, unit.level, unit.parent
            FROM unit
            WHERE closed_at IS NULL AND tree_left BETWEEN %(left)s AND %(right)s AND tree_right = tree_left + 1
                AND NOT EXISTS (SELECT FROM grid WHERE version = %(version)s AND grid.unit = unit.id)
                AND level IN (
                    SELECT DISTINCT level FROM grid JOIN unit AS other ON other.id = grid.unit
                    WHERE version = %(version)s AND is_leaf
                )
            ORDER BY tree_left LIMIT 200
            """,
            {"version": version, "left": scope.left, "right": scope.right},
        )
        return await cursor.fetchall()


async def places(connection: Connection, units: list[int]) -> dict[int, tuple[int, str]]:
    """Return where units stand in the tree, and their names."""
    cursor = await connection.execute(
        "SELECT id, tree_left, name FROM unit WHERE id = ANY(%(units)s)", {"units": units}
    )
    return {row[0]: (row[1], row[2]) for row in await cursor.fetchall()}


async def differing(connection: Connection, version: int) -> list[int] | None:
    """Return the leaves whose area is not what it was in the set before; None for an unknown set."""
    cursor = await connection.execute(
        """
        SELECT array(
            SELECT COALESCE(one.unit, other.unit)
            FROM (SELECT unit, area FROM grid WHERE grid.version = grid_set.version AND is_leaf) AS one
            FULL JOIN (SELECT unit, area FROM grid WHERE grid.version = based_on AND is_leaf) AS other USING (unit)
            WHERE one.area IS DISTINCT FROM other.area
        )
        FROM grid_set WHERE version = %(version)s
        """,
        {"version": version},
    )
    found = await cursor.fetchone()
    return None if found is None else list(found[0])

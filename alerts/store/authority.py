"""The tree and the authority table, read for a decision."""

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerts.core.authority import LevelName, Place, Rule
from alerts.core.words import Words

Connection = AsyncConnection[Any]


async def rules(connection: Connection) -> list[Rule]:
    async with connection.cursor(row_factory=class_row(Rule)) as cursor:
        await cursor.execute("SELECT issuer_level, target_level, max_severity FROM authority")
        return await cursor.fetchall()


async def levels(connection: Connection) -> dict[str, LevelName]:
    cursor = await connection.execute("SELECT code, rank, name_zh, name_en FROM level")
    return {code: LevelName(code, rank, Words(zh, en)) for code, rank, zh, en in await cursor.fetchall()}


async def places(connection: Connection, units: Sequence[int]) -> dict[int, Place]:
    """Return the living units among `units`, by id."""
    async with connection.cursor(row_factory=class_row(Place)) as cursor:
        await cursor.execute(
            """
            SELECT id AS unit, name, name_en, level, tree_left, tree_right
            FROM unit WHERE id = ANY(%s) AND closed_at IS NULL
            """,
            [list(units)],
        )
        return {place.unit: place for place in await cursor.fetchall()}


async def teams(connection: Connection, *, issuer: int, teams: Sequence[int]) -> set[int]:
    """Return those of `teams` that are kept by the issuer or below it and not closed."""
    cursor = await connection.execute(
        """
        SELECT work_team.id FROM work_team JOIN unit ON unit.id = work_team.unit JOIN unit issuer ON issuer.id = %s
        WHERE work_team.id = ANY(%s) AND work_team.closed_at IS NULL
          AND unit.tree_left BETWEEN issuer.tree_left AND issuer.tree_right
        """,
        [issuer, list(teams)],
    )
    return {row[0] for row in await cursor.fetchall()}


async def descendants(connection: Connection, *, unit: int, level: str) -> list[int]:
    """Return the units of `level` below `unit`, in tree order."""
    cursor = await connection.execute(
        """
        SELECT u.id FROM unit r JOIN unit u ON u.tree_left BETWEEN r.tree_left AND r.tree_right
        WHERE r.id = %s AND u.level = %s AND u.id <> r.id AND u.closed_at IS NULL
        ORDER BY u.tree_left
        """,
        [unit, level],
    )
    return [row[0] for row in await cursor.fetchall()]


async def division(connection: Connection, unit: int) -> str:
    """Return the six digits of GB/T 2260 for the identifier: the head of the unit's own code, zeros behind it."""
    cursor = await connection.execute("SELECT rpad(left(code, 6), 6, '0') FROM unit WHERE id = %s", [unit])
    row = await cursor.fetchone()
    return str(row[0]) if row else "000000"


async def way_up(connection: Connection, *, unit: int, top: int) -> list[int]:
    """Return the unit and those above it, up to `top`, the nearest first."""
    cursor = await connection.execute(
        """
        SELECT above.id
        FROM unit JOIN unit top ON top.id = %(top)s
        JOIN unit above ON above.tree_left <= unit.tree_left AND above.tree_right >= unit.tree_right
            AND above.tree_left >= top.tree_left
        WHERE unit.id = %(unit)s ORDER BY above.tree_left DESC
        """,
        {"unit": unit, "top": top},
    )
    return [row[0] for row in await cursor.fetchall()]

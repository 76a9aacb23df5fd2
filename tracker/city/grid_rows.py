"""Grid sets and the areas in them, as rows. The caller's transaction; no rules here."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import class_row

Connection = psycopg.AsyncConnection[Any]


class SetRow(NamedTuple):
    version: int
    takes_effect_at: datetime
    withdrawn_at: datetime | None
    made_units: list[int]


class GridRow(NamedTuple):
    unit: int
    code: str
    name: str
    level: str
    parent: int | None
    tree_left: int
    is_leaf: bool
    area: bytes  # WKB, degrees


class UnitRow(NamedTuple):
    id: int
    code: str
    name: str
    parent: int | None
    tree_left: int
    tree_right: int
    is_closed: bool


class Stored(NamedTuple):
    """A row to be written, ready for COPY."""

    unit: int
    is_leaf: bool
    area: bytes
    bounds: tuple[float, float, float, float]


async def newest(connection: Connection) -> SetRow | None:
    """Return the set that takes, or took, effect last of those not withdrawn."""
    cursor = connection.cursor(row_factory=class_row(SetRow))
    await cursor.execute(
        """
        SELECT version, takes_effect_at, withdrawn_at, made_units FROM grid_set WHERE withdrawn_at IS NULL
        ORDER BY takes_effect_at DESC, version DESC LIMIT 1
        """
    )
    return await cursor.fetchone()


async def find(connection: Connection, version: int) -> SetRow | None:
    """Return a set, locked."""
    cursor = connection.cursor(row_factory=class_row(SetRow))
    await cursor.execute(
        """
        SELECT version, takes_effect_at, withdrawn_at, made_units FROM grid_set
        WHERE version = %(version)s FOR UPDATE
        """,
        {"version": version},
    )
    return await cursor.fetchone()


async def clock(connection: Connection) -> datetime:
    """Return the time now, at the database; transactions that wait for a lock see it pass."""
    cursor = await connection.execute("SELECT clock_timestamp()")
    found: Any = await cursor.fetchone()
    return found[0]


async def units_about(connection: Connection, asked: Iterable[int]) -> dict[int, UnitRow]:
    """Return some units, all above them, and all children of these, closed ones included."""
    async with connection.cursor(row_factory=class_row(UnitRow), binary=True) as cursor:
        await cursor.execute(
            """
            WITH RECURSIVE above AS (
                SELECT id, parent FROM unit WHERE id = ANY(%(asked)s)
                UNION SELECT unit.id, unit.parent FROM unit JOIN above ON unit.id = above.parent
            )
            SELECT id, code, name, parent, tree_left, tree_right, closed_at IS NOT NULL AS is_closed FROM unit
            WHERE id IN (SELECT id FROM above) OR parent IN (SELECT id FROM above)
            """,
            {"asked": list(asked)},
        )
        return {row.id: row for row in await cursor.fetchall()}


async def with_area(connection: Connection, version: int, among: Iterable[int]) -> dict[int, bool]:
    """Return which of the units have an area in a set, and whether each is a leaf."""
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(
            "SELECT unit, is_leaf FROM grid WHERE version = %(version)s AND unit = ANY(%(units)s)",
            {"version": version, "units": list(among)},
        )
        return dict(await cursor.fetchall())


async def areas(connection: Connection, version: int, wanted: Iterable[int]) -> list[GridRow]:
    """Return the areas of some units."""
    async with connection.cursor(row_factory=class_row(GridRow), binary=True) as cursor:
        await cursor.execute(
            """
            SELECT unit, code, name, level, parent, tree_left, is_leaf, area FROM grid JOIN unit ON unit.id = grid.unit
            WHERE version = %(version)s AND unit = ANY(%(units)s) ORDER BY code COLLATE "C"
            """,
            {"version": version, "units": list(wanted)},
        )
        return await cursor.fetchall()


async def leaves_near(connection: Connection, version: int, bounds: tuple[float, float, float, float]) -> list[GridRow]:
    """Return the leaves whose bounding box meets (west, south, east, north) in degrees."""
    async with connection.cursor(row_factory=class_row(GridRow), binary=True) as cursor:
        west, south, east, north = bounds
        await cursor.execute(
            """
            SELECT unit, code, name, level, parent, tree_left, is_leaf, area FROM grid JOIN unit ON unit.id = grid.unit
            WHERE version = %(version)s AND is_leaf
                AND max_lon >= %(west)s AND min_lon <= %(east)s AND max_lat >= %(south)s AND min_lat <= %(north)s
            ORDER BY code COLLATE "C"
            """,
            {"version": version, "west": west, "south": south, "east": east, "north": north},
        )
        return await cursor.fetchall()


async def add_set(
    connection: Connection, *, based_on: int, takes_effect_at: datetime, note: str, made_by: int | None
) -> int:
    cursor = await connection.execute(
        """
        INSERT INTO grid_set (takes_effect_at, note, made_by, based_on)
        VALUES (%(takes_effect_at)s, %(note)s, %(made_by)s, %(based_on)s) RETURNING version
        """,
        {"takes_effect_at": takes_effect_at, "note": note, "made_by": made_by, "based_on": based_on},
    )
    found: Any = await cursor.fetchone()
    return int(found[0])


async def copy_areas(connection: Connection, *, of: int, to: int, but: Sequence[int]) -> None:
    await connection.execute(
        """
        INSERT INTO grid (version, unit, is_leaf, area, min_lon, min_lat, max_lon, max_lat)
        SELECT %(to)s, unit, is_leaf, area, min_lon, min_lat, max_lon, max_lat
        FROM grid WHERE version = %(of)s AND NOT unit = ANY(%(but)s)
        """,
        {"of": of, "to": to, "but": list(but)},
    )


async def add_areas(connection: Connection, version: int, rows: Iterable[Stored]) -> None:
    statement = "COPY grid (version, unit, is_leaf, area, min_lon, min_lat, max_lon, max_lat) FROM STDIN"
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            await copy.write_row((version, row.unit, row.is_leaf, row.area, *row.bounds))


async def finish(connection: Connection, version: int, *, takes_effect_at: datetime, made_units: Sequence[int]) -> None:
    await connection.execute(
        """
        UPDATE grid_set SET takes_effect_at = %(takes_effect_at)s, made_units = %(units)s WHERE version = %(version)s
        """,
        {"version": version, "takes_effect_at": takes_effect_at, "units": list(made_units)},
    )


async def add_unit(
    connection: Connection, *, code: str, name: str, name_en: str | None, level: str, parent: int
) -> int:
    cursor = await connection.execute(
        """
        INSERT INTO unit (code, name, name_en, level, parent)
        VALUES (%(code)s, %(name)s, %(name_en)s, %(level)s, %(parent)s) RETURNING id
        """,
        {"code": code, "name": name, "name_en": name_en, "level": level, "parent": parent},
    )
    found: Any = await cursor.fetchone()
    return int(found[0])


async def later_sets(connection: Connection, after: datetime) -> list[int]:
    """Return the sets not withdrawn that take effect after a moment."""
    cursor = await connection.execute(
        """
        SELECT version FROM grid_set WHERE takes_effect_at > %(after)s AND withdrawn_at IS NULL
        ORDER BY takes_effect_at
        """,
        {"after": after},
    )
    return [row[0] for row in await cursor.fetchall()]


async def withdraw(connection: Connection, version: int) -> None:
    """Mark a set, and drop its areas: nothing was ever judged by them."""
    await connection.execute(
        "UPDATE grid_set SET withdrawn_at = clock_timestamp() WHERE version = %(version)s", {"version": version}
    )
    await connection.execute("DELETE FROM grid WHERE version = %(version)s", {"version": version})


async def close_unused(connection: Connection, made: Sequence[int]) -> list[int]:
    """Close those of the units that nobody and nothing belongs to yet; return them."""
    cursor = await connection.execute(
        """
        UPDATE unit SET closed_at = now(), revision = revision + 1
        WHERE id = ANY(%(units)s) AND closed_at IS NULL
            AND NOT EXISTS (SELECT FROM assignment WHERE assignment.unit = unit.id)
            AND NOT EXISTS (SELECT FROM terminal WHERE terminal.unit = unit.id)
            AND NOT EXISTS (SELECT FROM unit AS child WHERE child.parent = unit.id AND child.closed_at IS NULL)
            AND NOT EXISTS (SELECT FROM account WHERE account.unit = unit.id)
            AND NOT EXISTS (SELECT FROM account_role WHERE account_role.unit = unit.id)
            AND NOT EXISTS (SELECT FROM grid WHERE grid.unit = unit.id)
        RETURNING id
        """,
        {"units": list(made)},
    )
    return sorted(row[0] for row in await cursor.fetchall())


async def people_in(connection: Connection, wanted: Sequence[int]) -> int:
    """Return how many members were last seen in one of the leaves."""
    cursor = await connection.execute(
        """
        SELECT count(DISTINCT terminal.member)
        FROM terminal_state JOIN terminal ON terminal.id = terminal_state.terminal
        WHERE terminal_state.grid = ANY(%(units)s)
        """,
        {"units": list(wanted)},
    )
    found: Any = await cursor.fetchone()
    return int(found[0])

"""The city as stored: levels, roles, units in the order of their tree, the grids in force, members and terminals."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row, scalar_row

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class Level:
    code: str
    rank: int  # 0 at the top
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Role:
    code: str
    name_zh: str
    name_en: str
    is_leader: bool


@dataclass(frozen=True, slots=True)
class Unit:
    """A node of the tree. Its subtree are the units whose `tree_left` is from its own to its `tree_right`."""

    id: int
    code: str
    name: str
    name_en: str | None
    level: str
    parent: int | None
    tree_left: int
    tree_right: int


@dataclass(frozen=True, slots=True)
class Grid:
    """A unit's area in one grid set. `area` is WKB in degrees (lon, lat)."""

    version: int
    unit: int
    code: str
    is_leaf: bool
    area: bytes


@dataclass(frozen=True, slots=True)
class Member:
    """A member with the primary assignment: the unit he is counted in, and his role there."""

    id: int
    code: str
    name: str
    phone: str | None  # E.164
    language: str
    unit: int
    role: str


@dataclass(frozen=True, slots=True)
class Carried:
    """An open terminal, who carries it and where that member is counted."""

    terminal: int
    code: str
    interval_s: int | None  # configured; None: learned from its fixes
    member: int
    unit: int


async def levels(connection: Connection) -> list[Level]:
    """Return the levels from the top down."""
    async with connection.cursor(row_factory=class_row(Level)) as cursor:
        await cursor.execute("SELECT code, rank, name_zh, name_en FROM level ORDER BY rank, code")
        return await cursor.fetchall()


async def roles(connection: Connection) -> list[Role]:
    async with connection.cursor(row_factory=class_row(Role)) as cursor:
        await cursor.execute("SELECT code, name_zh, name_en, is_leader FROM role ORDER BY is_leader DESC, code")
        return await cursor.fetchall()


async def root_unit(connection: Connection) -> int | None:
    """Return the unit at the top of the tree; None while no city is loaded."""
    async with connection.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute("SELECT id FROM unit WHERE parent IS NULL ORDER BY tree_left, id LIMIT 1")
        return await cursor.fetchone()


async def units(connection: Connection) -> list[Unit]:
    """Return all open units in tree order: a parent before its children, children by code."""
    async with connection.cursor(row_factory=class_row(Unit)) as cursor:
        await cursor.execute(
            """
            SELECT id, code, name, name_en, level, parent, tree_left, tree_right
            FROM unit WHERE closed_at IS NULL ORDER BY tree_left
            """
        )
        return await cursor.fetchall()


async def subtree(connection: Connection, root: int) -> list[Unit]:
    """Return `root` and the open units below it in tree order; none for an unknown unit."""
    async with connection.cursor(row_factory=class_row(Unit)) as cursor:
        await cursor.execute(
            """
            SELECT unit.id, unit.code, unit.name, unit.name_en, unit.level, unit.parent, unit.tree_left, unit.tree_right
            FROM unit, unit AS root
            WHERE root.id = %(root)s AND unit.tree_left BETWEEN root.tree_left AND root.tree_right
                AND unit.closed_at IS NULL
            ORDER BY unit.tree_left
            """,
            {"root": root},
        )
        return await cursor.fetchall()


async def grid_set_in_force(connection: Connection) -> int:
    """Return the version that took effect last, of those not withdrawn; 0 when there is none."""
    async with connection.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute("SELECT grid_set_at(now())")
        return await cursor.fetchone() or 0


async def grids(connection: Connection, version: int) -> list[Grid]:
    """Return every area of a grid set in the order of unit codes (by bytes)."""
    async with connection.cursor(row_factory=class_row(Grid), binary=True) as cursor:
        await cursor.execute(
            """
            SELECT grid.version, unit, code, is_leaf, area FROM grid JOIN unit ON unit.id = grid.unit
            WHERE grid.version = %(version)s ORDER BY code COLLATE "C"
            """,
            {"version": version},
        )
        return await cursor.fetchall()


async def members(connection: Connection, root: int) -> list[Member]:
    """Return the open members counted in `root` or below it, in the order of their codes."""
    async with connection.cursor(row_factory=class_row(Member)) as cursor:
        await cursor.execute(
            """
            SELECT member.id, member.code, member.name, member.phone, member.language, assignment.unit, assignment.role
            FROM unit AS root
            JOIN unit ON unit.tree_left BETWEEN root.tree_left AND root.tree_right
            JOIN assignment ON assignment.unit = unit.id AND assignment.is_primary
            JOIN member ON member.id = assignment.member
            WHERE root.id = %(root)s AND member.closed_at IS NULL
            ORDER BY member.code
            """,
            {"root": root},
        )
        return await cursor.fetchall()


async def carried(connection: Connection) -> list[Carried]:
    """Return all open terminals that a member carries, in the order of their ids."""
    async with connection.cursor(row_factory=class_row(Carried)) as cursor:
        await cursor.execute(
            """
            SELECT terminal.id AS terminal, terminal.code, terminal.interval_s, terminal.member, assignment.unit
            FROM terminal JOIN assignment ON assignment.member = terminal.member AND assignment.is_primary
            WHERE terminal.closed_at IS NULL
            ORDER BY terminal.id
            """
        )
        return await cursor.fetchall()


async def bounds(connection: Connection, unit: int) -> tuple[float, float, float, float] | None:
    """Return (west, south, east, north) in degrees of a unit's area in the set in force, else of the areas below it."""
    async with connection.cursor() as cursor:
        await cursor.execute(
            """
            SELECT min(min_lon), min(min_lat), max(max_lon), max(max_lat)
            FROM unit AS root
            JOIN unit ON unit.tree_left BETWEEN root.tree_left AND root.tree_right
            JOIN grid ON grid.unit = unit.id AND grid.version = %(version)s
            WHERE root.id = %(unit)s
            """,
            {"unit": unit, "version": await grid_set_in_force(connection)},
        )
        found: Any = await cursor.fetchone()
    return None if found is None or found[0] is None else found

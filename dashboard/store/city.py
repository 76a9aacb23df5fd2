"""The whole city as the live map needs it: who belongs where, in the order of the tree."""

from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

Connection = AsyncConnection[Any]


class UnitRow(NamedTuple):
    id: int
    name: str
    name_en: str | None
    tree_left: int
    tree_right: int
    rank: int
    is_leaf: bool  # has no unit below it and an area of its own


class MemberRow(NamedTuple):
    id: int
    name: str
    unit: int  # of the primary assignment
    is_leader: bool


class LevelRow(NamedTuple):
    code: str
    rank: int
    name_zh: str
    name_en: str


class RoleRow(NamedTuple):
    code: str
    name_zh: str
    name_en: str
    is_leader: bool


async def freeze(connection: Connection) -> None:
    """Let all that is read in this transaction be of one moment; to be called first."""
    await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


async def units(connection: Connection) -> list[UnitRow]:
    """Return every open unit in tree order."""
    cursor = connection.cursor(row_factory=class_row(UnitRow))
    await cursor.execute(
        """
        SELECT unit.id, unit.name, unit.name_en, tree_left, tree_right, rank, COALESCE(is_leaf, false) AS is_leaf
        FROM unit
        JOIN level ON level.code = unit.level
        LEFT JOIN grid ON grid.unit = unit.id
            AND version = grid_set_at(now())
        WHERE closed_at IS NULL
        ORDER BY tree_left
        """
    )
    return await cursor.fetchall()


async def members(connection: Connection) -> list[MemberRow]:
    """Return every open member, ordered by the primary unit's place in the tree: a subtree is a slice."""
    cursor = connection.cursor(row_factory=class_row(MemberRow))
    await cursor.execute(
        """
        SELECT member.id, member.name, unit, is_leader
        FROM assignment
        JOIN member ON member.id = assignment.member
        JOIN unit ON unit.id = assignment.unit
        JOIN role ON role.code = assignment.role
        WHERE is_primary AND member.closed_at IS NULL AND unit.closed_at IS NULL
        ORDER BY tree_left, member.id
        """
    )
    return await cursor.fetchall()


async def first_grid_rank(connection: Connection) -> int:
    """Return the rank from which people are shown as points, however many: the street's."""
    cursor = await connection.execute("SELECT rank FROM level WHERE code = 'grid-1'")
    found = await cursor.fetchone()
    return 2 if found is None else int(found[0])


async def levels(connection: Connection) -> list[LevelRow]:
    cursor = connection.cursor(row_factory=class_row(LevelRow))
    await cursor.execute("SELECT code, rank, name_zh, name_en FROM level ORDER BY rank, code")
    return await cursor.fetchall()


async def roles(connection: Connection) -> list[RoleRow]:
    cursor = connection.cursor(row_factory=class_row(RoleRow))
    await cursor.execute("SELECT code, name_zh, name_en, is_leader FROM role ORDER BY NOT is_leader, code")
    return await cursor.fetchall()


async def names(connection: Connection) -> tuple[str, str | None]:
    """Return the name and the English name of the top of the tree."""
    cursor = await connection.execute("SELECT name, name_en FROM unit WHERE parent IS NULL ORDER BY tree_left LIMIT 1")
    return await cursor.fetchone() or ("", None)


async def fingerprint(connection: Connection) -> tuple[int, ...]:
    """Return numbers that change when the city is loaded anew: for those who did not hear the doorbell."""
    cursor = await connection.execute(
        """
        SELECT
            grid_set_at(now()),
            (SELECT count(*) FROM unit WHERE closed_at IS NULL),
            (SELECT COALESCE(sum(revision), 0)::bigint FROM unit),
            (SELECT COALESCE(sum(revision), 0)::bigint FROM member),
            (SELECT COALESCE(sum(tree_right::bigint * id), 0)::bigint FROM unit),
            (SELECT count(*) FROM member WHERE closed_at IS NULL),
            (SELECT COALESCE(sum(member::bigint * unit), 0)::bigint FROM assignment WHERE is_primary)
        """
    )
    return await cursor.fetchone() or ()

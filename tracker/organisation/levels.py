"""Levels of the tree: data, which the administrators of the whole city keep.

A unit's level has a rank below (greater than) that of the unit it lies in. Levels that hang anywhere have no part in
that order: neither they nor what lies under them is held against their rank, but against the next unit above.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypedDict

import psycopg
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.rows import class_row

from tracker.organisation.errors import Conflict, Invalid, Unknown
from tracker.organisation.texts import code_of, name_of

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    code: str
    rank: int  # 0 at the top
    name_zh: str
    name_en: str
    role_set: str | None = None  # of every unit of the level that has none of its own
    hangs_anywhere: bool = False


class LevelChanges(TypedDict, total=False):
    rank: int
    name_zh: str
    name_en: str
    role_set: str | None
    hangs_anywhere: bool


async def levels(connection: Connection) -> list[Level]:
    """Return the levels from the top down."""
    async with connection.cursor(row_factory=class_row(Level)) as cursor:
        await cursor.execute(
            "SELECT code, rank, name_zh, name_en, role_set, hangs_anywhere FROM level ORDER BY rank, code"
        )
        return await cursor.fetchall()


async def add_level(connection: Connection, level: Level) -> Level:
    return await _save_level(connection, replace(level, code=code_of(level.code)), is_new=True)


async def change_level(connection: Connection, code: str, changes: LevelChanges) -> Level:
    """Raises Conflict when units lie in each other that the new rank would turn round."""
    before = next((level for level in await levels(connection) if level.code == code), None)
    if before is None:
        raise Unknown(f"there is no level {code}", f"没有该层级：{code}")
    after = await _save_level(connection, replace(before, **changes), is_new=False)
    await _check_all(connection)
    return after


async def check_order(connection: Connection, *, level: str, parent: int | None, unit: int = 0) -> None:
    """Raise Invalid when a unit of this level cannot lie in `parent`, or cannot hold what is below `unit` now."""
    cursor = await connection.execute("SELECT rank, hangs_anywhere FROM level WHERE code = %(level)s", {"level": level})
    found = await cursor.fetchone()
    if found is None:
        raise Invalid(f"there is no level {level}", f"没有该层级：{level}", "unknown_level", field="level")
    rank, hangs_anywhere = found
    downwards = (
        await _rank_above(connection, parent),
        None if hangs_anywhere else int(rank),
        await _rank_below(connection, unit),
    )
    if not all(upper < lower for upper, lower in pairwise(each for each in downwards if each is not None)):
        raise Invalid(
            "a unit's level must lie below that of the unit it is in",
            "下级组织的层级必须低于上级组织的层级",
            "bad_level",
            field="level",
        )


async def _rank_above(connection: Connection, parent: int | None) -> int | None:
    """Return the rank of the nearest unit from `parent` up whose level has a part in the order."""
    cursor = await connection.execute(
        """
        SELECT rank
        FROM unit AS below
        JOIN unit ON below.tree_left BETWEEN unit.tree_left AND unit.tree_right
        JOIN level ON level.code = unit.level AND NOT hangs_anywhere
        WHERE below.id = %(parent)s
        ORDER BY unit.tree_left DESC
        LIMIT 1
        """,
        {"parent": parent},
    )
    found = await cursor.fetchone()
    return None if found is None else int(found[0])


async def _rank_below(connection: Connection, unit: int) -> int | None:
    """Return the highest rank (the least number) of all open units below."""
    cursor = await connection.execute(
        """
        SELECT min(rank)
        FROM unit AS top
        JOIN unit ON unit.tree_left > top.tree_left AND unit.tree_left < top.tree_right
        JOIN level ON level.code = unit.level AND NOT hangs_anywhere
        WHERE top.id = %(unit)s AND unit.closed_at IS NULL
        """,
        {"unit": unit},
    )
    found = await cursor.fetchone()
    return None if found is None or found[0] is None else int(found[0])


async def _check_all(connection: Connection) -> None:
    """Raise Conflict when a unit lies in one of its own rank or below, as the levels are now."""
    cursor = await connection.execute(
        """
        SELECT unit.name, parent.name
        FROM unit
        JOIN unit AS parent ON parent.id = unit.parent
        JOIN level ON level.code = unit.level AND NOT level.hangs_anywhere
        JOIN level AS above ON above.code = parent.level AND NOT above.hangs_anywhere
        WHERE unit.closed_at IS NULL AND level.rank <= above.rank
        ORDER BY unit.tree_left
        LIMIT 1
        """
    )
    found = await cursor.fetchone()
    if found is not None:
        raise Conflict(
            f"{found[0]} lies in {found[1]}: with this rank their order would turn round",
            f"“{found[0]}”位于“{found[1]}”之下，层级顺序不能颠倒",
            "bad_level",
        )


async def _save_level(connection: Connection, level: Level, *, is_new: bool) -> Level:
    saved = replace(
        level, name_zh=name_of(level.name_zh, field="name_zh"), name_en=name_of(level.name_en, field="name_en")
    )
    parameters = {
        "code": saved.code,
        "rank": saved.rank,
        "name_zh": saved.name_zh,
        "name_en": saved.name_en,
        "role_set": saved.role_set,
        "hangs_anywhere": saved.hangs_anywhere,
    }
    try:
        if is_new:
            await connection.execute(
                """
                INSERT INTO level (code, rank, name_zh, name_en, role_set, hangs_anywhere)
                VALUES (%(code)s, %(rank)s, %(name_zh)s, %(name_en)s, %(role_set)s, %(hangs_anywhere)s)
                """,
                parameters,
            )
        else:
            await connection.execute(
                """
                UPDATE level SET rank = %(rank)s, name_zh = %(name_zh)s, name_en = %(name_en)s,
                    role_set = %(role_set)s, hangs_anywhere = %(hangs_anywhere)s
                WHERE code = %(code)s
                """,
                parameters,
            )
    except UniqueViolation as taken:
        raise Conflict(f"there is a level {level.code} already", f"层级 {level.code} 已存在", "code_taken") from taken
    except ForeignKeyViolation as unknown:
        raise no_role_set(level.role_set) from unknown
    return saved


def no_role_set(code: str | None) -> Invalid:
    return Invalid(f"there is no role set {code}", f"没有该配置模式：{code}", "unknown_role_set", field="role_set")

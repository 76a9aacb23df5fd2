"""Role sets with their posts, and how many units follow each."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from psycopg import AsyncConnection

from dashboard.shapes import Named, Scope
from dashboard.store.units import within
from tracker.organisation.role_sets import Gap

Connection = AsyncConnection[Any]


class Post(Struct, frozen=True):
    role: str
    least: int
    most: int | None


class RoleSet(Struct, frozen=True, kw_only=True):
    code: str
    name_zh: str
    name_en: str
    note: str
    posts: list[Post]
    units: int  # of the viewer's, that follow it


class Missing(Struct, frozen=True):
    role: str
    least: int
    have: int


class UnitGap(Struct, frozen=True):
    unit: Named
    missing: list[Missing]


async def listing(connection: Connection, scope: Scope) -> list[RoleSet]:
    posts: dict[str, list[Post]] = {}
    cursor = await connection.execute(
        "SELECT role_set, role, least, most FROM role_set_post ORDER BY role_set, least DESC, role"
    )
    async for role_set, role, least, most in cursor:
        posts.setdefault(role_set, []).append(Post(role, least, most))
    cursor = await connection.execute(
        """
        SELECT role_set.code, role_set.name_zh, role_set.name_en, note, count(unit.id)
        FROM role_set
        LEFT JOIN (unit JOIN level ON level.code = unit.level)
            ON COALESCE(unit.role_set, level.role_set) = role_set.code AND closed_at IS NULL
            AND tree_left BETWEEN %(left)s AND %(right)s
        GROUP BY role_set.code
        ORDER BY role_set.code
        """,
        within(scope),
    )
    return [
        RoleSet(code=code, name_zh=zh, name_en=en, note=note, posts=posts.get(code, []), units=count)
        async for code, zh, en, note, count in cursor
    ]


async def with_names(connection: Connection, gaps: Sequence[Gap]) -> list[UnitGap]:
    """Return gaps by unit, in the order they come."""
    cursor = await connection.execute(
        "SELECT id, name, name_en FROM unit WHERE id = ANY(%(units)s)", {"units": [gap.unit for gap in gaps]}
    )
    names = {unit: Named(unit, name, name_en) async for unit, name, name_en in cursor}
    by_unit: dict[int, list[Missing]] = {}
    for gap in gaps:
        by_unit.setdefault(gap.unit, []).append(Missing(gap.role, gap.least, gap.have))
    return [UnitGap(names[unit], missing) for unit, missing in by_unit.items()]

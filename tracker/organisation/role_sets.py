"""Role sets: which roles a unit should have and how many of each, and where one is missing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypedDict

import psycopg
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.rows import class_row

from tracker.organisation.errors import Conflict, Invalid, Unknown
from tracker.organisation.texts import code_of, name_of, note_of

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    role: str
    least: int = 1
    most: int | None = None  # None: any number


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSet:
    code: str
    name_zh: str
    name_en: str
    note: str = ""
    posts: Sequence[Post] = ()


class RoleSetChanges(TypedDict, total=False):
    name_zh: str
    name_en: str
    note: str
    posts: Sequence[Post]


class Staffing(NamedTuple):
    """One post of a unit's role set, and how many open members hold it there."""

    role: str
    least: int
    most: int | None
    have: int


class Gap(NamedTuple):
    unit: int
    role: str
    least: int
    have: int


async def find(connection: Connection, code: str) -> RoleSet:
    """Raises Unknown."""
    cursor = await connection.execute(
        "SELECT code, name_zh, name_en, note FROM role_set WHERE code = %(code)s FOR UPDATE", {"code": code}
    )
    row = await cursor.fetchone()
    if row is None:
        raise Unknown(f"there is no role set {code}", f"没有该配置模式：{code}")
    async with connection.cursor(row_factory=class_row(Post)) as posts:
        await posts.execute(
            "SELECT role, least, most FROM role_set_post WHERE role_set = %(code)s ORDER BY role", {"code": code}
        )
        return RoleSet(code=row[0], name_zh=row[1], name_en=row[2], note=row[3], posts=await posts.fetchall())


async def add(connection: Connection, new: RoleSet) -> RoleSet:
    saved = _cleaned(replace(new, code=code_of(new.code)))
    try:
        await connection.execute(
            """
            INSERT INTO role_set (code, name_zh, name_en, note)
            VALUES (%(code)s, %(name_zh)s, %(name_en)s, %(note)s)
            """,
            _row(saved),
        )
    except UniqueViolation as taken:
        raise Conflict(
            f"there is a role set {saved.code} already", f"配置模式 {saved.code} 已存在", "code_taken"
        ) from taken
    await _write_posts(connection, saved)
    return saved


async def change(connection: Connection, code: str, changes: RoleSetChanges) -> RoleSet:
    """Posts, when given, are given whole."""
    saved = _cleaned(replace(await find(connection, code), **changes))
    await connection.execute(
        "UPDATE role_set SET name_zh = %(name_zh)s, name_en = %(name_en)s, note = %(note)s WHERE code = %(code)s",
        _row(saved),
    )
    if "posts" in changes:
        await connection.execute("DELETE FROM role_set_post WHERE role_set = %(code)s", {"code": code})
        await _write_posts(connection, saved)
    return saved


async def delete(connection: Connection, code: str) -> None:
    """Raises Conflict while a level or a unit uses it."""
    await find(connection, code)
    try:
        await connection.execute("DELETE FROM role_set WHERE code = %(code)s", {"code": code})
    except ForeignKeyViolation as used:
        raise Conflict(
            "levels or units use it: give them another one first", "仍有层级或组织使用该模式，请先更换", "in_use"
        ) from used


async def staffing(connection: Connection, unit: int) -> list[Staffing]:
    """Return the posts of a unit's role set (its own, else its level's) with how many hold them; perhaps none."""
    async with connection.cursor(row_factory=class_row(Staffing)) as cursor:
        await cursor.execute(
            """
            SELECT post.role, least, most, (
                SELECT count(*) FROM assignment JOIN member ON member.id = assignment.member
                WHERE assignment.unit = unit.id AND assignment.role = post.role AND member.closed_at IS NULL
            ) AS have
            FROM unit
            JOIN level ON level.code = unit.level
            JOIN role_set_post AS post ON post.role_set = COALESCE(unit.role_set, level.role_set)
            WHERE unit.id = %(unit)s
            ORDER BY least DESC, post.role
            """,
            {"unit": unit},
        )
        return await cursor.fetchall()


async def gaps(
    connection: Connection, code: str, *, left: int, right: int, limit: int, offset: int
) -> tuple[list[Gap], int]:
    """Return the posts missed by a page of the units that miss any, in tree order, and how many such units there are.

    Posts of all units are counted at once: 20,560 look-ups one by one take five times as long.
    """
    cursor = await connection.execute(
        """
        WITH held AS (
            SELECT assignment.unit, assignment.role, count(*) AS have
            FROM assignment
            JOIN member ON member.id = assignment.member AND member.closed_at IS NULL
            JOIN unit ON unit.id = assignment.unit AND tree_left BETWEEN %(left)s AND %(right)s
            WHERE role IN (SELECT role FROM role_set_post WHERE role_set = %(code)s AND least > 0)
            GROUP BY assignment.unit, assignment.role
        ), missing AS (
            SELECT unit.id AS unit, tree_left, post.role, least, COALESCE(have, 0) AS have
            FROM unit
            JOIN level ON level.code = unit.level
            JOIN role_set_post AS post ON post.role_set = COALESCE(unit.role_set, level.role_set)
            LEFT JOIN held ON held.unit = unit.id AND held.role = post.role
            WHERE post.role_set = %(code)s AND unit.closed_at IS NULL AND COALESCE(have, 0) < least
                AND tree_left BETWEEN %(left)s AND %(right)s
        ), placed AS (
            SELECT *, dense_rank() OVER (ORDER BY tree_left) AS place FROM missing
        )
        SELECT (SELECT max(place) FROM placed), unit, role, least, have
        FROM (SELECT * FROM placed WHERE place > %(offset)s AND place <= %(offset)s + %(limit)s) AS page
        RIGHT JOIN (SELECT) AS always ON true
        ORDER BY place, role
        """,
        {"code": code, "left": left, "right": right, "limit": limit, "offset": offset},
    )
    rows = await cursor.fetchall()
    return [Gap(*row[1:]) for row in rows if row[1] is not None], int(rows[0][0] or 0)


async def _write_posts(connection: Connection, role_set: RoleSet) -> None:
    roles = [post.role for post in role_set.posts]
    if len(set(roles)) != len(roles):
        raise _bad_posts("a role comes twice", "角色重复")
    if any(post.least < 0 or (post.most is not None and post.most < post.least) for post in role_set.posts):
        raise _bad_posts("at least 0, and at most not less than at least", "最多人数不能少于最少人数")
    try:
        await connection.execute(
            """
            INSERT INTO role_set_post (role_set, role, least, most)
            SELECT %(code)s, post.role, post.least, post.most
            FROM unnest(%(roles)s::text[], %(least)s::smallint[], %(most)s::smallint[]) AS post (role, least, most)
            """,
            {
                "code": role_set.code,
                "roles": roles,
                "least": [post.least for post in role_set.posts],
                "most": [post.most for post in role_set.posts],
            },
        )
    except ForeignKeyViolation as unknown:
        raise _bad_posts("there is no such role", "没有该角色") from unknown


def _cleaned(role_set: RoleSet) -> RoleSet:
    return replace(
        role_set,
        name_zh=name_of(role_set.name_zh, field="name_zh"),
        name_en=name_of(role_set.name_en, field="name_en"),
        note=note_of(role_set.note),
    )


def _row(role_set: RoleSet) -> dict[str, str]:
    return {
        "code": role_set.code,
        "name_zh": role_set.name_zh,
        "name_en": role_set.name_en,
        "note": role_set.note,
    }


def _bad_posts(en: str, zh: str) -> Invalid:
    return Invalid(f"posts: {en}", f"岗位：{zh}", "bad_posts", field="posts")

"""Members: people with one or more posts in units, exactly one of them primary. Never deleted: they are closed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypedDict

import psycopg
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.rows import class_row

from tracker.organisation.errors import Conflict, Invalid, Unknown
from tracker.organisation.names import spell
from tracker.organisation.phones import phone_of
from tracker.organisation.texts import code_of, name_of

LANGUAGES: Final = frozenset({"zh", "en"})
MOST_POSTS: Final = 50

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A role in a unit; a member is counted in the unit of the primary one."""

    unit: int
    role: str
    is_primary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    id: int
    code: str
    name: str
    phone: str | None  # E.164
    language: str
    pinyin: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    name: str
    posts: Sequence[Post]
    code: str | None = None  # None: the next free one
    phone: str | None = None
    language: str = "zh"


class MemberChanges(TypedDict, total=False):
    """What is left out stays as it is; posts are given whole."""

    name: str
    phone: str | None
    language: str
    posts: Sequence[Post]


async def find(connection: Connection, member: int) -> Member:
    """Return an open member. Raises Unknown."""
    async with connection.cursor(row_factory=class_row(Member)) as cursor:
        await cursor.execute(
            """
            SELECT id, code, name, phone, language, pinyin, revision FROM member
            WHERE id = %(member)s AND closed_at IS NULL
            """,
            {"member": member},
        )
        found = await cursor.fetchone()
    if found is None:
        raise Unknown(f"there is no member {member}, or they have left", "没有该成员，或已离任")
    return found


async def add(connection: Connection, new: NewMember) -> Member:
    posts = posts_of(new.posts)
    code = await next_code(connection) if new.code is None else code_of(new.code)
    name = name_of(new.name)
    try:
        cursor = await connection.execute(
            """
            INSERT INTO member (code, name, phone, language, pinyin, initials)
            VALUES (%(code)s, %(name)s, %(phone)s, %(language)s, %(pinyin)s, %(initials)s)
            RETURNING id
            """,
            {
                "code": code,
                "name": name,
                "phone": phone_or_none(new.phone),
                "language": _language(new.language),
                **spell(name)._asdict(),
            },
        )
    except UniqueViolation as taken:
        raise Conflict(f"another member has the code {code}", f"编码 {code} 已被其他成员使用", "code_taken") from taken
    found = await cursor.fetchone()
    member = 0 if found is None else int(found[0])
    await _write_posts(connection, member, posts)
    return await find(connection, member)


async def change(connection: Connection, member: int, *, revision: int, changes: MemberChanges) -> Member:
    before = await held(connection, member, revision)
    posts = posts_of(changes["posts"]) if "posts" in changes else None
    after = replace(
        before,
        name=name_of(changes.get("name", before.name)),
        phone=phone_or_none(changes["phone"]) if "phone" in changes else before.phone,
        language=_language(changes.get("language", before.language)),
    )
    await _save(connection, after)
    if posts is not None:
        await connection.execute("DELETE FROM assignment WHERE member = %(member)s", {"member": member})
        await _write_posts(connection, member, posts)
    return await find(connection, member)


async def close(connection: Connection, member: int, *, revision: int) -> tuple[int, ...]:
    """Let a member go: terminals come off, teams and rosters end. Posts stay for the record. Return the terminals."""
    await held(connection, member, revision)
    this = {"member": member}
    cursor = await connection.execute(
        "UPDATE terminal SET member = NULL, revision = revision + 1 WHERE member = %(member)s RETURNING id", this
    )
    terminals = tuple(row[0] for row in await cursor.fetchall())
    for statement in (
        "UPDATE work_team SET leader = NULL, revision = revision + 1 WHERE leader = %(member)s AND closed_at IS NULL",
        "UPDATE work_team_member SET until = greatest(now(), since) WHERE member = %(member)s AND until IS NULL",
        "DELETE FROM roster_member WHERE member = %(member)s AND since >= current_date",
        """
        UPDATE roster_member SET until = current_date - 1
        WHERE member = %(member)s AND (until IS NULL OR until >= current_date)
        """,
        "UPDATE member SET closed_at = now(), revision = revision + 1 WHERE id = %(member)s",
    ):
        await connection.execute(statement, this)
    return terminals


async def held(connection: Connection, member: int, revision: int) -> Member:
    """Return the member, locked. Raises Unknown, or Conflict when somebody saved first."""
    await connection.execute("SELECT FROM member WHERE id = %(member)s FOR UPDATE", {"member": member})
    found = await find(connection, member)
    if found.revision != revision:
        raise Conflict
    return found


async def posts(connection: Connection, member: int) -> list[Post]:
    """Return the posts of a member, the primary one first."""
    async with connection.cursor(row_factory=class_row(Post)) as cursor:
        await cursor.execute(
            """
            SELECT unit, role, is_primary FROM assignment WHERE member = %(member)s
            ORDER BY NOT is_primary, unit, role
            """,
            {"member": member},
        )
        return await cursor.fetchall()


def posts_of(given: Sequence[Post]) -> list[Post]:
    """Return posts with exactly one primary: a single one is it. Raises Invalid."""
    found = [replace(given[0], is_primary=True)] if len(given) == 1 else list(given)
    if not found or len(found) > MOST_POSTS:
        raise _bad_posts(f"a member has 1 to {MOST_POSTS} posts", f"须有1至{MOST_POSTS}项任职")
    if sum(post.is_primary for post in found) != 1:
        raise _bad_posts("exactly one post is primary", "须有且仅有一项主要任职")
    if len({(post.unit, post.role) for post in found}) != len(found):
        raise _bad_posts("the same role in the same unit comes twice", "同一组织中的同一角色重复")
    return found


def phone_or_none(text: str | None) -> str | None:
    """Return E.164. Raises Invalid."""
    if text is None or not text.strip():
        return None
    try:
        return phone_of(text)
    except ValueError as wrong:
        raise Invalid(str(wrong), f"电话号码有误：{text}", "bad_phone", field="phone") from wrong


async def next_code(connection: Connection) -> str:
    """Return the next free code of our own: M and a number above all that are taken."""
    cursor = await connection.execute(
        "SELECT COALESCE(max(substr(code, 2)::bigint), 0) + 1 FROM member WHERE code ~ '^M[0-9]{1,12}$'"
    )
    found = await cursor.fetchone()
    return f"M{1 if found is None else found[0]:06d}"


async def _save(connection: Connection, member: Member) -> None:
    await connection.execute(
        """
        UPDATE member SET name = %(name)s, phone = %(phone)s, language = %(language)s, pinyin = %(pinyin)s,
            initials = %(initials)s, revision = revision + 1
        WHERE id = %(member)s
        """,
        {
            "member": member.id,
            "name": member.name,
            "phone": member.phone,
            "language": member.language,
            **spell(member.name)._asdict(),
        },
    )


async def _write_posts(connection: Connection, member: int, written: Sequence[Post]) -> None:
    try:
        await connection.execute(
            """
            INSERT INTO assignment (member, unit, role, is_primary)
            SELECT %(member)s, post.unit, post.role, post.is_primary
            FROM unnest(%(units)s::integer[], %(roles)s::text[], %(primaries)s::boolean[])
                AS post (unit, role, is_primary)
            """,
            {
                "member": member,
                "units": [post.unit for post in written],
                "roles": [post.role for post in written],
                "primaries": [post.is_primary for post in written],
            },
        )
    except ForeignKeyViolation as unknown:
        raise _bad_posts("there is no such unit or role", "没有该组织或角色") from unknown
    await _check_open(connection, written)


async def _check_open(connection: Connection, written: Sequence[Post]) -> None:
    cursor = await connection.execute(
        "SELECT name FROM unit WHERE id = ANY(%(units)s) AND closed_at IS NOT NULL LIMIT 1",
        {"units": [post.unit for post in written]},
    )
    closed = await cursor.fetchone()
    if closed is not None:
        raise _bad_posts(f"{closed[0]} is closed", f"“{closed[0]}”已撤销")


def _language(word: str) -> str:
    if word not in LANGUAGES:
        raise Invalid(f"language: one of {sorted(LANGUAGES)}", "语言须为 zh 或 en", field="language")
    return word


def _bad_posts(en: str, zh: str) -> Invalid:
    return Invalid(f"assignments: {en}", f"任职：{zh}", "bad_assignments", field="assignments")

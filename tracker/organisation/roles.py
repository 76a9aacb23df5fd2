"""Roles of members: data, which the administrators of the whole city keep."""

from dataclasses import dataclass, replace
from typing import Any, TypedDict

import psycopg
from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from tracker.organisation.errors import Conflict, Unknown
from tracker.organisation.texts import code_of, name_of

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    code: str
    name_zh: str
    name_en: str
    is_leader: bool = False  # leaders are the audience of alerts


class RoleChanges(TypedDict, total=False):
    name_zh: str
    name_en: str
    is_leader: bool


async def roles(connection: Connection) -> list[Role]:
    async with connection.cursor(row_factory=class_row(Role)) as cursor:
        await cursor.execute("SELECT code, name_zh, name_en, is_leader FROM role ORDER BY NOT is_leader, code")
        return await cursor.fetchall()


async def add_role(connection: Connection, role: Role) -> Role:
    return await _save_role(connection, replace(role, code=code_of(role.code)), is_new=True)


async def change_role(connection: Connection, code: str, changes: RoleChanges) -> Role:
    before = next((role for role in await roles(connection) if role.code == code), None)
    if before is None:
        raise Unknown(f"there is no role {code}", f"没有该角色：{code}")
    return await _save_role(connection, replace(before, **changes), is_new=False)


async def _save_role(connection: Connection, role: Role, *, is_new: bool) -> Role:
    saved = replace(
        role, name_zh=name_of(role.name_zh, field="name_zh"), name_en=name_of(role.name_en, field="name_en")
    )
    parameters = {
        "code": saved.code,
        "name_zh": saved.name_zh,
        "name_en": saved.name_en,
        "is_leader": saved.is_leader,
    }
    if not is_new:
        await connection.execute(
            """
            UPDATE role SET name_zh = %(name_zh)s, name_en = %(name_en)s, is_leader = %(is_leader)s
            WHERE code = %(code)s
            """,
            parameters,
        )
        return saved
    try:
        await connection.execute(
            """
            INSERT INTO role (code, name_zh, name_en, is_leader)
            VALUES (%(code)s, %(name_zh)s, %(name_en)s, %(is_leader)s)
            """,
            parameters,
        )
    except UniqueViolation as taken:
        raise Conflict(f"there is a role {role.code} already", f"角色 {role.code} 已存在", "code_taken") from taken
    return saved

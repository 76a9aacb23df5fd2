"""Units: added, changed and moved, with the tree's intervals true at the end of each transaction.

A unit is never deleted: what happened there keeps its name. The caller has checked that the person may touch the units
named; here is checked that the tree stays a tree and the levels keep their order.
"""

from dataclasses import dataclass, field, replace
from typing import Any, LiteralString, TypedDict

import psycopg
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from tracker.organisation import tree
from tracker.organisation.cards import attributes_of
from tracker.organisation.errors import Conflict, Invalid, Unknown
from tracker.organisation.levels import check_order, no_role_set
from tracker.organisation.texts import code_of, name_of

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    id: int
    code: str
    name: str
    name_en: str | None
    level: str
    parent: int | None
    tree_left: int
    tree_right: int
    attributes: dict[str, Any]
    role_set: str | None  # None: its level's
    revision: int
    is_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUnit:
    parent: int
    code: str
    name: str
    level: str
    name_en: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict[str, Any])
    role_set: str | None = None


class UnitChanges(TypedDict, total=False):
    """What is left out stays as it is."""

    code: str
    name: str
    name_en: str | None
    level: str
    attributes: dict[str, Any]
    role_set: str | None


_UNIT: LiteralString = """
    SELECT id, code, name, name_en, level, parent, tree_left, tree_right, attributes, role_set, revision,
        closed_at IS NOT NULL AS is_closed
    FROM unit
"""


async def find(connection: Connection, unit: int) -> Unit:
    """Return an open unit. Raises Unknown."""
    return await _one(connection, _UNIT + " WHERE id = %(unit)s AND closed_at IS NULL", unit)


async def add(connection: Connection, new: NewUnit) -> Unit:
    await tree.lock(connection)
    parent = await find(connection, new.parent)
    await check_order(connection, level=new.level, parent=parent.id)
    try:
        cursor = await connection.execute(
            """
            INSERT INTO unit (code, name, name_en, level, parent, attributes, role_set)
            VALUES (%(code)s, %(name)s, %(name_en)s, %(level)s, %(parent)s, %(attributes)s, %(role_set)s)
            RETURNING id
            """,
            {
                "code": code_of(new.code),
                "name": name_of(new.name),
                "name_en": _english(new.name_en),
                "level": new.level,
                "parent": parent.id,
                "attributes": Jsonb(attributes_of(new.attributes)),
                "role_set": new.role_set,
            },
        )
    except UniqueViolation as taken:
        raise _code_taken(new.code) from taken
    except ForeignKeyViolation as unknown:
        raise no_role_set(new.role_set) from unknown
    found = await cursor.fetchone()
    await tree.renumber(connection)
    return await find(connection, 0 if found is None else int(found[0]))


async def change(connection: Connection, unit: int, *, revision: int, changes: UnitChanges) -> Unit:
    if "code" in changes:
        await tree.lock(connection)
    before = await held(connection, unit, revision)
    after = _cleaned(replace(before, **changes))
    if after.level != before.level:
        await check_order(connection, level=after.level, parent=before.parent, unit=unit)
    try:
        await _save(connection, after)
    except UniqueViolation as taken:
        raise _code_taken(after.code) from taken
    except ForeignKeyViolation as unknown:
        raise no_role_set(after.role_set) from unknown
    if after.code != before.code:  # children are in the order of their codes
        await tree.renumber(connection)
    return await find(connection, unit)


async def move(connection: Connection, unit: int, *, revision: int, parent: int) -> Unit:
    """Hang a unit, with all below it, under another parent."""
    await tree.lock(connection)
    moved = await held(connection, unit, revision)
    to = await find(connection, parent)
    if moved.parent is None:
        raise Conflict("the top of the tree cannot be moved", "最高级组织不能移动", "is_top")
    if moved.tree_left <= to.tree_left <= moved.tree_right:
        raise Invalid(
            f"{to.name} lies in {moved.name} itself: choose another parent",
            f"“{to.name}”属于“{moved.name}”本身，请选择其他上级",
            "cycle",
            field="parent",
        )
    await check_order(connection, level=moved.level, parent=parent, unit=unit)
    await connection.execute(
        "UPDATE unit SET parent = %(parent)s, revision = revision + 1 WHERE id = %(unit)s",
        {"unit": unit, "parent": parent},
    )
    await tree.renumber(connection)
    return await find(connection, unit)


async def held(connection: Connection, unit: int, revision: int) -> Unit:
    """Return the unit, locked; raises Unknown, or Conflict when somebody saved first."""
    found = await _one(connection, _UNIT + " WHERE id = %(unit)s AND closed_at IS NULL FOR UPDATE", unit)
    if found.revision != revision:
        raise Conflict
    return found


async def _one(connection: Connection, statement: LiteralString, unit: int) -> Unit:
    async with connection.cursor(row_factory=class_row(Unit)) as cursor:
        await cursor.execute(statement, {"unit": unit})
        found = await cursor.fetchone()
    if found is None:
        raise Unknown(f"there is no unit {unit}, or it is closed", "没有该组织，或已撤销")
    return found


async def _save(connection: Connection, unit: Unit) -> None:
    await connection.execute(
        """
        UPDATE unit SET code = %(code)s, name = %(name)s, name_en = %(name_en)s, level = %(level)s,
            attributes = %(attributes)s, role_set = %(role_set)s, revision = revision + 1
        WHERE id = %(id)s
        """,
        {
            "id": unit.id,
            "code": unit.code,
            "name": unit.name,
            "name_en": unit.name_en,
            "level": unit.level,
            "attributes": Jsonb(unit.attributes),
            "role_set": unit.role_set,
        },
    )


def _cleaned(unit: Unit) -> Unit:
    return replace(
        unit,
        code=code_of(unit.code),
        name=name_of(unit.name),
        name_en=_english(unit.name_en),
        attributes=attributes_of(unit.attributes),
    )


def _english(name: str | None) -> str | None:
    return None if name is None or not name.strip() else name_of(name, field="name_en")


def _code_taken(code: str) -> Conflict:
    return Conflict(f"another unit has the code {code}", f"编码 {code} 已被其他组织使用", "code_taken")

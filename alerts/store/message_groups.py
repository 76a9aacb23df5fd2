"""Tables message_group and message_group_member: who is written to often, as a list or by a rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import class_row

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What a group says. Of kind rule: `who` in `within` and below, of units `at_level`; else people and numbers."""

    unit: int
    name: str
    note: str = ""
    kind: str = "static"
    numbers: Sequence[str] = ()
    who: str | None = None
    within: int | None = None
    at_level: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    id: int
    unit: int
    unit_name: str
    unit_name_en: str | None
    tree_left: int
    name: str
    note: str
    kind: str
    numbers: Sequence[str]
    who: str | None
    within: int | None
    within_name: str | None
    within_name_en: str | None
    at_level: str | None
    size: int | None  # people and numbers of a list; None: a rule is counted when it is asked
    revision: int


_GROUP: LiteralString = """
    SELECT g.id, g.unit, u.name AS unit_name, u.name_en AS unit_name_en, u.tree_left, g.name, g.note, g.kind,
        g.numbers, g.who, g.within, w.name AS within_name, w.name_en AS within_name_en, g.at_level,
        CASE WHEN g.kind = 'static' THEN (
            cardinality(g.numbers)
            + (SELECT count(*) FROM message_group_member m WHERE m.message_group = g.id))::integer END AS size,
        g.revision
    FROM message_group g JOIN unit u ON u.id = g.unit LEFT JOIN unit w ON w.id = g.within
    WHERE g.closed_at IS NULL
"""


async def within(connection: Connection, *, left: int, right: int) -> list[GroupRow]:
    async with connection.cursor(row_factory=class_row(GroupRow)) as cursor:
        await cursor.execute(
            _GROUP + " AND u.tree_left BETWEEN %(left)s AND %(right)s ORDER BY g.name, g.id",
            {"left": left, "right": right},
        )
        return await cursor.fetchall()


async def find(connection: Connection, group: int) -> GroupRow | None:
    async with connection.cursor(row_factory=class_row(GroupRow)) as cursor:
        await cursor.execute(_GROUP + " AND g.id = %(message_group)s", {"message_group": group})
        return await cursor.fetchone()


async def lock(connection: Connection, group: int) -> GroupRow | None:
    await connection.execute("SELECT FROM message_group WHERE id = %(it)s FOR NO KEY UPDATE", {"it": group})
    return await find(connection, group)


async def members(connection: Connection, group: int, *, left: int, right: int) -> list[tuple[int, str, str | None]]:
    """Return (id, name, phone) of the people of a list, as far as they lie in the interval."""
    cursor = await connection.execute(
        """
        SELECT m.id, m.name, m.phone
        FROM message_group_member g JOIN member m ON m.id = g.member
        WHERE g.message_group = %(message_group)s AND m.closed_at IS NULL
          AND EXISTS (SELECT FROM assignment a JOIN unit u ON u.id = a.unit
                      WHERE a.member = m.id AND u.tree_left BETWEEN %(left)s AND %(right)s)
        ORDER BY m.name, m.id
        """,
        {"message_group": group, "left": left, "right": right},
    )
    return await cursor.fetchall()


async def add(connection: Connection, group: Group) -> int:
    cursor = await connection.execute(
        """
        INSERT INTO message_group (unit, name, note, kind, numbers, who, within, at_level)
        VALUES (%(unit)s, %(name)s, %(note)s, %(kind)s, %(numbers)s, %(who)s, %(within)s, %(at_level)s)
        RETURNING id
        """,
        _values(group),
    )
    return int((await cursor.fetchone() or (0,))[0])


async def change(connection: Connection, group: int, to: Group) -> None:
    await connection.execute(
        """
        UPDATE message_group SET unit = %(unit)s, name = %(name)s, note = %(note)s, kind = %(kind)s,
            numbers = %(numbers)s, who = %(who)s, within = %(within)s, at_level = %(at_level)s, revision = revision + 1
        WHERE id = %(message_group)s
        """,
        {**_values(to), "message_group": group},
    )


async def set_members(connection: Connection, group: int, members: Sequence[int], *, left: int, right: int) -> None:
    """Make these the people of a list; others' people, whom the caller cannot see, stay in it."""
    await connection.execute(
        """
        DELETE FROM message_group_member g
        WHERE g.message_group = %(message_group)s AND NOT g.member = ANY(%(members)s)
          AND EXISTS (SELECT FROM assignment a JOIN unit u ON u.id = a.unit
                      WHERE a.member = g.member AND u.tree_left BETWEEN %(left)s AND %(right)s)
        """,
        {"message_group": group, "members": list(members), "left": left, "right": right},
    )
    await connection.execute(
        """
        INSERT INTO message_group_member SELECT %(message_group)s, unnest(%(members)s::integer[]) ON CONFLICT DO NOTHING
        """,
        {"message_group": group, "members": list(members)},
    )


async def close(connection: Connection, group: int, *, at: datetime) -> None:
    await connection.execute(
        "UPDATE message_group SET closed_at = %(at)s, revision = revision + 1 WHERE id = %(message_group)s",
        {"message_group": group, "at": at},
    )


def _values(group: Group) -> dict[str, Any]:
    return {name: getattr(group, name) for name in Group.__slots__} | {"numbers": list(group.numbers)}

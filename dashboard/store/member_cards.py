"""What a member's card and a list of members show beside the person: posts, terminals, teams."""

from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.shapes import Assigned, Carried, Named, Scope
from dashboard.store.units import within

Connection = AsyncConnection[Any]


class Details(NamedTuple):
    revision: int
    language: str
    pinyin: str


async def details(connection: Connection, member: int) -> Details | None:
    async with connection.cursor(row_factory=class_row(Details)) as cursor:
        await cursor.execute("SELECT revision, language, pinyin FROM member WHERE id = %(member)s", {"member": member})
        return await cursor.fetchone()


async def assignments(connection: Connection, scope: Scope, members: list[int]) -> dict[int, list[Assigned]]:
    """Return each member's assignments to units of the scope, the primary one first."""
    cursor = await connection.execute(
        """
        SELECT member, unit.id, unit.name, unit.name_en, role, is_primary
        FROM assignment
        JOIN unit ON unit.id = assignment.unit
        WHERE member = ANY(%(members)s) AND tree_left BETWEEN %(left)s AND %(right)s
        ORDER BY NOT is_primary, tree_left, role
        """,
        {**within(scope), "members": members},
    )
    found: dict[int, list[Assigned]] = {}
    async for member, unit, name, name_en, role, is_primary in cursor:
        found.setdefault(member, []).append(Assigned(Named(unit, name, name_en), role, is_primary))
    return found


async def terminals(connection: Connection, member: int) -> list[Carried]:
    cursor = await connection.execute(
        "SELECT id, code FROM terminal WHERE member = %(member)s AND closed_at IS NULL ORDER BY code",
        {"member": member},
    )
    return [Carried(*row) async for row in cursor]


async def teams(connection: Connection, scope: Scope, member: int) -> list[Named]:
    """Return the work teams of the scope that the member is in or leads now."""
    cursor = await connection.execute(
        """
        SELECT work_team.id, work_team.name
        FROM work_team
        JOIN unit ON unit.id = work_team.unit
        WHERE work_team.closed_at IS NULL AND tree_left BETWEEN %(left)s AND %(right)s
            AND (leader = %(member)s OR work_team.id IN (
                SELECT team FROM work_team_member WHERE member = %(member)s AND until IS NULL))
        ORDER BY work_team.name, work_team.id
        """,
        {**within(scope), "member": member},
    )
    return [Named(*row) async for row in cursor]

"""Where things lie in the tree: what must be known before anybody may touch them."""

from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.shapes import Named, Scope
from dashboard.store.units import within

Connection = AsyncConnection[Any]


class Place(NamedTuple):
    """A thing with the unit that answers for it."""

    id: int
    name: str
    unit: int
    tree_left: int


async def unit(connection: Connection, unit: int) -> Place | None:
    """Return a unit, a closed one too."""
    async with connection.cursor(row_factory=class_row(Place)) as cursor:
        await cursor.execute("SELECT id, name, id AS unit, tree_left FROM unit WHERE id = %(unit)s", {"unit": unit})
        return await cursor.fetchone()


async def members(connection: Connection, members: list[int]) -> list[Place]:
    """Return the open ones, by their primary units."""
    async with connection.cursor(row_factory=class_row(Place)) as cursor:
        await cursor.execute(
            """
            SELECT member.id, member.name, unit.id AS unit, tree_left
            FROM member
            JOIN assignment ON assignment.member = member.id AND is_primary
            JOIN unit ON unit.id = assignment.unit
            WHERE member.id = ANY(%(members)s) AND member.closed_at IS NULL
            """,
            {"members": members},
        )
        return await cursor.fetchall()


async def terminal(connection: Connection, terminal: int) -> Place | None:
    """Return a terminal, a retired one too; one of no unit belongs to the top."""
    async with connection.cursor(row_factory=class_row(Place)) as cursor:
        await cursor.execute(
            """
            SELECT terminal.id, terminal.code AS name, unit.id AS unit, tree_left
            FROM terminal
            JOIN unit ON unit.id = COALESCE(
                terminal.unit, (SELECT id FROM unit WHERE parent IS NULL ORDER BY tree_left LIMIT 1))
            WHERE terminal.id = %(terminal)s
            """,
            {"terminal": terminal},
        )
        return await cursor.fetchone()


async def team(connection: Connection, team: int) -> Place | None:
    async with connection.cursor(row_factory=class_row(Place)) as cursor:
        await cursor.execute(
            """
            SELECT work_team.id, work_team.name, unit.id AS unit, tree_left
            FROM work_team JOIN unit ON unit.id = work_team.unit
            WHERE work_team.id = %(team)s
            """,
            {"team": team},
        )
        return await cursor.fetchone()


async def roster(connection: Connection, roster: int) -> Place | None:
    async with connection.cursor(row_factory=class_row(Place)) as cursor:
        await cursor.execute(
            """
            SELECT roster.id, roster.name, unit.id AS unit, tree_left
            FROM roster JOIN unit ON unit.id = roster.unit
            WHERE roster.id = %(roster)s
            """,
            {"roster": roster},
        )
        return await cursor.fetchone()


async def contact(connection: Connection, contact: int) -> Place | None:
    async with connection.cursor(row_factory=class_row(Place)) as cursor:
        await cursor.execute(
            """
            SELECT contact.id, contact.name, unit.id AS unit, tree_left
            FROM contact JOIN unit ON unit.id = contact.unit
            WHERE contact.id = %(contact)s
            """,
            {"contact": contact},
        )
        return await cursor.fetchone()


async def named_units(connection: Connection, units: list[int], scope: Scope) -> dict[int, Named]:
    """Return the names of those of `units` that lie in the scope."""
    cursor = await connection.execute(
        "SELECT id, name, name_en FROM unit WHERE id = ANY(%(units)s) AND tree_left BETWEEN %(left)s AND %(right)s",
        {"units": units, **within(scope)},
    )
    return {unit: Named(unit, name, name_en) for unit, name, name_en in await cursor.fetchall()}


async def named_members(connection: Connection, members: list[int], scope: Scope) -> dict[int, Named]:
    """Return the names of those of `members` whose primary unit lies in the scope."""
    cursor = await connection.execute(
        """
        SELECT member.id, member.name FROM member
        JOIN assignment ON assignment.member = member.id AND is_primary
        JOIN unit ON unit.id = assignment.unit AND tree_left BETWEEN %(left)s AND %(right)s
        WHERE member.id = ANY(%(members)s)
        """,
        {"members": members, **within(scope)},
    )
    return {member: Named(member, name) for member, name in await cursor.fetchall()}

"""Work teams kept in one subtree."""

from datetime import datetime
from typing import Any, LiteralString

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from dashboard.shapes import Named, Scope
from dashboard.store.units import within

Connection = AsyncConnection[Any]


class Team(Struct, frozen=True, kw_only=True):
    id: int
    code: str
    name: str
    unit: Named
    purpose: str
    leader: Named | None
    starts_at: datetime
    ends_at: datetime | None
    size: int
    revision: int
    closed_at: datetime | None


class TeamMember(Struct, frozen=True):
    member: Named
    duty: str
    since: datetime


class TeamCard(Team, frozen=True, kw_only=True):
    members: list[TeamMember]


_TEAM: LiteralString = """
    SELECT
        work_team.id, work_team.code, work_team.name, purpose, starts_at, ends_at, work_team.revision,
        work_team.closed_at, unit.id AS unit, unit.name AS unit_name, unit.name_en AS unit_name_en,
        leader.id AS leader, leader.name AS leader_name,
        (SELECT count(*) FROM work_team_member WHERE team = work_team.id AND until IS NULL) AS size
    FROM work_team
    JOIN unit ON unit.id = work_team.unit
    LEFT JOIN (
        SELECT member.id, member.name FROM member
        JOIN assignment ON assignment.member = member.id AND is_primary
        JOIN unit ON unit.id = assignment.unit AND tree_left BETWEEN %(left)s AND %(right)s
    ) AS leader ON leader.id = work_team.leader
    WHERE tree_left BETWEEN %(left)s AND %(right)s
"""


async def page(
    connection: Connection, scope: Scope, *, words: str, closed: bool, limit: int, offset: int
) -> tuple[list[Team], int]:
    """Return teams by name, and how many there are in all."""
    wanted = {**within(scope), "words": words.strip(), "closed": closed, "limit": limit, "offset": offset}
    cursor = await connection.execute(
        """
        SELECT count(*) FROM work_team JOIN unit ON unit.id = work_team.unit
        WHERE tree_left BETWEEN %(left)s AND %(right)s AND (work_team.closed_at IS NULL OR %(closed)s)
            AND (%(words)s = '' OR strpos(lower(work_team.name), lower(%(words)s)) > 0
                OR strpos(lower(work_team.code), lower(%(words)s)) > 0)
        """,
        wanted,
    )
    total = int((await cursor.fetchone() or (0,))[0])
    async with connection.cursor(row_factory=dict_row) as listed:
        await listed.execute(
            _TEAM
            + """
            AND (work_team.closed_at IS NULL OR %(closed)s)
            AND (%(words)s = '' OR strpos(lower(work_team.name), lower(%(words)s)) > 0
                OR strpos(lower(work_team.code), lower(%(words)s)) > 0)
            ORDER BY work_team.closed_at IS NOT NULL, work_team.name, work_team.id
            LIMIT %(limit)s OFFSET %(offset)s
            """,
            wanted,
        )
        return [Team(**_named(row)) async for row in listed], total


async def find(connection: Connection, scope: Scope, team: int) -> TeamCard | None:
    """Return one team with its members, as far as they are the scope's; `size` counts them all."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_TEAM + " AND work_team.id = %(team)s", {**within(scope), "team": team})
        row = await cursor.fetchone()
    return None if row is None else TeamCard(**_named(row), members=await _members(connection, scope, team))


async def _members(connection: Connection, scope: Scope, team: int) -> list[TeamMember]:
    cursor = await connection.execute(
        """
        SELECT member.id, member.name, duty, since
        FROM work_team_member
        JOIN member ON member.id = work_team_member.member
        JOIN assignment ON assignment.member = member.id AND is_primary
        JOIN unit ON unit.id = assignment.unit
        WHERE team = %(team)s AND until IS NULL AND tree_left BETWEEN %(left)s AND %(right)s
        ORDER BY duty, member.name, member.id
        """,
        {**within(scope), "team": team},
    )
    return [TeamMember(Named(member, name), duty, since) async for member, name, duty, since in cursor]


def _named(row: dict[str, Any]) -> dict[str, Any]:
    unit = Named(row.pop("unit"), row.pop("unit_name"), row.pop("unit_name_en"))
    leader, name = row.pop("leader"), row.pop("leader_name")
    return {**row, "unit": unit, "leader": None if leader is None else Named(leader, name)}

"""Work teams: members of several units under a leader, for a task and a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypedDict

import psycopg
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.rows import class_row

from tracker.organisation.errors import Conflict, Invalid, Unknown
from tracker.organisation.texts import code_of, name_of, note_of

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    id: int
    code: str
    name: str
    unit: int  # who keeps it
    purpose: str
    leader: int | None
    starts_at: datetime
    ends_at: datetime | None
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    member: int
    duty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTeam:
    name: str
    unit: int
    starts_at: datetime
    code: str | None = None  # None: the next free one
    purpose: str = ""
    leader: int | None = None
    ends_at: datetime | None = None
    members: Sequence[Joining] = ()


class TeamChanges(TypedDict, total=False):
    """What is left out stays as it is; the members have a change of their own."""

    name: str
    unit: int
    purpose: str
    leader: int | None
    starts_at: datetime
    ends_at: datetime | None


async def find(connection: Connection, team: int) -> Team:
    """Return an open team. Raises Unknown."""
    async with connection.cursor(row_factory=class_row(Team)) as cursor:
        await cursor.execute(
            """
            SELECT id, code, name, unit, purpose, leader, starts_at, ends_at, revision FROM work_team
            WHERE id = %(team)s AND closed_at IS NULL FOR UPDATE
            """,
            {"team": team},
        )
        found = await cursor.fetchone()
    if found is None:
        raise Unknown(f"there is no work team {team}, or it is closed", "没有该工作队，或已解散")
    return found


async def add(connection: Connection, new: NewTeam) -> Team:
    code = await _next_code(connection) if new.code is None else code_of(new.code)
    _check_times(new.starts_at, new.ends_at)
    try:
        cursor = await connection.execute(
            """
            INSERT INTO work_team (code, name, unit, purpose, leader, starts_at, ends_at)
            VALUES (%(code)s, %(name)s, %(unit)s, %(purpose)s, %(leader)s, %(starts_at)s, %(ends_at)s)
            RETURNING id
            """,
            {
                "code": code,
                "name": name_of(new.name),
                "unit": new.unit,
                "purpose": note_of(new.purpose, field="purpose"),
                "leader": new.leader,
                "starts_at": new.starts_at,
                "ends_at": new.ends_at,
            },
        )
    except UniqueViolation as taken:
        raise Conflict(f"there is a work team {code} already", f"工作队编码 {code} 已存在", "code_taken") from taken
    except ForeignKeyViolation as unknown:
        raise _no_member() from unknown
    found = await cursor.fetchone()
    team = 0 if found is None else int(found[0])
    await _join(connection, team, new.members)
    return await find(connection, team)


async def change(connection: Connection, team: int, *, revision: int, changes: TeamChanges) -> Team:
    after = replace(await _held(connection, team, revision), **changes)
    _check_times(after.starts_at, after.ends_at)
    try:
        await connection.execute(
            """
            UPDATE work_team SET name = %(name)s, unit = %(unit)s, purpose = %(purpose)s, leader = %(leader)s,
                starts_at = %(starts_at)s, ends_at = %(ends_at)s, revision = revision + 1
            WHERE id = %(team)s
            """,
            {
                "team": team,
                "name": name_of(after.name),
                "unit": after.unit,
                "purpose": note_of(after.purpose, field="purpose"),
                "leader": after.leader,
                "starts_at": after.starts_at,
                "ends_at": after.ends_at,
            },
        )
    except ForeignKeyViolation as unknown:
        raise _no_member() from unknown
    return await find(connection, team)


async def change_members(
    connection: Connection, team: int, *, joining: Sequence[Joining], leaving: Sequence[int]
) -> Team:
    """Let members leave, then join; who joins again with another duty has a new row."""
    await find(connection, team)
    await _leave(connection, team, [*leaving, *(each.member for each in joining)])
    await _join(connection, team, joining)
    await connection.execute("UPDATE work_team SET revision = revision + 1 WHERE id = %(team)s", {"team": team})
    return await find(connection, team)


async def close(connection: Connection, team: int, *, revision: int) -> Team:
    closed = await _held(connection, team, revision)
    await connection.execute(
        "UPDATE work_team_member SET until = greatest(now(), since) WHERE team = %(team)s AND until IS NULL",
        {"team": team},
    )
    await connection.execute(
        "UPDATE work_team SET closed_at = now(), revision = revision + 1 WHERE id = %(team)s", {"team": team}
    )
    return closed


async def _held(connection: Connection, team: int, revision: int) -> Team:
    found = await find(connection, team)
    if found.revision != revision:
        raise Conflict
    return found


async def _join(connection: Connection, team: int, joining: Sequence[Joining]) -> None:
    members = [each.member for each in joining]
    if len(set(members)) != len(members):
        raise Invalid("members: somebody comes twice", "队员重复", "bad_members", field="members")
    joined = await connection.execute(
        """
        INSERT INTO work_team_member (team, member, duty, since)
        SELECT %(team)s, member.id, joining.duty, clock_timestamp()
        FROM unnest(%(members)s::integer[], %(duties)s::text[]) AS joining (member, duty)
        JOIN member ON member.id = joining.member AND member.closed_at IS NULL
        """,
        {"team": team, "members": members, "duties": [note_of(each.duty, field="duty") for each in joining]},
    )
    if joined.rowcount != len(members):
        raise _no_member()


async def _leave(connection: Connection, team: int, members: Sequence[int]) -> None:
    await connection.execute(
        """
        UPDATE work_team_member SET until = greatest(clock_timestamp(), since)
        WHERE team = %(team)s AND member = ANY(%(members)s) AND until IS NULL
        """,
        {"team": team, "members": list(members)},
    )


async def _next_code(connection: Connection) -> str:
    cursor = await connection.execute(
        "SELECT COALESCE(max(substr(code, 2)::bigint), 0) + 1 FROM work_team WHERE code ~ '^W[0-9]{1,12}$'"
    )
    found = await cursor.fetchone()
    return f"W{1 if found is None else found[0]:04d}"


def _check_times(starts_at: datetime, ends_at: datetime | None) -> None:
    if ends_at is not None and ends_at <= starts_at:
        raise Invalid("ends_at: the end must come after the beginning", "结束时间须晚于开始时间", field="ends_at")


def _no_member() -> Invalid:
    return Invalid(
        "members: somebody is not there, or has left", "有队员不存在或已离任", "unknown_member", field="members"
    )

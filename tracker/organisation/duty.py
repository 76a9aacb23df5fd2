"""Who is on duty by rosters, leave and calls, at a moment. Members of whom these say nothing are not in the answer.

Which hours run is worked out here (tracker.model.duty), once for each pattern of hours: 17,350 rosters of six shifts
each may share three. Whose they are is one join.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import class_row

from tracker.model.duty import Hours, Roster, Shift, Turn, on_hours, running_at, shifts_between
from tracker.organisation.rosters import zone_of

EVERYWHERE: Final = (0, 2**31 - 1)
FEW: Final = 5_000  # members: a county of the reference city has 20,000

Connection = psycopg.AsyncConnection[Any]


class OnDuty(NamedTuple):
    """A member inside a shift, or called in (without roster and shift)."""

    member: int
    roster: int | None
    roster_name: str | None
    shift: str | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Words:
    """What rosters, leave and calls say; of the others they say nothing."""

    on: Sequence[int]
    off: Sequence[int]


class _Pattern(NamedTuple):
    """The hours of shifts: many rosters have the same."""

    zone: str
    starts: time
    ends: time


class _Running(NamedTuple):
    """Such hours, begun on a local day, that are not over."""

    pattern: _Pattern
    day: date
    until: datetime


async def on_duty(
    connection: Connection, at: datetime, *, left: int, right: int, among: Sequence[int] | None = None
) -> list[OnDuty]:
    """Return who is on duty in a subtree (and `among`, when given), each once, in the order of ids."""
    people = await _few_in(connection, left, right) if among is None else list(among)
    patterns = await _patterns(connection, people)
    running = await asyncio.to_thread(_run, patterns, at)
    async with connection.cursor(row_factory=class_row(OnDuty)) as cursor:
        await cursor.execute(
            """
            WITH on_shift AS (
                SELECT follower.member, roster.id AS roster, roster.name AS roster_name, shift.name AS shift,
                    running.until
                FROM unnest(%(zones)s::text[], %(starts)s::time[], %(ends)s::time[], %(days)s::date[],
                    %(until)s::timestamptz[]) AS running (zone, starts, ends, day, until)
                JOIN roster ON roster.timezone = running.zone AND closed_at IS NULL
                JOIN roster_shift AS shift ON shift.roster = roster.id
                    AND shift.starts = running.starts AND shift.ends = running.ends
                JOIN roster_member AS follower ON follower.roster = roster.id
                    AND follower.since <= running.day AND COALESCE(follower.until >= running.day, true)
                    AND (running.day - roster.anchor + follower.offset_days) %% roster.cycle_days
                        IN (shift.day, shift.day - roster.cycle_days)
                WHERE (%(among)s::integer[] IS NULL OR follower.member = ANY(%(among)s))
                    AND NOT EXISTS (
                        SELECT FROM duty_exception AS leave
                        WHERE leave.member = follower.member AND NOT is_on AND starts_at <= %(at)s AND ends_at > %(at)s)
            ), called AS (
                SELECT member, NULL::integer AS roster, NULL AS roster_name, NULL AS shift, ends_at AS until
                FROM duty_exception WHERE is_on AND starts_at <= %(at)s AND ends_at > %(at)s
                    AND (%(among)s::integer[] IS NULL OR member = ANY(%(among)s))
            )
            SELECT DISTINCT ON (member.id) member.id AS member, roster, roster_name, shift, until
            FROM (SELECT * FROM on_shift UNION ALL SELECT * FROM called) AS duty
            JOIN member ON member.id = duty.member AND member.closed_at IS NULL
            JOIN assignment ON assignment.member = member.id AND is_primary
            JOIN unit ON unit.id = assignment.unit AND tree_left BETWEEN %(left)s AND %(right)s
            ORDER BY member.id, until DESC, roster NULLS LAST
            """,
            {
                "at": at,
                "left": left,
                "right": right,
                "among": people,
                "zones": [each.pattern.zone for each in running],
                "starts": [each.pattern.starts for each in running],
                "ends": [each.pattern.ends for each in running],
                "days": [each.day for each in running],
                "until": [each.until for each in running],
            },
            prepare=False,  # one plan for a few and for all members would be a bad one for either
        )
        return await cursor.fetchall()


async def words(connection: Connection, at: datetime) -> Words:
    """Return who is on duty, and who has a roster or leave and is not, in the whole city."""
    left, right = EVERYWHERE
    on = [duty.member for duty in await on_duty(connection, at, left=left, right=right)]
    bound = await _bound(connection, at)
    return Words(on=on, off=list(bound.difference(on)))


async def turns(connection: Connection, roster: Roster, since: datetime, until: datetime) -> list[Turn]:
    """Return all turns of a roster with those who take them: without whoever is on leave for the whole of one."""
    planned = await asyncio.to_thread(shifts_between, roster, since, until, also_unmanned=True)
    leave = await _leave(connection, [each.member for each in roster.followers], since, until)
    return [_present(turn, leave) for turn in planned]


def _present(turn: Turn, leave: Mapping[int, Sequence[Hours]]) -> Turn:
    whole = Hours(turn.starts_at, turn.ends_at)
    members = tuple(member for member in turn.members if on_hours([whole], leave=leave.get(member, ()), calls=()))
    return Turn(shift=turn.shift, day=turn.day, starts_at=turn.starts_at, ends_at=turn.ends_at, members=members)


async def _few_in(connection: Connection, left: int, right: int) -> list[int] | None:
    """Return the members of a subtree, to be looked up one by one; None when going through all rosters is faster."""
    cursor = await connection.execute(
        """
        SELECT member FROM unit JOIN assignment ON assignment.unit = unit.id AND is_primary
        WHERE tree_left BETWEEN %(left)s AND %(right)s LIMIT %(most)s
        """,
        {"left": left, "right": right, "most": FEW + 1},
    )
    members = [row[0] for row in await cursor.fetchall()]
    return members if len(members) <= FEW else None


async def _patterns(connection: Connection, among: list[int] | None) -> list[_Pattern]:
    async with connection.cursor(row_factory=class_row(_Pattern)) as cursor:
        await cursor.execute(
            """
            SELECT DISTINCT timezone AS zone, starts, ends
            FROM roster_shift
            JOIN roster ON roster.id = roster_shift.roster AND closed_at IS NULL
            WHERE %(among)s::integer[] IS NULL
                OR roster.id = ANY(ARRAY(SELECT roster FROM roster_member WHERE member = ANY(%(among)s)))
            """,
            {"among": among},
            prepare=False,
        )
        return await cursor.fetchall()


def _run(patterns: Iterable[_Pattern], at: datetime) -> list[_Running]:
    zones: dict[str, ZoneInfo] = {}
    found: list[_Running] = []
    for pattern in patterns:
        if pattern.zone not in zones:
            zones[pattern.zone] = zone_of(pattern.zone)
        shift = Shift(number=0, name="", day=0, starts=pattern.starts, ends=pattern.ends)
        running = running_at(shift, zones[pattern.zone], at)
        found.extend(_Running(pattern, day, hours.ends_at) for day, hours in running)
    return found


async def _bound(connection: Connection, at: datetime) -> set[int]:
    """Return who follows a roster on the day of `at`, or is on leave."""
    cursor = await connection.execute(
        """
        SELECT member
        FROM roster_member
        JOIN roster ON roster.id = roster_member.roster AND closed_at IS NULL
        WHERE since <= (%(at)s AT TIME ZONE timezone)::date
            AND COALESCE(until >= (%(at)s AT TIME ZONE timezone)::date, true)
        UNION
        SELECT member FROM duty_exception WHERE NOT is_on AND starts_at <= %(at)s AND ends_at > %(at)s
        """,
        {"at": at},
    )
    return {row[0] for row in await cursor.fetchall()}


async def _leave(
    connection: Connection, members: Sequence[int], since: datetime, until: datetime
) -> dict[int, list[Hours]]:
    cursor = await connection.execute(
        """
        SELECT member, starts_at, ends_at FROM duty_exception
        WHERE NOT is_on AND member = ANY(%(members)s) AND starts_at < %(until)s AND ends_at > %(since)s
        """,
        {"members": list(members), "since": since, "until": until},
    )
    found: dict[int, list[Hours]] = {}
    async for member, starts_at, ends_at in cursor:
        found.setdefault(member, []).append(Hours(starts_at, ends_at))
    return found

"""What was, for trials and for catching up: presence events, outings, presses, crossings, rosters."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from alerts.core.cases import Subject
from alerts.core.past import Sign, Stay
from tracker.model.duty import Follower, Hours, Roster, Shift, on_hours, shifts_between
from tracker.organisation.rosters import zone_of

Connection = AsyncConnection[Any]

MARGIN: Final = timedelta(days=1)  # a shift that began before the time


async def homes(connection: Connection, units: Sequence[int]) -> dict[int, int]:
    """Return the unit of each member of `units`."""
    cursor = await connection.execute(
        """
        SELECT assignment.member, unit FROM assignment
        JOIN member ON member.id = assignment.member AND closed_at IS NULL
        WHERE is_primary AND unit = ANY(%(units)s)
        """,
        {"units": list(units)},
    )
    return dict(await cursor.fetchall())


async def signs(connection: Connection, members: Sequence[int], since: datetime, until: datetime) -> list[Sign]:
    """Return who came on-line and was heard no more, with each terminal's sign of before; sorted for `presence`."""
    cursor = await connection.execute(
        """
        SELECT member, terminal, at, kind = 'online' FROM presence_event
        WHERE member = ANY(%(members)s) AND at >= %(since)s AND at < %(until)s
            AND kind IN ('online', 'silent', 'offline')
        UNION ALL
        SELECT it.member, terminal.id, before.at, before.kind = 'online'
        FROM unnest(%(members)s::integer[]) AS it (member)
        JOIN terminal ON terminal.member = it.member
        CROSS JOIN LATERAL (
            SELECT at, kind FROM presence_event
            WHERE presence_event.terminal = terminal.id AND at < %(since)s AND kind IN ('online', 'silent', 'offline')
            ORDER BY at DESC LIMIT 1
        ) AS before
        ORDER BY 1, 2, 3
        """,
        {"members": list(members), "since": since, "until": until},
    )
    return [Sign(*row) for row in await cursor.fetchall()]


async def outings(
    connection: Connection, members: Sequence[int], since: datetime, until: datetime
) -> dict[int, list[Hours]]:
    cursor = await connection.execute(
        """
        SELECT member, opened_at, least(closed_at, %(until)s) FROM outing
        WHERE member = ANY(%(members)s) AND opened_at < %(until)s
            AND coalesce(closed_at > greatest(%(since)s, opened_at), true)
        ORDER BY member, opened_at
        """,
        {"members": list(members), "since": since, "until": until},
    )
    found: dict[int, list[Hours]] = {}
    for member, opened_at, closed_at in await cursor.fetchall():
        found.setdefault(member, []).append(Hours(opened_at, closed_at))
    return found


async def presses(
    connection: Connection, units: Sequence[int], since: datetime, until: datetime
) -> list[tuple[Subject, Hours]]:
    """Return the emergencies that were open meanwhile, by where they belong."""
    cursor = await connection.execute(
        """
        SELECT unit.id, coalesce(emergency.member, 0), pressed_at, least(emergency.closed_at, %(until)s)
        FROM emergency
        LEFT JOIN assignment ON assignment.member = emergency.member AND is_primary
        LEFT JOIN unit place ON place.id = emergency.grid
        JOIN unit ON unit.id = coalesce(
            assignment.unit, place.id, (SELECT id FROM unit WHERE parent IS NULL ORDER BY tree_left LIMIT 1))
        WHERE pressed_at < %(until)s AND coalesce(emergency.closed_at > greatest(%(since)s, pressed_at), true)
            AND unit.id = ANY(%(units)s)
        """,
        {"units": list(units), "since": since, "until": until},
    )
    return [(Subject(unit, member), Hours(since, until)) for unit, member, since, until in await cursor.fetchall()]


async def stays(connection: Connection, grids: Sequence[int], since: datetime, until: datetime) -> list[Stay]:
    """Return who was in which of `grids` by crossings; who crossed none meanwhile is where the checkpoint has them."""
    cursor = await connection.execute(
        """
        WITH crossed AS (
            SELECT terminal, coalesce(member, 0) AS member, grid, kind, fixed_at,
                lag(kind) OVER together AS before, lead(fixed_at) OVER together AS left_at
            FROM crossing
            WHERE grid = ANY(%(grids)s) AND fixed_at >= %(since)s AND fixed_at < %(until)s AND superseded_at IS NULL
            WINDOW together AS (PARTITION BY terminal, grid ORDER BY fixed_at, kind DESC)
        )
        SELECT member, grid, fixed_at, coalesce(left_at, %(until)s) FROM crossed WHERE kind = 'enter'
        UNION ALL
        SELECT member, grid, %(since)s, fixed_at FROM crossed WHERE kind = 'exit' AND before IS NULL
        UNION ALL
        SELECT terminal.member, confirmed_grid, %(since)s, %(until)s
        FROM terminal_state JOIN terminal ON terminal.id = terminal AND member IS NOT NULL AND closed_at IS NULL
        WHERE confirmed_grid = ANY(%(grids)s) AND NOT EXISTS (
            SELECT FROM crossing
            WHERE crossing.terminal = terminal_state.terminal AND crossing.fixed_at >= %(since)s
                AND superseded_at IS NULL)
        """,
        {"grids": list(grids), "since": since, "until": until},
    )
    return [
        Stay(member, grid, Hours(starts_at, ends_at))
        for member, grid, starts_at, ends_at in await cursor.fetchall()
        if starts_at < ends_at
    ]


async def shifts(
    connection: Connection, members: Sequence[int], since: datetime, until: datetime
) -> dict[int, list[Hours]]:
    """Return when each of those was on duty of whom rosters, leave or calls speak."""
    rosters = await _rosters(connection, members)
    turns: dict[int, list[Hours]] = {member: [] for roster in rosters for member in _followers(roster, since)}
    wanted = set(members)
    for roster in rosters:
        for turn in shifts_between(roster, since - MARGIN, until):
            for member in wanted.intersection(turn.members):
                turns.setdefault(member, []).append(Hours(turn.starts_at, turn.ends_at))
    leave, calls = await _exceptions(connection, members, since, until)
    bound = {*turns, *leave}
    return {
        member: on_hours(turns.get(member, ()), leave=leave.get(member, ()), calls=calls.get(member, ()))
        for member in bound
    }


def _followers(roster: Roster, since: datetime) -> list[int]:
    day = since.astimezone(roster.zone).date()
    return [each.member for each in roster.followers if each.until is None or each.until >= day]


async def _rosters(connection: Connection, members: Sequence[int]) -> list[Roster]:
    """Return the rosters of `members`, with those of their followers."""
    cursor = await connection.execute(
        """
        SELECT roster, member, offset_days, since, until FROM roster_member
        JOIN roster ON roster.id = roster AND closed_at IS NULL
        WHERE member = ANY(%(members)s)
        """,
        {"members": list(members)},
    )
    followers: dict[int, list[Follower]] = {}
    for roster, member, offset_days, since, until in await cursor.fetchall():
        follower = Follower(member=member, offset_days=offset_days, since=since, until=until)
        followers.setdefault(roster, []).append(follower)
    shifts: dict[int, list[Shift]] = {}
    cursor = await connection.execute(
        "SELECT roster, number, name, day, starts, ends FROM roster_shift WHERE roster = ANY(%(rosters)s)",
        {"rosters": list(followers)},
    )
    for roster, number, name, day, starts, ends in await cursor.fetchall():
        shift = Shift(number=number, name=name, day=day, starts=starts, ends=ends)
        shifts.setdefault(roster, []).append(shift)
    cursor = await connection.execute(
        "SELECT id, timezone, anchor, cycle_days FROM roster WHERE id = ANY(%(rosters)s)", {"rosters": list(followers)}
    )
    return [
        Roster(
            zone=zone_of(timezone),
            anchor=anchor,
            cycle_days=cycle_days,
            shifts=shifts.get(roster, ()),
            followers=followers[roster],
        )
        for roster, timezone, anchor, cycle_days in await cursor.fetchall()
    ]


async def _exceptions(
    connection: Connection, members: Sequence[int], since: datetime, until: datetime
) -> tuple[dict[int, list[Hours]], dict[int, list[Hours]]]:
    """Return leave and calls by member."""
    cursor = await connection.execute(
        """
        SELECT member, is_on, starts_at, ends_at FROM duty_exception
        WHERE member = ANY(%(members)s) AND starts_at < %(until)s AND ends_at > %(since)s
        """,
        {"members": list(members), "since": since, "until": until},
    )
    leave: dict[int, list[Hours]] = {}
    calls: dict[int, list[Hours]] = {}
    for member, is_on, starts_at, ends_at in await cursor.fetchall():
        (calls if is_on else leave).setdefault(member, []).append(Hours(starts_at, ends_at))
    return leave, calls

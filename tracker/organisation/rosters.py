"""Rosters as they are kept: a unit's pattern of shifts, who follows it, and each member's leave and calls."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, TypedDict
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
from psycopg.errors import ForeignKeyViolation, UniqueViolation

from tracker.model.duty import Follower, Shift
from tracker.organisation.errors import Conflict, Invalid, Unknown
from tracker.organisation.texts import name_of, note_of

LONGEST_CYCLE: Final = 366
MOST_SHIFTS: Final = 1_000

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A roster with all that belongs to it."""

    unit: int
    name: str
    anchor: date
    cycle_days: int
    timezone: str = "Asia/Shanghai"
    shifts: Sequence[Shift] = ()
    members: Sequence[Follower] = ()
    revision: int = 1


class RosterChanges(TypedDict, total=False):
    """What is left out stays as it is; shifts and members are given whole."""

    unit: int
    name: str
    timezone: str
    anchor: date
    cycle_days: int
    shifts: Sequence[Shift]
    members: Sequence[Follower]


def zone_of(name: str) -> ZoneInfo:
    """Raises Invalid for a time zone that is not in the system's table."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise Invalid(
            f"timezone: {name} is none; write it like Asia/Shanghai",
            f"没有该时区：{name}，请按 Asia/Shanghai 的形式填写",
            "bad_timezone",
            field="timezone",
        ) from unknown


async def find(connection: Connection, roster: int) -> Kept:
    """Return an open roster, locked. Raises Unknown."""
    cursor = await connection.execute(
        """
        SELECT unit, name, timezone, anchor, cycle_days, revision FROM roster
        WHERE id = %(roster)s AND closed_at IS NULL FOR UPDATE
        """,
        {"roster": roster},
    )
    row = await cursor.fetchone()
    if row is None:
        raise Unknown(f"there is no roster {roster}, or it is closed", "没有该排班，或已停用")
    unit, name, timezone, anchor, cycle_days, revision = row
    return Kept(
        unit=unit,
        name=name,
        timezone=timezone,
        anchor=anchor,
        cycle_days=cycle_days,
        revision=revision,
        shifts=await _shifts(connection, roster),
        members=await _members(connection, roster),
    )


async def add(connection: Connection, new: Kept) -> int:
    """Return the roster's id."""
    checked = _checked(new)
    cursor = await connection.execute(
        """
        INSERT INTO roster (unit, name, timezone, anchor, cycle_days)
        VALUES (%(unit)s, %(name)s, %(timezone)s, %(anchor)s, %(cycle_days)s)
        RETURNING id
        """,
        _row(checked),
    )
    found = await cursor.fetchone()
    roster = 0 if found is None else int(found[0])
    await _write_shifts(connection, roster, checked.shifts)
    await _write_members(connection, roster, checked.members)
    return roster


async def change(connection: Connection, roster: int, *, revision: int, changes: RosterChanges) -> Kept:
    after = _checked(replace(await held(connection, roster, revision), **changes))
    await connection.execute(
        """
        UPDATE roster SET unit = %(unit)s, name = %(name)s, timezone = %(timezone)s, anchor = %(anchor)s,
            cycle_days = %(cycle_days)s, revision = revision + 1
        WHERE id = %(roster)s
        """,
        {**_row(after), "roster": roster},
    )
    if "shifts" in changes:
        await connection.execute("DELETE FROM roster_shift WHERE roster = %(roster)s", {"roster": roster})
        await _write_shifts(connection, roster, after.shifts)
    if "members" in changes:
        await connection.execute("DELETE FROM roster_member WHERE roster = %(roster)s", {"roster": roster})
        await _write_members(connection, roster, after.members)
    return after


async def close(connection: Connection, roster: int, *, revision: int) -> Kept:
    closed = await held(connection, roster, revision)
    await connection.execute(
        "UPDATE roster SET closed_at = now(), revision = revision + 1 WHERE id = %(roster)s", {"roster": roster}
    )
    return closed


async def held(connection: Connection, roster: int, revision: int) -> Kept:
    """Raises Unknown, or Conflict when somebody saved first."""
    found = await find(connection, roster)
    if found.revision != revision:
        raise Conflict
    return found


async def add_exception(
    connection: Connection, member: int, *, starts_at: datetime, ends_at: datetime, is_on: bool, note: str
) -> None:
    """Note leave (`is_on` False) or a call (True) of one member."""
    if ends_at <= starts_at:
        raise Invalid("ends_at: the end must come after the beginning", "结束时间须晚于开始时间", field="ends_at")
    try:
        await connection.execute(
            """
            INSERT INTO duty_exception (member, starts_at, ends_at, is_on, note)
            VALUES (%(member)s, %(starts_at)s, %(ends_at)s, %(is_on)s, %(note)s)
            """,
            {"member": member, "starts_at": starts_at, "ends_at": ends_at, "is_on": is_on, "note": note_of(note)},
        )
    except UniqueViolation as taken:
        raise Conflict(
            "one begins at this moment already: delete it first", "该时刻已有调班记录，请先删除", "already_there"
        ) from taken


async def delete_exception(connection: Connection, member: int, *, starts_at: datetime) -> None:
    done = await connection.execute(
        "DELETE FROM duty_exception WHERE member = %(member)s AND starts_at = %(starts_at)s",
        {"member": member, "starts_at": starts_at},
    )
    if not done.rowcount:
        raise Unknown("there is no such leave or call", "没有该调班记录")


def _checked(roster: Kept) -> Kept:
    zone_of(roster.timezone)
    if not 1 <= roster.cycle_days <= LONGEST_CYCLE:
        raise _bad(f"cycle_days: 1 to {LONGEST_CYCLE}", f"周期须为1至{LONGEST_CYCLE}天", "cycle_days")
    if len(roster.shifts) > MOST_SHIFTS:
        raise _bad(f"shifts: at most {MOST_SHIFTS}", f"班次最多{MOST_SHIFTS}个", "shifts")
    if len({shift.number for shift in roster.shifts}) != len(roster.shifts):
        raise _bad("shifts: a number comes twice", "班次序号重复", "shifts")
    if any(not 0 <= shift.day < roster.cycle_days for shift in roster.shifts):
        raise _bad("shifts: a day lies outside the cycle", "班次的日期超出周期", "shifts")
    if len({(each.member, each.since) for each in roster.members}) != len(roster.members):
        raise _bad("members: somebody begins twice on one day", "同一成员在同一天重复加入", "members")
    if any(each.until is not None and each.until < each.since for each in roster.members):
        raise _bad("members: the last day comes before the first", "成员的结束日期早于开始日期", "members")
    return replace(roster, name=name_of(roster.name))


def _row(roster: Kept) -> dict[str, Any]:
    return {
        "unit": roster.unit,
        "name": roster.name,
        "timezone": roster.timezone,
        "anchor": roster.anchor,
        "cycle_days": roster.cycle_days,
    }


async def _shifts(connection: Connection, roster: int) -> list[Shift]:
    cursor = await connection.execute(
        "SELECT number, name, day, starts, ends FROM roster_shift WHERE roster = %(roster)s ORDER BY number",
        {"roster": roster},
    )
    return [
        Shift(number=number, name=name, day=day, starts=starts, ends=ends)
        async for number, name, day, starts, ends in cursor
    ]


async def _members(connection: Connection, roster: int) -> list[Follower]:
    cursor = await connection.execute(
        """
        SELECT member, offset_days, since, until FROM roster_member
        WHERE roster = %(roster)s ORDER BY offset_days, member, since
        """,
        {"roster": roster},
    )
    return [
        Follower(member=member, offset_days=offset_days, since=since, until=until)
        async for member, offset_days, since, until in cursor
    ]


async def _write_shifts(connection: Connection, roster: int, shifts: Sequence[Shift]) -> None:
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO roster_shift (roster, number, name, day, starts, ends)
            VALUES (%s, %s, %s, %s, %s, %s)
            """,
            [
                (roster, shift.number, name_of(shift.name, field="shifts"), shift.day, shift.starts, shift.ends)
                for shift in shifts
            ],
        )


async def _write_members(connection: Connection, roster: int, members: Sequence[Follower]) -> None:
    try:
        await connection.execute(
            """
            INSERT INTO roster_member (roster, member, offset_days, since, until)
            SELECT %(roster)s, follower.member, follower.offset_days, follower.since, follower.until
            FROM unnest(%(members)s::integer[], %(offsets)s::smallint[], %(since)s::date[], %(until)s::date[])
                AS follower (member, offset_days, since, until)
            """,
            {
                "roster": roster,
                "members": [each.member for each in members],
                "offsets": [each.offset_days for each in members],
                "since": [each.since for each in members],
                "until": [each.until for each in members],
            },
        )
    except ForeignKeyViolation as unknown:
        raise _bad("members: somebody is not there", "有成员不存在", "members") from unknown


def _bad(en: str, zh: str, field: str) -> Invalid:
    return Invalid(en, zh, "bad_roster", field=field)

"""Who is on duty when: shifts over a cycle of days, in the roster's own time zone, under leave and calls.

Theory. A roster is a pattern. Day 0 of its cycle is the anchor; a follower with offset k lives k days later in the
cycle, so that four teams with offsets 0, 1, 2, 3 share one pattern. Over the pattern lie two layers: leave takes
hours away, a call (overtime, an exchange) gives hours, and a call wins over leave.

A shift's hours are those of a local clock that never goes back: when clocks are set forward, the skipped times are the
moment of the change; when they are set back, the first coming of an hour counts. So one shift's end is the next one's
beginning on every day of the year, and nobody is on duty twice or nobody at all.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

DAY: Final = timedelta(days=1)
MIDNIGHT: Final = time(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One shift of the cycle; `ends` not later than `starts` means the next day, so equal times are 24 hours."""

    number: int
    name: str
    day: int  # of the cycle
    starts: time  # local
    ends: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    member: int
    offset_days: int = 0
    since: date  # first and last day (None: no last) whose shifts are theirs
    until: date | None = None

    def follows_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    zone: ZoneInfo
    anchor: date
    cycle_days: int
    shifts: Sequence[Shift]
    followers: Sequence[Follower] = ()

    def day_of_cycle(self, day: date, offset_days: int) -> int:
        return ((day - self.anchor).days + offset_days) % self.cycle_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A shift on one day, with those who have it: on duty from `starts_at` until before `ends_at`, aware UTC."""

    shift: Shift
    day: date
    starts_at: datetime
    ends_at: datetime
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hours:
    """From `starts_at` until before `ends_at`."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A pattern to begin a roster with; `offsets` are one a team."""

    code: str
    name_zh: str
    name_en: str
    cycle_days: int
    shifts: tuple[Shift, ...]
    offsets: tuple[int, ...] = (0,)


def moment_of(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment (UTC) at which a clock in `zone` shows `local` (naive) or later."""
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    if _shown(moment, zone) == local:
        return moment
    # Skipped: PEP 495's two readings lie on either side of the change.
    earliest = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    seconds = range(round((moment - earliest).total_seconds()) + 1)
    skipped = bisect_left(seconds, local, key=lambda second: _shown(earliest + timedelta(seconds=second), zone))
    return earliest + timedelta(seconds=skipped)


def hours_of(shift: Shift, day: date, zone: ZoneInfo) -> Hours:
    """Return when the shift of a local day begins and ends."""
    last = day if shift.ends > shift.starts else day + DAY
    return Hours(
        moment_of(datetime.combine(day, shift.starts), zone), moment_of(datetime.combine(last, shift.ends), zone)
    )


def shifts_between(roster: Roster, since: datetime, until: datetime, *, also_unmanned: bool = False) -> list[Turn]:
    """Return the turns that have a moment in [since, until) and somebody to take them, in order of time.

    `also_unmanned`: those as well that one of the roster's teams (its offsets, ended ones too) lives on a day when
    nobody follows it.
    """
    offsets = {each.offset_days for each in roster.followers} or {0}
    turns = [
        Turn(shift=shift, day=day, starts_at=hours.starts_at, ends_at=hours.ends_at, members=members)
        for day in _days(roster.zone, since, until)
        for shift in roster.shifts
        if ((members := _takers(roster, shift, day)) or (also_unmanned and _comes(roster, shift, day, offsets)))
        and (hours := hours_of(shift, day, roster.zone)).starts_at < until
        and hours.ends_at > since
        and hours.starts_at < hours.ends_at
    ]
    return sorted(turns, key=lambda turn: (turn.starts_at, turn.shift.number))


def running_at(shift: Shift, zone: ZoneInfo, at: datetime) -> list[tuple[date, Hours]]:
    """Return the days on which the shift, if it is somebody's on that day, runs at a moment; and its hours then."""
    return [
        (day, hours)
        for day in _days(zone, at, at)
        if (hours := hours_of(shift, day, zone)).starts_at <= at < hours.ends_at
    ]


def on_hours(turns: Iterable[Hours], *, leave: Iterable[Hours], calls: Iterable[Hours]) -> list[Hours]:
    """Return when a member is on duty: their turns without the leave, and the calls; merged, in order of time."""
    worked = list(_merged(turns))
    for away in _merged(leave):
        worked = [rest for hours in worked for rest in _without(hours, away)]
    return list(_merged([*worked, *calls]))


def _shown(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return what a clock in `zone` shows."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _days(zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[date]:
    """Yield the local days whose shifts can touch the time: a shift lasts into the next day at most.

    A day more at each end, because a change of clocks may move a date.
    """
    day = since.astimezone(zone).date() - 2 * DAY
    last = until.astimezone(zone).date() + DAY
    while day <= last:
        yield day
        day += DAY


def _takers(roster: Roster, shift: Shift, day: date) -> tuple[int, ...]:
    return tuple(
        follower.member
        for follower in roster.followers
        if follower.follows_on(day) and roster.day_of_cycle(day, follower.offset_days) == shift.day
    )


def _comes(roster: Roster, shift: Shift, day: date, offsets: Iterable[int]) -> bool:
    return any(roster.day_of_cycle(day, offset) == shift.day for offset in offsets)


def _merged(hours: Iterable[Hours]) -> Iterator[Hours]:
    """Yield the same time without overlaps, in order; neighbours that touch become one."""
    current: Hours | None = None
    for following in sorted(hours, key=lambda each: each.starts_at):
        if current is None or following.starts_at > current.ends_at:
            if current is not None:
                yield current
            current = following
        else:
            current = Hours(current.starts_at, max(current.ends_at, following.ends_at))
    if current is not None:
        yield current


def _without(hours: Hours, away: Hours) -> Iterator[Hours]:
    if away.ends_at <= hours.starts_at or hours.ends_at <= away.starts_at:
        yield hours
        return
    if hours.starts_at < away.starts_at:
        yield Hours(hours.starts_at, away.starts_at)
    if away.ends_at < hours.ends_at:
        yield Hours(away.ends_at, hours.ends_at)


def _shift(number: int, name: str, day: int, starts: int, ends: int) -> Shift:
    return Shift(number=number, name=name, day=day, starts=time(starts), ends=time(ends))


def _weekdays() -> tuple[Shift, ...]:
    return tuple(_shift(day + 1, "白班", day, 8, 18) for day in range(5))


def _every_day(*hours: tuple[str, int, int]) -> tuple[Shift, ...]:
    """One shift a day, and so on, then the days off that the cycle leaves."""
    return tuple(_shift(day + 1, name, day, starts, ends) for day, (name, starts, ends) in enumerate(hours))


EARLY: Final = ("早班", 8, 16)
LATE: Final = ("中班", 16, 0)
NIGHT: Final = ("夜班", 0, 8)

TEMPLATES: Final[Mapping[str, Template]] = MappingProxyType(
    {
        template.code: template
        for template in (
            Template(
                code="weekdays",
                name_zh="工作日白班（8 时至 18 时）",
                name_en="Weekdays, 8 to 18",
                cycle_days=7,  # anchored on a Monday
                shifts=_weekdays(),
            ),
            Template(
                code="day-night",
                name_zh="两班倒（白班、夜班）",
                name_en="Two teams, day and night",
                cycle_days=2,
                shifts=_every_day(("白班", 8, 20), ("夜班", 20, 8)),
                offsets=(0, 1),
            ),
            # Two early, two late, two night, two off; each team two days behind the one before.
            Template(
                code="four-teams",
                name_zh="四班三倒",
                name_en="Four teams, three shifts",
                cycle_days=8,
                shifts=_every_day(EARLY, EARLY, LATE, LATE, NIGHT, NIGHT),
                offsets=(0, 2, 4, 6),
            ),
        )
    }
)

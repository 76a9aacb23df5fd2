"""Shifts over a cycle, against a watchman who looks at the local clock every minute."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.model import duty
from tracker.model.duty import Follower, Hours, Roster, Shift

MINUTE = timedelta(minutes=1)
# Clocks that stand still, that change by an hour in the night, at midnight, by half an hour, and that lost a day.
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia")
CHANGES = (
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 11, 1),
    date(2011, 12, 30),
    date(2026, 12, 31),
)
EDGES = (time(0), time(0, 1), time(23, 59), time(1, 59), time(2), time(2, 30), time(3), time(12))


def a_shift(day: int = 0, starts: time = time(8), ends: time = time(18), number: int = 1) -> Shift:
    return Shift(number=number, name=f"s{number}", day=day, starts=starts, ends=ends)


def a_roster(*shifts: Shift, zone: str = "Asia/Shanghai", cycle_days: int = 7, offset_days: int = 0) -> Roster:
    follower = Follower(member=1, offset_days=offset_days, since=date(2000, 1, 1))
    return Roster(
        zone=ZoneInfo(zone), anchor=date(2026, 11, 16), cycle_days=cycle_days, shifts=shifts, followers=(follower,)
    )


def utc(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


times = st.one_of(st.sampled_from(EDGES), st.builds(time, st.integers(min_value=0, max_value=23), st.integers(0, 59)))


@st.composite
def rosters(draw: st.DrawFn) -> tuple[Roster, date]:
    """A roster, and a day near which its clock may change."""
    cycle_days = draw(st.integers(1, 5))
    shifts = draw(
        st.lists(
            st.builds(
                Shift,
                number=st.just(1),
                name=st.just("s"),
                day=st.integers(0, cycle_days - 1),
                starts=times,
                ends=times,
            ),
            min_size=1,
            max_size=4,
        )
    )
    day = draw(st.sampled_from(CHANGES)) + timedelta(days=draw(st.integers(-1, 1)))
    first = day + timedelta(days=draw(st.integers(-3, 2)))
    last = draw(st.one_of(st.none(), st.integers(0, 4).map(lambda more: first + timedelta(days=more))))
    follower = Follower(member=1, offset_days=draw(st.integers(-4, 9)), since=first, until=last)
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    anchor = day + timedelta(days=draw(st.integers(-9, 9)))
    return Roster(zone=zone, anchor=anchor, cycle_days=cycle_days, shifts=shifts, followers=[follower]), day


def watched(roster: Roster, since: datetime, until: datetime) -> list[datetime]:
    """The minutes of duty, by looking at a clock that is never set back and asking each day's shifts."""
    moment = since - timedelta(days=3)
    clock = moment.astimezone(roster.zone).replace(tzinfo=None)
    minutes: list[datetime] = []
    while moment < until:
        clock = max(clock, moment.astimezone(roster.zone).replace(tzinfo=None))
        if moment >= since and is_in_a_shift(roster, clock):
            minutes.append(moment)
        moment += MINUTE
    return minutes


def is_in_a_shift(roster: Roster, clock: datetime) -> bool:
    (follower,) = roster.followers
    for day in (clock.date(), clock.date() - timedelta(days=1)):
        if day < follower.since or (follower.until is not None and day > follower.until):
            continue
        day_of_cycle = ((day - roster.anchor).days + follower.offset_days) % roster.cycle_days
        for shift in roster.shifts:
            start = datetime.combine(day, shift.starts)
            length = (datetime.combine(day, shift.ends) - start) % timedelta(days=1) or timedelta(days=1)
            if shift.day == day_of_cycle and start <= clock < start + length:
                return True
    return False


def minutes_of(hours: Iterable[Hours], since: datetime, until: datetime) -> list[datetime]:
    count = round((until - since) / MINUTE)
    spells = list(hours)
    moments = (since + number * MINUTE for number in range(count))
    return [moment for moment in moments if any(spell.starts_at <= moment < spell.ends_at for spell in spells)]


@settings(deadline=None, max_examples=60)
@given(rosters())
def test_shifts_are_what_a_watchman_sees_on_a_clock_that_never_goes_back(drawn: tuple[Roster, date]) -> None:
    roster, day = drawn
    since = datetime.combine(day, time(0), UTC) - timedelta(hours=14)
    until = since + timedelta(hours=52)
    turns = duty.shifts_between(roster, since, until)
    assert minutes_of([Hours(turn.starts_at, turn.ends_at) for turn in turns], since, until) == watched(
        roster, since, until
    )
    assert all(turn.starts_at < until and turn.ends_at > since for turn in turns)


@settings(deadline=None, max_examples=100)
@given(rosters(), st.integers(0, 3 * 24 * 60))
def test_what_runs_at_a_moment_is_what_the_list_of_shifts_says(drawn: tuple[Roster, date], minute: int) -> None:
    roster, day = drawn
    at = datetime.combine(day, time(0), UTC) - timedelta(days=1) + minute * MINUTE
    (follower,) = roster.followers
    mine = [
        hours
        for shift in roster.shifts
        for begun, hours in duty.running_at(shift, roster.zone, at)
        if follower.follows_on(begun) and roster.day_of_cycle(begun, follower.offset_days) == shift.day
    ]
    turns = duty.shifts_between(roster, at, at + MINUTE / 60_000)
    listed = [Hours(turn.starts_at, turn.ends_at) for turn in turns if turn.starts_at <= at]
    assert sorted(mine, key=str) == sorted(listed, key=str)


spans = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 100)).map(
        lambda span: Hours(utc(1, 0) + span[0] * MINUTE, utc(1, 0) + (span[0] + span[1]) * MINUTE)
    ),
    max_size=5,
)


@settings(deadline=None)
@given(spans, spans, spans)
def test_leave_takes_hours_away_and_a_call_wins_over_leave(
    turns: list[Hours], leave: list[Hours], calls: list[Hours]
) -> None:
    since, until = utc(1, 0), utc(1, 7)
    worked, away, called = (set(minutes_of(layer, since, until)) for layer in (turns, leave, calls))
    hours = duty.on_hours(turns, leave=leave, calls=calls)
    assert set(minutes_of(hours, since, until)) == (worked - away) | called
    assert all(one.ends_at < following.starts_at for one, following in pairwise(hours))


def test_a_night_shift_goes_over_midnight() -> None:
    roster = a_roster(a_shift(starts=time(20), ends=time(8)), cycle_days=1)
    (turn,) = duty.shifts_between(roster, utc(20, 23), utc(20, 23, 30))  # 07:00 in Shanghai, on the 21st
    assert (turn.day, turn.starts_at, turn.ends_at) == (date(2026, 11, 20), utc(20, 12), utc(21, 0))


def test_a_shift_of_equal_times_lasts_a_day() -> None:
    roster = a_roster(a_shift(starts=time(23, 59), ends=time(23, 59)), cycle_days=1)
    assert all(
        turn.ends_at - turn.starts_at == timedelta(days=1) for turn in duty.shifts_between(roster, utc(1, 0), utc(9, 0))
    )


def test_whoever_has_an_offset_lives_later_in_the_cycle() -> None:
    late = a_roster(a_shift(day=3), offset_days=3)
    assert [turn.day for turn in duty.shifts_between(late, utc(16, 0), utc(23, 0))] == [date(2026, 11, 16)]


def test_one_end_is_the_next_beginning_when_clocks_are_set_back() -> None:
    # Berlin, 25 October 2026: 02:30 comes twice; the first one counts.
    roster = a_roster(
        a_shift(starts=time(22), ends=time(2, 30), number=1),
        a_shift(starts=time(2, 30), ends=time(10), number=2),
        zone="Europe/Berlin",
        cycle_days=1,
    )
    night, morning = duty.shifts_between(roster, utc(24, 21, month=10), utc(25, 5, month=10))
    assert night.ends_at == morning.starts_at == utc(25, 0, 30, month=10)


def test_a_shift_within_the_hour_that_is_skipped_does_not_take_place() -> None:
    # Berlin, 29 March 2026: there is no 02:15.
    roster = a_roster(a_shift(starts=time(2, 15), ends=time(2, 45)), zone="Europe/Berlin", cycle_days=1)
    days = [turn.day.day for turn in duty.shifts_between(roster, utc(28, 0, month=3), utc(31, 0, month=3))]
    assert days == [28, 30]


@pytest.mark.parametrize("code", ["day-night", "four-teams"])
def test_the_teams_of_a_template_relieve_each_other_round_the_clock(code: str) -> None:
    template = duty.TEMPLATES[code]
    followers = [
        Follower(member=team, offset_days=offset, since=date(2000, 1, 1))
        for team, offset in enumerate(template.offsets)
    ]
    roster = Roster(
        zone=ZoneInfo("Asia/Shanghai"),
        anchor=date(2026, 11, 16),
        cycle_days=template.cycle_days,
        shifts=template.shifts,
        followers=followers,
    )
    turns = duty.shifts_between(roster, utc(1, 0), utc(28, 0))
    assert all(len(turn.members) == 1 for turn in turns)
    assert all(one.ends_at == following.starts_at for one, following in pairwise(turns))


def test_a_calendar_may_ask_for_the_shifts_that_nobody_takes() -> None:
    nights = a_roster(a_shift(starts=time(20), ends=time(8)), cycle_days=2)
    followers = [
        Follower(member=1, since=date(2026, 11, 1)),
        Follower(member=2, offset_days=1, since=date(2026, 11, 1)),
    ]
    until_the_17th = replace(followers[1], until=date(2026, 11, 17))
    roster = replace(nights, followers=[followers[0], until_the_17th])
    since, until = utc(16, 0), utc(20, 0)
    taken = duty.shifts_between(roster, since, until)
    planned = duty.shifts_between(roster, since, until, also_unmanned=True)
    assert len(planned) == 4
    assert [turn.members for turn in planned if turn not in taken] == [()]
    bare = duty.shifts_between(replace(roster, followers=[]), since, until, also_unmanned=True)
    assert [turn.members for turn in bare] == [()] * len(bare)


def test_weekdays_leave_the_weekend_free() -> None:
    template = duty.TEMPLATES["weekdays"]
    roster = a_roster(*template.shifts, cycle_days=template.cycle_days)
    worked = {turn.day.isoweekday() for turn in duty.shifts_between(roster, utc(16, 0), utc(30, 0))}
    assert worked == {1, 2, 3, 4, 5}

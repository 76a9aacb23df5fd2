"""Reach cut to a subtree, and the final report's own arithmetic."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from alerts.core import evidence
from alerts.core.levels import Level, priority
from alerts.core.reach import Answered, Counted, OverChannel, Reached
from alerts.core.states import TOLD

NOON = datetime(2026, 7, 20, 4, 0, tzinfo=UTC)
MIGRATION = Path(__file__).parents[3] / "tracker" / "migrations" / "0025_whole_city.sql"


def counted(unit: int | None, left: int, level: str, *, audience: int, acknowledged: int = 0) -> Counted:
    return Counted(unit, left, level, audience, audience, audience, acknowledged, 0, 0, 0)


def reached() -> Reached:
    """A street with two blocks, a sibling street, and two people of no unit, who belong to the top."""
    return Reached(
        units=[
            counted(3, 3, "grid-1", audience=2, acknowledged=1),
            counted(5, 5, "grid-3", audience=10, acknowledged=4),
            counted(8, 13, "grid-1", audience=3),
            counted(None, 1, "", audience=2),
        ],
        channels=[OverChannel(3, "sms", 2, 2, 2, 0, 0, 0), OverChannel(13, "sms", 3, 1, 0, 2, 1, 0)],
        answers=[Answered(3, "link", 1), Answered(5, "terminal", 3), Answered(5, "link", 1)],
    )


def minutes(*numbers: float) -> list[datetime]:
    return [NOON + timedelta(minutes=number) for number in numbers]


def test_a_street_sees_its_own_people_and_no_others() -> None:
    report = reached().within(3, 8)
    assert (report.total.audience, report.total.acknowledged) == (12, 5)
    assert [row.unit for row in report.units] == [3, 5]
    assert {level: one.audience for level, one in report.by_level.items()} == {"grid-1": 2, "grid-3": 10}
    assert (report.by_channel["sms"].people, report.by_channel["sms"].failed) == (2, 0)
    assert report.by_answer == {"link": 2, "terminal": 3}


def test_people_of_no_unit_count_for_the_whole_city_alone() -> None:
    assert reached().within(1, 16).total.audience == 17
    assert reached().within(2, 16).total.audience == 15
    assert None not in [row.unit for row in reached().within(1, 16).units]


def test_nobody_is_a_report_of_zeros() -> None:
    empty = Reached(units=[], channels=[], answers=[]).within(1, 16)
    assert (empty.total.audience, empty.by_channel, empty.units) == (0, {}, [])


def test_progress_says_when_the_first_half_most_and_the_last_had_it() -> None:
    told = evidence.progress(minutes(*range(1, 21)), of=20)
    assert [told.first_at, told.half_at, told.most_at, told.last_at] == minutes(1, 10, 19, 20)


def test_half_of_an_odd_number_is_more_than_half() -> None:
    assert evidence.progress(minutes(1, 2, 3), of=3).half_at == minutes(2)[0]


def test_what_too_few_had_has_no_moment() -> None:
    told = evidence.progress(minutes(1, 2), of=4)
    assert (told.reached, told.half_at, told.most_at, told.last_at) == (2, minutes(2)[0], None, None)
    assert evidence.progress([], of=0).first_at is None


def test_each_person_counts_once_however_many_versions_told_them() -> None:
    heard = [(2, 101, NOON), (2, 102, NOON + timedelta(minutes=1)), (3, 101, NOON + timedelta(minutes=5))]
    assert evidence.first_of_each(heard) == [NOON, NOON + timedelta(minutes=1)]


def test_the_curve_ends_with_everybody() -> None:
    points = evidence.curve(minutes(0, 1, 2), minutes(4), since=NOON, points=4)
    assert [(point.after_s, point.told, point.acknowledged) for point in points] == [
        (0.0, 1, 0),
        (60.0, 2, 0),
        (120.0, 3, 0),
        (180.0, 3, 0),
        (240.0, 3, 1),
    ]
    assert evidence.curve([], [], since=NOON) == ()


def test_the_same_facts_are_the_same_bytes_and_others_are_not() -> None:
    one = evidence.Point(1.0, 2, 3)
    written = [msgspec.json.encode({"b": one, "a": 1}, order="deterministic") for _ in range(2)]
    assert evidence.digest(written[0]) == evidence.digest(written[1])
    assert evidence.digest(written[0]) != evidence.digest(written[0].replace(b"3", b"4"))


def test_told_is_the_same_in_sql_as_in_the_table() -> None:
    [listed] = re.findall(r"d\.state IN \(([^)]+)\)", MIGRATION.read_text())
    assert set(re.findall(r"'(\w+)'", listed)) == {state.value for state in TOLD}


def test_a_drill_never_holds_up_what_is_real() -> None:
    real = [priority(level, is_chasing=chasing) for level in Level for chasing in (False, True)]
    drills = [priority(level, is_chasing=chasing, is_drill=True) for level in Level for chasing in (False, True)]
    assert min(drills) > max(real)

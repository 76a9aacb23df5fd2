"""The final report on paper: the same words in both languages, a picture that is told apart without colour."""

import re

import pytest

from alerts.core.audience import Why
from alerts.core.evidence import Point
from alerts.core.records import Call, Person
from alerts.core.states import DeliveryState
from dashboard.api import report_chart, report_words
from dashboard.api.report_words import EN, ZH


def test_both_languages_have_the_same_words() -> None:
    assert set(ZH) == set(EN)
    assert [key for key in ZH if not ZH[key].strip() or not EN[key].strip()] == []


@pytest.mark.parametrize("state", DeliveryState)
def test_every_state_of_a_message_has_words(state: DeliveryState) -> None:
    assert f"delivery/{state}" in ZH


@pytest.mark.parametrize("why", Why)
def test_every_reason_to_be_told_has_words(why: Why) -> None:
    assert f"why/{why}" in ZH


def test_what_has_no_words_is_said_as_it_is_named() -> None:
    assert report_words.word("zh", "channel", "carrier_pigeon") == "carrier pigeon"


def test_a_telephone_number_is_no_formula() -> None:
    person = Person(member=1, name="=HYPERLINK()", phone="+8613800000101", unit=None, reasons=())
    call = Call(person=person, why="failed", told_at=None, superior=None, superior_phone=None)
    assert report_words.call_cells(call, "en")[1:4] == [" +8613800000101", "", "not told"]


def test_the_curve_reaches_the_top_when_everybody_has_confirmed() -> None:
    points = [Point(0.0, 0, 0), Point(60.0, 5, 2), Point(120.0, 5, 5)]
    drawn = report_chart.svg(points, of=5, label="x")
    [told] = re.findall(r'class="told" d="([^"]+)"', drawn)
    [confirmed] = re.findall(r'class="acknowledged" d="([^"]+)"', drawn)
    assert told.endswith(f" {report_chart.TOP:.1f}")
    assert confirmed.endswith(f" {report_chart.TOP:.1f}")


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (45, "0:45"), (750, "12:30"), (3_900, "1:05:00")])
def test_a_length_of_time_reads_the_same_in_both_languages(seconds: float, text: str) -> None:
    assert report_chart.span(seconds) == text


@pytest.mark.parametrize("people", [1, 3, 7, 300, 85_319])
def test_the_axis_names_nobody_and_everybody(people: int) -> None:
    drawn = report_chart.svg([Point(0.0, 0, 0), Point(10.0, people, 0)], of=people, label="x")
    named = re.findall(r'text-anchor="end">([\d,]+)<', drawn)
    assert (named[0], named[-1]) == ("0", f"{people:,}")
    assert len(named) <= 8

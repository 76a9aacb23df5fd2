"""Levels, buckets, links, timers, audiences, areas, payloads: the small rules of warning."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest

from alerts.core import areas, links, payloads
from alerts.core.audience import Candidate, dedupe, inside
from alerts.core.buckets import Bucket
from alerts.core.errors import BadContent
from alerts.core.escalation import Step, following, slot
from alerts.core.levels import ACKNOWLEDGE_WITHIN, FACTS, Level, priority
from alerts.core.links import BadLink, Link, LinkExpired
from alerts.core.texts import Kind, Notice
from alerts.core.words import Words

NOON = datetime(2026, 7, 20, 4, 0, tzinfo=UTC)
ALERT = UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")
SECRET = b"sixteen secrets!"
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[113.0, 34.0], [114.0, 34.0], [114.0, 35.0], [113.0, 35.0], [113.0, 34.0]]],
}


def test_red_is_level_one_and_the_highest() -> None:
    by_rank = sorted(Level, key=lambda level: level.rank, reverse=True)
    assert [level.facts.numeral for level in by_rank] == ["I", "II", "III", "IV"]
    assert [FACTS[level].severity for level in by_rank] == ["Extreme", "Severe", "Moderate", "Minor"]
    assert [level for level in by_rank if level.facts.needs_second_person] == [Level.RED, Level.ORANGE]


def test_deadlines_are_those_of_the_design() -> None:
    minutes = {level: within and within / timedelta(minutes=1) for level, within in ACKNOWLEDGE_WITHIN.items()}
    assert minutes == {Level.RED: 5, Level.ORANGE: 10, Level.YELLOW: 30, Level.BLUE: None}


def test_every_first_telling_goes_before_any_reminder() -> None:
    tellings = [priority(level) for level in (Level.RED, Level.ORANGE, Level.YELLOW, Level.BLUE)]
    assert tellings == [1, 2, 3, 4]
    assert min(priority(level, is_chasing=True) for level in Level) > max(tellings)


def test_a_bucket_gives_what_it_holds_and_then_what_flows_in() -> None:
    bucket = Bucket.full(rate_per_s=10, burst=5, at_s=0)
    bucket, first = bucket.take(8, at_s=0)
    bucket, none = bucket.take(1, at_s=0.05)
    assert (first, none, bucket.wait_s(at_s=0.05)) == (5, 0, pytest.approx(0.05))
    bucket, later = bucket.take(8, at_s=0.3)
    assert later == 3


def test_a_bucket_never_holds_more_than_its_burst_and_takes_back_what_was_not_used() -> None:
    bucket = Bucket.full(rate_per_s=10, burst=5, at_s=0)
    _, granted = bucket.take(100, at_s=60)
    assert granted == 5
    emptied, _ = bucket.take(5, at_s=0)
    assert emptied.give_back(4).take(9, at_s=0)[1] == 4


def test_a_clock_that_goes_back_makes_no_tokens() -> None:
    bucket, _ = Bucket.full(rate_per_s=10, burst=5, at_s=100).take(5, at_s=100)
    assert bucket.take(5, at_s=50)[1] == 0


def test_a_link_comes_back_as_it_was_signed() -> None:
    link = Link(ALERT, 42, NOON + timedelta(hours=1))
    token = links.sign(link, secret=SECRET)
    assert links.read(token, secret=SECRET, now=NOON) == link
    assert len(token) == 54


@pytest.mark.parametrize("token", ["", "x", "not base64!", "A" * 54, "é" * 54, "A" * 5_000])
def test_what_we_did_not_sign_is_no_link(token: str) -> None:
    with pytest.raises(BadLink):
        links.read(token, secret=SECRET, now=NOON)


def test_a_link_of_another_secret_or_with_another_member_is_no_link() -> None:
    token = links.sign(Link(ALERT, 42, NOON + timedelta(hours=1)), secret=SECRET)
    with pytest.raises(BadLink):
        links.read(token, secret=b"another secret!!", now=NOON)
    with pytest.raises(BadLink):
        links.read(token[:25] + ("A" if token[25] != "A" else "B") + token[26:], secret=SECRET, now=NOON)


def test_a_link_has_one_spelling() -> None:
    token = links.sign(Link(ALERT, 42, NOON + timedelta(hours=1)), secret=SECRET)
    assert token[-1] in "AQgw"  # the last four bits say nothing
    for last in {*"ABQRghwx"} - {token[-1]}:
        with pytest.raises(BadLink):
            links.read(token[:-1] + last, secret=SECRET, now=NOON)


def test_a_link_expires() -> None:
    token = links.sign(Link(ALERT, 42, NOON), secret=SECRET)
    with pytest.raises(LinkExpired):
        links.read(token, secret=SECRET, now=NOON)


def test_after_the_reminder_the_superior_and_after_the_superior_the_issuer() -> None:
    red = timedelta(minutes=5)
    told = following(Step.REMIND, fired_at=NOON + timedelta(minutes=6), in_force_since=NOON, within=red)
    assert (told and told.step, told and told.due_at) == (Step.SUPERIOR, NOON + timedelta(minutes=15))
    last = following(Step.SUPERIOR, fired_at=NOON + timedelta(minutes=15), in_force_since=NOON, within=red)
    assert (last and last.step, last and last.due_at) == (Step.ISSUER, NOON + timedelta(minutes=20))
    assert following(Step.ISSUER, fired_at=NOON, in_force_since=NOON, within=red) is None


def test_people_told_within_one_slot_come_into_one_digest() -> None:
    width = timedelta(minutes=5)
    told = [NOON + timedelta(seconds=second) for second in (601, 700, 899, 900)]
    assert {slot(at, since=NOON, width=width) for at in told} == {NOON + timedelta(minutes=15)}


def test_people_who_share_a_phone_are_told_once_with_every_reason() -> None:
    candidates = [
        Candidate(7, "+861", {"why": "leader", "unit": 1}),
        Candidate(3, "+861", {"why": "inside"}),
        Candidate(9, None, {"why": "leader", "unit": 2}),
        Candidate(8, None, {"why": "leader", "unit": 2}),
        Candidate(7, "+861", {"why": "leader", "unit": 4}),
    ]
    listeners = dedupe(candidates)
    assert [listener.member for listener in listeners] == [3, 8, 9]
    assert len(listeners[0].reasons) == 3


def test_a_fix_on_the_border_of_the_area_is_inside() -> None:
    area = areas.from_geojson(SQUARE)
    lon = np.array([1_130_000_000, 1_135_000_000, 1_140_000_001], dtype=np.int32)
    lat = np.array([340_000_000, 345_000_000, 345_000_000], dtype=np.int32)
    assert inside(area, lon=lon, lat=lat).tolist() == [True, True, False]


def test_an_area_comes_back_as_it_was_drawn() -> None:
    drawn = areas.to_geojson(areas.from_geojson(SQUARE))
    assert json.loads(json.dumps(drawn)) == SQUARE or drawn["type"] == "Polygon"


@pytest.mark.parametrize(
    "drawn",
    [
        {},
        {"type": "Polygon"},
        {"type": "Point", "coordinates": [113, 34]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [200, 0], [200, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[["a", "b"], [1, 1], [0, 1], ["a", "b"]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, float("nan")], [0, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": 7},
        {"type": 7, "coordinates": []},
    ],
)
def test_an_area_that_is_no_polygon_is_refused(drawn: dict[str, object]) -> None:
    with pytest.raises(BadContent, match="draw it again"):
        areas.from_geojson(drawn)


def test_a_terminals_payload_asks_for_an_answer_unless_it_is_over() -> None:
    notice = Notice(
        kind=Kind.ISSUE,
        level=Level.RED,
        event="flood",
        headline="洪水",
        description="",
        instruction="",
        issuer=Words("金水区", "Jinshui"),
        made_at=NOON,
        is_drill=True,
    )
    said = json.loads(payloads.terminal(notice, alert=ALERT, version=2, expires_at=None, wants_answer=True))
    assert (said["alert"], said["version"], said["drill"], said["acknowledge"]) == (str(ALERT), 2, True, True)
    over = replace(notice, kind=Kind.LIFT)
    assert not json.loads(payloads.terminal(over, alert=ALERT, version=3, expires_at=None, wants_answer=True))[
        "acknowledge"
    ]

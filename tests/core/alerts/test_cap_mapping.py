"""What a message of another service would be here: level, event, words, units, and what is offered for it."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.core import cap, cap_in, cap_mapping, cap_states, cap_targets
from alerts.core.authority import LevelName, Rule
from alerts.core.cap_in import Info, Pair
from alerts.core.cap_states import MESSAGE_MOVES, OFFERS, MessageMove, MessageState, Offer, Says
from alerts.core.cap_targets import Touch
from alerts.core.errors import IllegalMove
from alerts.core.levels import Level
from alerts.core.states import AlertState
from alerts.core.texts import EVENTS, Kind
from alerts.core.words import Words
from tests.core.alerts.test_cap import a_bulletin
from tests.core.alerts.test_cap_in import INFO, a_document
from tests.core.alerts.test_texts import a_notice

NOON: Final = datetime(2026, 7, 20, 4, 0, tzinfo=UTC)


def an_info(**changes: Any) -> Info:
    given_values: dict[str, Any] = {
        "categories": ("Met",),
        "event": "暴雨",
        "urgency": "Immediate",
        "severity": "Severe",
        "certainty": "Likely",
    }
    return Info(**{**given_values, **changes})


def level_of(**changes: Any) -> str:
    return cap_mapping.level_of(an_info(**changes)).value


@pytest.mark.parametrize(
    ("severity", "level"),
    [("Extreme", "red"), ("Severe", "orange"), ("Moderate", "yellow"), ("Minor", "blue"), ("Unknown", "yellow")],
)
def test_who_names_no_colour_is_taken_by_severity(severity: str, level: str) -> None:
    assert level_of(severity=severity) == level


def test_what_is_unsure_or_far_ahead_is_one_level_lower() -> None:
    assert level_of(certainty="Possible") == "yellow"
    assert level_of(urgency="Future") == "yellow"
    assert level_of(severity="Minor", urgency="Future", certainty="Unlikely") == "blue"


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({"parameters": (Pair("colour", "red"),)}, "red"),
        ({"parameters": (Pair("awareness_level", "3; orange; Severe"),), "severity": "Minor"}, "orange"),
        ({"parameters": (Pair("预警级别", "蓝色"),)}, "blue"),
        ({"codes": (Pair("预警颜色", "黄色预警"),)}, "yellow"),
        ({"severity": "Red"}, "red"),
        ({"headline": "郑州市气象台发布暴雨红色预警信号"}, "red"),
        ({"headline": "郑州市气象台将暴雨橙色预警降为黄色预警"}, "yellow"),
        ({"headline": "Amber weather warning for rain"}, "orange"),
        ({"headline": "Yellow rainstorm warning signal"}, "yellow"),
        ({"event": "大风蓝色预警"}, "blue"),
        ({"description": "本台发布高温红色预警。"}, "red"),
        ({"parameters": (Pair("level", "III"),)}, "yellow"),
        ({"headline": "防汛Ⅰ级应急响应"}, "red"),
        ({"headline": "启动II级响应"}, "orange"),
    ],
)
def test_a_colour_or_a_numeral_that_is_named_wins(changes: dict[str, Any], level: str) -> None:
    assert level_of(**changes) == level


@pytest.mark.parametrize("words", ["Red flag conditions", "the red river", "黄河水位上涨", "level", "红十字会提醒"])
def test_a_colour_in_other_words_is_none(words: str) -> None:
    assert level_of(headline=words) == "orange"


@pytest.mark.parametrize(
    ("words", "event"),
    [
        ("暴雨", "rainstorm"),
        ("山洪灾害", "flood"),
        ("台风", "gale"),
        ("森林火险", "fire"),
        ("高温", "heat"),
        ("道路结冰", "blizzard"),
        ("地质灾害气象风险", "geological"),
        ("大雾霾", "air_pollution"),
        ("SEVERE THUNDERSTORM", "rainstorm"),
        ("Flash Flood Warning", "flood"),
        ("Tornado", "gale"),
        ("Child Abduction Emergency", "Child Abduction Emergency"),
    ],
)
def test_an_event_is_ours_or_kept_as_it_is(words: str, event: str) -> None:
    assert cap_mapping.event_of(an_info(event=words)).value == event


@pytest.mark.parametrize("event", list(EVENTS))
def test_every_event_of_ours_is_known_again_in_both_languages(event: str) -> None:
    for words in (EVENTS[event].zh, EVENTS[event].en):
        assert cap_mapping.event_of(an_info(event=words)).value == event, words


@settings(deadline=None)  # a busy machine is no bug
@given(
    level=st.sampled_from(list(Level)),
    event=st.sampled_from(list(EVENTS)),
    kind=st.sampled_from([Kind.ISSUE, Kind.UPGRADE, Kind.DOWNGRADE]),
    headline=st.text(alphabet="今夜强降雨注意地下空间", min_size=1, max_size=40),
    is_drill=st.booleans(),
)
def test_a_warning_of_another_city_like_ours_comes_in_as_it_went_out(
    level: Level, event: str, kind: Kind, headline: str, *, is_drill: bool
) -> None:
    notice = a_notice(kind=kind, level=level, event=event, headline=headline, is_drill=is_drill)
    bulletin = a_bulletin(notices=[a_notice(is_drill=is_drill), notice] if kind is not Kind.ISSUE else [notice])
    found = cap_mapping.suggest(cap_in.read(cap.document(bulletin)), now=NOON)
    assert found is not None
    assert (found.level.value, found.event.value, found.headline) == (level.value, event, headline)
    assert (found.description, found.instruction) == (notice.description, notice.instruction)
    assert (found.expires_at, found.is_drill, found.is_over) == (bulletin.expires_at, is_drill, False)


def test_lifted_elsewhere_is_over_here() -> None:
    found = cap_mapping.suggest(cap_in.read(cap.document(a_bulletin(Kind.ISSUE, Kind.LIFT))), now=NOON)
    assert found is not None
    assert found.is_over


def test_the_city_s_language_is_preferred_then_english_then_the_most_severe() -> None:
    french, english, chinese = (an_info(language=language) for language in ("fr-CA", "en-CA", "zh-CN"))
    assert cap_mapping.choose([french, english, chinese]) == 2
    assert cap_mapping.choose([french, english]) == 1
    assert cap_mapping.choose([an_info(language="en", severity="Minor"), english]) == 1


def test_an_unsaid_language_is_chinese_where_it_plainly_is() -> None:
    assert cap_mapping.language_of(an_info()) == "zh"
    assert cap_mapping.language_of(an_info(event="Flood")) == "en"


def notes(document: bytes, **changed: Any) -> str:
    found = cap_mapping.suggest(cap_in.read(document), now=changed.get("now", NOON))
    assert found is not None
    return "; ".join(words.en for words in found.notes)


def test_what_a_person_must_mind_is_said() -> None:
    assert notes(a_document()) == ""
    assert "sent 30 hours ago" in notes(a_document(), now=NOON + timedelta(hours=30))
    assert "dated in the future" in notes(a_document(), now=NOON - timedelta(hours=1))
    assert "has expired" in notes(a_document(more="<expires>2026-07-20T11:00:00+08:00</expires>"))
    assert "the draft is a drill" in notes(a_document(status="Test"))
    assert "scope Restricted" in notes(a_document(scope="Restricted"))
    assert "description has 2500 characters" in notes(a_document(more=f"<description>{'雨' * 2500}</description>"))
    assert "2 parts" in notes(a_document(info=INFO * 2))


def test_an_end_in_the_past_is_none_of_a_draft_s() -> None:
    found = cap_mapping.suggest(cap_in.read(a_document(more="<expires>2026-07-20T13:00:00+08:00</expires>")), now=NOON)
    assert found is not None
    assert cap_mapping.without_past_end(found, now=NOON).expires_at == NOON + timedelta(hours=1)
    assert cap_mapping.without_past_end(found, now=NOON + timedelta(hours=2)).expires_at is None


def test_texts_are_cut_to_what_a_draft_holds() -> None:
    found = cap_mapping.suggest(cap_in.read(a_document(more=f"<headline>{'雨' * 300}</headline>")), now=NOON)
    assert found is not None
    assert (len(found.headline), found.headline[-1]) == (cap_mapping.LONGEST["headline"], "…")


def test_a_cancel_that_says_nothing_suggests_nothing() -> None:
    assert cap_mapping.suggest(cap_in.read(a_document(msgType="Cancel", info="")), now=NOON) is None


def square(west: float, east: float) -> bytes:
    return shapely.to_wkb(shapely.box(west, 34.0, east, 34.1))


def test_units_are_touched_by_what_lies_in_the_area_and_not_by_a_shared_border() -> None:
    area = square(113.0, 113.15)
    found = cap_targets.touched(
        area, [(1, square(113.0, 113.1)), (2, square(113.1, 113.2)), (3, square(113.15, 113.3))]
    )
    assert [(touch.unit, round(touch.share or 0, 3)) for touch in found] == [(1, 1.0), (2, 0.5)]


def test_a_border_that_was_drawn_twice_touches_nobody_and_a_small_area_in_a_large_unit_does() -> None:
    neighbour, own = (2, square(113.1, 113.2)), (1, square(113.0, 113.1))
    sloppy = square(113.0, 113.1 + 1e-6)
    assert [touch.unit for touch in cap_targets.touched(sloppy, [own, neighbour])] == [1]
    house = shapely.to_wkb(shapely.Point(113.05, 34.05).buffer(1e-4))
    assert [touch.unit for touch in cap_targets.touched(house, [own, neighbour])] == [1]


def test_codes_of_other_countries_are_passed_over() -> None:
    found = cap_targets.codes_of(
        [Pair("SAME", "410105"), Pair("GB2260", "410105"), Pair("code", "410105001"), Pair("x", "")]
    )
    assert (found.exact, found.divisions) == (("410105", "410105001"), ("410105", "410105001"))


def test_the_highest_level_that_an_issuer_may_target_is_looked_at() -> None:
    ranks = {code: LevelName(code, rank, Words(code, code)) for rank, code in enumerate(("city", "grid-1", "grid-2"))}
    rules = [Rule("city", "grid-2", 4), Rule("city", "grid-1", 2), Rule("grid-1", "grid-2", 4)]
    assert cap_targets.target_level(issuer_level="city", level=Level.BLUE, rules=rules, ranks=ranks) == "grid-1"
    assert cap_targets.target_level(issuer_level="city", level=Level.RED, rules=rules, ranks=ranks) == "grid-2"
    assert cap_targets.target_level(issuer_level="grid-2", level=Level.BLUE, rules=rules, ranks=ranks) is None


def test_a_unit_named_by_code_is_named_as_a_whole() -> None:
    assert cap_targets.merged([[Touch(1, 0.2), Touch(2, 0.5)], [Touch(1, None)], [Touch(2, 0.7)]]) == [
        Touch(1, None),
        Touch(2, 0.7),
    ]


def test_every_state_has_an_answer_to_every_message() -> None:
    for said in Says:
        assert set(OFFERS[said]) == {None, *AlertState}


def test_only_what_waits_is_settled_and_only_what_was_dismissed_is_taken_up_again() -> None:
    legal = {(state, move) for state, moves in MESSAGE_MOVES.items() for move in moves}
    for state in MessageState:
        for move in MessageMove:
            if (state, move) in legal:
                assert cap_states.after(state, move) is MESSAGE_MOVES[state][move]
            else:
                with pytest.raises(IllegalMove):
                    cap_states.after(state, move)
    assert legal == {(MessageState.WAITING, move) for move in MessageMove if move is not MessageMove.REOPEN} | {
        (MessageState.DISMISSED, MessageMove.REOPEN)
    }


def test_a_cancel_that_clears_was_no_error() -> None:
    assert cap_states.says("Cancel", is_over=True) is Says.OVER
    assert cap_states.says("Cancel", is_over=False) is Says.WITHDRAWN
    assert cap_states.offer(Says.OVER, AlertState.ISSUED) is Offer.LIFT
    assert cap_states.offer(Says.WITHDRAWN, AlertState.ISSUED) is Offer.CANCEL


def test_a_warning_that_has_the_level_needs_no_change() -> None:
    assert cap_states.offer(Says.THERE, AlertState.ISSUED) is Offer.LEVEL
    assert cap_states.offer(Says.THERE, AlertState.ISSUED, is_same_level=True) is Offer.NOTHING
    assert cap_states.offer(Says.THERE, AlertState.DRAFT, is_same_level=True) is Offer.EDIT

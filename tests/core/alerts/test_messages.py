"""Texts that people send, the limits of circulars, and how delivery times are added up."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.core import circulars, delivery_times, message_texts, texts
from alerts.core.circulars import ConfirmBy, Limits, Move, State
from alerts.core.errors import IllegalMove
from alerts.core.levels import Level, priority
from alerts.core.message_texts import Signature

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 7, 20, 4, 0, tzinfo=UTC)
OURS = Signature(zh="郑州网格", en="Zhengzhou Grid")


def limits(**changed: Any) -> Limits:
    given: dict[str, Any] = {
        "signature_zh": OURS.zh,
        "signature_en": OURS.en,
        "price": Decimal("0.05"),
        "currency": "CNY",
        "quiet_from": time(22),
        "quiet_to": time(7),
        "daily_cap": 10,
        "confirm_above": 500,
        "confirm_by": ConfirmBy.NUMBER,
        "is_test": False,
        "test_numbers": (),
        **changed,
    }
    return Limits(**given)


def fault(text_zh: str = "", text_en: str = "", *, is_template: bool = False, **values: str) -> tuple[str, str] | None:
    found = message_texts.fault_of_sending(text_zh, text_en, values, signature=OURS, is_template=is_template)
    return None if found is None else (found.field, found.words.en)


def test_a_text_may_name_its_reader_and_nothing_that_nobody_knows() -> None:
    assert fault("{name}您好，请到{unit}集合") is None
    assert fault("请到{place}集合") == ("text_zh", "there is no variable {place}; known are {name}, {unit}")
    assert fault("", "Meet at {place}") == ("text_en", "there is no variable {place}; known are {name}, {unit}")


def test_a_template_is_sent_when_all_its_variables_are_filled_in() -> None:
    assert fault("请于{when}到{place}集合", is_template=True, when="18时") == ("values", "fill in: place")
    assert fault("请于{when}到{place}集合", is_template=True, when="18时", place=" ") == ("values", "fill in: place")
    assert fault("请于{when}到{place}集合", is_template=True, when="18时", place="东门") is None


@pytest.mark.parametrize("bad", ["{姓名}", "{}", "{Name}", "{a b}"])
def test_what_is_no_name_of_a_variable_is_refused_when_a_template_is_kept(bad: str) -> None:
    found = message_texts.fault_of_template(f"您好{bad}", "")
    assert found is not None
    assert "is no variable" in found.words.en


@pytest.mark.parametrize(
    ("text", "word"), [("", "write the text"), (" \n", "write the text"), ("好" * 20_000, "parts")]
)
def test_nothing_and_far_too_much_are_refused_with_a_reason(text: str, word: str) -> None:
    found = fault(text)
    assert found is not None
    assert word in found[1]


def test_the_signature_stands_before_the_text_once_and_counts() -> None:
    said = message_texts.signed("请集合", language="zh", signature=OURS)
    assert said == "【郑州网格】请集合"
    assert message_texts.signed(said, language="zh", signature=OURS) == said
    assert message_texts.signed("Meet", language="en", signature=OURS) == "(Zhengzhou Grid) Meet"
    assert texts.parts(message_texts.signed("好" * 64, language="zh", signature=OURS)) == 1
    assert texts.parts(message_texts.signed("好" * 65, language="zh", signature=OURS)) == 2


def test_a_surrogate_pair_counts_as_two_units() -> None:
    assert texts.parts("好" * 68 + "🚨") == 1
    assert texts.parts("好" * 69 + "🚨") == 2


def test_a_value_is_never_taken_for_a_variable_nor_for_a_format() -> None:
    made = message_texts.pattern("{name}：{note} 100%", {"note": "{unit} 50%"}, language="zh", signature=OURS)
    assert made == "【郑州网格】%1$s：{unit} 50%% 100%%"


def test_a_number_in_three_formats_is_one_and_a_bad_one_is_listed() -> None:
    typed = ["13912345678", "+86 139 1234 5678", "0086-139-1234-5678", "12", "0371-66668888", " ", "12"]
    found = circulars.numbers_of(typed)
    assert found.good == ("+8613912345678", "+8637166668888")
    assert found.bad == ("12",)


def test_numbers_that_were_typed_more_than_once_are_counted_not_how_often() -> None:
    assert circulars.numbers_of(["13912345678"]).repeated == 0
    assert circulars.numbers_of(["13912345678", "+86 139 1234 5678", "0086-139-1234-5678"]).repeated == 1
    assert circulars.numbers_of(["13912345678", "13912345679"] * 3).repeated == 2


def test_a_circular_waits_for_the_end_of_quiet_hours() -> None:
    night = datetime(2026, 7, 20, 15, 30, tzinfo=UTC)  # 23:30
    assert circulars.leaves_at(None, now=NOON, limits=limits(), zone=ZONE) == NOON
    morning = datetime(2026, 7, 20, 23, 0, tzinfo=UTC)
    assert circulars.leaves_at(None, now=night, limits=limits(), zone=ZONE) == morning
    assert circulars.leaves_at(night, now=NOON, limits=limits(), zone=ZONE) == morning
    assert circulars.leaves_at(None, now=night, limits=limits(quiet_from=None, quiet_to=None), zone=ZONE) == night


def test_many_recipients_are_confirmed_as_the_limits_say() -> None:
    assert limits().confirms(500) is None
    assert limits().confirms(501) is ConfirmBy.NUMBER
    assert limits(confirm_by=ConfirmBy.PERSON, confirm_above=0).confirms(1) is ConfirmBy.PERSON


def test_what_was_declined_or_cancelled_stays_so() -> None:
    assert circulars.after(State.WAITING, Move.RELEASE) is State.SENDING
    for state in (State.DECLINED, State.CANCELLED):
        for move in Move:
            with pytest.raises(IllegalMove):
                circulars.after(state, move)


def test_circulars_come_after_every_warning() -> None:

    last = max(priority(level, is_chasing=True, is_drill=True) for level in Level)
    assert last < circulars.PRIORITY


def counts(*spans: tuple[int, int]) -> list[int]:
    found = [0] * delivery_times.SPANS
    for span, count in spans:
        found[span] = count
    return found


def test_a_quantile_lies_in_the_span_that_holds_it() -> None:
    assert delivery_times.quantile_s(counts(), 0.5) is None
    assert delivery_times.quantile_s(counts((0, 10)), 0.5) == pytest.approx(0.5)
    both = counts((0, 90), (delivery_times.ENDS_S.index(60) + 1, 10))
    assert delivery_times.quantile_s(both, 0.5) == pytest.approx(50 / 90)
    assert delivery_times.quantile_s(both, 0.95) == pytest.approx(70)
    assert delivery_times.quantile_s(counts((delivery_times.SPANS - 1, 1)), 0.9) == 86_400


def test_quiet_hours_that_never_end_are_none() -> None:
    assert limits(quiet_from=time(7), quiet_to=time(7)).quiet is None
    assert circulars.leaves_at(NOON - timedelta(days=1), now=NOON, limits=limits(), zone=ZONE) == NOON

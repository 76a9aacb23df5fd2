"""What a phone shows, and what it costs."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.core import texts
from alerts.core.levels import Level
from alerts.core.texts import Kind, Notice
from alerts.core.words import Words

NOON = datetime(2026, 7, 20, 4, 0, tzinfo=UTC)
SIGNATURE = Words("网格预警", "Gridwarden")
HERE = ZoneInfo("Asia/Shanghai")


def a_notice(**changes: Any) -> Notice:
    given_values: dict[str, Any] = {
        "kind": Kind.ISSUE,
        "level": Level.ORANGE,
        "event": "rainstorm",
        "headline": "强降雨。",
        "description": "6小时100毫米",
        "instruction": "转移低洼处居民",
        "issuer": Words("金水区", "Jinshui"),
        "made_at": NOON,
        "is_drill": False,
    }
    return Notice(**{**given_values, **changes})


def body(language: str, **changes: Any) -> str:
    return texts.body(a_notice(**changes), language=language, signature=SIGNATURE, timezone=HERE)


def test_a_chinese_body_has_signature_level_words_and_origin() -> None:
    assert body("zh") == ("【网格预警】暴雨橙色预警[II级/严重]强降雨。6小时100毫米。转移低洼处居民。金水区7月20日12:00")


def test_an_english_body_stays_inside_the_cheap_alphabet() -> None:
    text = body("en", headline="Heavy rain", description="100 mm in 6 h", instruction="Move people uphill")
    assert text == (
        "(Gridwarden) Rainstorm ORANGE alert, level II (severe). Heavy rain. 100 mm in 6 h. Move people uphill. "
        "Jinshui, 2026-07-20 12:00"
    )
    assert texts.is_gsm7(text)


@pytest.mark.parametrize(("language", "mark"), [("zh", "【网格预警】（演练）"), ("en", "(Gridwarden) DRILL. ")])
def test_a_drill_says_so_first(language: str, mark: str) -> None:
    assert body(language, is_drill=True).startswith(mark)


@pytest.mark.parametrize(
    ("kind", "opening"),
    [(Kind.UPGRADE, "升级："), (Kind.LIFT, "解除："), (Kind.CANCEL, "撤销（误发）："), (Kind.REMIND, "请尽快确认：")],
)
def test_a_body_opens_with_what_happened(kind: Kind, opening: str) -> None:
    assert body("zh", kind=kind).startswith(f"【网格预警】{opening}暴雨橙色预警")


def test_a_lift_gives_its_reason_instead_of_the_old_instructions() -> None:
    assert "转移" not in body("zh", kind=Kind.LIFT, note="雨停了")
    assert "雨停了" in body("zh", kind=Kind.LIFT, note="雨停了")


def test_an_event_nobody_translated_is_said_as_typed() -> None:
    assert body("en", event="Swarm of bees").startswith("(Gridwarden) Swarm of bees ORANGE alert")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("雨" * 70, 1),
        ("雨" * 71, 2),
        ("雨" * 134, 2),
        ("雨" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("a" * 69 + "雨", 1),
    ],
)
def test_parts_are_counted_as_carriers_count_them(text: str, parts: int) -> None:
    assert texts.parts(text) == parts


def test_a_surrogate_pair_is_never_torn_in_two() -> None:
    text = "雨" * 66 + "😀" + "雨" * 10
    assert texts.split(text) == ["雨" * 66, "😀" + "雨" * 10]


def test_an_escape_is_never_torn_from_its_character() -> None:
    text = "a" * 152 + "€" + "a" * 20
    assert texts.split(text) == ["a" * 152, "€" + "a" * 20]


@given(st.text(max_size=400))
def test_parts_put_together_are_the_text_and_each_fits(text: str) -> None:
    split = texts.split(text)
    assert "".join(split) == text
    if len(split) > 1 and not texts.is_gsm7(text):
        assert all(len(part.encode("utf-16-le", "surrogatepass")) // 2 <= 67 for part in split)


@pytest.mark.parametrize(
    ("language", "note"),
    [("zh", "3人尚未确认：甲、乙等"), ("en", "3 have not confirmed: 甲, 乙 and 1 more")],
)
def test_a_digest_names_the_first_and_counts_the_rest(language: str, note: str) -> None:
    assert texts.digest_note(count=3, names=["甲", "乙"], language=language) == note

"""What a phone shows: the bodies of SMS messages, and how many parts they take.

Carriers in China refuse a message without a 【signature】. English bodies carry it in round brackets instead: one
character outside GSM-7 turns a 160-character part into one of 70, and a square bracket counts twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from alerts.core.levels import Level
from alerts.core.words import Words

# 3GPP TS 23.038, section 6.2.1: the default alphabet, and the characters that take an escape septet before them.
GSM7: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_ESCAPED: Final = frozenset("\f^{}\\[~]|€")


class Kind(StrEnum):
    """What a message does to who reads it."""

    ISSUE = "issue"
    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    LIFT = "lift"
    CANCEL = "cancel"
    REMIND = "reminder"
    DIGEST = "digest"
    PASSED_DOWN = "passed_down"


OPENINGS: Final[Mapping[Kind, Words]] = {
    Kind.ISSUE: Words("", ""),
    Kind.UPGRADE: Words("升级：", "UPGRADED: "),
    Kind.DOWNGRADE: Words("降级：", "DOWNGRADED: "),
    Kind.LIFT: Words("解除：", "LIFTED: "),
    Kind.CANCEL: Words("撤销（误发）：", "CANCELLED, sent in error: "),
    Kind.REMIND: Words("请尽快确认：", "PLEASE CONFIRM: "),
    Kind.DIGEST: Words("下属未确认：", "NOT CONFIRMED: "),
    Kind.PASSED_DOWN: Words("上级转达：", "PASSED DOWN: "),
}

EVENTS: Final[Mapping[str, Words]] = {
    "rainstorm": Words("暴雨", "Rainstorm"),
    "flood": Words("洪水", "Flood"),
    "fire": Words("火灾", "Fire"),
    "heat": Words("高温", "Heat"),
    "gale": Words("大风", "Gale"),
    "blizzard": Words("暴雪", "Blizzard"),
    "geological": Words("地质灾害", "Landslide"),
    "air_pollution": Words("重污染天气", "Air pollution"),
    "epidemic": Words("疫情", "Epidemic"),
    "crowd": Words("人员聚集", "Crowd"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a body is made of."""

    kind: Kind
    level: Level
    event: str
    headline: str
    description: str
    instruction: str
    issuer: Words
    made_at: datetime
    is_drill: bool
    note: str = ""


def event_words(event: str) -> Words:
    """Return the words for a known event, else the operator's own word in both languages."""
    return EVENTS.get(event, Words(event, event))


def body(notice: Notice, *, language: str, signature: Words, timezone: ZoneInfo) -> str:
    """Return one SMS body, without the personal link."""
    is_chinese = language.lower().startswith("zh")
    return _zh(notice, signature.zh, timezone) if is_chinese else _en(notice, signature.en, timezone)


def title(notice: Notice) -> Words:
    """Return the line that names the warning, in the form of the bulletins: `暴雨橙色预警[II级/严重]`."""
    return name_of(notice.level, notice.event)


def name_of(level: Level, event: str) -> Words:
    """Return how bulletins name a warning of that level about that event."""
    facts, what = level.facts, event_words(event)
    return Words(
        f"{what.zh}{facts.colour.zh}预警[{facts.numeral}级/{facts.grade.zh}]",
        f"{what.en} {facts.colour.en.upper()} alert, level {facts.numeral} ({facts.grade.en})",
    )


def _zh(notice: Notice, signature: str, timezone: ZoneInfo) -> str:
    drill = "（演练）" if notice.is_drill else ""
    opening = OPENINGS[notice.kind].zh
    when = notice.made_at.astimezone(timezone)
    said = "。".join(_sentences(notice))
    origin = f"{notice.issuer.zh}{when.month}月{when.day}日{when:%H:%M}"
    return f"【{signature}】{drill}{opening}{title(notice).zh}{said}。{origin}"


def _en(notice: Notice, signature: str, timezone: ZoneInfo) -> str:
    drill = "DRILL. " if notice.is_drill else ""
    when = notice.made_at.astimezone(timezone)
    said = ". ".join(_sentences(notice))
    return (
        f"({signature}) {drill}{OPENINGS[notice.kind].en}{title(notice).en}. {said}. "
        f"{notice.issuer.en}, {when:%Y-%m-%d %H:%M}"
    )


def _sentences(notice: Notice) -> list[str]:
    if notice.kind in (Kind.LIFT, Kind.CANCEL, Kind.DIGEST):
        told = (notice.headline, notice.note)
    elif notice.kind is Kind.PASSED_DOWN:
        told = (notice.note, notice.headline, notice.description, notice.instruction)
    else:
        told = (notice.headline, notice.description, notice.instruction)
    return [text.strip().rstrip("。.") for text in told if text.strip()]


def digest_note(*, count: int, names: Sequence[str], language: str) -> str:
    """Return the sentence of a superior's digest: how many are silent, and the first of them."""
    if language.lower().startswith("zh"):
        return f"{count}人尚未确认：{'、'.join(names)}{'等' if count > len(names) else ''}"
    others = f" and {count - len(names)} more" if count > len(names) else ""
    return f"{count} have not confirmed: {', '.join(names)}{others}"


def passed_note(*, name: str, unit: Words, words: str, language: str) -> str:
    """Return the sentence of a warning passed down: who says it, and their own words."""
    if language.lower().startswith("zh"):
        return f"{name}（{unit.zh}）：{words}"
    return f"{name} ({unit.en}): {words}"


def with_link(text: str, *, link: str, language: str) -> str:
    """Return the body with the reader's own acknowledgement link at its end."""
    ask = "确认：" if language.lower().startswith("zh") else "Confirm: "
    return f"{text}\n{ask}{link}"


def is_gsm7(text: str) -> bool:
    return all(character in GSM7 or character in GSM7_ESCAPED for character in text)


def split(text: str) -> list[str]:
    """Return the parts as they travel: one of up to 160 septets or 70 UTF-16 units, else many of 153 or 67.

    Neither a surrogate pair nor an escape and its character is ever torn in two.
    """
    single, each = (160, 153) if is_gsm7(text) else (70, 67)
    widths = _septets(text) if is_gsm7(text) else [2 if ord(character) > 0xFFFF else 1 for character in text]  # noqa: PLR2004 - the first plane's end
    return [text] if sum(widths) <= single else _fill(text, widths, each)


def parts(text: str) -> int:
    """Return how many SMS parts a body takes, and is paid for."""
    return len(split(text))


def _septets(text: str) -> list[int]:
    return [2 if character in GSM7_ESCAPED else 1 for character in text]


def _fill(text: str, widths: list[int], limit: int) -> list[str]:
    filled, start, used = list[str](), 0, 0
    for index, width in enumerate(widths):
        if used + width > limit:
            filled.append(text[start:index])
            start, used = index, 0
        used += width
    return [*filled, text[start:]]

"""What another service's message would be as a warning of ours: tables, and for each value the reason it was chosen.

There is no official table between CAP's severity and the four colours (alerts.core.levels says so of the way out). A
colour that the service names itself always wins; LEVELS below is our convention for whoever names none. A suggestion
is only ever a draft's content: a person reads it beside what was said, changes it, and issues it or does not.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from alerts.core import cap_shapes
from alerts.core.cap_in import Incoming, Info, Pair
from alerts.core.levels import FACTS, Level
from alerts.core.texts import OPENINGS
from alerts.core.words import Words

PREFERRED: Final = ("zh", "en")  # the city's language first
LONGEST: Final = {"headline": 120, "description": 2_000, "instruction": 2_000}  # characters that the screen takes
LONGEST_EVENT: Final = 60
NAMES: Final = {"headline": "标题", "event": "灾种", "description": "正文", "instruction": "应对措施"}  # as screens say
LATE: Final = timedelta(hours=24)
AHEAD: Final = timedelta(minutes=5)  # clocks differ

COLOUR_WORDS: Final[Mapping[str, Level]] = {
    "红": Level.RED,
    "橙": Level.ORANGE,
    "黄": Level.YELLOW,
    "蓝": Level.BLUE,
    "red": Level.RED,
    "orange": Level.ORANGE,
    "amber": Level.ORANGE,
    "yellow": Level.YELLOW,
    "blue": Level.BLUE,
    "green": Level.BLUE,  # MeteoAlarm's lowest: no particular awareness
}
# Parameters and event codes whose value names the colour, in lower case
COLOUR_NAMES: Final = frozenset(
    {
        "colour",
        "color",
        "awareness_level",
        "warning_colour",
        "warning_color",
        "warninglevel",
        "预警颜色",
        "颜色",
        "预警级别",
        "预警等级",
    }
)
NUMERAL_NAMES: Final = frozenset({"level", "级别", "等级", "预警级别", "预警等级"})
NUMERALS: Final[Mapping[str, Level]] = {
    **{facts.numeral: level for level, facts in FACTS.items()},
    "Ⅰ": Level.RED,  # noqa: RUF001 - as Chinese services write it
    "Ⅱ": Level.ORANGE,
    "Ⅲ": Level.YELLOW,
    "Ⅳ": Level.BLUE,
}
# Severity to level; one step lower where it is not likely, or far ahead.
LEVELS: Final[Mapping[str, Level]] = {
    "Extreme": Level.RED,
    "Severe": Level.ORANGE,
    "Moderate": Level.YELLOW,
    "Minor": Level.BLUE,
    "Unknown": Level.YELLOW,
}
LOWER: Final[Mapping[Level, Level]] = {
    Level.RED: Level.ORANGE,
    Level.ORANGE: Level.YELLOW,
    Level.YELLOW: Level.BLUE,
    Level.BLUE: Level.BLUE,
}
UNSURE: Final = frozenset({"Possible", "Unlikely"})
FAR: Final = frozenset({"Future"})

# Our event words, by what the text of theirs holds; the first that fits counts.
EVENT_WORDS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (event, re.compile(words, re.IGNORECASE))
    for event, words in (
        ("geological", r"地质|滑坡|泥石流|山体|崩塌|landslide|mudslide|debris flow|earthquake|地震"),
        ("blizzard", r"暴雪|大雪|降雪|雪灾|道路结冰|blizzard|snow|ice storm|winter storm"),
        ("rainstorm", r"暴雨|强降雨|大雨|雷雨|rain|thunder"),
        ("flood", r"洪|涝|汛|山洪|flood|inundation|dam break"),
        ("fire", r"火灾|火险|森林火|fire"),
        ("heat", r"高温|酷热|干热|heat|high temperature"),
        ("air_pollution", r"霾|重污染|空气|沙尘|air quality|air pollution|smog|dust|haze"),
        ("gale", r"大风|台风|狂风|雷暴大风|龙卷|gale|wind|typhoon|hurricane|tornado|storm"),
        ("epidemic", r"疫情|传染|流感|epidemic|pandemic|outbreak|influenza"),
        ("crowd", r"人员聚集|踩踏|拥挤|crowd|stampede"),
    )
)
_COLOURED: Final = re.compile(
    r"(红|橙|黄|蓝)色?(?:预警|警报|信号)|\b(red|orange|amber|yellow|blue)\b[ -](?:\w+ )?(?:warning|alert|signal)\b",
    re.IGNORECASE,
)
_COLOUR: Final = re.compile(r"红|橙|黄|蓝|\b(?:red|orange|amber|yellow|blue|green)\b", re.IGNORECASE)
_NUMERAL: Final = re.compile(r"\[?(I{1,3}V?|IV|[ⅠⅡⅢⅣ])\s*级")
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
# What our own documents put before a headline (alerts.core.cap.headline)
_OWN_TITLE: Final = re.compile(
    rf"(?:（演练）)?(?:{'|'.join(re.escape(words.zh) for words in OPENINGS.values() if words.zh)})?"
    r"[^：\[\n]{1,80}预警\[(?:I|II|III|IV)级/[^\]\n]{1,10}\]：",
)


@dataclass(frozen=True, slots=True)
class Found:
    """A value of ours, what it was made of, and why."""

    value: str
    said: str
    why: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What a draft would say. `area` is WKB; `units` are found by whoever knows the map."""

    info: int  # which of the message's info blocks
    level: Found
    event: Found
    headline: str
    description: str
    instruction: str
    area: bytes | None
    codes: tuple[Pair, ...]  # geocodes of all areas
    places: tuple[str, ...]  # areaDesc of all areas
    effective_at: datetime | None  # its onset, or when it takes effect
    expires_at: datetime | None  # as said; the draft takes it only while it lies ahead
    is_drill: bool
    is_over: bool  # the danger has passed
    notes: tuple[Words, ...]


def suggest(message: Incoming, *, now: datetime, info: int | None = None) -> Suggestion | None:
    """Return what a draft of the message would say; None where it says nothing (a bare Cancel).

    `info` asks for one of its blocks; else `choose` does. Raises IndexError for one that is not there.
    """
    if not message.infos:
        return None
    number = choose(message.infos) if info is None else range(len(message.infos))[info]
    chosen = message.infos[number]
    texts, shortened = _texts(chosen)
    notes = [*_about_times(message, chosen, now), *_about_kind(message), *shortened]
    if len(message.infos) > 1:
        notes.append(_blocks(len(message.infos), number))
    is_over = "AllClear" in chosen.response_types or chosen.urgency == "Past"
    return Suggestion(
        info=number,
        level=level_of(chosen),
        event=event_of(chosen),
        headline=texts["headline"],
        description=texts["description"],
        instruction=texts["instruction"],
        area=cap_shapes.union([shape for area in chosen.areas for shape in area.shapes]),
        codes=tuple(dict.fromkeys(code for area in chosen.areas for code in area.geocodes)),
        places=tuple(dict.fromkeys(area.description for area in chosen.areas)),
        effective_at=chosen.onset_at or chosen.effective_at,
        expires_at=chosen.expires_at,
        is_drill=message.status != "Actual",
        is_over=is_over,
        notes=tuple(notes),
    )


def choose(infos: Sequence[Info]) -> int:
    """Return which block a draft is made of: the city's language, then English; among equals the most severe."""

    def order(number: int) -> tuple[int, int, int]:
        language = language_of(infos[number])
        place = PREFERRED.index(language) if language in PREFERRED else len(PREFERRED)
        return place, -Level(level_of(infos[number]).value).rank, number

    return min(range(len(infos)), key=order)


def language_of(info: Info) -> str:
    """Return the language's first part, in lower case; unsaid is English by the standard, unless plainly Chinese."""
    if info.language:
        return info.language.lower().partition("-")[0]
    return "zh" if _CHINESE.search(info.headline + info.event + info.description) else "en"


def level_of(info: Info) -> Found:
    """Return our level, by the first of five rules that finds one."""
    named = _named_colour(info) or _severity_colour(info) or _written_colour(info) or _numeral(info)
    return named or _by_severity(info)


def event_of(info: Info) -> Found:
    """Return our event word, else theirs."""
    for said in (info.event, info.headline):
        for event, words in EVENT_WORDS:
            if (held := words.search(said)) is not None:
                return Found(event, info.event, Words(f"含有“{held[0]}”", f"it holds {held[0]!r}"))
    own = info.event[:LONGEST_EVENT]
    return Found(own, info.event, Words("没有对应的事件类型，保留原文", "none of our events: kept as it is"))


def _named_colour(info: Info) -> Found | None:
    for pair in (*info.parameters, *info.codes):
        if pair.name.strip().lower() in COLOUR_NAMES and (found := _COLOUR.search(pair.value)):
            why = Words(f"参数 {pair.name} 写明颜色", f"its parameter {pair.name} names the colour")
            return Found(_level(found[0]), f"{pair.name}: {pair.value}", why)
    return None


def _severity_colour(info: Info) -> Found | None:
    level = COLOUR_WORDS.get(info.severity.lower())
    if level is None:
        return None
    return Found(level.value, info.severity, Words("严重性写明颜色", "its severity is the colour"))


def _written_colour(info: Info) -> Found | None:
    """The last colour of a text counts: a warning that is changed is first called what it was."""
    for where, text in (("headline", info.headline), ("event", info.event), ("description", info.description)):
        found = list(_COLOURED.finditer(text))
        if found:
            colour = found[-1][1] or found[-1][2]
            return Found(
                _level(colour), found[-1][0], Words(f"{NAMES[where]}写明颜色", f"its {where} names the colour")
            )
    return None


def _numeral(info: Info) -> Found | None:
    for pair in (*info.parameters, *info.codes):
        level = NUMERALS.get(pair.value.strip().removesuffix("级").upper())
        if pair.name.strip().lower() in NUMERAL_NAMES and level:
            why = Words(f"参数 {pair.name} 写明级别", f"its parameter {pair.name} names the level")
            return Found(level.value, f"{pair.name}: {pair.value}", why)
    found = _NUMERAL.search(info.headline)
    level = NUMERALS.get(found[1]) if found else None
    if found is None or level is None:
        return None
    return Found(level.value, found[0], Words("标题写明级别", "its headline names the level"))


def _by_severity(info: Info) -> Found:
    level = LEVELS[info.severity]
    said = f"{info.severity} · {info.urgency} · {info.certainty}"
    if info.severity == "Unknown":
        why = Words("未说明严重程度，请自行选定级别", "it does not say how severe: choose the level yourself")
    elif info.certainty in UNSURE or info.urgency in FAR:
        level = LOWER[level]
        why = Words("按严重程度换算，因不确定或尚早降一级", "by its severity, one lower as it is unsure or far ahead")
    else:
        why = Words("按严重程度换算", "by its severity")
    return Found(level.value, said, why)


def _level(colour: str) -> str:
    return COLOUR_WORDS[colour.lower()].value


def _texts(info: Info) -> tuple[dict[str, str], list[Words]]:
    """Return the texts as a draft takes them, and what had to be cut."""
    headline = _OWN_TITLE.sub("", info.headline, count=1) if _OWN_TITLE.match(info.headline) else info.headline
    said = {
        "headline": headline.strip() or info.headline or info.event,
        "description": info.description,
        "instruction": info.instruction,
    }
    cut = {name: text if len(text) <= LONGEST[name] else f"{text[: LONGEST[name] - 1]}…" for name, text in said.items()}
    shortened = [
        Words(
            f"{NAMES[name]}有 {len(text)} 字，已截短，请核对",
            f"its {name} has {len(text)} characters and was cut: check it",
        )
        for name, text in said.items()
        if len(text) > LONGEST[name]
    ]
    return cut, shortened


def _about_times(message: Incoming, info: Info, now: datetime) -> list[Words]:
    notes: list[Words] = []
    if message.sent_at < now - LATE:
        hours = round((now - message.sent_at) / timedelta(hours=1))
        notes.append(
            Words(
                f"发出已有 {hours} 小时，请确认是否仍然有效",
                f"it was sent {hours} hours ago: make sure that it still holds",
            )
        )
    if message.sent_at > now + AHEAD:
        notes.append(
            Words("发出时间在将来，请核对来源单位的时钟", "it is dated in the future: its sender's clock may be wrong")
        )
    if info.expires_at is not None and info.expires_at <= now:
        notes.append(
            Words("它已过期；草稿不带失效时间，请自行确定", "it has expired: the draft has no end of its own, set one")
        )
    return notes


def _about_kind(message: Incoming) -> list[Words]:
    notes: list[Words] = []
    if message.status != "Actual":
        notes.append(
            Words(f"状态为 {message.status}：草稿标为演练", f"its status is {message.status}: the draft is a drill")
        )
    if message.scope != "Public":
        notes.append(
            Words(
                f"仅限特定接收者（{message.scope}），请勿扩大范围",
                f"it is not meant for everybody (scope {message.scope}): mind whom you tell",
            )
        )
    return notes


def _blocks(count: int, number: int) -> Words:
    return Words(
        f"报文有 {count} 个部分，草稿取第 {number + 1} 个",
        f"it has {count} parts; the draft is made of number {number + 1}",
    )


def without_past_end(suggestion: Suggestion, *, now: datetime) -> Suggestion:
    """Return the suggestion as a draft may hold it: an end in the past is none."""
    if suggestion.expires_at is None or suggestion.expires_at > now:
        return suggestion
    return replace(suggestion, expires_at=None)

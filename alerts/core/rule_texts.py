"""What a rule writes into the alert that it proposes: both languages, because the draft is read before it is told."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from alerts.core.rules import Kind, Measure, Rule
from alerts.core.words import Words

NAMED: Final = 10  # people or grids; of the others the number

SAID: Final[Mapping[Kind, Words]] = {
    Kind.SOS: Words("紧急求助", "pressed SOS"),
    Kind.GRID_EMPTY: Words("无人当班", "nobody on duty"),
    Kind.SILENT: Words("失联", "silent"),
    Kind.OUTSIDE: Words("越界", "out of own grid"),
    Kind.CROWDING: Words("人员聚集", "crowded"),
}
MEASURED: Final[Mapping[Measure, Words]] = {
    Measure.ON_DUTY: Words("当班人数", "on duty"),
    Measure.ONLINE: Words("在线人数", "on-line"),
    Measure.SILENT: Words("失联人数", "silent"),
    Measure.OUTSIDE: Words("越界人数", "out of own grid"),
    Measure.PRESENT: Words("在场人数", "present"),
}


class Named(NamedTuple):
    zh: str
    en: str


def said_of(rule: Rule) -> Words:
    """Return what the rule says of a subject."""
    if rule.kind is not Kind.COUNT or rule.measure is None:
        return SAID[rule.kind]
    what = MEASURED[rule.measure]
    zh, en = ("少于", "fewer than") if rule.is_below else ("多于", "more than")
    return Words(f"{what.zh}{zh}{rule.bound}", f"{en} {rule.bound} {what.en}")


def headline(rule: Rule, place: Named) -> str:
    return f"{rule.name}：{place.zh}"[:200]


def description(rule: Rule, place: Named, names: Sequence[Named], count: int) -> str:
    """Return who or what it is about: the first names and the number, Chinese then English."""
    said = said_of(rule)
    shown = names[:NAMED]
    zh = "、".join(name.zh for name in shown) + ("等" if count > len(shown) else "")
    en = ", ".join(name.en for name in shown) + (f" and {count - len(shown)} more" if count > len(shown) else "")
    return f"{place.zh}：{zh}，共{count}项，{said.zh}。\n{place.en}: {en}; {count} in all, {said.en}."

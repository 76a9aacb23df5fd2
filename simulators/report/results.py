"""The head of the page: the verdict, the goals, and what became of the positions."""

from collections.abc import Iterator
from typing import Final

from simulators.report.blocks import panel, sign, table
from simulators.report.markup import Html, Inside, tag
from simulators.report.model import Goal, Report
from simulators.report.verdict import verdict
from simulators.report.words import NOT_YET, absent, aim_of, amount, count, decimal, moment, reason, share, wanted

WAY: Final = (  # of a position: name in the report, in words, what that means
    ("published", "Published", "by the terminals"),
    ("acknowledged", "Acknowledged", "by PUBACK"),
    ("receipted", "Receipted", "on the stored topic"),
    ("stored", "Stored", "counted in the database"),
)
BESIDE_THE_WAY: Final = (
    ("due", "Due by the schedule"),
    ("messages", "Messages"),
    ("unacknowledged", "Without PUBACK at the end"),
    ("dropped", "Dropped by full terminals"),
    ("refused", "Refused without reason"),
    ("refused_on_purpose", "Refused, and had to be"),
    ("reconnects", "Reconnects"),
    ("logins_refused", "Log-ins refused"),
    ("sos", "Emergency calls"),
    ("alerts", "Alerts"),
)
LOUD: Final = (
    ("lost", "lost", "acknowledged, and not in the database"),
    ("duplicated", "stored twice", "a repetition that was not recognised"),
)


def head(report: Report) -> Html:
    load = (
        f"{report.name} under “{report.scenario}” for {decimal(report.duration_s)} s, {moment(report.started_at)}: "
        f"{count(report.connections.real)} terminals with a connection of their own"
    )
    shared = f", the others over {count(report.connections.gateway)} gateway connections"
    return tag(
        "header",
        tag("p", tag("b", "Gridwarden"), " load report", class_="bar"),
        tag(
            "div",
            sign(held=report.held, size=44),
            tag("h1", verdict(report)),
            class_=f"verdict {'held' if report.held else 'missed'}",
        ),
        tag("p", load, shared if report.connections.gateway else None, ".", class_="subtitle"),
    )


def goals(report: Report) -> Html:
    rows = [[aim_of(goal.name).words, wanted(goal), _found(report, goal), _held(goal)] for goal in report.goals]
    missed = sum(goal.held is False for goal in report.goals)
    unknown = sum(goal.held is None for goal in report.goals)
    finding = f"{len(rows) - missed - unknown} of {len(rows)} held" + (f", {unknown} not judged" if unknown else "")
    if not rows:
        return panel("Goals", tag("p", "The scenario states none.", class_="absent"))
    return panel("Goals", table("Goals of the scenario", ["Goal", "Wanted", "Found", "Held"], rows), finding=finding)


def _found(report: Report, goal: Goal) -> Inside:
    aim = aim_of(goal.name)
    if goal.found is not None:
        return amount(goal.found, aim)
    if reason(report, f"goals.{goal.name}") or aim.path is None:
        return absent(report, f"goals.{goal.name}")
    return absent(report, aim.path)


def _held(goal: Goal) -> Iterator[Inside]:
    yield sign(held=goal.held)
    word = {True: "held", False: "not held", None: "not judged"}[goal.held]
    yield tag("span", word, class_="held-word", aria_hidden="true")  # the sign has said it


def positions(report: Report) -> Html:
    steps = tag("ol", *(_step(report, *step) for step in WAY), class_="way")
    loud = tag("div", *(_loud(report, *what) for what in LOUD), class_="loud")
    others = [tag("div", tag("dt", words), tag("dd", _counted(report, name))) for name, words in BESIDE_THE_WAY]
    return panel("Positions", steps, loud, tag("dl", *others, class_="small-figures"))


def _step(report: Report, name: str, words: str, meaning: str) -> Html:
    published, value = report.counts.published, getattr(report.counts, name)
    part = value / published if published and value is not None else None
    return tag(
        "li",
        tag("span", words, class_="step-name"),
        tag("span", _counted(report, name), class_="step-count"),
        _bar(part),
        tag("span", f"{share(part)} of published, " if part is not None and name != "published" else None, meaning),
    )


def _bar(part: float | None) -> Html:
    filled = tag("rect", width=round(100 * min(part or 0, 1), 2), height=4, class_="filled")
    whole = tag("rect", width=100, height=4, class_="whole")
    return tag("svg", whole, filled, viewBox="0 0 100 4", preserveAspectRatio="none", class_="bar", aria_hidden="true")


def _loud(report: Report, name: str, words: str, meaning: str) -> Html:
    value = getattr(report.counts, name)
    look = "unknown" if value is None else "missed" if value else "held"
    number = NOT_YET if value is None else count(value)
    return tag(
        "p",
        sign(held=None if value is None else not value, size=28),
        tag("span", tag("b", number), " ", words, tag("small", meaning)),
        class_=look,
    )


def _counted(report: Report, name: str) -> Inside:
    value = getattr(report.counts, name)
    return absent(report, f"counts.{name}") if value is None else count(value)

"""What else was watched: crossings of borders, viewers of the live map, warnings, text messages."""

from collections.abc import Iterator

from simulators.report.blocks import facts, panel, table
from simulators.report.levels import level_mark
from simulators.report.markup import Html, Inside, tag
from simulators.report.model import Crossings, Report, Viewers
from simulators.report.words import absent, count, ms, seconds


def further(report: Report) -> Html:
    crossings, viewers = report.crossings, report.viewers
    return tag(
        "div",
        panel("Crossings of borders", _crossings(crossings) if crossings else absent(report, "crossings")),
        panel("Viewers of the live map", _viewers(viewers) if viewers else absent(report, "viewers")),
        class_="pair",
    )


def warnings(report: Report) -> Html:
    heads: list[Inside] = ["Level", "Unit", "At", "Issued in", "On the first map in", "Told", "Acknowledged"]
    rows = [
        [
            level_mark(each.level),
            each.unit,
            seconds(each.at_s),
            _seconds(report, each.issue_s, "warnings.issue_s"),
            _seconds(report, each.first_frame_s, "warnings.first_frame_s"),
            count(each.told),
            absent(report, "warnings.acknowledged") if each.acknowledged is None else count(each.acknowledged),
        ]
        for each in report.warnings
    ]
    texts = facts((name.replace("_", " "), count(value)) for name, value in (report.sms or {}).items())
    return panel(
        "Warnings",
        table("Warnings issued during the run", heads, rows, words=2) if rows else tag("p", _none(report)),
        tag("h3", "Text messages"),
        texts if report.sms else tag("p", absent(report, "sms")),
    )


def _none(report: Report) -> Inside:
    return absent(report, "warnings") if "warnings" in report.not_yet else "None was issued."


def _seconds(report: Report, value: float | None, path: str) -> Inside:
    if value is None:
        return absent(report, path)
    return ms(value * 1e3) if value < 1 else seconds(value)


def _crossings(found: Crossings) -> Html:
    return facts(_counts({
        "Expected": found.expected,
        "Reported": found.reported,
        "Matched": found.matched,
        "Missed": found.missed,
        "Unexpected": found.unexpected,
        "Terminals whose way is known": found.sample,
    }))  # fmt: skip


def _viewers(found: Viewers) -> Html:
    return facts(_counts({
        "Viewers": found.viewers,
        "of them slow": found.slow,
        "Units watched": found.units,
        "Frames": found.frames,
        "Snapshots": found.snapshots,
        "Resumed connections": found.resumes,
        "Members seen": found.members,
        "Wrong picture at the end": found.wrong_at_end,
        "Frames out of order": found.out_of_order,
        "Gaps after a resume": found.gaps,
        "Members of other units shown": found.strangers,
    }))  # fmt: skip


def _counts(figures: dict[str, int]) -> Iterator[tuple[str, str]]:
    return ((name, count(value)) for name, value in figures.items())

"""Numbers, times and goals in words. What nobody measured is said so, with its reason, never shown as nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from simulators.report.markup import Html, tag
from simulators.report.model import Goal, Report

NOT_YET: Final = "not yet"
WHOLE: Final = 100  # from here on a fraction says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """How a goal of the scenario reads."""

    words: str
    kind: Literal["count", "seconds", "share"]
    at_least: bool = False
    path: str | None = None  # of the value in the report


AIMS: Final[Mapping[str, Aim]] = {
    "published": Aim(words="Positions published", kind="count", at_least=True, path="counts.published"),
    "lost": Aim(words="Positions lost", kind="count", path="counts.lost"),
    "duplicated": Aim(words="Positions stored twice", kind="count", path="counts.duplicated"),
    "unexpected_refusals": Aim(words="Positions refused without reason", kind="count", path="counts.refused"),
    "ack_p99_s": Aim(words="PUBACK, 99 of 100 within", kind="seconds", path="latency.puback"),
    "receipt_p99_s": Aim(words="Receipt, 99 of 100 within", kind="seconds", path="latency.receipt"),
    "frame_p99_s": Aim(words="On the live map, 99 of 100 within", kind="seconds", path="latency.frame"),
    "lag_s": Aim(words="The load tool's own lag", kind="seconds", path="timeline"),
    "connected_share": Aim(words="Terminals connected", kind="share", at_least=True, path="timeline"),
    "viewers_wrong": Aim(words="Viewers with a wrong picture, disorder or a gap", kind="count", path="viewers"),
    "unacknowledged": Aim(words="Positions without PUBACK", kind="count", path="counts.unacknowledged"),
    "crossings_missed_share": Aim(words="Crossings missed", kind="share", path="crossings"),
    "crossings_unexpected_share": Aim(words="Crossings that nobody made", kind="share", path="crossings"),
    "warning_issue_s": Aim(words="A warning issued within", kind="seconds", path="warnings"),
}


def aim_of(goal: str) -> Aim:
    """Return how a goal reads; one that this version does not know is read by its ending."""
    words = goal.replace("_", " ")
    kind = "share" if goal.endswith("_share") else "seconds" if goal.endswith("_s") else "count"
    return AIMS.get(goal, Aim(words=words, kind=kind))


def wanted(goal: Goal) -> str:
    aim = aim_of(goal.name)
    if not goal.wanted and not aim.at_least:
        return "none"
    return f"{'at least' if aim.at_least else 'at most'} {amount(goal.wanted, aim)}"


def amount(value: float, aim: Aim) -> str:
    kinds = {"count": count, "seconds": seconds, "share": share}
    return kinds[aim.kind](value)


def count(value: float) -> str:
    return f"{value:,.0f}"


def decimal(value: float) -> str:
    """Return three figures that count: 0.08, 7.81, 43.2, 1,240."""
    if not value or abs(value) >= WHOLE:
        return count(value)
    if abs(value) >= 1:
        return f"{value:.3g}"
    return f"{value:.2g}" if abs(value) >= 0.001 else f"{value:.1g}"  # noqa: PLR2004


def seconds(value: float) -> str:
    return f"{decimal(value)} s"


def ms(value: float) -> str:
    return f"{decimal(value)} ms" if value < 10_000 else seconds(value / 1e3)  # noqa: PLR2004


def share(value: float) -> str:
    """Return per cent, rounded towards what is missing: 100 % means all of them."""
    per_cent = value * 100
    if 0 < per_cent < WHOLE:
        per_cent = min(max(round(per_cent, 2), 0.01), 99.99)
    return f"{per_cent:.4g} %"


def moment(epoch_s: float) -> str:
    return f"{datetime.fromtimestamp(epoch_s, UTC):%d %B %Y, %H:%M} UTC"


def reason(report: Report, path: str) -> str | None:
    """Return why there is no value under a path, or under what it is part of."""
    parts = path.split(".")
    paths = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((report.not_yet[path] for path in paths if path in report.not_yet), None)


def absent(report: Report, path: str) -> Html:
    why = reason(report, path)
    return tag("span", NOT_YET if why else "not measured", class_="absent", title=why)


def heads(reports: Sequence[Report]) -> list[str]:
    """Return a column's head for each report, telling two of one name apart by their start."""
    names = [report.name for report in reports]
    return [
        name if names.count(name) == 1 else f"{name}, {datetime.fromtimestamp(report.started_at, UTC):%d %b %H:%M:%S}"
        for name, report in zip(names, reports, strict=True)
    ]

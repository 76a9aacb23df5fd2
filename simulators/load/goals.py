"""Whether a scenario's goals held. Pure: a report's figures in, verdicts out."""

from collections.abc import Mapping, Sequence
from typing import Final

from simulators.report.model import Goal, Percentiles, Report
from simulators.scenario.model import Goals

_ENOUGH: Final = 20  # crossings: a share of fewer says more about chance than about the system
AT_LEAST: Final = frozenset({"connected_share", "published"})  # the other goals are limits from above


def judge(goals: Goals, report: Report, *, worst_lag_s: float, connected_share: float | None) -> list[Goal]:
    """Judge each goal that the scenario has, and that of any run: that something was published.

    `connected_share`: at the end, of the connections that people wanted then.
    """
    counts, latency, crossings = report.counts, report.latency, report.crossings
    found: Mapping[str, float | None] = {
        "lost": counts.lost,
        "duplicated": counts.duplicated,
        "unexpected_refusals": counts.refused,
        "unacknowledged": counts.unacknowledged,
        "connected_share": connected_share,
        "ack_p99_s": _p99_s(latency.puback),
        "receipt_p99_s": _p99_s(latency.receipt),
        "frame_p99_s": _p99_s(latency.frame),
        "lag_s": worst_lag_s,
        "viewers_wrong": _viewers_wrong(report),
        "crossings_missed_share": _share_of_enough(crossings.missed, crossings.expected) if crossings else None,
        "crossings_unexpected_share": _share_of_enough(crossings.unexpected, crossings.reported) if crossings else None,
        "warning_issue_s": max((each.issue_s for each in report.warnings if each.issue_s), default=None),
    }
    wishes = ((name, getattr(goals, name)) for name in Goals.__struct_fields__)
    judged = [_goal(name, wish, found[name]) for name, wish in wishes if wish is not None]
    return judged if counts.published else [_goal("published", 1, 0), *judged]


def holds(goals: Sequence[Goal]) -> bool:
    """Whether no goal was missed. One that could not be judged is said in the report, and fails nothing."""
    return all(goal.held is not False for goal in goals)


def _goal(name: str, wanted: float, found: float | None) -> Goal:
    if found is None:
        return Goal(name=name, wanted=wanted)
    return Goal(
        name=name,
        wanted=wanted,
        found=round(found, 4),
        held=found >= wanted if name in AT_LEAST else found <= wanted,
    )


def _p99_s(percentiles: Percentiles | None) -> float | None:
    return None if percentiles is None else percentiles.p99 / 1000


def _viewers_wrong(report: Report) -> float | None:
    viewers = report.viewers
    return None if viewers is None else viewers.wrong_at_end + viewers.out_of_order + viewers.gaps + viewers.strangers


def _share_of_enough(part: int, whole: int) -> float | None:
    return part / whole if whole >= _ENOUGH else None

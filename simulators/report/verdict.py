"""The one sentence that a mayor reads, and the reasons when it is a bad one."""

from collections.abc import Iterator

from simulators.report.model import Goal, Report
from simulators.report.words import aim_of, amount, count, decimal, seconds, wanted


def verdict(report: Report) -> str:
    """Return "Held: 2,703 terminals every 30 s, nothing lost, answered within 0.08 s for 99 of 100"."""
    load = f"{count(report.terminals)} terminals every {decimal(report.interval_s)} s"
    if not report.held:
        return f"Did not hold: {'; '.join([load, *_failures(report)])}"
    unjudged = any(goal.held is None for goal in report.goals)
    return f"{'Held, as far as measured' if unjudged else 'Held'}: {', '.join([load, *_successes(report)])}"


def _successes(report: Report) -> Iterator[str]:
    counts, puback = report.counts, report.latency.puback
    if counts.lost is None:
        yield "what was lost is not known"
    elif not counts.lost:
        yield "nothing lost or doubled" if counts.duplicated == 0 else "nothing lost"
    else:
        yield f"{count(counts.lost)} positions lost"
    if puback is not None:
        yield f"answered within {seconds(puback.p99 / 1e3)} for 99 of 100"


def _failures(report: Report) -> Iterator[str]:
    missed = [goal for goal in report.goals if goal.held is False]
    yield from (_failure(goal) for goal in missed)
    if not missed:
        yield "the run did not come to its end" if report.trouble else "no goal could be judged"


def _failure(goal: Goal) -> str:
    aim = aim_of(goal.name)
    found = "unknown" if goal.found is None else amount(goal.found, aim)
    words = _within_a_sentence(aim.words)
    return f"{found} {words}" if aim.kind == "count" else f"{words} {found} (wanted {wanted(goal)})"


def _within_a_sentence(words: str) -> str:
    """Return words with a small first letter, unless they begin with an abbreviation."""
    return words if words[:2].isupper() else words[0].lower() + words[1:]

"""What a rule would have done: the engine of cases over the times at which its condition held. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from alerts.core.cases import Book, Interval, Subject, advance
from alerts.core.rules import Rule

SAMPLE: Final = 20  # cases shown; the counts are of all


@dataclass(slots=True, kw_only=True)
class Episode:
    """A case that would have been. `ended_at` None: it would be open still."""

    group: Subject
    opened_at: datetime
    ended_at: datetime | None = None
    subjects: list[Subject] = field(default_factory=list[Subject])


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """`by_day` are local days; `standing` cases would have been open already when the time began, and are not in it."""

    count: int
    standing: int
    subjects: int
    by_day: dict[date, int]
    sample: Sequence[Episode]


def episodes(
    rule: Rule, intervals: Iterable[Interval], *, since: datetime, until: datetime, zone: ZoneInfo
) -> list[Episode]:
    """Return the cases of some whole groups, in order. Groups know nothing of each other: each has its own book."""
    by_group: dict[Subject, list[Interval]] = {}
    for interval in intervals:
        by_group.setdefault(interval.group, []).append(interval)
    found = [
        episode
        for group in by_group.values()
        for episode in _episodes_of(rule, group, since=since, until=until, zone=zone)
    ]
    return sorted(found, key=lambda episode: (episode.opened_at, episode.group))


def findings(found: Sequence[Episode], *, since: datetime, zone: ZoneInfo) -> Findings:
    fresh = [episode for episode in found if episode.opened_at > since]
    days = Counter(episode.opened_at.astimezone(zone).date() for episode in fresh)
    return Findings(
        count=len(fresh),
        standing=len(found) - len(fresh),
        subjects=sum(len(episode.subjects) for episode in fresh),
        by_day=dict(sorted(days.items())),
        sample=fresh[-SAMPLE:][::-1],
    )


def _episodes_of(
    rule: Rule, intervals: Sequence[Interval], *, since: datetime, until: datetime, zone: ZoneInfo
) -> list[Episode]:
    found: list[Episode] = []
    current: Episode | None = None
    for outcome in advance(rule, Book(), intervals, since=since, until=until, zone=zone):
        if outcome.over and current is not None:
            current.ended_at = outcome.at
        for case in outcome.opened:
            current = Episode(group=case.group, opened_at=case.opened_at)
            found.append(current)
        if current is not None:
            current.subjects += [spell.subject for spell in outcome.told if spell.subject not in current.subjects]
    return found

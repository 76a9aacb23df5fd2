"""Reach, cut to a subtree: how many of an audience were told, and answered, by unit, level of units and channel.

Counts are of people, of the version in force. Whom nobody assigned to a unit counts for the whole city alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import add
from typing import NamedTuple

from alerts.core.records import Reach


class Counted(NamedTuple):
    """The people told for one unit; `unit` None: for no unit. `tree_left` is its place in the tree."""

    unit: int | None
    tree_left: int
    level: str
    audience: int
    told: int
    delivered: int
    acknowledged: int
    failed: int
    unknown: int
    queued: int

    @property
    def reach(self) -> Reach:
        return Reach(
            audience=self.audience,
            told=self.told,
            delivered=self.delivered,
            acknowledged=self.acknowledged,
            failed=self.failed,
            unknown=self.unknown,
            queued=self.queued,
        )


class OverChannel(NamedTuple):
    """The people of one unit to whom something went, or should have gone, over one channel."""

    tree_left: int
    channel: str
    people: int
    told: int
    delivered: int
    failed: int
    unknown: int
    queued: int


class Answered(NamedTuple):
    """The people of one unit who answered over one channel: link, phone, terminal, sms, desk."""

    tree_left: int
    channel: str
    people: int


@dataclass(frozen=True, slots=True)
class ChannelReach:
    """Of one channel, in people."""

    people: int = 0
    told: int = 0
    delivered: int = 0
    failed: int = 0
    unknown: int = 0
    queued: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachReport:
    total: Reach
    by_level: Mapping[str, Reach]  # level of the unit they were told for, as units come in tree order
    by_channel: Mapping[str, ChannelReach]
    by_answer: Mapping[str, int]  # channel of the answer
    units: Sequence[Counted]  # in tree order; those of no unit are in `total` only


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The reach of one alert, whole."""

    units: Sequence[Counted]  # in tree order
    channels: Sequence[OverChannel]
    answers: Sequence[Answered]

    def within(self, left: int, right: int) -> ReachReport:
        """Return what concerns the subtree with the interval [left, right]."""
        units = [row for row in self.units if left <= row.tree_left <= right]
        levels = dict.fromkeys(row.level for row in units if row.unit is not None)
        return ReachReport(
            total=summed(units),
            by_level={level: summed(row for row in units if row.level == level) for level in levels},
            by_channel=_by_channel(row for row in self.channels if left <= row.tree_left <= right),
            by_answer=_by_answer(row for row in self.answers if left <= row.tree_left <= right),
            units=[row for row in units if row.unit is not None],
        )


def summed(rows: Iterable[Counted]) -> Reach:
    """Return the sum of all rows."""
    columns = list(zip(*(row[3:] for row in rows), strict=True)) or [()] * 7
    audience, told, delivered, acknowledged, failed, unknown, queued = (sum(column) for column in columns)
    return Reach(
        audience=audience,
        told=told,
        delivered=delivered,
        acknowledged=acknowledged,
        failed=failed,
        unknown=unknown,
        queued=queued,
    )


def _by_channel(rows: Iterable[OverChannel]) -> dict[str, ChannelReach]:
    sums: dict[str, tuple[int, ...]] = {}
    for row in rows:
        sums[row.channel] = tuple(map(add, sums.get(row.channel, (0,) * 6), row[2:]))
    return {channel: ChannelReach(*sums[channel]) for channel in sorted(sums)}


def _by_answer(rows: Iterable[Answered]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.channel] = sums.get(row.channel, 0) + row.people
    return dict(sorted(sums.items()))

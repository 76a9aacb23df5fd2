"""When each message of some recordings is sent again, and by how much its times move. Pure.

Sending keeps the recorded gaps, divided by the speed. The times said keep the recorded spacing, and the last one falls
on the end of the replay, to the second before. So at speed 1 each fix is said at its own (moved) time; at speed N a
replay of an hour takes 60/N minutes and says fixes of the last hour, in order, none of the future. All end together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from simulators.sources.recording import GPS_EPOCH_S, Recorded, Recording

UNMOVED: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    recording: Recording
    starts_s: float  # after the replay's start
    offsets_s: tuple[float, ...]  # of each message, after `starts_s`
    spans_s: float  # between the first fix and the last, as recorded
    longest_gap_s: float

    @property
    def ends_s(self) -> float:
        return self.starts_s + (self.offsets_s[-1] if self.offsets_s else 0.0)

    def shift_s(self, ends_at_s: float) -> int:
        """Return by how many whole seconds times move, so that the last falls just before `ends_at_s` (epoch s)."""
        return int((ends_at_s - self.recording.messages[-1].at_s) // 1)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message to send `due_s` after the start."""

    due_s: float
    file: int  # place of its timeline
    message: Recorded


def lay_timelines(recordings: Sequence[Recording], *, speed: float) -> list[Timeline]:
    """Lay the recordings (with messages in order of time) side by side so that they end together."""
    offsets = [_offsets_s(recording, speed) for recording in recordings]
    longest_s = max((each[-1] for each in offsets if each), default=0.0)
    return [
        Timeline(
            recording=recording,
            starts_s=longest_s - each[-1] if each else 0.0,
            offsets_s=tuple(each),
            spans_s=sum(_gaps_s(recording)),
            longest_gap_s=max(_gaps_s(recording), default=0.0),
        )
        for recording, each in zip(recordings, offsets, strict=True)
    ]


def turns(timelines: Sequence[Timeline]) -> list[Turn]:
    """Return all messages in the order of sending."""
    found = [
        Turn(timeline.starts_s + offset_s, place, message)
        for place, timeline in enumerate(timelines)
        for offset_s, message in zip(timeline.offsets_s, timeline.recording.messages, strict=True)
    ]
    return sorted(found, key=lambda turn: turn.due_s)


def _gaps_s(recording: Recording) -> list[float]:
    """Recorded gaps; 0 beside a date before GPS, lest a replay take a century."""
    return [
        later.at_s - sooner.at_s if sooner.at_s >= GPS_EPOCH_S else 0.0
        for sooner, later in pairwise(recording.messages)
    ]


def _offsets_s(recording: Recording, speed: float) -> list[float]:
    at_s = 0.0
    offsets = [0.0] if recording.messages else []
    for gap_s in _gaps_s(recording):
        at_s += gap_s / speed
        offsets.append(at_s)
    return offsets

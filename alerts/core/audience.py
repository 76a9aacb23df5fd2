"""Who is told, as rules: how deep, how fresh a fix must be, and how the same person is told once.

The sets themselves are made in SQL (`alerts.store.audience`), because an audience may hold 85,319 people; what is here
is what SQL is given, and the words for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from alerts.core import areas
from tracker.model.positions import DEGREE


class Why(StrEnum):
    LEADER = "leader"  # leads a targeted grid, or one below it
    INSIDE = "inside"  # was inside the drawn area when it was issued
    TEAM = "team"  # is in a work team that is told, too
    ENTERED = "entered"  # came into the drawn area while it was in force
    PASSED_DOWN = "passed_down"  # leads a unit below one whose leader passed it down


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way for a person to come into an audience."""

    member: int
    phone: str | None
    reason: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listener:
    """A person as told: once, with every reason."""

    member: int
    phone: str | None
    reasons: tuple[Mapping[str, Any], ...]


def dedupe(candidates: Iterable[Candidate]) -> list[Listener]:
    """Tell each phone once: members who share one become its lowest member id, with all the reasons in order.

    The statement `alerts.store.audience.freeze` does the same in SQL; a test holds the two together.
    """
    people: dict[object, list[Candidate]] = {}
    for candidate in candidates:
        people.setdefault(candidate.phone or candidate.member, []).append(candidate)
    listeners = [_listener(same) for same in people.values()]
    return sorted(listeners, key=lambda listener: listener.member)


def _listener(same: Sequence[Candidate]) -> Listener:
    first = min(same, key=lambda candidate: candidate.member)
    return Listener(first.member, first.phone, tuple(candidate.reason for candidate in same))


def inside(area: bytes, *, lon: npt.NDArray[np.int32], lat: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Return the mask of stored fixes (1e-7 degrees) that lie in the area or on its border."""
    return areas.holds(area, lon=lon / DEGREE, lat=lat / DEGREE)

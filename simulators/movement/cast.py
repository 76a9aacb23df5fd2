"""Who of a roster one process plays, for players that ask one by one: a slice of its terminals, and their crowd.

A crowd is asked in batches, since one report costs it 0.7 ms and fifty cost hardly more: so what the others say within
the next second is drawn along, and kept for them.
"""

import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from simulators.movement.crowd import Crowd, Reports
from simulators.movement.habits import habits_of
from simulators.roster import Handset, RosterError, read_roster
from simulators.scenario.model import Scenario

_AHEAD_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One report of one person."""

    due_at: float  # epoch s
    fix: dict[str, float] | None  # as the wire has it; None: switched off, or no fix
    has_signal: bool
    is_emergency: bool


class Cast:
    """`skip` terminals of the roster are left out; each process takes `most` of the rest. Begin before anything else.

    Raises RosterError.
    """

    def __init__(self, folder: Path, scenario: Scenario, *, skip: int, most: int, seed: int) -> None:
        self.scenario: Final = scenario
        self._folder: Final = folder
        self._roster: Final = read_roster(folder)
        self._skip: Final = skip
        self._most: Final = most
        self._seed: Final = seed
        self.begin(0)

    def begin(self, worker: int) -> None:
        """Start from the beginning, as the process of that number. Raises RosterError when no terminals are left."""
        first, handsets = self._skip + worker * self._most, self._roster.handsets
        self._handsets = handsets[first : first + self._most]
        if not self._handsets:
            raise RosterError(f"{self._folder}: {len(handsets)} terminals in it, none behind the first {first}")
        self.crowd = Crowd(
            grids=self._roster.grids,
            units=[handset.unit for handset in self._handsets],
            seed=self._seed,
            interval_s=self.scenario.interval_s,
            habits=habits_of(self.scenario),
            first=first,
        )
        self.crowd.follow(self.scenario.events, among=len(handsets))
        self._drawn: list[deque[tuple[Reports, int]]] = []  # of each who is played
        self.started_at = time.time()

    def next_person(self) -> tuple[int, Handset] | None:
        """Return somebody whom nobody plays yet, with their place in the crowd; None when all are played."""
        who = len(self._drawn)
        if who == len(self._handsets):
            return None
        self._drawn.append(deque())
        return who, self._handsets[who]

    def next_report(self, who: int) -> Said:
        """Return the next report of somebody who is played."""
        if not self._drawn[who]:
            due_s = self.crowd.due_s[: len(self._drawn)]
            together = np.flatnonzero(due_s <= due_s[who] + _AHEAD_S).astype(np.int64)
            reports = self.crowd.report(together)
            for row, other in enumerate(together.tolist()):
                self._drawn[other].append((reports, row))
        return self._said(*self._drawn[who].popleft())

    def _said(self, reports: Reports, row: int) -> Said:
        fix = {
            "t": round(self.started_at + float(reports.said_at_s[row]), 3),
            "lon": round(float(reports.lon[row]), 7),
            "lat": round(float(reports.lat[row]), 7),
            "acc": round(float(reports.accuracy_m[row]), 1),
            "spd": round(float(reports.speed_mps[row]), 2),
            "bat": int(reports.battery_pct[row]),
            "seq": int(reports.step[row]),
        }
        return Said(
            due_at=self.started_at + float(reports.at_s[row]),
            fix=fix if reports.is_on[row] and reports.has_fix[row] else None,
            has_signal=bool(reports.has_signal[row]),
            is_emergency=bool(reports.is_emergency[row]),
        )

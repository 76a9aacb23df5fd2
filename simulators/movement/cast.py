"""Who of a roster one process plays: a slice of its terminals, their crowd, and whose turn is next."""

import itertools
import time
from pathlib import Path
from typing import Final

from simulators.movement.crowd import Crowd
from simulators.movement.habits import habits_of
from simulators.roster import Handset, RosterError, read_roster
from simulators.scenario.model import Scenario


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
        self._turns = itertools.count()
        self.started_at = time.time()

    def next_person(self) -> tuple[int, Handset] | None:
        """Return somebody whom nobody plays yet, with their place in the crowd; None when all are played."""
        who = next(self._turns)
        return (who, self._handsets[who]) if who < len(self._handsets) else None

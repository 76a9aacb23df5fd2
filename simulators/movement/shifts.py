"""Who is on duty when: shifts by the clock on the wall, and since when a terminal is switched on.

Times are seconds after the start of the run; the scenario says what the clock shows then. A person's hours begin and
end by up to the spread sooner or later than the shift's, the same every day.
"""

from enum import IntEnum
from typing import Final

import numpy as np

from simulators.movement.chance import Chance, Floats, Integers, Stream
from simulators.movement.ground import Booleans
from simulators.movement.habits import Habits
from simulators.scenario.values import DAY_S, seconds_of_day

NOT_ON: Final = np.inf  # instead of a moment since when
ALWAYS_ON: Final = -1e9


class Shift(IntEnum):
    ALWAYS = 0  # the terminal is on at all hours; who has hours at all has those of the day
    DAY = 1
    NIGHT = 2


class Shifts:
    """`number`: everybody's in the fleet; `is_always_on`: those who keep no shift whatever they draw (leaders)."""

    def __init__(self, chance: Chance, number: Integers, habits: Habits, is_always_on: Booleans) -> None:
        people = habits.people
        draw = chance.uniform(Stream.SHIFT, number)
        shift = np.select([draw < people.day_share, draw < people.day_share + people.night_share], [1, 2], 0)
        self.shift: Final = np.where(is_always_on, Shift.ALWAYS, shift).astype(np.int8)
        is_night = self.shift == Shift.NIGHT
        day, night = (seconds_of_day(people.day_from), seconds_of_day(people.night_from))
        day_s = (seconds_of_day(people.day_until) - day) % DAY_S or DAY_S
        night_s = (seconds_of_day(people.night_until) - night) % DAY_S or DAY_S
        spread_s = people.shift_spread_s * (2.0 * chance.uniform(Stream.SHIFT_SPREAD, number) - 1.0)
        self._from_s: Final = np.where(is_night, night, day) - habits.starts_at_s + spread_s
        self._length_s: Final = np.where(is_night, night_s, day_s)
        self._keeps_shifts: Final = bool(self.shift.any())

    def since_begin_s(self, who: Integers, at_s: Floats) -> Floats:
        """Return how long ago the working hours began the last time."""
        return (at_s - self._from_s[who]) % DAY_S

    def works(self, who: Integers, at_s: Floats) -> Booleans:
        """Say who is in their working hours."""
        return self.since_begin_s(who, at_s) < self._length_s[who]

    def until_change_s(self, who: Integers, at_s: Floats) -> Floats:
        """Return how long it is until the working hours begin or end."""
        since_s, length_s = self.since_begin_s(who, at_s), self._length_s[who]
        return np.where(since_s < length_s, length_s, DAY_S) - since_s

    def on_since_s(self, who: Integers, at_s: Floats) -> Floats:
        """Return since when each terminal is on by its shift: ALWAYS_ON, a moment, or NOT_ON."""
        if not self._keeps_shifts:
            return np.full(len(who), ALWAYS_ON)
        since_s = self.since_begin_s(who, at_s)
        on_since_s = np.where(since_s < self._length_s[who], at_s - since_s, NOT_ON)
        return np.where(self.shift[who] == Shift.ALWAYS, ALWAYS_ON, on_since_s)

"""The terminals' clocks: most are right to the second, a few drift by seconds, one in thousands is wrong by hours."""

from typing import Final

import numpy as np

from simulators.movement.chance import Chance, Floats, Integers, Stream
from simulators.scenario.model import Handsets
from simulators.scenario.values import DAY_S

_MS: Final = 3  # decimals of a second: what a terminal says


class Clocks:
    def __init__(self, chance: Chance, number: Integers, handsets: Handsets) -> None:
        draw = chance.uniform(Stream.CLOCK, number)
        is_wrong = draw < handsets.clock_wrong_share
        drifts = ~is_wrong & (draw < handsets.clock_wrong_share + handsets.clock_drifting_share)
        least_h, most_h = handsets.clock_wrong_h
        place = chance.uniform(Stream.CLOCK_OFFSET, number)
        reach_s = np.where(drifts, handsets.clock_drift_s, handsets.clock_within_s)
        wrong_s = 3600.0 * (least_h + (most_h - least_h) * place)
        self._ahead_s: Final = np.where(is_wrong, wrong_s, reach_s * (2.0 * place - 1.0))
        daily_s = handsets.clock_drift_s * (2.0 * chance.uniform(Stream.CLOCK_RATE, number) - 1.0)
        self._rate: Final = np.where(drifts, daily_s / DAY_S, 0.0)

    def said_s(self, who: Integers, at_s: Floats) -> Floats:
        """Return what each terminal takes `at_s` for, to the millisecond; grows as `at_s` does."""
        return np.round(at_s + self._ahead_s[who] + self._rate[who] * at_s, _MS)

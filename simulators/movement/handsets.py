"""What the receiver in somebody's hand makes of their place, when it reports, and when the red button is pressed.

A receiver's error wanders (a memory); a cold start and a jump are functions of (seed, terminal, time).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from simulators.movement.chance import Chance, Floats, Integers, Stream
from simulators.scenario.model import Handsets

Booleans = npt.NDArray[np.bool_]

MAX_ERROR_M: Final = 25.0  # of a receiver that is warm and does not jump
_CORRELATION_S: Final = 60.0  # a receiver's error wanders; it does not jump anew with each fix
_SIGMA_M: Final = (2.0, 6.0)  # of each axis, by handset
_CLAIMED: Final = (1.2, 2.5)  # accuracy said, in sigmas
_WARMING_S: Final = 20.0  # a cold receiver's error shrinks to 1/e in so long
_WARM_S: Final = 10 * _WARMING_S
_LATEST_S: Final = 1e12


class Receivers:
    """The position error of each handset: first-order Gauss-Markov on both axes, never over MAX_ERROR_M; and worse.

    `number`: everybody's in the fleet.
    """

    def __init__(self, chance: Chance, number: Integers, handsets: Handsets) -> None:
        self._chance: Final = chance
        self._number: Final = number
        self._handsets: Final = handsets
        self._sigma_m: Final = chance.between(*_SIGMA_M, Stream.SIGMA, number)
        self._east_m = np.zeros(len(number))
        self._north_m = np.zeros(len(number))

    def err(self, who: Integers, step: Integers, elapsed_s: Floats) -> tuple[Floats, Floats]:
        """Move the errors on by `elapsed_s` and return them, metres east and north."""
        kept = np.exp(-elapsed_s / _CORRELATION_S)
        fresh = self._sigma_m[who] * np.sqrt(1.0 - kept**2)
        number = self._number[who]
        east_m = kept * self._east_m[who] + fresh * self._chance.normal(Stream.ERROR_X, number, step)
        north_m = kept * self._north_m[who] + fresh * self._chance.normal(Stream.ERROR_Y, number, step)
        self._east_m[who], self._north_m[who] = east_m, north_m
        scale = np.minimum(1.0, MAX_ERROR_M / np.maximum(np.hypot(east_m, north_m), 1e-9))
        return self._jumping(who, step, elapsed_s, east_m * scale, north_m * scale)

    def accuracy_m(self, who: Integers, step: Integers) -> Floats:
        """Return what the handset says of its own accuracy; it does not notice a jump."""
        return self._sigma_m[who] * self._chance.between(*_CLAIMED, Stream.ACCURACY, self._number[who], step)

    def has_found(self, who: Integers, on_since_s: Floats, at_s: Floats) -> Booleans:
        """Say which receivers have found their satellites; each takes its time after it was switched on."""
        return at_s - on_since_s >= self._first_fix_s(who, on_since_s)

    def cold_error_m(self, who: Integers, on_since_s: Floats, at_s: Floats) -> tuple[Floats, Floats, Floats]:
        """Return what a cold start adds: metres east and north, and to the accuracy said."""
        east_m, north_m, said_m = np.zeros(len(who)), np.zeros(len(who)), np.zeros(len(who))
        cold = np.flatnonzero(at_s - on_since_s < _WARM_S)
        if cold.size:
            on_since_s, at_s, who = on_since_s[cold], at_s[cold], who[cold]
            age_s = np.maximum(at_s - on_since_s - self._first_fix_s(who, on_since_s), 0.0)
            said_m[cold] = self._handsets.cold_error_m * np.exp(-age_s / _WARMING_S)
            number, occasion = self._number[who], _occasion(on_since_s)
            east_m[cold] = said_m[cold] * self._chance.normal(Stream.COLD_X, number, occasion)
            north_m[cold] = said_m[cold] * self._chance.normal(Stream.COLD_Y, number, occasion)
        return east_m, north_m, said_m

    def _first_fix_s(self, who: Integers, on_since_s: Floats) -> Floats:
        number, occasion = self._number[who], _occasion(on_since_s)
        return self._chance.between(*self._handsets.cold_start_s, Stream.COLD, number, occasion)

    def _jumping(
        self, who: Integers, step: Integers, elapsed_s: Floats, east_m: Floats, north_m: Floats
    ) -> tuple[Floats, Floats]:
        """Move a rare single fix by hundreds of metres: a reflection, or a cell tower's place instead of GPS."""
        per_s = self._handsets.jumps_per_hour / 3600.0
        if not per_s:
            return east_m, north_m
        number = self._number[who]
        jumps = np.flatnonzero(self._chance.uniform(Stream.JUMP, number, step) < per_s * elapsed_s)
        number, step = number[jumps], step[jumps]
        length_m = self._chance.between(*self._handsets.jump_m, Stream.JUMP_LENGTH, number, step)
        heading = 2.0 * np.pi * self._chance.uniform(Stream.JUMP_HEADING, number, step)
        east_m[jumps] += length_m * np.sin(heading)
        north_m[jumps] += length_m * np.cos(heading)
        return east_m, north_m


def presses_button(chance: Chance, number: Integers, step: Integers, elapsed_s: Floats, per_hour: float) -> Booleans:
    """Say who presses the emergency button in the time of this step; `per_hour` is the rate of one handset."""
    return chance.uniform(Stream.EMERGENCY, number, step) < per_hour * elapsed_s / 3600.0


def due_s(chance: Chance, number: Integers, step: Integers, interval_s: float) -> Floats:
    """Return when report number `step` is due, seconds after the start: every interval, from a phase, with jitter.

    Jitter is a tenth of the interval: handsets' clocks wake on time, their receivers do not. Phases fill the interval,
    so that a crowd's rate is even.
    """
    late = 0.1 * (chance.uniform(Stream.JITTER, number, step) - 0.5)
    return np.maximum(0.0, step + chance.uniform(Stream.PHASE, number) + late) * interval_s


def _occasion(on_since_s: Floats) -> Integers:
    """Which switching on it was: to the second, since the moment is computed anew with each report. NOT_ON is some."""
    return np.rint(np.minimum(on_since_s, _LATEST_S)).astype(np.int64)

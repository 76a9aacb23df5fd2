"""What the handset in somebody's hand makes of their place: an erring receiver, a battery, a radio, a red button.

All of it is a function of (seed, terminal, time); only the receiver's error has a memory.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from simulators.movement.chance import Chance, Floats, Integers, Stream

Booleans = npt.NDArray[np.bool_]

MAX_ERROR_M: Final = 25.0
_CORRELATION_S: Final = 60.0  # a receiver's error wanders; it does not jump anew with each fix
_SIGMA_M: Final = (2.0, 6.0)  # of each axis, by handset
_CLAIMED: Final = (1.2, 2.5)  # accuracy said, in sigmas

_FULL_PCT: Final = 100.0
_SWAP_PCT: Final = 8.0  # below it the battery is changed
_DRAIN_PCT_PER_H: Final = (4.0, 9.0)
_AT_START_PCT: Final = (45.0, 100.0)

# Lost signal: in each window of time a handset may drop out once; on average 2 % of them are out at any moment.
_WINDOW_S: Final = 600.0
_LOSS_CHANCE: Final = 0.08
_LOSS_S: Final = (40.0, 240.0)


class Receivers:
    """The position error of each handset: a first-order Gauss-Markov process on both axes, never over MAX_ERROR_M."""

    def __init__(self, chance: Chance, count: int) -> None:
        self._chance: Final = chance
        everyone = np.arange(count, dtype=np.int64)
        self._sigma_m: Final = chance.between(*_SIGMA_M, Stream.SIGMA, everyone)
        self._east_m = np.zeros(count)
        self._north_m = np.zeros(count)

    def err(self, who: Integers, step: Integers, elapsed_s: Floats) -> tuple[Floats, Floats]:
        """Move the errors on by `elapsed_s` and return them, metres east and north."""
        kept = np.exp(-elapsed_s / _CORRELATION_S)
        fresh = self._sigma_m[who] * np.sqrt(1.0 - kept**2)
        self._east_m[who] = kept * self._east_m[who] + fresh * self._chance.normal(Stream.ERROR_X, who, step)
        self._north_m[who] = kept * self._north_m[who] + fresh * self._chance.normal(Stream.ERROR_Y, who, step)
        radius_m = np.hypot(self._east_m[who], self._north_m[who])
        scale = np.minimum(1.0, MAX_ERROR_M / np.maximum(radius_m, 1e-9))
        return self._east_m[who] * scale, self._north_m[who] * scale

    def accuracy_m(self, who: Integers, step: Integers) -> Floats:
        """Return what the handset says of its own accuracy."""
        return self._sigma_m[who] * self._chance.between(*_CLAIMED, Stream.ACCURACY, who, step)


def battery_pct(chance: Chance, who: Integers, at_s: Floats) -> Floats:
    """Return the charge `at_s` seconds after the start; a low battery is swapped for a full one."""
    at_start = chance.between(*_AT_START_PCT, Stream.BATTERY, who)
    drain = chance.between(*_DRAIN_PCT_PER_H, Stream.DRAIN, who) / 3600.0
    return _FULL_PCT - (_FULL_PCT - at_start + drain * at_s) % (_FULL_PCT - _SWAP_PCT)


def has_signal(chance: Chance, who: Integers, at_s: Floats) -> Booleans:
    """Say whether each handset reaches the network `at_s` seconds after the start."""
    window = np.floor(at_s / _WINDOW_S).astype(np.int64)
    length_s = chance.between(*_LOSS_S, Stream.LOSS_LENGTH, who, window)
    start_s = (_WINDOW_S - length_s) * chance.uniform(Stream.LOSS_START, who, window)
    since_s = at_s - window * _WINDOW_S - start_s
    is_lossy = chance.uniform(Stream.LOSS, who, window) < _LOSS_CHANCE
    return ~(is_lossy & (since_s >= 0) & (since_s < length_s))


def presses_button(chance: Chance, who: Integers, step: Integers, elapsed_s: Floats, per_hour: float) -> Booleans:
    """Say who presses the emergency button in the time of this step; `per_hour` is the rate of one handset."""
    return chance.uniform(Stream.EMERGENCY, who, step) < per_hour * elapsed_s / 3600.0


def due_s(chance: Chance, who: Integers, step: Integers, interval_s: float) -> Floats:
    """Return when report number `step` is due, seconds after the start: every interval, from a phase, with jitter.

    Jitter is a tenth of the interval: handsets' clocks wake on time, their receivers do not.
    """
    phase = 0.9 * chance.uniform(Stream.PHASE, who)
    return (step + phase + 0.1 * chance.uniform(Stream.JITTER, who, step)) * interval_s

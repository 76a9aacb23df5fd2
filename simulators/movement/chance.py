"""Chance as a function: the same seed, stream, terminal and step draw the same number, in any order and any batch.

A stateful generator would make a terminal's walk depend on how the others were scheduled. These are counters put
through splitmix64's finaliser (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): good
enough for walks, not for secrets.
"""

from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_Words = npt.NDArray[np.uint64]

_MASK: Final = 2**64 - 1
_STREAM: Final = 0x9E3779B97F4A7C15
_WHO: Final = np.uint64(0xD1B54A32D192ED03)
_STEP: Final = np.uint64(0x8CB92BA72F3D8DD7)
_SHIFTS_AND_FACTORS: Final = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
)
_LAST_SHIFT: Final = np.uint64(31)
_TO_UNIT: Final = 2.0**-53


class Stream(IntEnum):
    """What a number is drawn for; two streams never share a draw."""

    PLACE_X = 1
    PLACE_Y = 2
    KIND = 3
    START = 4
    SPEED = 5
    NEXT = 6
    PAUSE = 7
    PAUSE_LENGTH = 8
    ERROR_X = 9  # a normal draw also takes the stream of its number + 100
    ERROR_Y = 10
    SIGMA = 11
    ACCURACY = 12
    BATTERY = 13
    DRAIN = 14
    LOSS = 15
    LOSS_START = 16
    LOSS_LENGTH = 17
    EMERGENCY = 18
    PHASE = 19
    JITTER = 20
    HOME = 21
    ANSWER = 22
    ANSWER_DELAY = 23
    SHIFT = 24
    SHIFT_SPREAD = 25
    FLAT = 26
    CHARGING = 27
    CHARGING_PHASE = 28
    OUTAGE = 29
    OFFLINE = 30
    OFFLINE_START = 31
    OFFLINE_LENGTH = 32
    OFFLINE_PHASE = 33
    CLOCK = 34
    CLOCK_OFFSET = 35
    CLOCK_RATE = 36
    COLD = 37
    COLD_X = 38  # normal
    COLD_Y = 39
    JUMP = 40
    JUMP_LENGTH = 41
    JUMP_HEADING = 42
    TUNNEL = 43
    ROUSED = 44
    PRESS = 45
    PRESS_AT = 46
    LOSS_PHASE = 47


class Chance:
    def __init__(self, seed: int) -> None:
        self._seed: Final = seed

    def uniform(self, stream: int, who: Integers, step: Integers | int = 0) -> Floats:
        """Return draws in [0, 1), one for each of `who` (and its `step`)."""
        base = np.uint64(((self._seed + 1) * 0xA0761D6478BD642F + stream * _STREAM) & _MASK)
        # A single step is multiplied as a Python int: numpy warns when a scalar wraps round, and arrays may.
        turn = np.uint64(step * int(_STEP) & _MASK) if isinstance(step, int) else step.astype(np.uint64) * _STEP
        word: _Words = base + who.astype(np.uint64) * _WHO
        word = _mixed(word) + turn
        return (_mixed(word) >> np.uint64(11)).astype(np.float64) * _TO_UNIT

    def between(self, low: float, high: float, stream: int, who: Integers, step: Integers | int = 0) -> Floats:
        """Return draws in [low, high)."""
        return low + (high - low) * self.uniform(stream, who, step)

    def normal(self, stream: int, who: Integers, step: Integers | int = 0) -> Floats:
        """Return standard normal draws (Box and Muller)."""
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(stream, who, step)))
        return radius * np.cos(2.0 * np.pi * self.uniform(stream + 100, who, step))


def _mixed(word: _Words) -> _Words:
    for shift, factor in _SHIFTS_AND_FACTORS:
        word = (word ^ (word >> shift)) * factor
    return word ^ (word >> _LAST_SHIFT)

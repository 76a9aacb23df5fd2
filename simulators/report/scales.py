"""Where a value lies on an axis, and which values deserve a line and a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]
Kind = Literal["linear", "log", "percentile"]
STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
DECADES: Final = 2.5  # of spread, up to which a log axis has room for 1, 2, 5 in each decade


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """From values to pixels. `percentile` takes quantiles from 0 to 1: half of the width for each ten times rarer."""

    kind: Kind
    low: float
    high: float
    start: float  # pixels
    end: float

    def __call__(self, values: ArrayLike) -> Numbers:
        low, high = self._straight(np.array([self.low, self.high], float))
        place = (np.clip(self._straight(np.asarray(values, float)), low, high) - low) / ((high - low) or 1.0)
        return self.start + place * (self.end - self.start)

    def _straight(self, values: Numbers) -> Numbers:
        if self.kind == "log":
            return np.log10(np.maximum(values, self.low))
        if self.kind == "percentile":
            return -np.log10(1 - np.minimum(values, self.high))
        return values

    def ticks(self, about: int) -> list[float]:
        """Return about so many round values, from the lowest up."""
        if self.kind == "percentile":
            nines = [0.0, 0.5, *(1 - 10.0**-nine for nine in range(1, 7))]
            return [value for value in nines if value <= self.high]
        if self.kind == "log":
            return [value for value in _decades(self.low, self.high) if self.low <= value <= self.high]
        step = round_step((self.high - self.low) / max(about, 1))
        return [float(value) for value in np.arange(np.ceil(self.low / step) * step, self.high + step / 1e3, step)]


def round_step(at_least: float) -> float:
    """Return the next 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(max(at_least, 1e-9)))
    return float(next(step * power for step in STEPS if step * power >= at_least * (1 - 1e-9)))


def roof(values: Sequence[float], *, about: int, least: float) -> float:
    """Return a round value that nothing exceeds: the top of an axis that begins at 0."""
    most = max([least, *values])
    step = round_step(most / about)
    return float(np.ceil(most / step - 1e-9) * step)


def log_bounds(values: Sequence[float], *, floor: float) -> tuple[float, float]:
    """Return the round values around all of them; what is under `floor` lies on the floor."""
    low, high = max(min(values), floor), max([*values, floor * 10])
    return _round_down(low), _round_up(high)


def _round_down(value: float) -> float:
    return max(tick for tick in _fine(value) if tick <= value * (1 + 1e-9))


def _round_up(value: float) -> float:
    return min(tick for tick in _fine(value) if tick >= value * (1 - 1e-9))


def _fine(value: float) -> list[float]:
    power = int(np.floor(np.log10(value)))
    return [digit * 10.0**at for at in (power, power + 1) for digit in (1, 2, 5)]


def _decades(low: float, high: float) -> list[float]:
    digits = (1, 2, 5) if np.log10(high / low) <= DECADES else (1,)
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    return [digit * 10.0**power for power in powers for digit in digits]

"""Batteries: most are swapped in time; those of the careless run flat, and the terminal is off until it is charged."""

from typing import Final

import numpy as np

from simulators.movement.chance import Chance, Floats, Integers, Stream
from simulators.movement.shifts import ALWAYS_ON, NOT_ON
from simulators.scenario.model import Handsets

_FULL_PCT: Final = 100.0
_SWAP_PCT: Final = 8.0  # below it the battery is changed
_DRAIN_PCT_PER_H: Final = (4.0, 9.0)
_AT_START_PCT: Final = (45.0, 100.0)


class Power:
    def __init__(self, chance: Chance, number: Integers, handsets: Handsets) -> None:
        self._at_start_pct: Final = chance.between(*_AT_START_PCT, Stream.BATTERY, number)
        self._drain: Final = chance.between(*_DRAIN_PCT_PER_H, Stream.DRAIN, number) / 3600.0  # % a second
        self._runs_flat: Final = chance.uniform(Stream.FLAT, number) < handsets.flat_battery_share
        self._any_runs_flat: Final = bool(self._runs_flat.any())
        least_min, most_min = handsets.charging_min
        charging_s = 60.0 * chance.between(least_min, most_min, Stream.CHARGING, number)
        self._cycle_s: Final = _FULL_PCT / self._drain + charging_s
        self._phase_s: Final = self._cycle_s * chance.uniform(Stream.CHARGING_PHASE, number)

    def charge_pct(self, who: Integers, at_s: Floats) -> Floats:
        """Return the charge."""
        drain = self._drain[who]
        swapped = _FULL_PCT - (_FULL_PCT - self._at_start_pct[who] + drain * at_s) % (_FULL_PCT - _SWAP_PCT)
        if not self._any_runs_flat:
            return swapped
        drained = np.maximum(_FULL_PCT - drain * self._since_charged_s(who, at_s), 0.0)
        return np.where(self._runs_flat[who], drained, swapped)

    def on_since_s(self, who: Integers, at_s: Floats) -> Floats:
        """Return since when each battery lets the terminal be on: ALWAYS_ON, a moment, or NOT_ON."""
        if not self._any_runs_flat:
            return np.full(len(who), ALWAYS_ON)
        since_s = self._since_charged_s(who, at_s)
        on_since_s = np.where(since_s * self._drain[who] < _FULL_PCT, at_s - since_s, NOT_ON)
        return np.where(self._runs_flat[who], on_since_s, ALWAYS_ON)

    def _since_charged_s(self, who: Integers, at_s: Floats) -> Floats:
        return (at_s + self._phase_s[who]) % self._cycle_s[who]

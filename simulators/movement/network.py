"""The mobile network: short losses of signal, hours off line, and outages that a scenario orders. No memory."""

from typing import Final

import numpy as np

from simulators.movement.chance import Chance, Floats, Integers, Stream
from simulators.movement.ground import Booleans
from simulators.scenario.events import LoseSignal
from simulators.scenario.model import Handsets
from simulators.scenario.values import Span

_WINDOW: Final = 2.5  # of the longest loss: in each window of time a handset may drop out once
_SHORT: Final = (Stream.LOSS, Stream.LOSS_START, Stream.LOSS_LENGTH)
_LONG: Final = (Stream.OFFLINE, Stream.OFFLINE_START, Stream.OFFLINE_LENGTH)


class Network:
    def __init__(self, chance: Chance, handsets: Handsets) -> None:
        self._chance: Final = chance
        offline_s = (60.0 * handsets.offline_min[0], 60.0 * handsets.offline_min[1])
        self._losses: Final = _Losses(chance, handsets.signal_loss_share, handsets.signal_loss_s, _SHORT)
        self._offline: Final = _Losses(chance, handsets.offline_share, offline_s, _LONG)
        self._phase: Final = handsets.offline_share > 0  # hours must not begin with the run
        self._outages: list[LoseSignal] = []

    def fail(self, outage: LoseSignal) -> None:
        """Let the network fail some people."""
        self._outages.append(outage)

    def reaches(self, number: Integers, at_s: Floats) -> Booleans:
        """Say whom the network reaches; `number`: in the fleet."""
        reaches = ~self._losses.are_on(number, at_s)
        if self._phase:
            reaches &= ~self._offline.are_on(number, at_s + self._offline.window_s * self._phases(number))
        for place, outage in enumerate(self._outages):
            is_hit = self._chance.uniform(Stream.OUTAGE, number, place) < outage.share
            reaches &= ~(is_hit & (at_s >= outage.at_s) & (at_s < outage.at_s + outage.for_s))
        return reaches

    def _phases(self, number: Integers) -> Floats:
        return self._chance.uniform(Stream.OFFLINE_PHASE, number)


class _Losses:
    """At any moment about `share` of the handsets are inside a loss, which lasts `length_s` (least, most)."""

    def __init__(self, chance: Chance, share: float, length_s: Span, streams: tuple[int, int, int]) -> None:
        self._chance: Final = chance
        self._length_s: Final = length_s
        self._streams: Final = streams
        mean_s = sum(length_s) / 2
        longest_s = max(length_s[1], 1.0)
        # A large share needs windows hardly longer than the loss.
        self.window_s: Final = min(_WINDOW * longest_s, max(longest_s, mean_s / share if share else np.inf))
        self._per_window: Final = share * self.window_s / mean_s if mean_s else 0.0

    def are_on(self, number: Integers, at_s: Floats) -> Booleans:
        chance, (occurs, starts, lasts) = self._chance, self._streams
        window = np.floor(at_s / self.window_s).astype(np.int64)
        found = chance.uniform(occurs, number, window) < self._per_window
        hit = np.flatnonzero(found)
        who, where = number[hit], window[hit]
        length_s = chance.between(*self._length_s, lasts, who, where)
        start_s = (self.window_s - length_s) * chance.uniform(starts, who, where)
        since_s = at_s[hit] - where * self.window_s - start_s
        found[hit] = (since_s >= 0) & (since_s < length_s)
        return found

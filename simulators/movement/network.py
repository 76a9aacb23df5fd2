"""The mobile network: short losses of signal, hours off line, and outages that a scenario orders. No memory."""

from typing import Final

import numpy as np

from simulators.movement.chance import Chance, Floats, Integers, Stream
from simulators.movement.ground import Booleans
from simulators.scenario.events import LoseSignal
from simulators.scenario.model import Handsets
from simulators.scenario.values import Span

_WINDOW: Final = 2.5  # of the longest loss: in each window of time a handset may drop out once
_SHORT: Final = (Stream.LOSS, Stream.LOSS_START, Stream.LOSS_LENGTH, Stream.LOSS_PHASE)
_LONG: Final = (Stream.OFFLINE, Stream.OFFLINE_START, Stream.OFFLINE_LENGTH, Stream.OFFLINE_PHASE)


class Network:
    def __init__(self, chance: Chance, handsets: Handsets) -> None:
        self._chance: Final = chance
        offline_s = (60.0 * handsets.offline_min[0], 60.0 * handsets.offline_min[1])
        # A run of minutes begins with everybody in reach; of those who are away for hours some are so already.
        self._losses: Final = _Losses(chance, handsets.signal_loss_share, handsets.signal_loss_s, _SHORT, since_s=0.0)
        self._offline: Final = _Losses(chance, handsets.offline_share, offline_s, _LONG, since_s=-np.inf)
        self._outages: list[LoseSignal] = []

    def fail(self, outage: LoseSignal) -> None:
        """Let the network fail some people."""
        self._outages.append(outage)

    def reaches(self, number: Integers, at_s: Floats) -> Booleans:
        """Say whom the network reaches; `number`: in the fleet."""
        reaches = ~self._losses.are_on(number, at_s)
        reaches &= ~self._offline.are_on(number, at_s)
        for place, outage in enumerate(self._outages):
            is_hit = self._chance.uniform(Stream.OUTAGE, number, place) < outage.share
            reaches &= ~(is_hit & (at_s >= outage.at_s) & (at_s < outage.at_s + outage.for_s))
        return reaches


class _Losses:
    """At any moment about `share` of the handsets are inside a loss, which lasts `length_s` (least, most).

    No loss begins before `since_s`, seconds after the start.
    """

    def __init__(
        self, chance: Chance, share: float, length_s: Span, streams: tuple[int, int, int, int], *, since_s: float
    ) -> None:
        self._chance: Final = chance
        self._length_s: Final = length_s
        self._streams: Final = streams
        self._since_s: Final = since_s
        mean_s = sum(length_s) / 2
        longest_s = max(length_s[1], 1.0)
        # A large share needs windows hardly longer than the loss.
        self._window_s: Final = min(_WINDOW * longest_s, max(longest_s, mean_s / share if share else np.inf))
        self._per_window: Final = share * self._window_s / mean_s if mean_s else 0.0

    def are_on(self, number: Integers, at_s: Floats) -> Booleans:
        """Say who is inside a loss; everybody's windows have a phase, lest the city lose its signal in step."""
        if not self._per_window:
            return np.zeros(len(number), np.bool_)
        chance, (occurs, starts, lasts, phases) = self._chance, self._streams
        phase = chance.uniform(phases, number)
        window = np.floor(at_s / self._window_s + phase).astype(np.int64)
        found = chance.uniform(occurs, number, window) < self._per_window
        hit = np.flatnonzero(found)
        who, where = number[hit], window[hit]
        length_s = chance.between(*self._length_s, lasts, who, where)
        offset_s = (self._window_s - length_s) * chance.uniform(starts, who, where)
        begins_s = (where - phase[hit]) * self._window_s + offset_s
        found[hit] = (begins_s >= self._since_s) & (at_s[hit] >= begins_s) & (at_s[hit] < begins_s + length_s)
        return found

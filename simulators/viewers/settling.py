"""The end of a run: when all has been said, the viewers of a unit must hold the same. Pure; looked at until it is over.

Two frames of one tick may differ while members move (the later one knows more). So a viewer is compared with what the
witness of the unit held at the same tick, and one agreement in a tick that began after the end is enough: whoever lost
a row for good never agrees, as long as that member stays where they are.
"""

from collections.abc import Mapping
from typing import Final

from simulators.viewers.picture import Picture
from simulators.viewers.subscription import Subscription

QUIET_S: Final = 3.0  # as many ticks without a changed place: nothing is on its way any more

_Moment = tuple[int | None, int]  # epoch, tick


class Settling:
    """`witnesses` by unit, `others` by the viewer's number; their subscriptions are looked at, not changed."""

    def __init__(
        self, witnesses: Mapping[int, Subscription], others: Mapping[int, Subscription], *, now_s: float
    ) -> None:
        self._witnesses: Final = witnesses
        self._others: Final = others
        self._changed_s: Final = dict.fromkeys(witnesses, now_s)
        self._digests: Final = {unit: witness.picture.digest for unit, witness in witnesses.items()}
        self._began: Final = {unit: _moment(witness) for unit, witness in witnesses.items()}
        self._held: Final = {unit: dict[_Moment, int]() for unit in witnesses}
        self._unlike: Final = set(others)

    @property
    def wrong(self) -> list[int]:
        """The viewers who have not agreed with their witness yet."""
        return sorted(self._unlike)

    def look(self, *, now_s: float) -> bool:
        """Return whether it is over: all agree, and nobody was moved for a while. Called several times a tick."""
        digests: dict[Picture, int] = {}
        for unit, witness in self._witnesses.items():
            self._look_at(unit, witness, now_s)
        for number in self.wrong:
            seen = self._others[number]
            held = self._held.get(seen.unit, {}).get(_moment(seen))
            if held is None:
                continue
            if seen.picture not in digests:
                digests[seen.picture] = seen.picture.digest
            if digests[seen.picture] == held:
                self._unlike.discard(number)
        return not self._unlike and all(now_s - changed_s >= QUIET_S for changed_s in self._changed_s.values())

    def _look_at(self, unit: int, witness: Subscription, now_s: float) -> None:
        moment = _moment(witness)
        if moment in self._held[unit] or not _is_after(moment, self._began[unit]):
            return
        digest = self._held[unit][moment] = witness.picture.digest
        if digest != self._digests[unit]:
            self._digests[unit], self._changed_s[unit] = digest, now_s


def _moment(seen: Subscription) -> _Moment:
    return seen.epoch, seen.tick


def _is_after(moment: _Moment, began: _Moment) -> bool:
    (epoch, tick), (began_epoch, began_tick) = moment, began
    return epoch is not None and (epoch != began_epoch or tick > began_tick)

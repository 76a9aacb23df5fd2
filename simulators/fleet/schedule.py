"""Who says what when: pages written in batches, cut into slices of some tenths of a second, said in their order. Pure.

What everybody does hangs on the seed alone, not on what a server answers; so it may be written long before it is said.
"""

from typing import Final

import numpy as np

from simulators.fleet.wording import Page, Pen, Slice, sliced
from simulators.ledger import TRUTH, Records
from simulators.movement.chance import Integers
from simulators.movement.crowd import Crowd

_AHEAD_S: Final = 0.2  # a slice: at 1,000 reports a second 200, at which a report's movement costs 3 us


class Schedule:
    """`together`: the plain fixes that make one message, which is due with its last.

    `at_first`: the fixes of each terminal's first message. If all began to save up at once, the city would say
    everything in one interval of several, and nothing in the others.

    Slice n holds what is due from n times `ahead_s` on; who is due in it for the first fix of a message is asked for
    all fixes of it, and the message lies in a later slice.
    """

    def __init__(self, crowd: Crowd, pen: Pen, *, at_first: Integers, together: int, interval_s: float) -> None:
        self._crowd: Final = crowd
        self._pen: Final = pen
        self._together: Final = together
        self._next: Final = at_first.copy()  # fixes of each terminal's next message
        self._ahead_s: Final = min(_AHEAD_S, interval_s / 4)
        self._started_at = 0.0  # epoch s
        self._pages: Final[dict[int, list[Page]]] = {}
        self._truth: Final[dict[int, Records]] = {}
        self._written = 0  # slices: nothing more will come into them
        self._said = 0  # slices

    def begin(self, started_at: float) -> None:
        """Name the start, epoch seconds; before anything is written."""
        self._started_at = started_at

    @property
    def written_s(self) -> float:
        """Up to when nothing more is to be written, after the start."""
        return self._written * self._ahead_s

    def write(self) -> None:
        """Write one slice more."""
        number = self._written
        self._written += 1
        who = np.flatnonzero(self._crowd.due_s < self.written_s)
        if not who.size:
            return
        truths: list[Records] = []
        fixes = self._next[who]
        self._next[who] = self._together
        for count in np.unique(fixes).tolist():
            reports = [self._crowd.report(who[fixes == count]) for _ in range(count)]
            pages, truth = self._pen.write(reports, self._started_at)
            truths.append(truth)
            for page in pages:
                self._file(page, number)
        self._truth[number] = np.concatenate(truths)

    def next(self, now_s: float) -> Slice | None:
        """Return the next slice that has begun and is not empty; None when there is none yet."""
        while self._said * self._ahead_s <= now_s:
            number = self._said
            self._said += 1
            if number == self._written:
                self.write()
            pages = self._pages.pop(number, None)
            truth = self._truth.pop(number, np.zeros(0, TRUTH))
            if pages:
                return sliced(pages, truth)
        return None

    def _file(self, page: Page, earliest: int) -> None:
        numbers = np.maximum((page.due_s / self._ahead_s).astype(np.int64), earliest)
        bounds = np.flatnonzero(np.diff(numbers, prepend=-1, append=-1))
        for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            self._pages.setdefault(int(numbers[first]), []).append(page.part(first, last))

"""Which fixes are safe, for a fleet that keeps a journal: by PUBACK, or by receipt where a terminal asked for one.

A message that asked is said again while no receipt comes, at growing intervals: a broker's PUBACK is the broker's word.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulators.fleet.journal import Fix, Journal
from simulators.ledger import BACKLOG, PUBLISHED

_AGAIN_S: Final = 10.0  # from a PUBACK without a receipt to saying it again; then twice as long, and so on
_LONGEST_S: Final = 320.0  # an ingest that is away for hours must not find a broker full of repetitions


@dataclass(slots=True)
class Asked:
    """A message that asked for a receipt."""

    who: int
    payload: bytes
    rows: bytes
    fixes: int
    patience_s: float = _AGAIN_S


class Safety:
    """`codes`: of the share's terminals; `first`: the share's begin. A message is known by its first row's number."""

    def __init__(self, journal: Journal, *, codes: Sequence[str], first: int) -> None:
        self._journal: Final = journal
        self._codes: Final = codes
        self._first: Final = first
        self._plain: Final[dict[int, bytes]] = {}  # rows of messages that wait for their PUBACK alone
        self._asked: Final[dict[int, Asked]] = {}
        self.strange = 0  # fixes that earlier lives left, of terminals that do not take part
        self._now_s = 0.0
        self._impatient: Final[list[tuple[float, int]]] = []  # when to say it again: a heap

    def left(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield what earlier lives left: (who, text, packed row). What is of other terminals stays on disk."""
        places = {code: who for who, code in enumerate(self._codes)}
        for fix in self._journal.left():
            if (who := places.get(fix.terminal)) is None:
                self.strange += 1
            else:
                row = np.zeros((), PUBLISHED)
                row["terminal"], row["said_ms"], row["flags"] = who + self._first, fix.said_ms, BACKLOG
                yield who, fix.text, row.tobytes()

    def take(self, who: int, text: bytes, row: bytes) -> None:
        ((_, said_ms),) = _known(row)
        self._journal.take(Fix(self._codes[who], said_ms, text))

    def commit(self) -> None:
        """Raises JournalError."""
        self._journal.commit()

    def sends(self, number: int, who: int, payload: bytes, rows: bytes, *, asks: bool) -> None:
        """A message is about to be sent: from now on its fixes are on disk. Raises JournalError."""
        self._journal.commit()
        if asks:
            self._asked[number] = Asked(who, payload, rows, len(rows) // PUBLISHED.itemsize)
        else:
            self._plain[number] = rows

    def acknowledged(self, number: int) -> None:
        """Take a PUBACK; who asked for a receipt is patient for a while."""
        if number in self._asked:
            self.be_patient(number)
        else:
            self._forget(self._plain.pop(number, b""))

    def be_patient(self, number: int) -> None:
        """Let a message that asked be overdue later, twice as late each time."""
        asked = self._asked[number]
        heapq.heappush(self._impatient, (self._now_s + asked.patience_s, number))
        asked.patience_s = min(2 * asked.patience_s, _LONGEST_S)

    def receipted(self, number: int) -> None:
        if (asked := self._asked.pop(number, None)) is not None:
            self._forget(asked.rows)

    def overdue(self, now_s: float) -> list[tuple[int, Asked]]:
        """Return, once, what was acknowledged and has had no receipt for too long; to be asked every second."""
        self._now_s = now_s
        found = list[tuple[int, Asked]]()
        while self._impatient and self._impatient[0][0] <= now_s:
            _, number = heapq.heappop(self._impatient)
            if (asked := self._asked.get(number)) is not None:
                found.append((number, asked))
        return found

    def _forget(self, rows: bytes) -> None:
        for terminal, said_ms in _known(rows):
            self._journal.forget(self._codes[terminal - self._first], said_ms)


def _known(rows: bytes) -> list[tuple[int, int]]:
    """Return by what packed rows are known: (terminal, fix time)."""
    columns = np.frombuffer(rows, PUBLISHED)
    return list(zip(columns["terminal"].tolist(), columns["said_ms"].tolist(), strict=True))

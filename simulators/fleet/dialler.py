"""Opens connections at their moments, at a bounded rate, and again with back-off and jitter after they ended.

A server that comes back after an outage meets a city: exponential back-off keeps the load falling while it is away,
jitter spreads the return, the bound on what is being opened does the rest.
"""

import heapq
import itertools
import random
from typing import Final

from simulators.terminals.session import Session

MOST_OPENING: Final = 500  # connections that are not logged in yet
MOST_SHAKING: Final = 32  # the same with TLS: a handshake costs us 1 to 2 ms, and reports are due meanwhile
_AT_ONCE: Final = 50  # dialled between two looks at the sockets: some 2 ms


class Dialler:
    def __init__(
        self, *, chance: random.Random, rate_per_s: float | None = None, most_opening: int = MOST_OPENING
    ) -> None:
        self.opening = 0
        self.back_off_s: tuple[float, float] = (1.0, 60.0)  # before the first try, and at most
        self._chance: Final = chance
        self._most_opening: Final = most_opening
        self._rate_per_s: Final = rate_per_s
        self._next_s = 0.0
        self._numbers: Final = itertools.count()  # of equals in the heap, the first come goes first
        self._wanted: Final[list[tuple[float, int, Session]]] = []

    def want(self, session: Session, at_s: float) -> None:
        """Ask for a connection, no sooner than at `at_s` of the exchange's clock."""
        session.is_wanted = True
        heapq.heappush(self._wanted, (at_s, next(self._numbers), session))

    def want_again(self, session: Session, now_s: float) -> None:
        """Ask for another connection after one failed or ended."""
        first_s, longest_s = self.back_off_s
        wait_s = min(longest_s, first_s * 2.0 ** min(session.failures, 20))
        session.failures += 1
        self.want(session, now_s + wait_s * self._chance.uniform(0.5, 1.0))

    def tick(self, now_s: float) -> None:
        """Dial whose moment has come."""
        wanted, left = self._wanted, _AT_ONCE
        while left and wanted and wanted[0][0] <= now_s and self.opening < self._most_opening:
            left -= 1
            if self._rate_per_s is not None:
                if self._next_s > now_s:
                    return
                self._next_s = max(self._next_s, now_s - 0.1) + 1.0 / self._rate_per_s
            session = heapq.heappop(wanted)[2]
            if session.is_wanted and not session.stage:
                self.opening += 1
                session.dial()

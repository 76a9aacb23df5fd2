"""Limits by the clock, which comes in as an argument: rates of all and of one number."""

from collections import deque
from typing import Final


class Bucket:
    """`rate_per_s` in the long run, `burst` at once (1 at least)."""

    def __init__(self, rate_per_s: float, *, burst: float) -> None:
        self._rate: Final = rate_per_s
        self._most: Final = max(1.0, burst)
        self._left = self._most
        self._at: float | None = None

    def take(self, now_s: float) -> bool:
        """Whether one more may go now; it is counted if so."""
        if self._at is not None:
            self._left = min(self._most, self._left + max(0.0, now_s - self._at) * self._rate)
        self._at = now_s
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class PerNumber:
    """At most `most` to one number in any `within_s`."""

    def __init__(self, most: int, *, within_s: float) -> None:
        self._most: Final = most
        self._within_s: Final = within_s
        self._taken: Final[dict[str, deque[float]]] = {}

    def is_over(self, number: str, now_s: float) -> bool:
        taken = self._taken.get(number)
        return taken is not None and len(taken) == self._most and now_s - taken[0] < self._within_s

    def count(self, number: str, now_s: float) -> None:
        self._taken.setdefault(number, deque(maxlen=self._most)).append(now_s)

"""How long a deferred message waits before it is tried again. Pure."""

from datetime import timedelta
from typing import Final

FIRST_BACKOFF_S: Final = 2.0
MOST_BACKOFF_S: Final = 300.0


def backoff(attempt: int, draw: float) -> timedelta:
    """Return how long a deferred message waits: doubling, capped, half of it by chance (`draw` in [0, 1))."""
    longest_s = min(MOST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(attempt - 1, 10))
    return timedelta(seconds=longest_s * (0.5 + draw / 2))

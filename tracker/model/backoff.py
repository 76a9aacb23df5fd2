"""How long to wait before trying again, each time a little longer; jitter keeps a city from returning in step."""

from collections.abc import Callable, Iterator
from typing import Final

FIRST_S: Final = 0.2
MOST_S: Final = 5.0  # an operator who brings a service back should not wait longer than this for us


def delays(draw: Callable[[], float], *, first_s: float = FIRST_S, most_s: float = MOST_S) -> Iterator[float]:
    """Yield seconds to wait, without end: doubling from `first_s` to `most_s`, of each between half and the whole.

    `draw` returns uniform numbers in [0, 1).
    """
    longest_s = first_s
    while True:
        yield longest_s * (0.5 + draw() / 2)
        longest_s = min(2 * longest_s, most_s)

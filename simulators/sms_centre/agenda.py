"""What is due later: thousands of small things on one timer of the event loop."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Any, Final

_GRAIN_S: Final = 0.002  # what is due within it runs together, so that its bytes leave in one write


class Agenda:
    def __init__(self) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._numbers: Final = itertools.count()  # of equals in the heap, the first come goes first
        self._due: Final[list[tuple[float, int, Callable[..., None], tuple[Any, ...]]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = 0.0
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._due)

    def after(self, delay_s: float, call: Callable[..., None], *values: Any) -> None:
        """Call once, no sooner than in `delay_s` seconds; never after `close`. What is called must not raise."""
        due_s = self._loop.time() + delay_s
        heapq.heappush(self._due, (due_s, next(self._numbers), call, values))
        if not self._is_closed and (self._timer is None or due_s < self._timer_s):
            self._set(due_s)

    def close(self) -> None:
        self._is_closed = True
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _set(self, due_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_s = self._loop.call_at(due_s + _GRAIN_S, self._run), due_s

    def _run(self) -> None:
        self._timer = None
        now_s, due = self._loop.time(), self._due
        while due and due[0][0] <= now_s:
            _, _, call, values = heapq.heappop(due)
            call(*values)
        if due and self._timer is None:
            self._set(due[0][0])

"""The reach of alerts for all who look: however many screens ask at once, the database is asked once a second.

Where counting takes long (a whole city), it is kept for longer, so that it never takes more than a fifth of the time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from alerts.core.reach import Reached

LEAST_S: Final = 1.0
REST: Final = 4.0  # of what counting took
MOST_KEPT: Final = 64


@dataclass(slots=True)
class _Kept:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    reached: Reached | None = None
    until_s: float = 0.0


class ReachBoard:
    """`read` counts; who asks while somebody else counts waits for that answer. `tick` is a monotonic clock, in s."""

    def __init__(self, read: Callable[[UUID], Awaitable[Reached]], tick: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._tick = tick
        self._kept: dict[UUID, _Kept] = {}

    async def reach(self, alert: UUID) -> Reached:
        """Return the reach as it was at most a moment ago."""
        kept = self._kept.setdefault(alert, _Kept())
        async with kept.lock:
            if kept.reached is None or self._tick() >= kept.until_s:
                begun_s = self._tick()
                kept.reached = await self._read(alert)
                ended_s = self._tick()
                kept.until_s = ended_s + max(LEAST_S, REST * (ended_s - begun_s))
                self._forget_old()
            return kept.reached

    def _forget_old(self) -> None:
        idle = sorted((kept.until_s, key.int, key) for key, kept in self._kept.items() if not kept.lock.locked())
        for _, _, key in idle[: max(0, len(self._kept) - MOST_KEPT)]:
            del self._kept[key]

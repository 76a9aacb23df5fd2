"""The reach of alerts for all who look: however many screens ask at once, the database is asked once a second.

Where counting takes long (a whole city), it is kept for longer, so that it never takes more than a fifth of the time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from uuid import UUID

LEAST_S: Final = 1.0
REST: Final = 4.0  # of what counting took

Count = TypeVar("Count")


@dataclass(slots=True)
class _Kept(Generic[Count]):
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    reached: Count | None = None
    until_s: float = 0.0


class ReachBoard(Generic[Count]):
    """`read` counts; who asks while somebody else counts waits for that answer. `most` alerts are kept.

    `tick` is a monotonic clock, in s.
    """

    def __init__(
        self, read: Callable[[UUID], Awaitable[Count]], *, most: int, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._most = most
        self._tick = tick
        self._kept: dict[UUID, _Kept[Count]] = {}

    async def reach(self, alert: UUID, *, least_s: float = LEAST_S) -> Count:
        """Return the reach as it was at most a moment ago; counted now, it is kept for `least_s` at least."""
        kept = self._kept.setdefault(alert, _Kept())
        async with kept.lock:
            if kept.reached is None or self._tick() >= kept.until_s:
                begun_s = self._tick()
                kept.reached = await self._read(alert)
                ended_s = self._tick()
                kept.until_s = ended_s + max(least_s, REST * (ended_s - begun_s))
                self._forget_old()
            return kept.reached

    def forget(self, alert: UUID) -> None:
        """Count anew when asked next: something was done that whoever did it wants to see."""
        if alert in self._kept:
            self._kept[alert].until_s = -1.0

    def _forget_old(self) -> None:
        idle = sorted((kept.until_s, key.int, key) for key, kept in self._kept.items() if not kept.lock.locked())
        for _, _, key in idle[: max(0, len(self._kept) - self._most)]:
            del self._kept[key]

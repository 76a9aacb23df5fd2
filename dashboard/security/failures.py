"""Which failed log-ins are written down: a flood of them must not fill the disk, and must not go unseen."""

from dataclasses import dataclass
from typing import Any, Final

MINUTE_S: Final = 60.0
MOST_A_MINUTE: Final = 30


@dataclass(slots=True)
class Failures:
    """Counts the failures of a minute; times are seconds of the caller's clock."""

    _minute: float = 0.0
    _count: int = 0

    def detail_of(self, now_s: float) -> dict[str, Any] | None:
        """Return what to add to the row of this failure; None when it is counted only.

        The first row of a minute says how many of an earlier one were not written.
        """
        minute = now_s // MINUTE_S
        unwritten = max(0, self._count - MOST_A_MINUTE)
        if minute != self._minute:
            self._minute, self._count = minute, 1
            return {"unwritten_before": unwritten} if unwritten else {}
        self._count += 1
        return {} if self._count <= MOST_A_MINUTE else None

"""How many messages one number may be sent: operators refuse more, some for the rest of the day. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberCaps:
    """The most messages to one number within any minute, hour and day. None: as many as there are."""

    minute: int | None = None
    hour: int | None = None
    day: int | None = None

    @property
    def limits(self) -> Sequence[tuple[int, timedelta]]:
        """Return the caps that there are, each with its period."""
        periods = ((self.minute, timedelta(minutes=1)), (self.hour, timedelta(hours=1)), (self.day, timedelta(days=1)))
        return [(most, period) for most, period in periods if most is not None]


NO_CAPS: Final = NumberCaps()

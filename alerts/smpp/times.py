"""validity_period (SMPP 3.4, section 7.1.1), written as an absolute time in UTC. Pure."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=64)  # the messages of one issue end together
def absolute(at: datetime) -> str:
    """Return YYMMDDhhmmsstnnp in UTC; tenths of a second are left out."""
    return at.astimezone(UTC).strftime("%y%m%d%H%M%S") + "000+"

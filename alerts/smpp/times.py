"""validity_period (SMPP 3.4, section 7.1.1), written as an absolute time in UTC. Pure."""

from datetime import UTC, datetime


def absolute(at: datetime) -> str:
    """Return YYMMDDhhmmsstnnp in UTC; tenths of a second are left out."""
    return at.astimezone(UTC).strftime("%y%m%d%H%M%S") + "000+"

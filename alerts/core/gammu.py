"""What is known of a modem behind gammu-smsd, and how its tables speak: schema 17, Gammu 1.40 and later. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from alerts.core.number_caps import NO_CAPS, NumberCaps
from alerts.core.verdicts import Fate

CREATOR: Final = "gridwarden"
_NEVER: Final = 0

# Column Status of sentitems
FATES: Final[Mapping[str, Fate]] = {
    "SendingOK": Fate.UNDER_WAY,  # a report was asked for, and has not come
    "SendingOKNoReport": Fate.UNDER_WAY,
    "SendingError": Fate.FAILED,
    "DeliveryOK": Fate.DELIVERED,
    "DeliveryFailed": Fate.FAILED,
    "DeliveryPending": Fate.UNDER_WAY,
    "DeliveryUnknown": Fate.UNDER_WAY,
    "Error": Fate.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GammuTiming:
    """Seconds. A test shortens them."""

    look_s: float = 1.0
    ask_after_s: float = 5.0  # of a part; then at doubling distances
    connect_s: int = 5
    answer_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GammuGateway:
    """The database of one gammu-smsd, whatever modems it has."""

    name: str
    dsn: str = field(repr=False)  # with its password
    where: str = ""  # without
    rate_per_s: float = 0.2  # a modem takes some seconds for a part
    most_waiting: int = 10  # messages in its outbox: what lies there cannot be overtaken, nor sent by another gateway
    weight: float = 1.0
    per_number: NumberCaps = NO_CAPS
    most_parts: int = 10
    country_code: str = "86"
    timing: GammuTiming = field(default_factory=GammuTiming)


@dataclass(frozen=True, slots=True)
class Creator:
    """Column CreatorID: whose message it is, and when it has no point any more."""

    delivery: int
    attempt: int
    expires_at: datetime | None

    @property
    def text(self) -> str:
        until = _NEVER if self.expires_at is None else int(self.expires_at.timestamp())
        return f"{CREATOR} {self.delivery} {self.attempt} {until}"


def operator_id(message: int, part: int) -> str:
    return f"{message}/{part}"


def validity(left: timedelta | None) -> int:
    """Return TP-VP in its relative form (3GPP TS 23.040, 9.2.3.12.1), no longer than that; -1: the modem's."""
    if left is None:
        return -1
    minutes = max(5, int(left.total_seconds()) // 60)
    if minutes <= 12 * 60:
        return minutes // 5 - 1
    if minutes <= 24 * 60:
        return 143 + (minutes - 12 * 60) // 30
    days = minutes // (24 * 60)
    return 166 + min(days, 30) if days > 1 else 167

"""The settings of warning, with the defaults of the design. The front door fills them in; the rules only read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from alerts.core.levels import ACKNOWLEDGE_WITHIN, Level
from alerts.core.words import Words

SIGNATURE: Final = Words("网格预警", "Gridwarden")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    acknowledge_within: Mapping[Level, timedelta | None] = field(default_factory=lambda: ACKNOWLEDGE_WITHIN)
    sends_drill_sms: bool = False  # False: a drill's SMS go to the outbox, and none leaves the building
    valid_for: timedelta = timedelta(hours=24)  # of an alert that names no end
    signature: Words = SIGNATURE  # carriers refuse a Chinese SMS without one
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))  # of identifiers and of texts

"""What follows when a person does not answer: they are reminded, then their superior is told, then the issuer.

A person's clock starts at the first `sent` to them. Superiors get digests: the timers of one alert version are rounded
up to common slots, so that a superior hears at most once a slot, however many of their people are silent.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class Step(StrEnum):
    REMIND = "remind"
    SUPERIOR = "superior"
    ISSUER = "issuer"
    EXPIRE = "expire"  # of the alert itself


NEXT: Final[Mapping[Step, Step]] = {Step.REMIND: Step.SUPERIOR, Step.SUPERIOR: Step.ISSUER}
TIMER_OF_ALERT: Final = frozenset({Step.ISSUER, Step.EXPIRE})  # one for the whole version, not one a person


@dataclass(frozen=True, slots=True)
class NextTimer:
    step: Step
    due_at: datetime


def following(step: Step, *, fired_at: datetime, in_force_since: datetime, within: timedelta) -> NextTimer | None:
    """Return the timer that follows `step`, due in the first common slot that leaves at least `within` to answer."""
    after = NEXT.get(step)
    if after is None:
        return None
    return NextTimer(after, slot(fired_at + within, since=in_force_since, width=within))


def slot(instant: datetime, *, since: datetime, width: timedelta) -> datetime:
    """Round `instant` up to a whole number of `width` after `since`."""
    return since + max(0, math.ceil((instant - since) / width)) * width

"""How strong a gateway is beside others at this moment: its weight, as far as its latest answers are good."""

import time
from collections.abc import Callable
from typing import cast

import structlog

from alerts.core.health import Health

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class Strength:
    def __init__(
        self, name: str, *, weight: float, rate_per_s: float, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._weight = weight
        self._rate_per_s = rate_per_s
        self._tick = tick
        self._health = Health(since_s=tick())

    @property
    def now(self) -> float:
        """Return the weight times the share that its health allows."""
        self._health = self._health.looked_at(at_s=self._tick())
        return self._weight * self._health.share(per_s=self._rate_per_s, at_s=self._tick())

    def judge(self, *, good: int, bad: int, waited_s: float) -> None:
        """Take some answers; a refusal is the message's own fault, and good."""
        before = self._health.condition
        self._health = self._health.heard(good=good, bad=bad, waited_s=waited_s, at_s=self._tick())
        if self._health.condition is not before:
            log.warning("sms.health", gateway=self._name, condition=self._health.condition, before=before)

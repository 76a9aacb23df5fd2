"""How fast a session may submit: the operator's rate, halved when it says too fast, back in half a minute. Pure."""

from dataclasses import dataclass, replace
from typing import Final

from alerts.core.buckets import Bucket

HALVED_AT_MOST_EVERY_S: Final = 1.0  # a window that is throttled is one piece of news, not 64
BACK_IN_S: Final = 30.0
SLOWEST_PER_S: Final = 1.0
BURST_S: Final = 0.1
HOLD_S: Final = 0.5  # nothing leaves for so long after a throttled one


@dataclass(frozen=True, slots=True)
class Pace:
    """`full_per_s` is what was agreed with the operator, segments a second; `bucket` flows at what is allowed now."""

    full_per_s: float
    bucket: Bucket
    slowed_at_s: float = -HALVED_AT_MOST_EVERY_S
    slowed_to_per_s: float = 0.0

    @classmethod
    def full(cls, per_s: float, *, at_s: float) -> "Pace":
        return cls(per_s, Bucket.full(rate_per_s=per_s, burst=max(1.0, per_s * BURST_S), at_s=at_s))

    @property
    def per_s(self) -> float:
        return self.bucket.rate_per_s

    def throttled(self, *, at_s: float) -> "Pace":
        """Halve the rate, unless that was just done, and let nothing leave for a moment."""
        if at_s - self.slowed_at_s < HALVED_AT_MOST_EVERY_S:
            return self
        slower = max(SLOWEST_PER_S, self.per_s / 2)
        held = Bucket(slower, max(1.0, slower * BURST_S), 1.0 - slower * HOLD_S, at_s)
        return replace(self, bucket=held, slowed_at_s=at_s, slowed_to_per_s=slower)

    def take(self, want: int, *, at_s: float) -> tuple["Pace", int]:
        """Return how many may leave now, at most `want`; where it was slowed, it recovers a little."""
        bucket = self.bucket
        if bucket.rate_per_s < self.full_per_s:
            per_s = min(self.full_per_s, self.slowed_to_per_s + self.full_per_s * (at_s - self.slowed_at_s) / BACK_IN_S)
            bucket = replace(bucket, rate_per_s=per_s, burst=max(1.0, per_s * BURST_S))
        granted = 0
        if bucket.wait_s(at_s=at_s) <= 0:
            bucket, granted = bucket.take(want, at_s=at_s)
        return replace(self, bucket=bucket), granted

    def wait_s(self, *, at_s: float) -> float:
        """Return the seconds until one more may leave."""
        return self.bucket.wait_s(at_s=at_s)

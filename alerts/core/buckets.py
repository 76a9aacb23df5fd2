"""A token bucket per provider: how many messages may leave now. A value; the caller owns the clock."""

from dataclasses import dataclass, replace
from typing import Final

_ROUNDING: Final = 1e-6  # who waited for ten tokens finds 9.999999


@dataclass(frozen=True, slots=True)
class Bucket:
    """`rate_per_s` tokens a second flow in, up to `burst`; `at_s` is the caller's monotonic clock."""

    rate_per_s: float
    burst: float
    tokens: float
    at_s: float

    @classmethod
    def full(cls, *, rate_per_s: float, burst: float, at_s: float) -> "Bucket":
        return cls(rate_per_s, burst, burst, at_s)

    def take(self, want: int, *, at_s: float) -> tuple["Bucket", int]:
        """Return the bucket without, and the count of, the whole tokens granted: at most `want`, perhaps none."""
        tokens = self._tokens_at(at_s)
        granted = max(0, min(want, int(tokens + _ROUNDING)))
        return replace(self, tokens=tokens - granted, at_s=max(at_s, self.at_s)), granted

    def at_rate(self, rate_per_s: float, *, burst: float, at_s: float) -> "Bucket":
        """Return the bucket flowing at another rate, and of another size, from now on."""
        return Bucket(rate_per_s, burst, min(burst, self._tokens_at(at_s)), max(at_s, self.at_s))

    def give_back(self, count: int) -> "Bucket":
        """Return the bucket with `count` unused tokens in it again; less than none is a debt, paid before all else."""
        return replace(self, tokens=min(self.burst, self.tokens + count))

    def wait_s(self, *, at_s: float, count: int = 1) -> float:
        """Return the seconds until `count` tokens are there; it holds `burst` at most."""
        return max(0.0, (min(count, self.burst) - self._tokens_at(at_s)) / self.rate_per_s)

    def _tokens_at(self, at_s: float) -> float:
        return min(self.burst, self.tokens + max(0.0, at_s - self.at_s) * self.rate_per_s)

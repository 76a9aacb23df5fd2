"""How well a gateway does, and which share of its rate it is given beside others. A table and some arithmetic; pure.

Error rate and answer time are looked at over the last half minute. An ill gateway is left all at once, but for single
messages that find out whether it is well again; it comes back slowly: what broke under load breaks under load again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

SLICE_S: Final = 15.0  # two of them are looked at
FEWEST: Final = 20  # answers; of fewer nothing is concluded
MOST_BAD: Final = 0.3
SLOWEST_S: Final = 5.0  # mean time to an answer; an operator beside us takes 0.05
ILL_S: Final = 30.0  # at least
RETURN_S: Final = 120.0
PROBE_PER_S: Final = 0.2  # real messages, which may have to go again: as few as can tell
FIRST_SHARE: Final = 0.1


class Condition(StrEnum):
    WELL = "well"
    ILL = "ill"
    RETURNING = "returning"


class Turn(StrEnum):
    SICKENED = "sickened"
    RECOVERED = "recovered"
    HEALED = "healed"


TURNS: Final[Mapping[Condition, Mapping[Turn, Condition]]] = {
    Condition.WELL: {Turn.SICKENED: Condition.ILL},
    Condition.ILL: {Turn.RECOVERED: Condition.RETURNING},
    Condition.RETURNING: {Turn.SICKENED: Condition.ILL, Turn.HEALED: Condition.WELL},
}


@dataclass(frozen=True, slots=True)
class Slice:
    """Answers of some seconds."""

    began_s: float = 0.0
    good: int = 0
    bad: int = 0
    waited_s: float = 0.0  # of all of them together

    def __add__(self, other: "Slice") -> "Slice":
        waited_s = self.waited_s + other.waited_s
        return Slice(self.began_s, self.good + other.good, self.bad + other.bad, waited_s)

    @property
    def answers(self) -> int:
        return self.good + self.bad

    @property
    def is_bad(self) -> bool:
        if self.answers < FEWEST:
            return False
        return self.bad > MOST_BAD * self.answers or self.waited_s > SLOWEST_S * self.answers


@dataclass(frozen=True, slots=True)
class Health:
    condition: Condition = Condition.WELL
    since_s: float = 0.0
    former: Slice = field(default_factory=Slice)
    latest: Slice = field(default_factory=Slice)

    def heard(self, *, good: int, bad: int, waited_s: float, at_s: float) -> "Health":
        """Return it after some answers, which took `waited_s` each; `bad`: not now, too fast, or none came."""
        rolled = self._rolled(at_s)
        answers = Slice(rolled.latest.began_s, good, bad, waited_s * (good + bad))
        return replace(rolled, latest=rolled.latest + answers).looked_at(at_s=at_s)

    def looked_at(self, *, at_s: float) -> "Health":
        """Return it as it is at a moment: what is ill may try to return, what returned may be well."""
        rolled = self._rolled(at_s)
        turn = _turn(rolled, at_s)
        after = None if turn is None else TURNS[rolled.condition].get(turn)
        if after is None:
            return rolled
        return Health(after, at_s, Slice(at_s), Slice(at_s))  # judged by what comes from here on

    def share(self, *, per_s: float, at_s: float) -> float:
        """Return the share of its rate `per_s` that it may carry."""
        match self.condition:
            case Condition.WELL:
                return 1.0
            case Condition.ILL:
                return min(1.0, PROBE_PER_S / per_s)
            case Condition.RETURNING:
                return min(1.0, FIRST_SHARE + (1.0 - FIRST_SHARE) * (at_s - self.since_s) / RETURN_S)

    def _rolled(self, at_s: float) -> "Health":
        age_s = at_s - self.latest.began_s
        if age_s < SLICE_S:
            return self
        former = self.latest if age_s < 2 * SLICE_S else Slice(at_s)
        return replace(self, former=former, latest=Slice(at_s))


def _turn(health: Health, at_s: float) -> Turn | None:
    recent = health.former + health.latest
    if recent.is_bad:
        return Turn.SICKENED
    if health.condition is Condition.ILL and at_s - health.since_s >= ILL_S:
        return Turn.RECOVERED if recent.bad <= MOST_BAD * recent.answers else None
    if health.condition is Condition.RETURNING and at_s - health.since_s >= RETURN_S:
        return Turn.HEALED
    return None


def shares(weights: Mapping[str, float]) -> dict[str, float]:
    """Return which part of its own rate each gateway runs at, by weight times health; 0 is one that is not connected.

    The strongest runs at its full rate: where only one is left, ill or not, it carries all.
    """
    most = max(weights.values(), default=0.0)
    return {name: weight / most if most else 0.0 for name, weight in weights.items()}

"""Habits: what of a scenario the crowd follows, and at which time of day it starts."""

from dataclasses import dataclass, field
from typing import Final

from simulators.scenario.model import Handsets, People, Scenario
from simulators.scenario.values import seconds_of_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    people: People = field(default_factory=People)
    handsets: Handsets = field(default_factory=Handsets)
    starts_at_s: float = 36_000.0  # after local midnight


DEFAULT: Final = Habits()


def habits_of(scenario: Scenario) -> Habits:
    """Return what the crowd of `scenario` does."""
    return Habits(people=scenario.people, handsets=scenario.handsets, starts_at_s=seconds_of_day(scenario.starts_at))

"""The four warning levels, as data. Red is level I and the highest.

Emergency Response Law of the People's Republic of China, article 42: red, orange, yellow, blue for level I to IV;
bulletins carry `[II级/严重]`. There is no official table from colour to CAP severity: the one here is our convention.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from alerts.core.words import Words


class Level(StrEnum):
    """In order of danger. Compare by `rank`, never by spelling."""

    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"

    @property
    def rank(self) -> int:
        """1 blue .. 4 red."""
        return FACTS[self].rank

    @property
    def facts(self) -> "LevelFacts":
        return FACTS[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFacts:
    rank: int  # 1 blue .. 4 red
    numeral: str  # I is the highest
    colour: Words
    grade: Words
    severity: str  # CAP 1.2, info.severity
    needs_second_person: bool


FACTS: Final[Mapping[Level, LevelFacts]] = {
    Level.BLUE: LevelFacts(
        rank=1,
        numeral="IV",
        colour=Words("蓝色", "Blue"),
        grade=Words("一般", "moderate"),
        severity="Minor",
        needs_second_person=False,
    ),
    Level.YELLOW: LevelFacts(
        rank=2,
        numeral="III",
        colour=Words("黄色", "Yellow"),
        grade=Words("较重", "serious"),
        severity="Moderate",
        needs_second_person=False,
    ),
    Level.ORANGE: LevelFacts(
        rank=3,
        numeral="II",
        colour=Words("橙色", "Orange"),
        grade=Words("严重", "severe"),
        severity="Severe",
        needs_second_person=True,
    ),
    Level.RED: LevelFacts(
        rank=4,
        numeral="I",
        colour=Words("红色", "Red"),
        grade=Words("特别严重", "extreme"),
        severity="Extreme",
        needs_second_person=True,
    ),
}

# How long a leader may take to acknowledge before they are reminded; None: nobody is chased for a blue one.
ACKNOWLEDGE_WITHIN: Final[Mapping[Level, timedelta | None]] = {
    Level.BLUE: None,
    Level.YELLOW: timedelta(minutes=30),
    Level.ORANGE: timedelta(minutes=10),
    Level.RED: timedelta(minutes=5),
}

TELLING_PRIORITY: Final[Mapping[Level, int]] = {Level.RED: 1, Level.ORANGE: 2, Level.YELLOW: 3, Level.BLUE: 4}
CHASING_PENALTY: Final = 4  # reminders and digests go after every first telling, whatever its level
DRILL_PENALTY: Final = 8  # an exercise never holds up what is real


def priority(level: Level, *, is_chasing: bool = False, is_drill: bool = False) -> int:
    """Return the place in the queue, 1 first: tellings red 1 .. blue 4, reminders, digests 5 .. 8; drills 9 .. 16."""
    behind = (CHASING_PENALTY if is_chasing else 0) + (DRILL_PENALTY if is_drill else 0)
    return TELLING_PRIORITY[level] + behind

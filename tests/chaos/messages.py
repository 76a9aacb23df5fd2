"""What a terminal says: fixes in order of time, some twice on purpose, some bad on purpose. A function of the seed."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

STEP_MS: Final = 250  # between two fixes of a terminal: by its own clock, however often it reports
REPEATS: Final = 0.06  # of messages that say the one before again
SPOILT: Final = 0.08  # of messages that hold a bad report
SIZES: Final = (1, 1, 1, 1, 2, 3, 5, 20)
LON: Final = 113.55
LAT: Final = 34.75


class Style(Enum):
    """How a terminal learns that a message is disposed of."""

    PLAIN = "PUBACK alone"  # a stock client of a listening door
    FIELD = "receipt asked for by a field"  # MQTT 3.1.1, comes on .../stored
    RESPONSE = "receipt asked for by a response topic"  # MQTT 5


BAD: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    ("out of range", {"lat": 91}),
    ("missing field", {"lon": ...}),
    ("wrong type", {"lon": "east"}),
    ("null island", {"lon": 0, "lat": 0}),
    ("future", {"t": 4_000_000_000}),
    ("too old", {"t": 86_400}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    number: int  # the terminal's own, from 1 on; what a receipt names
    fixes: tuple[int, ...]  # times (epoch ms) of those that must be stored
    refused: tuple[tuple[int, str], ...]  # place in the array, reason
    payload: bytes
    is_repeat: bool


class Composer:
    """`begins_ms`: the first fix time, so long ago that none is of the future."""

    def __init__(self, *, seed: int, terminal: int, begins_ms: int, style: Style) -> None:
        self._chance: Final = random.Random(f"{seed} terminal {terminal}")
        self._style: Final = style
        self._at_ms = begins_ms
        self._number = 0
        self._last: tuple[list[dict[str, Any]], tuple[int, ...]] | None = None

    def compose(self) -> Message:
        chance = self._chance
        self._number += 1
        is_repeat = self._last is not None and chance.random() < REPEATS
        if self._last is None or not is_repeat:
            self._last = self._fresh(chance.choice(SIZES))
        good, fixes = self._last
        said, refused = list(good), tuple[tuple[int, str], ...]()
        if chance.random() < SPOILT:
            reason, fields = chance.choice(BAD)
            place = chance.randrange(len(said) + 1)
            said.insert(place, {name: value for name, value in (good[0] | fields).items() if value is not ...})
            refused = ((place, reason),)
        return Message(
            number=self._number, fixes=fixes, refused=refused, payload=self._payload(said), is_repeat=is_repeat
        )

    def _fresh(self, count: int) -> tuple[list[dict[str, Any]], tuple[int, ...]]:
        times = tuple(self._at_ms + STEP_MS * step for step in range(count))
        self._at_ms += STEP_MS * count
        return [self._fix(at_ms) for at_ms in times], times

    def _fix(self, at_ms: int) -> dict[str, Any]:
        lon = LON + self._chance.uniform(-1, 1) * 1e-6
        return {"t": at_ms / 1000, "lon": round(lon, 7), "lat": LAT, "acc": 5}

    def _payload(self, said: list[dict[str, Any]]) -> bytes:
        if self._style is Style.FIELD:
            return json.dumps({"receipt": self._number, "fixes": said}).encode()
        return json.dumps(said).encode()

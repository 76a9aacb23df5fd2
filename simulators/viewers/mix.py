"""Which units viewers sensibly watch: those of the people who work there, and the whole city. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

_LEAST_MEMBERS: Final = 2  # for a map to be worth a viewer
# How high above the leaves of its subtree a unit stands, and the share of the choice. Levels have names of their own in
# each city: streets hold communities, communities hold leaves.
_SHARES: Final = ((2, 0.5), (1, 0.4), (0, 0.1))


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of GET /api/units, as far as it matters here. Members are those of the whole subtree."""

    id: int
    parent: int | None
    members: int


class _Answer(msgspec.Struct):
    units: list[Unit]


def read_units(answer: bytes) -> list[Unit]:
    """Read the answer of GET /api/units. Raises msgspec.MsgspecError."""
    return msgspec.json.decode(answer, type=_Answer).units


def mix(units: Sequence[Unit], most: int) -> list[int]:
    """Return the ids of at most `most` units: the top first, then half streets, two fifths communities, some leaves.

    The largest of each kind come first. What one kind lacks is filled up from all others, the largest first.
    """
    heights = _heights(units)
    peopled = sorted((unit for unit in units if unit.members >= _LEAST_MEMBERS), key=lambda unit: -unit.members)
    known = {unit.id for unit in units}
    chosen = [unit.id for unit in peopled if unit.parent not in known][: min(1, most)]
    room = most - len(chosen)
    for height, share in _SHARES:
        kind = [unit.id for unit in peopled if heights[unit.id] == height and unit.id not in chosen]
        chosen += kind[: int(room * share)]
    taken = set(chosen)
    rest = [unit.id for unit in peopled if unit.id not in taken]
    return chosen + rest[: most - len(chosen)]


def _heights(units: Sequence[Unit]) -> dict[int, int]:
    """Return how many levels each unit has below it."""
    parents = {unit.id: unit.parent for unit in units}
    heights = dict.fromkeys(parents, 0)
    for unit in units:
        at, height = unit.parent, 1
        while at is not None and at in heights and heights[at] < height:
            heights[at] = height
            at, height = parents[at], height + 1
    return heights

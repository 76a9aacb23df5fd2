"""Grid crossings that the sampled people really made, against those that the system reported."""

from pathlib import Path
from typing import Final

import numpy as np

from simulators.load.witness import Rows
from simulators.movement.crossings import CROSSING, OUTSIDE, Leaves, expected_crossings, match_crossings
from simulators.report.model import Crossings
from simulators.roster import GRIDS, read_grids

_INTERVALS: Final = 3.0  # the second fix confirms; errors of the receiver shift the first by one
_TOLERANCE_S: Final = 30.0  # at least


def crossings(roster: Path, truth: Rows, reported: Rows, *, interval_s: float) -> Crossings | None:
    """Compare the crossings of the terminals in `truth`; None when nobody's true way is known."""
    if not len(truth):
        return None
    leaves = Leaves(read_grids(roster / GRIDS))
    sampled = np.unique(truth["terminal"])
    expected = expected_crossings(truth, leaves)
    found = pairs(reported[np.isin(reported["terminal"], sampled)], leaves)
    matches = match_crossings(expected, found, tolerance_s=max(_TOLERANCE_S, _INTERVALS * interval_s))
    return Crossings(
        sample=len(sampled),
        expected=len(expected),
        reported=len(found),
        matched=matches.matched,
        missed=matches.missed,
        unexpected=matches.unexpected,
    )


def pairs(crossed: Rows, leaves: Leaves) -> Rows:
    """Join the exit and the entry of one instant: where only one is told, the other side is outside of the city."""
    keys, place = np.unique(crossed[["terminal", "at_ms"]], return_inverse=True)
    found = np.zeros(len(keys), CROSSING)
    found["terminal"], found["said_ms"] = keys["terminal"], keys["at_ms"]
    found["from_grid"] = found["to_grid"] = OUTSIDE
    numbers = leaves.numbers(crossed["grid"].tolist())
    enters = np.asarray(crossed["enters"])
    found["to_grid"][place[enters]] = numbers[enters]
    found["from_grid"][place[~enters]] = numbers[~enters]
    return found

"""Grid crossings that the sampled people really made, against those that the system reported."""

from pathlib import Path
from typing import Final

import numpy as np

from simulators.load.witness import Rows
from simulators.movement.crossings import Leaves, judge_crossings
from simulators.report.model import Crossings
from simulators.roster import GRIDS, read_grids

_INTERVALS: Final = 3.0  # the second fix confirms; errors of the receiver shift the first by one
_TOLERANCE_S: Final = 30.0  # at least


def crossings(
    roster: Path, truth: Rows, reported: Rows, *, interval_s: float, placed: Rows | None = None
) -> Crossings | None:
    """Compare the crossings of the terminals in `truth`; None when nobody's true way is known."""
    if not len(truth):
        return None
    tolerance_s = max(_TOLERANCE_S, _INTERVALS * interval_s)
    leaves = Leaves(read_grids(roster / GRIDS))
    matches = judge_crossings(truth, reported, leaves, tolerance_s=tolerance_s, placed=placed)
    return Crossings(
        sample=len(np.unique(truth["terminal"])),
        expected=matches.matched + matches.missed,
        reported=matches.matched + matches.unexpected,
        matched=matches.matched,
        missed=matches.missed,
        unexpected=matches.unexpected,
    )

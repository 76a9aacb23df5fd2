"""What viewers held when all was over, against the tables. Pure."""

from typing import Final

import numpy as np

from simulators.load.witness import Rows
from simulators.viewers.verdict import judge

# All was stored before viewers were asked to settle, and they wait as long without a change (settling.QUIET_S)
_ALLOWED_MS: Final = 3_000


def wrong_viewers(final: Rows, digests: Rows, newest: Rows, roll: Rows, *, until_ms: int) -> set[int]:
    """Return who shows a member elsewhere than the newest believed fix, or not at all.

    `final`: FINAL rows of each unit's witness; `digests`: a DIGEST row a viewer; `roll`: ROLL rows, who is to be seen
    in which unit, none when nobody knows. Of a unit shown as counts nobody is missing. `until_ms`: when viewers ended.
    """
    misplaced = judge(final, newest, everybody=False, until_ms=until_ms, allowed_ms=_ALLOWED_MS).misplaced
    wrong = set[int](final["viewer"][np.isin(final["member"], misplaced)].tolist())
    shown = digests[digests["is_summary"] == 0]
    roll = roll[np.isin(roll["unit"], shown["unit"])]
    wanted = newest[np.isin(newest["member"], roll["member"])]
    missing = judge(final, wanted, everybody=True, until_ms=until_ms, allowed_ms=_ALLOWED_MS).missing
    units = roll["unit"][np.isin(roll["member"], missing)]
    return wrong | set(shown["viewer"][np.isin(shown["unit"], units)].tolist())

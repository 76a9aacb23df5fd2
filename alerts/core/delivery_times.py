"""How long messages took to arrive, kept as counts of spans: such counts can be added up over days and units.

A quantile is read off by going evenly through the span that it lies in, so it is right to within that span: a quarter
of its value at worst.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

# Ends of the spans, in seconds; the last span has none. SQL's width_bucket() is given them.
ENDS_S: Final = (
    1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 180, 240, 300, 400, 500, 600, 900,
    1_200, 1_800, 2_700, 3_600, 5_400, 7_200, 10_800, 14_400, 21_600, 28_800, 43_200, 57_600, 86_400,
)  # fmt: skip
SPANS: Final = len(ENDS_S) + 1


def quantile_s(counts: Sequence[int], share: float) -> float | None:
    """Return within how many seconds `share` (0 to 1) of the messages arrived; None where there are none."""
    total = sum(counts)
    if total == 0:
        return None
    wanted = share * total
    for span, reached in enumerate(accumulate(counts)):
        if reached >= wanted and counts[span] > 0:
            start = ENDS_S[span - 1] if span > 0 else 0
            end = ENDS_S[span] if span < len(ENDS_S) else start
            return start + (end - start) * (wanted - (reached - counts[span])) / counts[span]
    return float(ENDS_S[-1])

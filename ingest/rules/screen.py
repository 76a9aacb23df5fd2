"""Which reports are refused, which are only stored, which are duplicates of their own batch.

Tables of predicates over columns; the first row that holds gives the reason.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ingest.rules.columns import CONTENT, US, Reports
from ingest.wire.reports import Reason
from tracker.model.positions import Flag, Positions

Mask = npt.NDArray[np.bool_]
Verdicts = npt.NDArray[np.int8]

NEW: Final = 0
DUPLICATE: Final = 1
_FIRST_REFUSAL: Final = 2
MOST_LON: Final = 180.0
MOST_LAT: Final = 90.0
NOTHING: Final = 5e-8  # degrees; 0 at the 1e-7 that is stored: what a receiver without a fix says of both


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    future_s: float = 60.0
    age_floor_s: float = 90 * 86_400.0
    old_s: float = 86_400.0
    accuracy_m: float = 100.0


def _age_s(rows: Reports) -> npt.NDArray[np.float64]:
    return rows["received_at_us"] / US - rows["t_s"]


REFUSALS: Final[tuple[tuple[Reason, Callable[[Reports, Limits], Mask]], ...]] = (
    (
        Reason.NOT_FINITE,
        lambda rows, _: ~(np.isfinite(rows["t_s"]) & np.isfinite(rows["lon"]) & np.isfinite(rows["lat"])),
    ),
    (Reason.OUT_OF_RANGE, lambda rows, _: (np.abs(rows["lon"]) > MOST_LON) | (np.abs(rows["lat"]) > MOST_LAT)),
    (Reason.NULL_ISLAND, lambda rows, _: (np.abs(rows["lon"]) < NOTHING) & (np.abs(rows["lat"]) < NOTHING)),
    (Reason.FROM_THE_FUTURE, lambda rows, limits: _age_s(rows) < -limits.future_s),
    (Reason.TOO_OLD, lambda rows, limits: _age_s(rows) > limits.age_floor_s),
)
STORED_ONLY: Final[tuple[tuple[Flag, Callable[[Reports, Limits], Mask]], ...]] = (
    (Flag.OLD, lambda rows, limits: _age_s(rows) > limits.old_s),
    (Flag.INACCURATE, lambda rows, limits: rows["accuracy_m"] > limits.accuracy_m),
)
# Verdict -> reason; the last comes from `repeats` and from the table, not from the predicates above.
REASONS: Final[tuple[Reason | None, ...]] = (None, None, *(reason for reason, _ in REFUSALS), Reason.CONFLICTING_FIX)
CONFLICT: Final = len(REASONS) - 1


def judge(rows: Reports, limits: Limits) -> Verdicts:
    """Return NEW or the verdict of a refusal for each report (index into REASONS)."""
    verdicts = np.zeros(len(rows), np.int8)
    for place in reversed(range(len(REFUSALS))):
        verdicts[REFUSALS[place][1](rows, limits)] = _FIRST_REFUSAL + place
    return verdicts


def flags(rows: Reports, limits: Limits) -> npt.NDArray[np.int16]:
    """Return why each report is only stored, Flag.NONE when it is not."""
    found = np.zeros(len(rows), np.int16)
    for flag, holds in STORED_ONLY:
        found[holds(rows, limits)] |= flag.value
    return found


def by_time(rows: Positions) -> npt.NDArray[np.intp]:
    """Return the order (terminal, fix time, arrival)."""
    return np.lexsort((rows["fixed_at_us"], rows["terminal"]))


def repeats(rows: Positions) -> Verdicts:
    """Compare rows, in order `by_time`, with the first of their terminal and instant: NEW, DUPLICATE or CONFLICT."""
    verdicts = np.zeros(len(rows), np.int8)
    is_first = np.ones(len(rows), np.bool_)
    is_first[1:] = (rows["terminal"][1:] != rows["terminal"][:-1]) | (
        rows["fixed_at_us"][1:] != rows["fixed_at_us"][:-1]
    )
    if is_first.all():
        return verdicts
    first = np.maximum.accumulate(np.where(is_first, np.arange(len(rows)), 0))
    verdicts[~is_first] = np.where(is_same(rows, rows[first]), DUPLICATE, CONFLICT)[~is_first]
    return verdicts


def is_same(rows: Positions, others: Positions) -> Mask:
    """Whether fixes of the same instant say the same (not: were placed or flagged the same)."""
    same = np.ones(len(rows), np.bool_)
    for name in CONTENT:
        same &= rows[name] == others[name]
    return same

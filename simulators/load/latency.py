"""How long it took from the intended moment of publication to an answer, or to a frame of the live map. Pure.

Counting from the moment that the schedule wanted, not from the moment of sending, is what keeps coordinated omission
out: a generator or a server that stands still makes every fix that was due meanwhile late.
"""

from typing import Final

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

from simulators.load.audit import SILENT, Mask, Sent, Times
from simulators.load.witness import Rows
from simulators.report.model import Percentiles

_LOWEST_US: Final = 1
_HIGHEST_US: Final = 24 * 3600 * 1_000_000
_DIGITS: Final = 3  # significant; the histogram then resolves 2,048 steps in each doubling
_STEPS_LOG2: Final = 11
_CURVE: Final = (
    0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 0.99999, 1.0,
)  # fmt: skip
_MIX: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)  # odd: a product loses nothing


def percentiles(spans_us: Times) -> Percentiles | None:
    """Return the quantiles of latencies in microseconds, None without any."""
    if not len(spans_us):
        return None
    histogram = HdrHistogram(_LOWEST_US, _HIGHEST_US, _DIGITS)
    steps, counts = np.unique(_coarse(np.clip(spans_us, _LOWEST_US, _HIGHEST_US)), return_counts=True)
    for step, count in zip(steps.tolist(), counts.tolist(), strict=True):  # a record costs 2.3 us: none for each fix
        histogram.record_value(step, count)

    longest_ms = round(float(spans_us.max()) / 1000, 3)  # a step of the histogram reaches beyond

    def at(quantile: float) -> float:
        return min(round(float(histogram.get_value_at_percentile(quantile * 100)) / 1000, 3), longest_ms)

    return Percentiles(
        count=len(spans_us),
        p50=at(0.5),
        p90=at(0.9),
        p99=at(0.99),
        p999=at(0.999),
        max=longest_ms,
        curve=[(quantile, at(quantile)) for quantile in _CURVE],
    )


def _coarse(values_us: Times) -> Times:
    """Round down to what the histogram can tell apart: some ten thousand different values remain of millions."""
    drop = np.maximum(np.frexp(values_us.astype(np.float64))[1] - _STEPS_LOG2, 0).astype(np.int64)
    return (values_us >> drop) << drop


def waits(sent: Sent) -> Mask:
    """Whether somebody waited for the system with each row.

    Not with what a terminal kept because its person had no signal; but with what it kept because the system was away.
    """
    return (np.asarray(sent.rows["flags"]) & SILENT) == 0


def answered_us(sent: Sent, answered: Times) -> Times:
    """Return the time from due to answered of the rows that have an answer and that somebody waited for."""
    counts = (answered > 0) & waits(sent)
    return np.maximum(answered[counts] - np.asarray(sent.rows["due_us"])[counts], 0)


def framed_us(sent: Sent, seen: Rows, members: NDArray[np.integer]) -> Times:
    """Return the time from due to the first frame that showed it, of each fix that a measuring viewer saw.

    `seen`: SEEN rows; `members`: the live map's number of each terminal's member. A fix is recognised by its member and
    its place to 1e-7 degrees (1 cm); one that a newer fix overtook within a frame was never shown, and has no latency.
    Nor has one that was due before the viewer's first frame: it waited for the viewer.
    """
    rows = sent.rows[sent.was_sent & waits(sent) & ~sent.is_bad]
    if not len(rows) or not len(seen):
        return np.zeros(0, np.int64)
    ours = _mixed(members[rows["terminal"]], rows["lon"], rows["lat"])
    order = np.lexsort((rows["due_us"], ours))
    ours, due_us = ours[order], np.asarray(rows["due_us"])[order]
    shown, first_us, begins_us = _first_seen(seen)
    place = np.minimum(np.searchsorted(ours, shown), len(ours) - 1)
    span_us = first_us - due_us[place]
    is_known: Mask = (ours[place] == shown) & (span_us >= 0) & (due_us[place] >= begins_us)
    return span_us[is_known]


def _first_seen(seen: Rows) -> tuple[NDArray[np.uint64], Times, Times]:
    """Return what was shown, once for each viewer: with the moment it first saw it, and that of its first frame."""
    shown = _mixed(seen["member"], seen["lon"], seen["lat"])
    order = np.lexsort((seen["at_us"], seen["viewer"], shown))
    shown, viewer, at_us = shown[order], np.asarray(seen["viewer"])[order], np.asarray(seen["at_us"])[order]
    is_first = np.ones(len(shown), np.bool_)
    is_first[1:] = (shown[1:] != shown[:-1]) | (viewer[1:] != viewer[:-1])
    _, who = np.unique(viewer, return_inverse=True)
    begins_us = np.full(int(who.max(initial=0)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(begins_us, who, at_us)
    return shown[is_first], at_us[is_first], begins_us[who][is_first]


def _mixed(*columns: Rows) -> NDArray[np.uint64]:
    """Mix three columns into 64 bits: among ten million, two different places fall together once in 370,000 runs."""
    mixed = np.zeros(len(columns[0]), np.uint64)
    for column, factor in zip(columns, _MIX, strict=True):
        mixed = (mixed ^ np.asarray(column).astype(np.int64).view(np.uint64)) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(29)
    return mixed

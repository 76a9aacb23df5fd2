"""Which crossings the positions of a run must lead to, by where the terminals really were; and how many were reported.

The rule is the tracker's, written anew from its description: a point lies in the leaf grid of the lowest code that
intersects it. A first fix places the terminal; a fix in its grid clears the candidate; one outside but nearer than the
hold neither counts nor clears; two that count in the same other grid are a crossing, at the first of the two.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from simulators.movement.chance import Floats, Integers
from simulators.movement.ground import METRES_PER_DEGREE, Booleans
from simulators.roster import Grid

OUTSIDE: Final = -1  # of the city
HOLD_M: Final = 30.0
CROSSING: Final = np.dtype([("terminal", "<i4"), ("said_ms", "<i8"), ("from_grid", "<i4"), ("to_grid", "<i4")])
Crossings = npt.NDArray[np.void]  # of dtype CROSSING; grids are places in Leaves.codes, or OUTSIDE
Truth = npt.NDArray[np.void]  # has the fields terminal, said_ms, lon, lat (1e-7 degrees); rows in any order
Crossed = npt.NDArray[np.void]  # has the fields terminal, at_ms, enters, grid (a code): an exit or an enter a row
Placed = npt.NDArray[np.void]  # has the fields terminal, grid (a code; none outside of the city)
_DEGREE: Final = 1e7
_NONE: Final = -2


class Leaves:
    """The grids of the finest level, taken to be the most numerous one, as a judge of points."""

    def __init__(self, grids: Mapping[str, Grid]) -> None:
        levels = [grid.level for grid in grids.values()]
        finest = max(sorted(set(levels)), key=levels.count)
        self.codes: Final = sorted(code for code, grid in grids.items() if grid.level == finest)
        self._areas: Final = np.array([grids[code].area for code in self.codes], dtype=object)
        self._tree: Final = shapely.STRtree(self._areas)

    def numbers(self, codes: Sequence[str] | npt.NDArray[np.str_]) -> Integers:
        """Return the place of each code in `codes`; OUTSIDE for what is no leaf."""
        own, wanted = np.array(self.codes), np.asarray(codes, np.str_)
        place = np.minimum(np.searchsorted(own, wanted), len(own) - 1)
        return np.where(own[place] == wanted, place, OUTSIDE)

    def locate(self, lon: Floats, lat: Floats) -> Integers:
        """Return the leaf of each point (degrees): on a border the lowest code's; or OUTSIDE."""
        point, leaf = self._tree.query(np.asarray(shapely.points(lon, lat)), predicate="intersects")
        found = np.full(len(lon), len(self.codes), np.int64)
        np.minimum.at(found, point, leaf)
        return np.where(found < len(self.codes), found, OUTSIDE)

    def distance_m(self, leaf: Integers, lon: Floats, lat: Floats) -> Floats:
        """Return how far each point is from its leaf, on a plane about the point."""
        points = np.asarray(shapely.points(lon, lat))
        lines = shapely.get_coordinates(shapely.shortest_line(points, self._areas[leaf])).reshape(-1, 2, 2)
        east, north = (lines[:, 1] - lines[:, 0]).T
        return np.hypot(east * np.cos(np.radians(lat)), north) * METRES_PER_DEGREE


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    matched: int
    missed: int  # expected and not reported
    unexpected: int  # reported and not expected


def expected_crossings(
    truth: Truth, leaves: Leaves, *, hold_m: float = HOLD_M, gap_s: float = np.inf, placed: Placed | None = None
) -> Crossings:
    """Return the crossings that the true places of one run make, in order of (terminal, time).

    `gap_s`: two fixes further apart than that do not confirm each other. Of fixes of one instant the first counts.
    `placed`: where the tracker believed them before the run; a terminal that is not in it is placed by its first fix.
    """
    rows = truth[np.lexsort((truth["said_ms"], truth["terminal"]))]
    is_new = np.r_[True, (np.diff(rows["said_ms"]) != 0) | (np.diff(rows["terminal"]) != 0)] if len(rows) else []
    rows = rows[is_new]
    lon, lat = rows["lon"] / _DEGREE, rows["lat"] / _DEGREE
    grid = leaves.locate(lon, lat)
    who, track = np.unique(rows["terminal"], return_inverse=True)
    tracks = _Tracks(len(who))
    if placed is not None:
        tracks.place(np.searchsorted(who, placed["terminal"]), leaves.numbers(placed["grid"]), who, placed["terminal"])
    found = [np.zeros(0, CROSSING)]
    for turn in _turns(track):
        here = track[turn]
        gone = np.flatnonzero(tracks.clear(here, grid[turn], rows["said_ms"][turn], gap_s))
        left = tracks.state[here[gone]]
        inside = np.flatnonzero(left != OUTSIDE)
        is_held = np.zeros(len(gone), np.bool_)
        at = turn[gone[inside]]
        is_held[inside] = leaves.distance_m(left[inside], lon[at], lat[at]) < hold_m
        counting = gone[~is_held]
        found.append(
            tracks.count(
                here[counting], rows["terminal"][turn[counting]], grid[turn[counting]], rows["said_ms"][turn[counting]]
            )
        )
    crossings = np.concatenate(found)
    return crossings[np.lexsort((crossings["said_ms"], crossings["terminal"]))]


class _Tracks:
    """The state of each terminal: its grid, and the candidate for the next one."""

    def __init__(self, count: int) -> None:
        self.state: Final = np.full(count, _NONE, np.int64)
        self._candidate: Final = np.full(count, _NONE, np.int64)
        self._since_ms: Final = np.zeros(count, np.int64)
        self._last_ms: Final = np.zeros(count, np.int64)

    def place(self, slots: Integers, grid: Integers, who: Integers, terminal: Integers) -> None:
        """Begin in these grids; terminals that have no track are passed over."""
        is_known = np.r_[who, OUTSIDE][slots] == terminal
        self.state[slots[is_known]] = grid[is_known]

    def clear(self, here: Integers, grid: Integers, at_ms: Integers, gap_s: float) -> Booleans:
        """Take the fixes that lie at home (or are the first) and say which do not."""
        state = self.state[here]
        is_settled = (state == _NONE) | (state == grid)
        self.state[here[is_settled]] = grid[is_settled]
        is_stale = at_ms - self._last_ms[here] > 1_000.0 * gap_s
        self._candidate[here[is_settled | is_stale]] = _NONE
        self._last_ms[here] = at_ms
        return ~is_settled

    def count(self, here: Integers, terminal: Integers, grid: Integers, at_ms: Integers) -> Crossings:
        """Count fixes elsewhere: the first makes a candidate, the second in the same grid a crossing."""
        is_second = self._candidate[here] == grid
        fresh, crossed = here[~is_second], here[is_second]
        self._candidate[fresh], self._since_ms[fresh] = grid[~is_second], at_ms[~is_second]
        found = np.zeros(len(crossed), CROSSING)
        found["terminal"], found["said_ms"] = terminal[is_second], self._since_ms[crossed]
        found["from_grid"], found["to_grid"] = self.state[crossed], grid[is_second]
        self.state[crossed], self._candidate[crossed] = grid[is_second], _NONE
        return found


def judge_crossings(
    truth: Truth,
    crossed: Crossed,
    leaves: Leaves,
    *,
    tolerance_s: float,
    gap_s: float = np.inf,
    placed: Placed | None = None,
) -> Matches:
    """Match what the true places of a run make with what the system says was crossed.

    Only the terminals in `truth` count. Without `placed`, what is stamped with a terminal's first fix or before came
    out of a state that is older than the run, and does not count either.
    """
    reported = reported_crossings(crossed, leaves)
    who, at = np.unique(truth["terminal"], return_inverse=True)
    first_ms = np.full(len(who) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first_ms, at, truth["said_ms"])
    place = np.searchsorted(who, reported["terminal"])
    is_known = np.r_[who, OUTSIDE][place] == reported["terminal"]
    reported = reported[is_known & ((reported["said_ms"] > first_ms[place]) | (placed is not None))]
    expected = expected_crossings(truth, leaves, gap_s=gap_s, placed=placed)
    return match_crossings(expected, reported, tolerance_s=tolerance_s)


def reported_crossings(crossed: Crossed, leaves: Leaves) -> Crossings:
    """Put the exit and the enter of one moment together; grids above the leaves are left out."""
    leaf = leaves.numbers(crossed["grid"])
    rows, leaf = crossed[leaf != OUTSIDE], leaf[leaf != OUTSIDE]
    moments, at = np.unique(rows[["terminal", "at_ms"]], return_inverse=True)
    found = np.zeros(len(moments), CROSSING)
    found["terminal"], found["said_ms"] = moments["terminal"], moments["at_ms"]
    found["from_grid"], found["to_grid"] = OUTSIDE, OUTSIDE
    enters = rows["enters"]
    found["to_grid"][at[enters]], found["from_grid"][at[~enters]] = leaf[enters], leaf[~enters]
    return found


def match_crossings(expected: Crossings, reported: Crossings, *, tolerance_s: float) -> Matches:
    """Pair each expected crossing with one reported of the same terminal and grids, at most so far away in time."""
    either = np.concatenate([expected, reported]).astype(CROSSING)
    _, key = np.unique(either[["terminal", "from_grid", "to_grid"]], return_inverse=True)
    wanted, given = (_by_key(key[: len(expected)], expected), _by_key(key[len(expected) :], reported))
    reach_ms = 1_000.0 * tolerance_s
    matched = sum(_paired(times, given.get(each, []), reach_ms) for each, times in wanted.items())
    return Matches(matched=matched, missed=len(expected) - matched, unexpected=len(reported) - matched)


def _by_key(key: Integers, crossings: Crossings) -> dict[int, list[int]]:
    order = np.lexsort((crossings["said_ms"], key))
    found: dict[int, list[int]] = {}
    for each, at_ms in zip(key[order].tolist(), crossings["said_ms"][order].tolist(), strict=True):
        found.setdefault(each, []).append(at_ms)
    return found


def _paired(wanted: Sequence[int], given: Sequence[int], reach_ms: float) -> int:
    """How many pairs two sorted lists of moments make: the earliest that fits is always a best choice."""
    pairs = at = 0
    for moment in wanted:
        while at < len(given) and given[at] < moment - reach_ms:
            at += 1
        if at < len(given) and given[at] <= moment + reach_ms:
            pairs, at = pairs + 1, at + 1
    return pairs


def _turns(track: Integers) -> Iterator[npt.NDArray[Any]]:
    """Yield the rows of each track's first fix, of each one's second, ...: a track occurs once in a turn."""
    if not len(track):
        return
    starts = np.searchsorted(track, track)
    rank = np.arange(len(track)) - starts
    order = np.argsort(rank, kind="stable")
    yield from np.split(order, np.cumsum(np.bincount(rank))[:-1])

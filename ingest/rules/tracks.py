"""From positions in order of time to crossings: the state of each terminal, as columns, one step for many terminals.

The state of a track is UNKNOWN, or OUTSIDE_CITY, or in a grid g; beside it a candidate h with its count. The rule, for
a believed fix (two fixes and 30 m leave 250 flaps of 8,108 on 291 h of real tracks with noise):

    state      the fix lies                          what happens
    UNKNOWN    in h (or outside the city)            the state is h, silently
    in g       in g                                  the candidate is cleared
    in g       outside g, nearer than the hold       nothing: it neither counts nor clears
    in g       in h, not the candidate               h becomes the candidate, count 1, since this fix
    in g       in h, the candidate                   count 2: exit(g) and enter(h), stamped with the first of the two

It is a pure function of a terminal's fixes in order of time. A gap in fix time longer than the silence limit of the
terminal's configured interval clears the candidate, without one a gap of half an hour: fixes hours apart do not confirm
each other. (Not the learned interval: that is of the last 20 fixes, of which a restart or a late fix knows others.)
Where a new grid set gave g another area, or ended it, between two fixes, the state is UNKNOWN at the second: nobody
crosses because a line on a map moved.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from ingest.rules.columns import US
from tracker.model.positions import DEGREE, METRES_PER_DEGREE, OUTSIDE_CITY, UNSAID, Flag, Positions
from tracker.model.presence import SILENT_AFTER
from tracker.model.records import pick

UNKNOWN: Final = -1
NOBODY: Final = -1  # no candidate
_MOST: Final = 32_767  # what a step's column holds
GAPS: Final = 20  # fixes whose intervals the learner looks at

TRACK: Final = np.dtype(
    [
        ("terminal", "<i4"),
        ("confirmed", "<i4"),  # unit; OUTSIDE_CITY; UNKNOWN
        ("candidate", "<i4"),
        ("candidate_count", "<i2"),
        ("candidate_since_us", "<i8"),
        ("fixed_at_us", "<i8"),  # of the last believed fix; 0: none yet
        ("lon", "<i4"),
        ("lat", "<i4"),
        ("suspect_at_us", "<i8"),  # the last suspect fix since; 0: none
        ("suspect_lon", "<i4"),
        ("suspect_lat", "<i4"),
        ("interval_s", "<f4"),  # configured, else learned
        ("is_configured", "?"),
        ("gaps_s", "<f4", (GAPS,)),  # a ring; infinite where unused
        ("gap_count", "<i4"),
    ]
)
CROSSING: Final = np.dtype([("terminal", "<i4"), ("fixed_at_us", "<i8"), ("from_grid", "<i4"), ("to_grid", "<i4")])
Tracks = npt.NDArray[np.void]  # of dtype TRACK
Crossings = npt.NDArray[np.void]  # of dtype CROSSING, in order of (confirmation within the batch)
Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]


class Sheet(Protocol):
    """The grid set that judges fixes of its time; tracker.geometry.atlas.Sheet is one."""

    @property
    def since_us(self) -> int:
        """When it took effect."""
        ...

    def distance_m(self, grid: npt.NDArray[np.int32], lon: Floats, lat: Floats) -> Floats:
        """Return how far each point (degrees) is from its grid."""
        ...

    def is_moved(self, before_us: npt.NDArray[np.int64], grid: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """Whether each grid has another area than at `before_us` (0: never), or ended."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    confirmations: int = 2
    hold_m: float = 30.0
    most_hold_m: float = 50.0  # a fix that admits to be bad is held up to here
    speed_mps: float = 50.0
    interval_s: float = 30.0  # until something is learned
    silent_intervals: float = SILENT_AFTER[0]
    least_silent_s: float = SILENT_AFTER[1]
    most_apart_s: float = 1_800.0  # two fixes that confirm a crossing, where no interval is configured
    outside_s: float = 300.0  # out of their own grids for so long, and by so many fixes: ingest.rules.own_grid
    outside_fixes: int = 2


def unknown(terminals: npt.NDArray[Any], rules: Rules) -> Tracks:
    """Return tracks of which nothing is known."""
    tracks = np.zeros(len(terminals), TRACK)
    tracks["terminal"] = terminals
    tracks["confirmed"], tracks["candidate"] = UNKNOWN, NOBODY
    tracks["interval_s"] = rules.interval_s
    tracks["gaps_s"] = np.inf
    return tracks


def recall_intervals(tracks: Tracks, terminals: npt.NDArray[Any], rules: Rules) -> None:
    """Let a learned interval that was kept without its gaps stand for as many of them as the learner looks at.

    Else the first gap after a restart would be all it knows, and that gap is often the outage itself.
    """
    learned = terminals[tracks["interval_s"][terminals] != rules.interval_s]
    tracks["gaps_s"][learned] = tracks["interval_s"][learned][:, None]
    tracks["gap_count"][learned] = GAPS


def silent_after_s(interval_s: npt.NDArray[Any], rules: Rules) -> Floats:
    return np.maximum(rules.silent_intervals * interval_s.astype(np.float64), rules.least_silent_s)


def observe(
    tracks: Tracks,
    slots: Ints,
    positions: Positions,
    sheet: Sheet,
    rules: Rules,
    *,
    confirmed: npt.NDArray[np.int32] | None = None,
) -> Crossings:
    """Advance `tracks` by `positions`, both in place, and return the crossings.

    `positions` are of the time of one grid set, `sheet`, placed by it, in order of (terminal, fix time), not before
    its track's last fix; `slots[i]` is the track of `positions[i]`. Those that are not believed get Flag.SUSPECT, the
    others step_m and step_s. `confirmed`, parallel to `positions`, is given the state after each that is believed.
    """
    found = [np.zeros(0, CROSSING)]
    for candidates in _rounds(slots):
        is_believed, apart_m = _believe(tracks, slots[candidates], positions, candidates, rules)
        positions["flags"][candidates[~is_believed]] |= Flag.SUSPECT.value
        rows = candidates[is_believed]
        here = slots[rows]
        _step(tracks, here, positions, rows, apart_m=apart_m[is_believed], rules=rules)
        _learn(tracks, here, positions["fixed_at_us"][rows], rules)
        _place_anew(tracks, here, sheet)
        found.append(_cross(tracks, here, pick(positions, rows), sheet, rules))
        for name in ("fixed_at_us", "lon", "lat"):
            tracks[name][here] = positions[name][rows]
        tracks["suspect_at_us"][here] = 0
        if confirmed is not None:
            confirmed[rows] = tracks["confirmed"][here]
    return np.concatenate(found)


def _rounds(slots: Ints) -> Iterator[Ints]:
    """Yield the first row of each track, then the second of each, ...: within a round every track occurs once."""
    if not len(slots):
        return
    is_start = np.r_[True, slots[1:] != slots[:-1]]
    rank = np.arange(len(slots)) - np.maximum.accumulate(np.where(is_start, np.arange(len(slots)), 0))
    order = np.argsort(rank, kind="stable")
    yield from np.split(order, np.cumsum(np.bincount(rank))[:-1])


def _believe(
    tracks: Tracks, here: Ints, positions: Positions, rows: Ints, rules: Rules
) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Whether each fix is near enough to the last place, or else to the last suspect one; remember those that are not.

    Returns, too, how far each is from the last place.
    A filter that compares with the last place only would lock out a member who really moved.
    """
    track, fix = pick(tracks, here), pick(positions, rows)
    is_first = track["fixed_at_us"] == 0
    apart_m = _apart_m(track, fix, "lon", "lat")
    fits = is_first | (_speed_mps(track, fix, "fixed_at_us", apart_m) <= rules.speed_mps)
    agrees = track["suspect_at_us"] > 0
    to_suspect_m = _apart_m(track, fix, "suspect_lon", "suspect_lat")
    agrees &= _speed_mps(track, fix, "suspect_at_us", to_suspect_m) <= rules.speed_mps
    is_believed = fits | agrees
    lost, doubted = here[~is_believed], rows[~is_believed]
    tracks["suspect_at_us"][lost] = positions["fixed_at_us"][doubted]
    tracks["suspect_lon"][lost] = positions["lon"][doubted]
    tracks["suspect_lat"][lost] = positions["lat"][doubted]
    return is_believed, apart_m


def _apart_m(track: Tracks, fix: Positions, lon: str, lat: str) -> Floats:
    """Return the distance on a local plane (1e-3 off at 100 km)."""
    north_m = (fix["lat"].astype(np.float64) - track[lat]) / DEGREE * METRES_PER_DEGREE
    turn = (fix["lon"].astype(np.float64) - track[lon]) / DEGREE
    east_m = (turn - 360 * np.rint(turn / 360)) * METRES_PER_DEGREE * np.cos(np.radians(fix["lat"] / DEGREE))
    return np.hypot(east_m, north_m)


def _speed_mps(track: Tracks, fix: Positions, at: str, apart_m: Floats) -> Floats:
    """Return the implied speed; less than a second apart counts as one."""
    return apart_m / np.maximum((fix["fixed_at_us"] - track[at]) / US, 1.0)


def _most_apart_s(tracks: Tracks, here: Ints, rules: Rules) -> Floats:
    """Return how far apart two fixes of each track may be to confirm a crossing."""
    limit_s = silent_after_s(tracks["interval_s"][here], rules)
    return np.where(tracks["is_configured"][here], limit_s, rules.most_apart_s)


def _step(tracks: Tracks, here: Ints, positions: Positions, rows: Ints, *, apart_m: Floats, rules: Rules) -> None:
    """Write down how far and how long each believed fix is from its track's last one.

    0 at the first, and after a silence: nobody knows where the member was meanwhile. A late fix has no step, and
    the one that goes over it stays: a track's steps add up to its way once.
    """
    last_us = tracks["fixed_at_us"][here]
    gap_s = (positions["fixed_at_us"][rows] - last_us) / US
    counts = (last_us > 0) & (gap_s <= silent_after_s(tracks["interval_s"][here], rules))
    positions["step_m"][rows] = np.minimum(np.rint(apart_m), _MOST) * counts
    positions["step_s"][rows] = np.minimum(np.rint(gap_s), _MOST) * counts


def _learn(tracks: Tracks, here: Ints, fixed_at_us: npt.NDArray[np.int64], rules: Rules) -> None:
    """Clear candidates after a gap; keep the median of the last intervals of terminals without a configured one."""
    gap_s = (fixed_at_us - tracks["fixed_at_us"][here]) / US
    has_last = tracks["fixed_at_us"][here] > 0
    stale = here[has_last & (gap_s > _most_apart_s(tracks, here, rules))]
    tracks["candidate"][stale], tracks["candidate_count"][stale] = NOBODY, 0
    learns = has_last & ~tracks["is_configured"][here]
    pupils, gap_s = here[learns], gap_s[learns]
    if not len(pupils):
        return
    tracks["gaps_s"][pupils, tracks["gap_count"][pupils] % GAPS] = gap_s
    tracks["gap_count"][pupils] += 1
    middle = (np.minimum(tracks["gap_count"][pupils], GAPS) - 1) // 2
    tracks["interval_s"][pupils] = np.sort(tracks["gaps_s"][pupils], axis=1)[np.arange(len(pupils)), middle]


def _place_anew(tracks: Tracks, here: Ints, sheet: Sheet) -> None:
    """Forget the state of tracks whose grid has moved since their last fix."""
    before_us = tracks["fixed_at_us"][here]
    if not len(here) or before_us.min() >= sheet.since_us:
        return
    moved = here[sheet.is_moved(before_us, tracks["confirmed"][here])]
    tracks["confirmed"][moved] = UNKNOWN


def _cross(tracks: Tracks, here: Ints, fixes: Positions, sheet: Sheet, rules: Rules) -> Crossings:
    state, grid = tracks["confirmed"][here], fixes["grid"]
    is_unknown = state == UNKNOWN
    is_home = grid == state
    settled = here[is_unknown | is_home]
    tracks["confirmed"][settled] = grid[is_unknown | is_home]
    tracks["candidate"][settled], tracks["candidate_count"][settled] = NOBODY, 0
    away = np.flatnonzero(~is_unknown & ~is_home)
    counting = away[~_is_held(state[away], pick(fixes, away), sheet, rules)]
    return _count(tracks, here[counting], pick(fixes, counting), rules)


def _is_held(grid: npt.NDArray[np.int32], fixes: Positions, sheet: Sheet, rules: Rules) -> npt.NDArray[np.bool_]:
    """Whether each fix outside `grid` is too near to it to mean anything."""
    accuracy_m = np.where(fixes["accuracy_dm"] == UNSAID, 0, fixes["accuracy_dm"] / 10)
    hold_m = np.maximum(rules.hold_m, np.minimum(accuracy_m, rules.most_hold_m))
    is_held = np.zeros(len(fixes), np.bool_)
    inside = np.flatnonzero(grid != OUTSIDE_CITY)
    if len(inside):
        lon, lat = fixes["lon"][inside] / DEGREE, fixes["lat"][inside] / DEGREE
        is_held[inside] = sheet.distance_m(grid[inside], lon, lat) < hold_m[inside]
    return is_held


def _count(tracks: Tracks, here: Ints, fixes: Positions, rules: Rules) -> Crossings:
    is_new = tracks["candidate"][here] != fixes["grid"]
    fresh = here[is_new]
    tracks["candidate"][fresh] = fixes["grid"][is_new]
    tracks["candidate_since_us"][fresh] = fixes["fixed_at_us"][is_new]
    tracks["candidate_count"][fresh] = 0
    tracks["candidate_count"][here] += 1
    crossed = here[tracks["candidate_count"][here] >= rules.confirmations]
    found = np.zeros(len(crossed), CROSSING)
    found["terminal"] = tracks["terminal"][crossed]
    found["fixed_at_us"] = tracks["candidate_since_us"][crossed]
    found["from_grid"], found["to_grid"] = tracks["confirmed"][crossed], tracks["candidate"][crossed]
    tracks["confirmed"][crossed] = tracks["candidate"][crossed]
    tracks["candidate"][crossed], tracks["candidate_count"][crossed] = NOBODY, 0
    return found

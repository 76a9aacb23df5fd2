"""Who is outside all their own grids: the state of each member, as columns, one step for many members.

A member's own grids are the subtrees of the units they are assigned to, as far as those have grids at all (a department
has none). What is judged is not the raw fix but the grid in which its terminal is confirmed after it
(ingest.rules.tracks). The rule, for a believed fix:

    the fix is                                                  what happens
    of a terminal carried by nobody                             nothing
    earlier than the member's last one that counted             nothing: of two terminals the fresher counts
    of a member who has no own grid                             the count is cleared; no event: they are never out
    confirmed in an own grid                                    the count is cleared; an open outing ends: back in grid
    confirmed elsewhere, or outside the city                    count + 1, since the first of these in a row
      and count >= 2, 300 s since the first, no outing is open  an outing begins: out of grid

Only a fix makes an event, and it is judged by what holds when it is: who carries the terminal, where they are assigned,
and which grid the terminal is confirmed in. Where a member got other units since their last fix, the count is cleared
first. How the fixes were cut into batches makes no difference. A gap between fixes clears nothing: both grids were
confirmed.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ingest.rules.columns import US
from ingest.rules.tracks import Rules
from tracker.model.positions import Positions

OUTING: Final = np.dtype(
    [
        ("fixed_at_us", "<i8"),  # of the last fix that counted; 0: none
        ("since_us", "<i8"),  # the first of the fixes outside in a row; 0: not outside
        ("count", "<i4"),  # of these fixes
        ("is_open", "?"),  # out of grid was said, and back in grid not yet
        ("homes", "<i8"),  # the mark of the homes it was counted by
    ],
    align=True,
)
MOVE: Final = np.dtype(
    [
        ("member", "<i4"),
        ("terminal", "<i4"),
        ("grid", "<i4"),  # confirmed then
        ("fixed_at_us", "<i8"),
        ("since_us", "<i8"),  # 0 for back in grid
        ("is_out", "?"),
    ]
)
NO_HOME: Final = 0
_EVERYWHERE: Final = (0, 2**31 - 1)
_SPAN: Final = 2**32  # more than any number of the tree, so that a member and a number make one key

Outings = npt.NDArray[np.void]  # of dtype OUTING, by member id
Moves = npt.NDArray[np.void]  # of dtype MOVE, of each member in order of time
Ids = npt.NDArray[Any]
Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Homes:
    """The own grids of all members, as intervals of the tree. The last row of a column stands for ids beyond.

    Most members have one interval: `bounds` is the first of each, by member id, and everything for who has none;
    `starts` and `ends` are the others, apart from each other, in order of (member, number).
    """

    bounds: npt.NDArray[np.int32]  # (members, 2)
    starts: npt.NDArray[np.int64]  # member x _SPAN + number, the first below all
    ends: npt.NDArray[np.int64]
    lefts: npt.NDArray[np.int32]  # the number of each unit, by its id
    marks: npt.NDArray[np.int64]  # another one when a member has other units than before; NO_HOME: none

    def mark_of(self, members: Ids) -> npt.NDArray[np.int64]:
        return np.take(self.marks, members, mode="clip")

    def hold(self, members: Ids, grids: Ids) -> Bits:
        """Whether each grid lies in an own subtree of its member, or the member has none."""
        number = np.take(self.lefts, grids, mode="clip")
        bounds = np.take(self.bounds, members, axis=0, mode="clip")
        is_held = (bounds[:, 0] <= number) & (number <= bounds[:, 1])
        if len(self.starts) > 1 and len(rest := np.flatnonzero(~is_held)):
            key = members[rest].astype(np.int64) * _SPAN + number[rest]
            is_held[rest] = key <= self.ends[np.searchsorted(self.starts, key, side="right") - 1]
        return is_held


@dataclass(frozen=True, slots=True)
class Assigned:
    """Columns of all assignments, parallel: who, where, and the unit's interval in the tree."""

    members: npt.NDArray[np.int32]
    units: npt.NDArray[np.int32]
    lefts: npt.NDArray[np.int32]
    rights: npt.NDArray[np.int32]


def homes_of(assigned: Assigned, lefts: npt.NDArray[np.int32], leaves: npt.NDArray[np.int32]) -> Homes:
    """`lefts` is by unit id; `leaves` are the numbers of the units that are a leaf, in any order."""
    has_grids = _has_grids(assigned, np.sort(leaves))
    members, units = assigned.members[has_grids].astype(np.int64), assigned.units[has_grids]
    starts = members * _SPAN + assigned.lefts[has_grids]
    ends = members * _SPAN + assigned.rights[has_grids]
    order = np.lexsort((-ends, starts))
    starts, ends = starts[order], ends[order]
    reach = np.maximum.accumulate(np.r_[np.int64(-1), ends])  # intervals lie in each other or apart
    is_outer = ends > reach[:-1]
    starts, ends = starts[is_outer], ends[is_outer]
    owners, first = np.unique(starts // _SPAN, return_index=True)
    marks = _marks(members, units)
    bounds = np.tile(np.array(_EVERYWHERE, np.int32), (len(marks), 1))
    bounds[owners] = np.column_stack([starts[first] % _SPAN, ends[first] % _SPAN])
    return Homes(
        bounds=bounds,
        starts=np.r_[np.int64(-1), np.delete(starts, first)],
        ends=np.r_[np.int64(-1), np.delete(ends, first)],
        lefts=np.r_[lefts, np.int32(0)],
        marks=marks,
    )


def nobodys() -> Homes:
    """Return the homes of a city without assignments."""
    none = np.zeros(0, np.int32)
    return homes_of(Assigned(none, none, none, none), none, none)


def _has_grids(assigned: Assigned, leaves: npt.NDArray[np.int32]) -> Bits:
    return np.searchsorted(leaves, assigned.lefts) < np.searchsorted(leaves, assigned.rights, side="right")


def _marks(members: npt.NDArray[np.int64], units: Ids) -> npt.NDArray[np.int64]:
    """Mix the units of each member, in whatever order, into one number that is not NO_HOME."""
    marks = np.zeros(int(members.max(initial=0)) + 2, np.int64)
    once = np.unique(members * _SPAN + units)  # one role more in the same unit changes nothing
    mixed = ((once % _SPAN) * 0x9E3779B1 % 2_147_483_647) ** 2 + 1
    np.add.at(marks, once // _SPAN, mixed)
    return marks


@dataclass(frozen=True, slots=True)
class Judged:
    """What fixes make of outings, for `take`, and the events. All in order of (member, time)."""

    members: Ids
    fixed_at_us: npt.NDArray[np.int64]  # parallel to `members`
    away: Ids  # the members of whom more changed
    outings: Outings  # parallel to `away`, what they are afterwards; of several rows of a member the last
    moves: Moves


def judge(outings: Outings, fixes: Positions, confirmed: Ids, homes: Homes, rules: Rules) -> Judged:
    """Judge believed fixes, in any order; `confirmed[i]` is the grid of the terminal's state after `fixes[i]`.

    `outings` stay as they are until `take`. Most batches hold nobody who is or was away, and cost little.
    """
    member, at_us = fixes["member"], fixes["fixed_at_us"]
    order = np.lexsort((at_us, member))
    member, at_us = member[order], at_us[order]
    counts = (member > 0) & (at_us >= outings["fixed_at_us"][member])
    if not counts.all():
        order, member, at_us = order[counts], member[counts], at_us[counts]
    is_out = ~homes.hold(member, confirmed[order])
    concerns = is_out | (outings["count"][member] > 0) | outings["is_open"][member]
    if not concerns.any():
        return Judged(member, at_us, member[:0], outings[:0], np.zeros(0, MOVE))
    rows = _whole(member, concerns)
    away = _Run(member[rows], at_us[rows], outings[member[rows]], homes.mark_of(member[rows]))
    after, moved = away.follow(is_out[rows], rules)
    moves = _moves(after, moved, fixes[order[rows[moved]]], confirmed[order[rows[moved]]])
    return Judged(member, at_us, member[rows], after, moves)


def take(outings: Outings, judged: Judged) -> None:
    """Put in what was judged."""
    outings["fixed_at_us"][judged.members] = judged.fixed_at_us
    outings[judged.away] = judged.outings


def _whole(member: Ids, concerns: Bits) -> Ids:
    """Return all rows of the members one of whose rows concerns us."""
    group = np.zeros(len(member), np.intp)
    np.cumsum(member[1:] != member[:-1], out=group[1:])
    concerned = np.zeros(len(member), np.bool_)
    concerned[group[concerns]] = True
    return np.flatnonzero(concerned[group])


def _moves(after: Outings, moved: Ids, fixes: Positions, grids: Ids) -> Moves:
    """Return the events of the rows `moved`; `fixes` and `grids` are of these."""
    moves = np.zeros(len(moved), MOVE)
    if len(moved):
        for name in ("member", "terminal", "fixed_at_us"):
            moves[name] = fixes[name]
        moves["grid"], moves["since_us"], moves["is_out"] = grids, after["since_us"][moved], after["is_open"][moved]
    return moves


class _Run:
    """Rows in order of (member, time), and what their members were before them, a row each."""

    def __init__(self, member: Ids, at_us: Ids, before: Outings, mark: Ids) -> None:
        self._at_us: Final = at_us
        self._before: Final = before
        self._mark: Final = mark
        self._place: Final = np.arange(len(member))
        self._is_first: Final = np.ones(len(member), np.bool_)
        np.not_equal(member[1:], member[:-1], out=self._is_first[1:])
        self._start: Final = np.maximum.accumulate(np.where(self._is_first, self._place, 0))

    def follow(self, is_out: Bits, rules: Rules) -> tuple[Outings, Ids]:
        """Return what each row leaves behind, and the rows that opened or ended an outing."""
        since_us, count = self._streak(is_out)
        is_due = (count >= rules.outside_fixes) & (self._at_us - since_us >= rules.outside_s * US)
        is_open, moved = self._turns(is_due, is_over=~is_out & (self._mark != NO_HOME))
        after = np.zeros(len(is_out), OUTING)
        after["fixed_at_us"], after["homes"] = self._at_us, self._mark
        after["since_us"], after["count"], after["is_open"] = since_us, count, is_open
        return after, moved

    def _streak(self, is_out: Bits) -> tuple[Ids, Ids]:
        """Return since when each row is outside (0: it is not), and by how many fixes in a row."""
        before, place, start = self._before, self._place, self._start
        inside = np.maximum.accumulate(np.where(is_out, -1, place))  # the last row inside, of this member or another
        goes_on = (inside < start) & (before["count"] > 0) & (before["homes"] == self._mark)
        began = np.maximum(inside + 1, start)
        since_us = np.where(goes_on, before["since_us"], self._at_us[np.minimum(began, len(place) - 1)])
        count = np.where(goes_on, before["count"] + place - start, place - began) + 1
        return np.where(is_out, since_us, 0), np.where(is_out, count, 0)

    def _turns(self, is_due: Bits, is_over: Bits) -> tuple[Bits, Ids]:
        """Return whether an outing is open after each row, and the rows that changed that."""
        was_open = self._before["is_open"].copy()
        said = np.maximum.accumulate(np.where(is_due | is_over, self._place, -1))  # the last row that decides
        is_open = np.where(said >= self._start, is_due[said], was_open)
        was_open[1:] = np.where(self._is_first[1:], was_open[1:], is_open[:-1])
        return is_open, np.flatnonzero(is_open != was_open)

"""Whether the live map ended up true: what viewers held at last, against the tables. Pure.

What the live map promises, and so what must be equal:

- A member is shown where the newest *believed* fix of any of their terminals is: stored with no reason against it (bits
  0 to 3 of `position.flags` are 0). Late fixes (older than the terminal's last), old ones (24 h), inaccurate ones and
  suspect jumps are stored and move nobody. A jump that is agreed with stays suspect; the fix that agrees is believed.
  Newest is by the time of the fix, not of its arrival: a backlog moves nobody back.
- Of two terminals of one member the fresher fix counts. Two fixes of the same millisecond may both be right.
- The time of arrival is that of any sign of life. It says nothing about the place and is not compared.
- A unit above street level with more than 5,000 members is a summary: its viewers hold only members with an open SOS.
  What they show must be right; that they do not show the others is no fault.

When: a fix is on the map at the next tick (1 s) after its COMMIT, staggered by at most 0.8 s; after a doorbell that
nobody heard (programs apart without Redis, a restart) with the next reading of ingest's checkpoint, 13 s at most. So:
first nothing more is stored, then viewers settle (they wait until nobody has moved for 3 s), then the tables are asked.
Where something is stored meanwhile, members with fixes of the last `allowed_ms` are not accused.

The caller leaves out members whose terminal changed hands during the run: whose fix it was is a matter of when each
program heard of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy.typing as npt

ALLOWED_MS: Final = 15_000

Rows = npt.NDArray[Any]

_Place = tuple[int, int]  # lon, lat


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Members by id, in order. A member may be shown by several viewers: one wrong place is enough."""

    right: int
    misplaced: tuple[int, ...]  # shown elsewhere than at their newest believed fix
    missing: tuple[int, ...]  # have one, and nobody shows them
    unjudged: tuple[int, ...]  # would be one of these, but were moved too late to say

    @property
    def wrong(self) -> tuple[int, ...]:
        return tuple(sorted((*self.misplaced, *self.missing)))


@dataclass(slots=True)
class _Newest:
    said_ms: int
    places: set[_Place]


def judge(final: Rows, newest: Rows, *, everybody: bool, until_ms: int, allowed_ms: int = ALLOWED_MS) -> Verdict:
    """Compare what was shown (rows with member, lon, lat) with the newest believed fixes (member, said_ms, lon, lat).

    `newest` has a row a terminal, in any order; a member who is not in it is not judged. `everybody`: all of them are
    to be shown, because a viewer watched a unit that holds them all, as points. `until_ms`: when the viewers ended.
    """
    wanted = _by_member(newest)
    wrong, shown = set[int](), set[int]()
    for member, lon, lat in zip(*(final[name].tolist() for name in ("member", "lon", "lat")), strict=True):
        shown.add(member)
        if member in wanted and (lon, lat) not in wanted[member].places:
            wrong.add(member)
    missing = wanted.keys() - shown if everybody else set[int]()
    late = {member for member in wrong | missing if wanted[member].said_ms > until_ms - allowed_ms}
    return Verdict(
        right=len((wanted.keys() & shown) - wrong),
        misplaced=tuple(sorted(wrong - late)),
        missing=tuple(sorted(missing - late)),
        unjudged=tuple(sorted(late)),
    )


def _by_member(newest: Rows) -> Mapping[int, _Newest]:
    found: dict[int, _Newest] = {}
    columns = (newest[name].tolist() for name in ("member", "said_ms", "lon", "lat"))
    for member, said_ms, lon, lat in zip(*columns, strict=True):
        known = found.get(member)
        if member <= 0:
            continue  # carried by nobody
        if known is None or said_ms > known.said_ms:
            found[member] = _Newest(said_ms, {(lon, lat)})
        elif said_ms == known.said_ms:
            known.places.add((lon, lat))
    return found

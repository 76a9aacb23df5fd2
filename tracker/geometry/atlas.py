"""Which grid set judges a fix: the one in force at the fix's own time, whenever the fix arrives.

An atlas is all grid sets in the order in which they take effect. The first counts for whatever is older, too. It is
immutable; of the sets' fences it holds those that somebody wanted, and says which others a batch would need.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tracker.geometry.fences import Degrees, Fences, Units

BEGINNING_US: Final = -(2**62)
NO_GRID_SET: Final = 0  # the version while there is none

Micros = npt.NDArray[np.int64]


class Era(NamedTuple):
    """A grid set and the moment it takes effect, in microseconds since 1970."""

    version: int
    since_us: int


class Want(NamedTuple):
    """What it takes to judge some fixes."""

    versions: tuple[int, ...]
    steps: tuple[tuple[int, int], ...]  # from a version to the one that follows it


@dataclass(frozen=True, slots=True)
class Sheet:
    """One grid set as the judge of fixes of its own time."""

    version: int
    since_us: int
    fences: Fences
    _atlas: "Atlas"

    def place(self, lon: Degrees, lat: Degrees) -> Units:
        return self.fences.place(lon, lat)

    def distance_m(self, grid: Units, lon: Degrees, lat: Degrees) -> npt.NDArray[np.float64]:
        return self.fences.distance_m(grid, lon, lat)

    def is_moved(self, before_us: Micros, grid: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """Whether each grid got another area, or ended, between the set in force at `before_us` and this one."""
        return self._atlas.is_moved(before_us, self.since_us, grid)


class Atlas:
    def __init__(
        self,
        eras: Sequence[Era] = (),
        *,
        fences: Mapping[int, Fences] | None = None,
        moved: Mapping[tuple[int, int], Units] | None = None,
        parents: Mapping[int, int | None] | None = None,
    ) -> None:
        """`moved` holds, of two sets that follow each other, the sorted units whose area is another or none any more.

        OUTSIDE is among them when the outline of all grids moved. `parents` is the tree of units.
        """
        first, *later = _ordered(eras) or [Era(NO_GRID_SET, BEGINNING_US)]
        self.eras: Final = (Era(first.version, BEGINNING_US), *later)
        self.fences: Final[Mapping[int, Fences]] = fences or {}
        self.moved: Final[Mapping[tuple[int, int], Units]] = moved or {}
        self.parents: Final[Mapping[int, int | None]] = parents or {}
        self._starts: Final = [era.since_us for era in self.eras]
        self._starts_us: Final = np.array(self._starts, np.int64)
        self._versions: Final = np.array([era.version for era in self.eras], np.int64)

    def index(self, at_us: int) -> int:
        """Return the place of the era that holds `at_us`."""
        return bisect_right(self._starts, at_us) - 1

    def version(self, at_us: int) -> int:
        return self.eras[self.index(at_us)].version

    def versions(self, at_us: Micros) -> npt.NDArray[np.int64]:
        """Return the version that judges each of the times."""
        return self._versions[np.searchsorted(self._starts_us, at_us, side="right") - 1]

    def sheet(self, at_us: int) -> Sheet:
        """Return the judge of `at_us`. KeyError when its fences are not held: ask `lacks` first."""
        era = self.eras[self.index(at_us)]
        return Sheet(era.version, era.since_us, self.fences[era.version], self)

    def spans(self, at_us: Micros) -> Iterator[tuple[int, npt.NDArray[np.intp] | slice]]:
        """Yield, the earliest grid set first, one of the times it judges and the rows of all of them."""
        if not len(at_us):
            return
        if self.index(int(at_us.min())) == self.index(int(at_us.max())):
            yield int(at_us[0]), slice(None)
            return
        places = np.searchsorted(self._starts_us, at_us, side="right") - 1
        for place in np.unique(places).tolist():
            rows = np.flatnonzero(places == place)
            yield int(at_us[rows[0]]), rows

    def split(self, at_us: Micros) -> Iterator[tuple[Sheet, npt.NDArray[np.intp] | slice]]:
        """Yield the judges of these times, the earliest first, each with the rows it judges."""
        for moment_us, rows in self.spans(at_us):
            yield self.sheet(moment_us), rows

    def wants(self, at_us: Micros, before_us: Micros | None = None) -> Want:
        """Return what judging fixes of these times takes, on tracks whose last fixes are of `before_us` (0: none)."""
        if not len(at_us):
            return Want((), ())
        first, last = self.index(int(at_us.min())), self.index(int(at_us.max()))
        earliest = first
        if before_us is not None and len(before := before_us[before_us > 0]):
            earliest = min(first, self.index(int(before.min())))
        versions = [self.eras[last].version] if first == last else np.unique(self.versions(at_us)).tolist()
        return Want(tuple(versions), tuple(self._steps(earliest, last)))

    def holds(self, want: Want) -> bool:
        return all(version in self.fences for version in want.versions) and all(
            step in self.moved for step in want.steps
        )

    def is_moved(self, before_us: Micros, at_us: int, grid: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """Whether each grid moved in a set that took effect after `before_us` (0: never), and not after `at_us`."""
        before = np.searchsorted(self._starts_us, before_us, side="right") - 1
        last = self.index(at_us)
        found = np.zeros(len(grid), np.bool_)
        is_older = (before < last) & (before_us > 0)
        if not is_older.any():
            return found
        for place, step in enumerate(self._steps(int(before[is_older].min()), last), start=int(before[is_older].min())):
            found |= is_older & (before <= place) & np.isin(grid, self.moved[step])
        return found

    def ancestors(self, unit: int) -> tuple[int, ...]:
        """Return the units above `unit` in today's tree, nearest first; none for an unknown one and for OUTSIDE."""
        above: list[int] = []
        parent = self.parents.get(unit)
        while parent is not None and parent not in above:
            above.append(parent)
            parent = self.parents.get(parent)
        return tuple(above)

    def holding(
        self,
        fences: Mapping[int, Fences],
        moved: Mapping[tuple[int, int], Units],
        parents: Mapping[int, Any] | None = None,
    ) -> "Atlas":
        """Return the same eras with other things held."""
        return Atlas(self.eras, fences=fences, moved=moved, parents=self.parents if parents is None else parents)

    def _steps(self, first: int, last: int) -> list[tuple[int, int]]:
        return [(self.eras[at].version, self.eras[at + 1].version) for at in range(first, last)]


def one(fences: Fences, parents: Mapping[int, int | None] | None = None) -> Atlas:
    """Return the atlas of a single grid set, in force since ever."""
    return Atlas([Era(fences.version, BEGINNING_US)], fences={fences.version: fences}, parents=parents)


def _ordered(eras: Sequence[Era]) -> list[Era]:
    """Return the eras by time; of those that begin together the one with the highest version counts."""
    last_of = {era.since_us: era for era in sorted(eras, key=lambda era: era.version)}
    return [last_of[since_us] for since_us in sorted(last_of)]

"""Where everybody stands in the arrays of the live map: members in the order of the tree, so a subtree is a slice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

MOST_POINTS: Final = 5_000  # above street level a unit with more members is shown as counts by grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A unit: its nested-set interval and the slice of rows that holds its subtree's members."""

    id: int
    name: str
    name_en: str | None
    left: int
    right: int
    rows: slice
    is_leaf: bool
    is_high: bool  # above street level


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member as the layout needs them; `left` is the place of their primary unit in the tree."""

    id: int
    name: str
    left: int
    is_leader: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One state of the city. Row i of every array is the member `member[i]`."""

    places: Mapping[int, Place]
    leaves: tuple[Place, ...]  # in tree order
    leaf_lefts: npt.NDArray[np.int64]
    leaf_bounds: npt.NDArray[np.int64]  # shape (leaves, 2): first row and the one behind the last
    member: npt.NDArray[np.int64]  # not uint32: a look-up by int64 would convert the whole column each time
    left: npt.NDArray[np.int64]  # of each row's primary unit; ascending
    is_leader: npt.NDArray[np.bool_]
    names: Sequence[str]
    _by_id: npt.NDArray[np.int64]  # rows in the order of member ids
    _ids: npt.NDArray[np.int64]  # those ids: searched twice as fast as through `_by_id`

    @property
    def size(self) -> int:
        return len(self.member)

    def rows_of(self, members: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Return the row of each member id; -1 for those who are not in the city."""
        if not self.size:
            return np.full(len(members), -1, np.int64)
        found = np.searchsorted(self._ids, members)
        rows = self._by_id[np.minimum(found, self.size - 1)]
        return np.where(self.member[rows] == members, rows, -1)

    def row_of(self, member: int) -> int:
        return int(self.rows_of(np.array([member], np.int64))[0])

    def is_summary(self, unit: int) -> bool:
        """Whether a viewer of `unit` gets counts by grid instead of points."""
        place = self.places[unit]
        return place.is_high and place.rows.stop - place.rows.start > MOST_POINTS

    def leaves_of(self, unit: int) -> slice:
        """Return the slice of `leaves` that lie in the subtree of `unit`."""
        place = self.places[unit]
        first, behind = np.searchsorted(self.leaf_lefts, [place.left, place.right + 1])
        return slice(int(first), int(behind))

    def has_same_tree(self, other: "Layout") -> bool:
        """Whether both have the same units at the same places: then rows may move, but intervals stay true."""
        return {key: (place.left, place.right) for key, place in self.places.items()} == {
            key: (place.left, place.right) for key, place in other.places.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A unit as it comes from the table."""

    id: int
    name: str
    left: int
    right: int
    is_leaf: bool
    is_high: bool
    name_en: str | None = None


def lay_out(branches: Sequence[Branch], people: Sequence[Person]) -> Layout:
    """Return the layout of units in tree order and members in any order."""
    ordered = sorted(people, key=lambda person: (person.left, person.id))
    lefts = np.array([person.left for person in ordered], np.int64)
    member = np.array([person.id for person in ordered], np.int64)
    places = {branch.id: _place(branch, lefts) for branch in branches}
    leaves = tuple(sorted((place for place in places.values() if place.is_leaf), key=lambda place: place.left))
    return Layout(
        places=places,
        leaves=leaves,
        leaf_lefts=np.array([place.left for place in leaves], np.int64),
        leaf_bounds=np.array([(place.rows.start, place.rows.stop) for place in leaves], np.int64).reshape(-1, 2),
        member=member,
        left=lefts,
        is_leader=np.array([person.is_leader for person in ordered], np.bool_),
        names=[person.name for person in ordered],
        _by_id=np.argsort(member),
        _ids=np.sort(member),
    )


def _place(branch: Branch, lefts: npt.NDArray[np.int64]) -> Place:
    first, behind = np.searchsorted(lefts, [branch.left, branch.right + 1])
    return Place(
        id=branch.id,
        name=branch.name,
        name_en=branch.name_en,
        left=branch.left,
        right=branch.right,
        rows=slice(int(first), int(behind)),
        is_leaf=branch.is_leaf,
        is_high=branch.is_high,
    )

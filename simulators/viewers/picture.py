"""What a viewer holds: the places of the members of a unit, and the counts of its grids. Pure; a picture never changes.

Viewers of one unit who hold the same picture and are sent the same frame come to the same picture: see gallery.py.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulators.viewers.frames import REMOVED, Column, Frame, Kind

# Sorted by member.
PLACES: Final = np.dtype([("member", "<u4"), ("lon", "<i4"), ("lat", "<i4"), ("received_at_s", "<u4")])
# Sorted by grid.
GRIDS: Final = np.dtype([("grid", "<u4"), ("online", "<u2"), ("silent", "<u2"), ("total", "<u2"), ("sos", "<u2")])

Rows = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """`places` are rows of PLACES; `grids` rows of GRIDS, None while members are shown as points."""

    places: Rows
    grids: Rows | None = None

    @property
    def digest(self) -> int:
        """64 bits; presence is left out, because it changes with time alone."""
        said = hashlib.blake2b(self.places.tobytes(), digest_size=8)
        said.update(b"" if self.grids is None else self.grids.tobytes())
        return int.from_bytes(said.digest(), "little")


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What one frame of points did to a picture. `told` are the rows of PLACES that it made other than they were."""

    picture: Picture
    told: Rows
    older: int  # rows that arrived earlier than what was held
    repeated: int  # members said more than once


NOTHING: Final = Picture(np.zeros(0, PLACES))


def take(held: Picture, points: Frame, summary: Frame | None) -> Step:
    """Apply a frame of points, and the counts by grid that came before it at the same tick."""
    if points.kind is Kind.DELTA and not points.rows and summary is None and held.grids is None:
        return Step(held, NOTHING.places, 0, 0)
    rows = _rows(points, PLACES)
    is_there = points.columns["state"] & REMOVED == 0
    at, is_known = _find(held.places["member"], rows["member"])
    before = held.places[at[is_known]]
    is_told = is_there.copy()
    is_told[is_known] &= rows[is_known] != before
    is_older = rows["received_at_s"][is_known] < before["received_at_s"]
    older = int(np.count_nonzero(is_older & is_there[is_known]))
    kept = held.places[:0] if points.kind is Kind.SNAPSHOT else _without(held.places, at[is_known])
    places = np.concatenate((kept, rows[is_there]))
    places = places[np.argsort(places["member"], kind="stable")]
    repeated = int(np.count_nonzero(places["member"][1:] == places["member"][:-1]))
    grids = _grids(held.grids, points.kind, summary)
    return Step(Picture(places, grids), rows[is_told], older, repeated)


def behind(later: Picture, earlier: Picture) -> int:
    """Return how many members of both `later` knows less of than `earlier`."""
    at, is_known = _find(earlier.places["member"], later.places["member"])
    known = later.places["received_at_s"][is_known]
    return int(np.count_nonzero(known < earlier.places["received_at_s"][at[is_known]]))


def outside(rows: Rows, members: Column) -> int:
    """Return how many of the rows are of none of `members` (sorted)."""
    return int(np.count_nonzero(~_find(members, rows["member"])[1]))


def _grids(held: Rows | None, kind: Kind, summary: Frame | None) -> Rows | None:
    if summary is None:
        return None
    said = _rows(summary, GRIDS)
    if kind is Kind.DELTA and held is not None:
        at, is_known = _find(held["grid"], said["grid"])
        said = np.concatenate((_without(held, at[is_known]), said))
    return said[np.argsort(said["grid"], kind="stable")]


def _rows(frame: Frame, dtype: np.dtype[Any]) -> Rows:
    rows = np.empty(frame.rows, dtype)
    for name in dtype.names or ():
        rows[name] = frame.columns[name]
    return rows


def _find(keys: Column, wanted: Column) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Return where each wanted key would stand among the sorted keys, and whether it is there."""
    at = np.searchsorted(keys, wanted)
    if not len(keys):
        return at, np.zeros(len(wanted), np.bool_)
    return at, keys[np.minimum(at, len(keys) - 1)] == wanted


def _without(rows: Rows, at: npt.NDArray[np.intp]) -> Rows:
    is_kept = np.ones(len(rows), np.bool_)
    is_kept[at] = False
    return rows[is_kept]

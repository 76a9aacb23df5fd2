"""What ingest remembers of each terminal, as columns indexed by terminal id, and of outings by member id.

Advances after COMMIT and never before.

Rebuilt at start from the checkpoint (terminal_state) and the rows of `position` that are later.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ingest.rules import own_grid, tracks
from ingest.rules.own_grid import Judged, Outings
from ingest.rules.presence import MOVES, Presence, Sign
from ingest.rules.tracks import Rules, Tracks
from ingest.store.terminals import Directory
from tracker.model import positions
from tracker.model.positions import Positions
from tracker.model.records import put

Ids = npt.NDArray[Any]


class Memory:
    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.tracks: Tracks = tracks.unknown(np.zeros(0, np.int32), rules)
        self.outings: Outings = np.zeros(0, own_grid.OUTING)  # by member id
        self.last: Positions = positions.empty(0)  # the last believed fix; terminal 0: none
        self.arrived_us: npt.NDArray[np.int64] = np.zeros(0, np.int64)  # last arrival, 0 never
        self.heard_s: npt.NDArray[np.float64] = np.zeros(0)  # the same on the clock of silence
        self.presence: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)
        self.is_dirty: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)  # since the last checkpoint
        self.is_urgent: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)  # changed presence since the last checkpoint
        self.recomputed: Final[dict[int, int]] = {}  # late tracks that no checkpoint holds yet: terminal to mark

    def fit(self, directory: Directory) -> None:
        """Make room for new terminals and take over configured intervals."""
        self.make_room(directory)
        self.configure(np.arange(directory.size), directory)

    def make_room(self, directory: Directory) -> None:
        self.make_room_for_members(int(directory.members.max(initial=0)))
        known, size = len(self.tracks), directory.size
        if size > known:
            more = tracks.unknown(np.arange(known, size), self._rules)
            self.tracks = np.concatenate([self.tracks, more])
            self.last = np.concatenate([self.last, positions.empty(size - known)])
            self.arrived_us = _grown(self.arrived_us, size)
            self.heard_s = _grown(self.heard_s, size)
            self.presence = _grown(self.presence, size)
            self.is_dirty = _grown(self.is_dirty, size)
            self.is_urgent = _grown(self.is_urgent, size)

    def make_room_for_members(self, most: int) -> None:
        if most >= len(self.outings):
            self.outings = _grown(self.outings, most + 1)

    def configure(self, terminals: Ids, directory: Directory) -> None:
        """Take over the configured intervals of `terminals`, for which there is room."""
        intervals_s = directory.intervals_s[terminals]
        configured = terminals[intervals_s > 0]
        self.tracks["is_configured"][terminals] = False
        self.tracks["is_configured"][configured] = True
        self.tracks["interval_s"][configured] = directory.intervals_s[configured]

    def inherit_presence(self, former: "Memory") -> None:
        """Take over what no table knows exactly: who was heard when, on the running clock of silence."""
        size = len(former.tracks)
        self.arrived_us[:size] = np.maximum(self.arrived_us[:size], former.arrived_us)
        self.heard_s[:size] = former.heard_s
        self.presence[:size] = former.presence
        self.is_urgent[:size] = former.is_urgent
        self.is_dirty[:] = True

    def forget(self, terminals: Ids) -> None:
        """Know nothing of `terminals`, for which there is room: they are silent for nobody and in no checkpoint."""
        self.tracks[terminals] = tracks.unknown(terminals, self._rules)
        self.last[terminals] = positions.empty(len(terminals))
        for column in (self.arrived_us, self.heard_s, self.presence, self.is_dirty, self.is_urgent):
            column[terminals] = 0
        for terminal in self.recomputed.keys() & set(terminals.tolist()):
            del self.recomputed[terminal]

    def advance(self, terminals: Ids, scratch: Tracks, live: Positions) -> None:
        """Take over the tracks of `terminals` and their last live positions (in order of time)."""
        put(self.tracks, terminals, scratch)
        put(self.last, live["terminal"], live)  # of several of one terminal the last stays
        self.is_dirty[terminals] = True

    def take_outings(self, judged: Judged) -> None:
        own_grid.take(self.outings, judged)

    def moves(self, terminals: Ids, sign: Sign) -> list[tuple[int, Presence]]:
        """Return who would change presence at `sign`, and to what; changes nothing."""
        before = self.presence[terminals]
        after = _AFTER[sign][before]
        moved = np.flatnonzero(after != before)
        return [(int(terminals[place]), Presence(after[place])) for place in moved]

    def hear(self, terminals: Ids, received_at_us: npt.NDArray[np.int64], clock_s: float) -> None:
        np.maximum.at(self.arrived_us, terminals, received_at_us)
        self.heard_s[terminals] = clock_s
        self.is_dirty[terminals] = True

    def overdue(self, clock_s: float) -> Ids:
        """Return the on-line terminals that have been silent for longer than their limit."""
        limit_s = tracks.silent_after_s(self.tracks["interval_s"], self._rules)
        return np.flatnonzero((self.presence == Presence.ONLINE) & (clock_s - self.heard_s > limit_s))


# MOVES as columns: indexed by the presence before
_AFTER: Final = {sign: np.array([MOVES.get((before, sign), before) for before in Presence], np.uint8) for sign in Sign}


def _grown(column: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    return np.concatenate([column, np.zeros(size - len(column), column.dtype)])

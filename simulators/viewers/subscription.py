"""One unit as one viewer watches it, over as many connections as it takes, and the rules that what is sent must keep.

The rules, all told to the counts:

- within an epoch each frame's tick is greater than the one before (else out of order);
- whoever holds a picture of this epoch is sent a DELTA, also after a reconnect that named epoch and tick; a SNAPSHOT
  answers who holds none, or one of another epoch or form (points, or counts by grid); all else is a gap. A server that
  had to forget who left a unit (after 10,000 departures) may send a snapshot too: a load that moves nobody to another
  unit never comes there;
- counts by grid are followed by the points of the same tick, an open SOS each (else a gap);
- nobody knows less of a member than another viewer of the unit did a tick before (else a gap: see gallery.py);
- no member was heard earlier than what the viewer holds already (else out of order);
- members are those of the unit (else strangers), each once a frame (else a misfit);
- with two frames unacknowledged nothing more is sent (else beyond credit).
"""

from typing import Final

import numpy as np

from simulators.viewers import picture
from simulators.viewers.frames import Column, Frame, Kind
from simulators.viewers.gallery import Gallery
from simulators.viewers.picture import NOTHING, PLACES, Picture, Rows
from simulators.viewers.plan import Counts

CREDIT: Final = 2

_NO_ROWS: Final = np.zeros(0, PLACES)


class Subscription:
    """`members`: who may be seen, sorted; None when that is not known. `counts` is shared by all subscriptions."""

    def __init__(self, unit: int, *, gallery: Gallery, counts: Counts, members: Column | None = None) -> None:
        self.unit: Final = unit
        self.epoch: int | None = None
        self.tick = 0  # of the last points: counts whose points we missed are asked for again
        self.picture: Picture = NOTHING
        self._gallery: Final = gallery
        self._counts: Final = counts
        self._members: Final = members
        self._summary = b""  # counts by grid that wait for their points
        self._unacknowledged: list[int] = []
        self._acknowledged = 0

    def forget(self) -> None:
        """Begin anew with the next connection."""
        self.epoch, self.tick, self.picture = None, 0, NOTHING

    def watch(self) -> bytes:
        """Return the request with which a connection begins, or goes on from where the last one ended."""
        self._summary, self._unacknowledged, self._acknowledged = b"", [], 0
        if self.epoch is None:
            return b'{"op":"watch","unit":%d}' % self.unit
        self._counts.resumes += 1
        return b'{"op":"watch","unit":%d,"epoch":%d,"tick":%d}' % (self.unit, self.epoch, self.tick)

    def arrive(self, data: bytes) -> Frame:
        """Look at what came, which may be of a unit left just now. Raises BadFrameError."""
        frame = self._gallery.frame(data)
        self._counts.frames += 1
        self._counts.bytes += len(data)
        is_ours = frame.unit == self.unit and frame.tick not in self._unacknowledged
        if is_ours and frame.tick > self._acknowledged:
            self._unacknowledged.append(frame.tick)
            self._counts.beyond_credit += len(self._unacknowledged) > CREDIT
        return frame

    def acknowledge(self, frame: Frame) -> bytes:
        """Return the request that makes room for another frame."""
        self._acknowledged = max(self._acknowledged, frame.tick)
        self._unacknowledged = [tick for tick in self._unacknowledged if tick > frame.tick]
        return b'{"op":"ack","tick":%d}' % frame.tick

    def take(self, frame: Frame, data: bytes) -> Rows:
        """Change the picture; return the rows of PLACES that are other than they were."""
        if frame.unit != self.unit:
            return _NO_ROWS
        if frame.kind is Kind.SUMMARY:
            self._take_summary(frame, data)
            return _NO_ROWS
        return self._take_points(frame, data)

    def _take_summary(self, frame: Frame, data: bytes) -> None:
        self._counts.summaries += 1
        self._counts.gaps += bool(self._summary)  # its points never came
        self._counts.out_of_order += frame.epoch == self.epoch and frame.tick <= self.tick
        self._summary = data

    def _take_points(self, frame: Frame, data: bytes) -> Rows:
        summary, self._summary = self._summary, b""
        if summary and self._gallery.frame(summary).tick != frame.tick:
            self._counts.gaps += 1
            summary = b""
        self._judge(frame, is_summary=bool(summary))
        held = self.picture if frame.epoch == self.epoch else NOTHING
        step = self._gallery.step(held, data, summary)
        self.epoch, self.tick, self.picture = frame.epoch, frame.tick, step.picture
        self._counts.out_of_order += step.older
        self._counts.misfits += step.repeated
        self._counts.gaps += self._gallery.behind(frame, step.picture)
        if self._members is not None:
            self._counts.strangers += picture.outside(step.told, self._members)
        return step.told

    def _judge(self, frame: Frame, *, is_summary: bool) -> None:
        """Judge a frame's kind and tick by what is held."""
        is_snapshot = frame.kind is Kind.SNAPSHOT
        self._counts.snapshots += is_snapshot
        self._counts.deltas += not is_snapshot
        is_same_epoch = frame.epoch == self.epoch
        has_same_form = is_summary == (self.picture.grids is not None)
        self._counts.gaps += is_snapshot == (is_same_epoch and has_same_form)
        self._counts.out_of_order += is_same_epoch and frame.tick <= self.tick

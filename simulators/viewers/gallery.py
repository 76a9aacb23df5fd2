"""What viewers share: a frame is decoded once, and applied once to each picture it meets. Pure.

Without it 2,000 viewers would do the same work 20 times over. It also remembers what was known of a unit at each tick:
a frame of tick T is made after every frame of tick T - 1, so whoever holds T knows of each member at least what anybody
knew at T - 1, by whatever way they came there (one merged frame, a resume, a snapshot). Less is a row that was lost.
"""

from collections.abc import Hashable
from dataclasses import replace
from typing import Final, Generic, TypeVar

from simulators.viewers import frames, picture
from simulators.viewers.frames import Frame
from simulators.viewers.picture import Picture, Step

_MOST_AT_A_TICK: Final = 8  # different pictures of a unit that later ones are compared with

_Moment = tuple[int, int, int]  # unit, epoch, tick
_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class _Kept(Generic[_Key, _Value]):
    """A mapping that forgets what was not looked up between two turns."""

    def __init__(self) -> None:
        self._young: dict[_Key, _Value] = {}
        self._old: dict[_Key, _Value] = {}

    def get(self, key: _Key) -> _Value | None:
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self._young[key] = found
        return found

    def put(self, key: _Key, value: _Value) -> _Value:
        self._young[key] = value
        return value

    def turn(self) -> None:
        self._young, self._old = {}, self._young


class Gallery:
    """`turn` is called once a second: what nobody asked for during the last one to two is forgotten."""

    def __init__(self) -> None:
        self._frames: _Kept[bytes, Frame] = _Kept()
        self._steps: _Kept[tuple[Picture, bytes, bytes], Step] = _Kept()
        self._pictures: _Kept[tuple[bytes, bytes | None], Picture] = _Kept()
        self._known: _Kept[_Moment, list[Picture]] = _Kept()

    def frame(self, data: bytes) -> Frame:
        """Raises BadFrameError."""
        found = self._frames.get(data)
        return self._frames.put(data, frames.decode(data)) if found is None else found

    def step(self, held: Picture, data: bytes, summary: bytes = b"") -> Step:
        """Apply a frame of points, with the frame of counts before it, to what is held."""
        key = (held, data, summary)
        found = self._steps.get(key)
        if found is None:
            counts = self.frame(summary) if summary else None
            step = picture.take(held, self.frame(data), counts)
            found = self._steps.put(key, replace(step, picture=self._only(step.picture)))
        return found

    def _only(self, shown: Picture) -> Picture:
        """Return the one picture of this content, so that viewers who came different ways go on together."""
        content = (shown.places.tobytes(), None if shown.grids is None else shown.grids.tobytes())
        return self._pictures.get(content) or self._pictures.put(content, shown)

    def behind(self, frame: Frame, shown: Picture) -> int:
        """Return of how many members `shown` knows less than somebody did a tick before; judged once a picture."""
        now = (frame.unit, frame.epoch, frame.tick)
        pictures = self._known.get(now) or self._known.put(now, [])
        if len(pictures) >= _MOST_AT_A_TICK or any(shown is known for known in pictures):
            return 0
        pictures.append(shown)
        before = self._known.get((frame.unit, frame.epoch, frame.tick - 1)) or []
        return max((picture.behind(shown, known) for known in before), default=0)

    def turn(self) -> None:
        for kept in (self._frames, self._steps, self._pictures, self._known):
            kept.turn()

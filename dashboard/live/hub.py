"""Where the live map, its news and its viewers meet. Nothing here waits: viewers are woken and send in their own time.

News (an SOS, a crossing, an alert's move) goes the way of the frames: one shared list, and each viewer remembers the
number of the last it was told. A viewer who falls 1,000 behind misses the oldest and finds them in the lists.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dashboard import views
from dashboard.live.board import Board
from dashboard.shapes import Counts, Last, Named, Scope

MOST_NEWS: Final = 1_000
MOST_SPREAD_S: Final = 0.8  # sends of one tick are staggered over this part of the second
SPREAD_PER_VIEWER_S: Final = 0.0004  # 2,000 viewers fill it; ten are served within 4 ms
GOLDEN: Final = 0.6180339887498949  # its multiples modulo 1 never cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """`spans` are the intervals of the tree it is about; `text` writes the JSON as a scope may see it."""

    spans: tuple[tuple[int, int], ...]
    is_local: bool  # of interest only to those who watch the place, not to all who may see it
    text: Callable[[Scope], str]

    def touches(self, left: int, right: int) -> bool:
        return any(start <= right and left <= end for start, end in self.spans)


@dataclass(slots=True, eq=False)
class Subscriber:
    """One connection, as the hub knows it."""

    session: bytes
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False


class Hub:
    """Implements dashboard.shapes.Whereabouts. `clock` returns the time now, aware UTC."""

    def __init__(self, board: Board, *, clock: Callable[[], datetime]) -> None:
        self.board = board
        self._clock = clock
        self.subscribers: set[Subscriber] = set()
        self.news_count = 0
        self._news: deque[tuple[int, News]] = deque(maxlen=MOST_NEWS)

    def pulse(self) -> None:
        """Begin a tick and wake everybody."""
        self.board.advance(int(self._clock().timestamp() * 1_000_000))
        self._wake()

    def now_ms(self) -> float:
        return self._clock().timestamp() * 1000

    def tell(self, news: News) -> None:
        self.news_count += 1
        self._news.append((self.news_count, news))
        self._wake()

    def news_since(self, number: int) -> list[News]:
        return [news for count, news in self._news if count > number]

    def hang_up(self, session: bytes) -> None:
        """End the connections of a session that was closed."""
        for subscriber in self.subscribers:
            if subscriber.session == session:
                subscriber.is_over = True
                subscriber.wake.set()

    def delay_s(self, unit: int) -> float:
        """Return when within the tick a unit's viewers are sent their frame: together, because they share it."""
        spread_s = min(MOST_SPREAD_S, len(self.subscribers) * SPREAD_PER_VIEWER_S)
        return unit * GOLDEN % 1 * spread_s

    def last(self, member: int, scope: Scope) -> Last | None:
        """Return a member's freshest fix; the grid's name only if it lies in `scope`."""
        found = self.board.last(member)
        if found is None:
            return None
        row, state = found
        return views.last(row, state, self.place_name(int(row["grid"]), scope))

    def place_name(self, unit: int, scope: Scope) -> Named | None:
        place = self.board.layout.places.get(unit)
        inside = place is not None and self.own(scope).holds(place.left)
        return Named(place.id, place.name, place.name_en) if inside and place is not None else None

    def is_inside(self, unit: int, scope: Scope) -> bool:
        place = self.board.layout.places.get(unit)
        return place is not None and self.own(scope).holds(place.left)

    def is_above(self, unit: int, scope: Scope) -> bool:
        """Whether `unit` is a superior of the scope's top."""
        place, own = self.board.layout.places.get(unit), self.own(scope)
        return place is not None and place.left < own.left and own.right < place.right

    def own(self, scope: Scope) -> Scope:
        """Return a scope in the numbers of our layout: a tree that has just changed numbers its units otherwise."""
        if scope == Scope.everywhere():
            return scope
        top = self.board.layout.places.get(scope.unit)
        return (
            Scope(unit=scope.unit, left=0, right=-1)
            if top is None
            else Scope(unit=scope.unit, left=top.left, right=top.right)
        )

    def counts(self, unit: int) -> Counts:
        return self.board.counts(unit)

    def members_in(self, unit: int, states: Iterable[str]) -> list[int]:
        return self.board.members_in(unit, states)

    def on_duty_in(self, unit: int) -> list[int]:
        return self.board.on_duty_in(unit)

    def is_on_duty(self, member: int) -> bool:
        return self.board.is_on_duty(member)

    def _wake(self) -> None:
        for subscriber in self.subscribers:
            subscriber.wake.set()

"""Where everybody is: columns of legs (a pause, then a way walked or driven), advanced for many people at once.

A leg is drawn by (terminal, number of the leg), so that a person's path does not depend on who else moves when.
"""

from enum import IntEnum
from typing import Final

import numpy as np

from simulators.movement.chance import Chance, Floats, Integers, Stream
from simulators.movement.ground import NEIGHBOURS, Ground


class Kind(IntEnum):
    PATROL = 0  # on foot, inside the own grid for ever
    DRIVER = 1  # by car, from grid to grid
    COMMUTER = 2  # a patrol that goes to a neighbouring grid and comes back


_SPEEDS_MPS: Final = np.array([[0.9, 1.6], [6.0, 14.0], [0.9, 1.6]])  # by kind, on the ways it mostly takes
_ROAD_FACTOR: Final = np.array([1.0, 1.0, 4.0])  # a commuter rides an e-bike between grids
# Pauses, s: with the chance in front a long one, else a short one. Never 0, so that a leg always takes time.
_LONG_CHANCE: Final = np.array([0.3, 0.3, 0.3])
_LONG_S: Final = np.array([[15.0, 120.0], [30.0, 300.0], [60.0, 600.0]])
_SHORT_S: Final = np.array([[2.0, 8.0], [3.0, 20.0], [2.0, 8.0]])
_LEAVING: Final = 0.25  # of a commuter's departures from the own hub: for the other grid
_NEGLIGIBLE_S: Final = 1e-9


class Walkers:
    """`kind`, `hub` (the place where the own grid's roads arrive): one entry a person."""

    def __init__(self, ground: Ground, chance: Chance, kind: Integers, hub: Integers) -> None:
        self._ground: Final = ground
        self._chance: Final = chance
        self._kind: Final = kind
        self._hub: Final = hub
        everyone = np.arange(len(kind), dtype=np.int64)
        low, high = _SPEEDS_MPS[kind].T
        self._usual_mps: Final = low + (high - low) * chance.uniform(Stream.SPEED, everyone)
        away = (chance.uniform(Stream.HOME, everyone) * NEIGHBOURS).astype(np.int64)
        self._home: Final = ground.roads[hub, away]
        self._leg = np.zeros(len(kind), np.int64)
        self._origin = hub.copy()
        self._target = hub.copy()
        self._length_m = np.zeros(len(kind))
        self._done_m = np.zeros(len(kind))
        self._pause_s = np.zeros(len(kind))
        self._speed_mps = self._usual_mps.copy()
        self._scatter(everyone)

    def advance(self, who: Integers, elapsed_s: Floats) -> None:
        """Let the people `who` (each once) move on for `elapsed_s`."""
        left_s = elapsed_s.copy()
        while who.size:
            pause_s = np.minimum(self._pause_s[who], left_s)
            self._pause_s[who] -= pause_s
            left_s -= pause_s
            move_s = np.minimum((self._length_m[who] - self._done_m[who]) / self._speed_mps[who], left_s)
            self._done_m[who] += move_s * self._speed_mps[who]
            left_s -= move_s
            on_the_way = left_s > _NEGLIGIBLE_S
            who, left_s = who[on_the_way], left_s[on_the_way]
            self._depart(who)

    def place_m(self, who: Integers) -> tuple[Floats, Floats]:
        """Return where they are, metres east and north."""
        ground, share = self._ground, self._share(who)
        origin, target = self._origin[who], self._target[who]
        east_m = ground.east_m[origin] + share * (ground.east_m[target] - ground.east_m[origin])
        north_m = ground.north_m[origin] + share * (ground.north_m[target] - ground.north_m[origin])
        return east_m, north_m

    def speed_mps(self, who: Integers) -> Floats:
        """Return how fast they move; 0 in a pause."""
        moves = (self._pause_s[who] <= 0) & (self._done_m[who] < self._length_m[who])
        return np.where(moves, self._speed_mps[who], 0.0)

    def heading_deg(self, who: Integers) -> Floats:
        """Return the direction of the way they are on, clockwise from north; of no meaning in a pause."""
        ground = self._ground
        east = ground.east_m[self._target[who]] - ground.east_m[self._origin[who]]
        north = ground.north_m[self._target[who]] - ground.north_m[self._origin[who]]
        return np.degrees(np.arctan2(east, north)) % 360.0

    def _share(self, who: Integers) -> Floats:
        length_m = self._length_m[who]
        return np.divide(self._done_m[who], length_m, out=np.zeros(len(who)), where=length_m > 0)

    def _scatter(self, everyone: Integers) -> None:
        """Start everybody somewhere on a first way instead of on the hub."""
        self._depart(everyone)
        self._pause_s[:] = 0.0
        self._done_m[:] = self._length_m * self._chance.uniform(Stream.START, everyone)

    def _depart(self, who: Integers) -> None:
        """Begin the next leg of the people `who`, who have arrived."""
        kind, leg, origin = self._kind[who], self._leg[who], self._target[who]
        target, by_road = self._next(who, kind, leg, origin)
        ground = self._ground
        self._origin[who], self._target[who], self._leg[who] = origin, target, leg + 1
        self._length_m[who] = np.hypot(
            ground.east_m[target] - ground.east_m[origin], ground.north_m[target] - ground.north_m[origin]
        )
        self._done_m[who] = 0.0
        self._pause_s[who] = self._drawn_pause_s(who, kind, leg)
        self._speed_mps[who] = self._usual_mps[who] * np.where(by_road, _ROAD_FACTOR[kind], 1.0)

    def _next(self, who: Integers, kind: Integers, leg: Integers, origin: Integers) -> tuple[Integers, np.ndarray]:
        """Return where the next leg leads, and whether along a road."""
        ground, draw = self._ground, self._chance.uniform(Stream.NEXT, who, leg)
        way = ground.ways[ground.first[origin] + (draw * ground.count[origin]).astype(np.int64)]
        road = ground.roads[origin, (draw * NEIGHBOURS).astype(np.int64)]
        hub, home = self._hub[who], self._home[who]
        is_away = (kind == Kind.COMMUTER) & (origin == home) & (home != hub)
        is_leaving = (
            (kind == Kind.COMMUTER) & (origin == hub) & (self._chance.uniform(Stream.KIND, who, leg) < _LEAVING)
        )
        is_driving = kind == Kind.DRIVER
        target = np.select([is_driving, is_away, is_leaving], [road, hub, home], way)
        return target, is_driving | is_away | is_leaving

    def _drawn_pause_s(self, who: Integers, kind: Integers, leg: Integers) -> Floats:
        is_long = self._chance.uniform(Stream.PAUSE, who, leg) < _LONG_CHANCE[kind]
        bounds_s = np.where(is_long[:, None], _LONG_S[kind], _SHORT_S[kind])
        draw = self._chance.uniform(Stream.PAUSE_LENGTH, who, leg)
        return bounds_s[:, 0] + (bounds_s[:, 1] - bounds_s[:, 0]) * draw

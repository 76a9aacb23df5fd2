"""Where everybody is: columns of legs (a pause, then a way walked or driven), advanced for many people at once.

A leg is drawn by (terminal, number of the leg), so that a person's path does not depend on who else moves when. Some
live by the clock: leaders ride home in the evening, and the terminal of the forgetful lies at the office by day.
"""

from enum import IntEnum
from typing import Final

import numpy as np

from simulators.movement.chance import Chance, Floats, Integers, Stream
from simulators.movement.ground import NEIGHBOURS, Booleans, Ground
from simulators.movement.shifts import Shifts


class Kind(IntEnum):
    PATROL = 0  # on foot, inside the own grid for ever
    DRIVER = 1  # by car, from grid to grid
    COMMUTER = 2  # a patrol that goes to a neighbouring grid and comes back
    LEADER = 3  # lives in a neighbouring grid; rides to the own one for the working hours and patrols there
    FORGETFUL = 4  # a patrol whose terminal lies at the own grid's hub through the working hours


# By kind; speeds on the ways it mostly takes, m/s.
_SPEEDS_MPS: Final = np.array([[0.9, 1.6], [6.0, 14.0], [0.9, 1.6], [0.9, 1.6], [0.9, 1.6]])
_ROAD_FACTOR: Final = np.array([1.0, 1.0, 4.0, 4.0, 1.0])  # commuters and leaders ride an e-bike between grids
# Pauses, s: with the chance in front a long one, else a short one. Never 0, so that a leg always takes time.
_LONG_CHANCE: Final = 0.3
_LONG_S: Final = np.array([[15.0, 120.0], [30.0, 300.0], [60.0, 600.0], [15.0, 120.0], [15.0, 120.0]])
_SHORT_S: Final = np.array([[2.0, 8.0], [3.0, 20.0], [2.0, 8.0], [2.0, 8.0], [2.0, 8.0]])
_ROUSED_S: Final = 4.0  # the longest pause of who was called out
_LEAVING: Final = 0.25  # of a commuter's departures from the own hub: for the other grid
_NEGLIGIBLE_S: Final = 1e-9
_TUNNEL: Final = (0.3, 0.7)  # the part of a way with a tunnel that has no view of the sky


class Walkers:
    """`kind`, `hub` (the place where the own grid's roads arrive), `number` (in the fleet): one entry a person.

    `roused_s` may be set: the moment from which somebody hurries about instead of resting, and fetches the terminal.
    """

    def __init__(
        self, ground: Ground, chance: Chance, *, kind: Integers, hub: Integers, number: Integers, shifts: Shifts
    ) -> None:
        self._ground: Final = ground
        self._chance: Final = chance
        self._kind: Final = kind
        self._hub: Final = hub
        self._number: Final = number
        self._shifts: Final = shifts
        self.roused_s: Final = np.full(len(kind), np.inf)
        low, high = _SPEEDS_MPS[kind].T
        self._usual_mps: Final = low + (high - low) * chance.uniform(Stream.SPEED, number)
        away = (chance.uniform(Stream.HOME, number) * NEIGHBOURS).astype(np.int64)
        self._home: Final = ground.roads[hub, away]
        self._leg = np.zeros(len(kind), np.int64)
        self._origin = hub.copy()
        self._target = hub.copy()
        self._length_m = np.zeros(len(kind))
        self._done_m = np.zeros(len(kind))
        self._pause_s = np.zeros(len(kind))
        self._speed_mps = self._usual_mps.copy()
        self._scatter(np.arange(len(kind), dtype=np.int64))

    def advance(self, who: Integers, elapsed_s: Floats, until_s: Floats) -> None:
        """Let the people `who` (each once) move on for `elapsed_s`, which end at `until_s`."""
        left_s = elapsed_s.copy()
        roused = who[until_s >= self.roused_s[who]]
        self._pause_s[roused] = np.minimum(self._pause_s[roused], _ROUSED_S)
        while who.size:
            pause_s = np.minimum(self._pause_s[who], left_s)
            self._pause_s[who] -= pause_s
            left_s -= pause_s
            move_s = np.minimum((self._length_m[who] - self._done_m[who]) / self._speed_mps[who], left_s)
            self._done_m[who] += move_s * self._speed_mps[who]
            left_s -= move_s
            on_the_way = left_s > _NEGLIGIBLE_S
            who, left_s, until_s = who[on_the_way], left_s[on_the_way], until_s[on_the_way]
            self._depart(who, until_s - left_s)

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

    def sees_sky(self, who: Integers, tunnel_share: float) -> Booleans:
        """Say who is neither in a tunnel nor, pausing, indoors; so large a share of ways and places hides the sky."""
        if not tunnel_share:
            return np.ones(len(who), np.bool_)
        ground, share = self._ground, self._share(who)
        one, other = ground.identity[self._origin[who]], ground.identity[self._target[who]]
        pauses = self._pause_s[who] > 0
        nearer = np.where(pauses, one, np.minimum(one, other))  # a way is the same way back
        is_covered = self._chance.uniform(Stream.TUNNEL, nearer, np.where(pauses, one, np.maximum(one, other)))
        is_inside = pauses | ((share > _TUNNEL[0]) & (share < _TUNNEL[1]))
        return ~(is_inside & (is_covered < tunnel_share))

    def _share(self, who: Integers) -> Floats:
        length_m = self._length_m[who]
        return np.divide(self._done_m[who], length_m, out=np.zeros(len(who)), where=length_m > 0)

    def _scatter(self, everyone: Integers) -> None:
        """Start everybody somewhere on a first way instead of on the hub; leaders at home when it is night."""
        start_s = np.zeros(len(everyone))
        sleeps = (self._kind == Kind.LEADER) & ~self._shifts.works(everyone, start_s)
        self._target[sleeps] = self._home[sleeps]
        self._depart(everyone, start_s)
        self._pause_s[:] = 0.0
        self._done_m[:] = self._length_m * self._chance.uniform(Stream.START, self._number)

    def _depart(self, who: Integers, now_s: Floats) -> None:
        """Begin the next leg of the people `who`, who have arrived."""
        ground, kind, leg, origin = self._ground, self._kind[who], self._leg[who], self._target[who]
        target, by_road = self._next(who, kind, leg, origin)
        pause_s = self._drawn_pause_s(who, kind, leg)
        is_roused = now_s >= self.roused_s[who]
        by_clock = np.flatnonzero(kind >= Kind.LEADER)
        if by_clock.size:
            some, roused = who[by_clock], is_roused[by_clock]
            to, on_road, stays = self._by_clock(some, kind[by_clock], origin[by_clock], now_s[by_clock], roused)
            target[by_clock] = np.where(to < 0, target[by_clock], to)
            by_road[by_clock] |= on_road
            until_s = self._shifts.until_change_s(some, now_s[by_clock])
            pause_s[by_clock] = np.where(stays, np.maximum(until_s, 1.0), pause_s[by_clock])
        self._pause_s[who] = np.where(is_roused, np.minimum(pause_s, _ROUSED_S), pause_s)
        self._origin[who], self._target[who], self._leg[who] = origin, target, leg + 1
        self._length_m[who] = np.hypot(
            ground.east_m[target] - ground.east_m[origin], ground.north_m[target] - ground.north_m[origin]
        )
        self._done_m[who] = 0.0
        self._speed_mps[who] = self._usual_mps[who] * np.where(by_road, _ROAD_FACTOR[kind], 1.0)

    def _next(self, who: Integers, kind: Integers, leg: Integers, origin: Integers) -> tuple[Integers, Booleans]:
        """Return where the next leg leads, and whether along a road."""
        ground, number = self._ground, self._number[who]
        draw = self._chance.uniform(Stream.NEXT, number, leg)
        way = ground.ways[ground.first[origin] + (draw * ground.count[origin]).astype(np.int64)]
        road = ground.roads[origin, (draw * NEIGHBOURS).astype(np.int64)]
        hub, home = self._hub[who], self._home[who]
        commutes = kind == Kind.COMMUTER
        is_away = commutes & (origin == home) & (home != hub)
        is_leaving = commutes & (origin == hub) & (self._chance.uniform(Stream.KIND, number, leg) < _LEAVING)
        is_driving = kind == Kind.DRIVER
        target = np.select([is_driving, is_away, is_leaving], [road, hub, home], way)
        return target, is_driving | is_away | is_leaving

    def _by_clock(
        self, who: Integers, kind: Integers, origin: Integers, now_s: Floats, is_roused: Booleans
    ) -> tuple[Integers, Booleans, Booleans]:
        """Return where the hour sends leaders and forgotten terminals (-1: nowhere), whether by road, and who stays."""
        hub, home = self._hub[who], self._home[who]
        works = self._shifts.works(who, now_s) | is_roused
        leads, is_home = kind == Kind.LEADER, (origin == home) & (home != hub)
        comes, goes = leads & works & is_home, leads & ~works & (origin != home)
        rests = leads & ~works & (origin == home)
        lies = ~leads & works & ~is_roused & (origin == hub)
        to = np.select([comes, goes, rests, lies], [hub, home, home, hub], -1)
        return to, comes | goes, rests | lies

    def _drawn_pause_s(self, who: Integers, kind: Integers, leg: Integers) -> Floats:
        number = self._number[who]
        is_long = self._chance.uniform(Stream.PAUSE, number, leg) < _LONG_CHANCE
        bounds_s = np.where(is_long[:, None], _LONG_S[kind], _SHORT_S[kind])
        draw = self._chance.uniform(Stream.PAUSE_LENGTH, number, leg)
        return bounds_s[:, 0] + (bounds_s[:, 1] - bounds_s[:, 0]) * draw

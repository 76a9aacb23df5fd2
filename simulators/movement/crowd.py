"""A crowd: everybody of a roster on their ground, asked for reports in batches.

The n-th report of a terminal is the same for the same seed, roster and interval, however the asking is batched.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulators.movement import handsets
from simulators.movement.chance import Chance, Floats, Integers, Stream
from simulators.movement.ground import Ground, lay_out
from simulators.movement.habits import DEFAULT, Habits
from simulators.movement.handsets import Booleans, Receivers
from simulators.movement.walkers import Kind, Walkers
from simulators.roster import Grid
from simulators.scenario.events import Event

_DRIVERS: Final = 0.15  # of the crowd
_COMMUTERS: Final = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Columns, one row a report."""

    who: Integers  # places in the crowd's `units`
    step: Integers
    at_s: Floats  # after the start
    lon: Floats  # degrees, WGS-84
    lat: Floats
    accuracy_m: Floats
    speed_mps: Floats
    heading_deg: Floats  # of no meaning at speed 0
    battery_pct: Floats
    has_signal: Booleans
    is_emergency: Booleans
    said_at_s: Floats  # the terminal's clock, whole ms after the start; 60 s ahead of `at_s` is what a server refuses
    true_lon: Floats  # where the terminal really is
    true_lat: Floats
    has_fix: Booleans  # False: in a tunnel, or just switched on: there is nothing to say
    is_on: Booleans  # False: switched off or the battery is flat: the connection is gone, nothing is said


class Crowd:
    """`units` holds the unit's code of each terminal, the first of which is number `first` of the whole fleet.

    `sos_per_hour` is the rate of one terminal (None: that of the habits).
    """

    def __init__(
        self,
        *,
        grids: Mapping[str, Grid],
        units: Sequence[str],
        seed: int,
        interval_s: float,
        sos_per_hour: float | None = None,
        habits: Habits = DEFAULT,
        first: int = 0,
    ) -> None:
        self._chance: Final = Chance(seed)
        self._interval_s: Final = interval_s
        self._sos_per_hour: Final = habits.handsets.sos_per_hour if sos_per_hour is None else sos_per_hour
        towns = _towns(grids)
        self._ground: Final = _ground(grids, units, towns, self._chance)
        self.kind: Final = _kinds(self._chance, np.array([unit in grids for unit in units], np.bool_))
        hub = _hubs(self._ground, self._chance, units, towns)
        self._walkers: Final = Walkers(self._ground, self._chance, self.kind, hub)
        self._receivers: Final = Receivers(self._chance, len(units))
        self._step = np.zeros(len(units), np.int64)
        self._moved_at_s = np.zeros(len(units))
        self.due_s: Final = self._due_s(np.arange(len(units), dtype=np.int64))

    def report(self, who: Integers) -> Reports:
        """Return the next report of each of `who` (each once), made at the moment `due_s` names; sets the next due."""
        step, at_s = self._step[who], self.due_s[who]
        elapsed_s = at_s - self._moved_at_s[who]
        self._walkers.advance(who, elapsed_s)
        east_m, north_m = self._walkers.place_m(who)
        error_east_m, error_north_m = self._receivers.err(who, step, elapsed_s)
        lon, lat = self._ground.flat.degrees(east_m + error_east_m, north_m + error_north_m)
        true_lon, true_lat = self._ground.flat.degrees(east_m, north_m)
        self._step[who], self._moved_at_s[who] = step + 1, at_s
        self.due_s[who] = self._due_s(who)
        chance = self._chance
        return Reports(
            who=who,
            step=step,
            at_s=at_s,
            lon=lon,
            lat=lat,
            accuracy_m=self._receivers.accuracy_m(who, step),
            speed_mps=self._walkers.speed_mps(who),
            heading_deg=self._walkers.heading_deg(who),
            battery_pct=handsets.battery_pct(chance, who, at_s),
            has_signal=handsets.has_signal(chance, who, at_s),
            is_emergency=handsets.presses_button(chance, who, step, elapsed_s, self._sos_per_hour),
            said_at_s=np.round(at_s, 3),
            true_lon=true_lon,
            true_lat=true_lat,
            has_fix=np.ones(len(who), np.bool_),
            is_on=np.ones(len(who), np.bool_),
        )

    def connected_at(self, at_s: float) -> Booleans:
        """Say of everybody whether the terminal is on and reaches the network `at_s` seconds after the start."""
        return np.ones(len(self.kind), np.bool_)

    def follow(self, events: Sequence[Event], *, among: int) -> None:
        """Let the crowd do what the events ask of it, each at its moment; `among`: terminals of the whole fleet.

        Before the first report: so what people do does not hang on when a worker heard of it.
        """

    def _due_s(self, who: Integers) -> Floats:
        return handsets.due_s(self._chance, who, self._step[who], self._interval_s)


def _towns(grids: Mapping[str, Grid]) -> list[str]:
    """The grids of the finest level, taken to be the most numerous one."""
    level, _ = Counter(grid.level for grid in grids.values()).most_common(1)[0]
    return sorted(code for code, grid in grids.items() if grid.level == level)


def _ground(grids: Mapping[str, Grid], units: Sequence[str], towns: list[str], chance: Chance) -> Ground:
    patrolled = {unit for unit in units if unit in grids}
    areas = {code: grids[code].area for code in patrolled.union(towns)}
    return lay_out(areas, patrolled, towns, chance)


def _kinds(chance: Chance, has_area: Booleans) -> Integers:
    """Who walks, drives, commutes; somebody of a unit without an area can only drive about."""
    draw = chance.uniform(Stream.KIND, np.arange(len(has_area), dtype=np.int64))
    kind = np.select([draw < _DRIVERS, draw < _DRIVERS + _COMMUTERS], [Kind.DRIVER, Kind.COMMUTER], Kind.PATROL)
    return np.where(has_area, kind, Kind.DRIVER).astype(np.int64)


def _hubs(ground: Ground, chance: Chance, units: Sequence[str], towns: list[str]) -> Integers:
    """Where everybody belongs: the own grid's hub, or any town's for a unit without an area."""
    draw = (chance.uniform(Stream.START, np.arange(len(units), dtype=np.int64)) * len(towns)).astype(int)
    return np.array(
        [ground.hub[unit if unit in ground.hub else towns[at]] for unit, at in zip(units, draw, strict=True)], np.int64
    )

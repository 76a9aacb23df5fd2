"""A crowd: everybody of a roster on their ground, asked for reports in batches.

The n-th report of a terminal is the same for the same seed, roster and interval, however the asking is batched and
whichever part of the fleet the crowd is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulators.movement import handsets
from simulators.movement.chance import Chance, Floats, Integers, Stream
from simulators.movement.clocks import Clocks
from simulators.movement.ground import Ground, lay_out
from simulators.movement.habits import DEFAULT, Habits
from simulators.movement.handsets import Booleans, Receivers
from simulators.movement.network import Network
from simulators.movement.power import Power
from simulators.movement.shifts import NOT_ON, Shifts
from simulators.movement.walkers import Kind, Walkers
from simulators.roster import Grid
from simulators.scenario.events import Event, EverybodyMoves, LoseSignal, Sos
from simulators.scenario.model import People


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
        self._handsets: Final = habits.handsets
        self._interval_s: Final = interval_s
        self._sos_per_hour: Final = habits.handsets.sos_per_hour if sos_per_hour is None else sos_per_hour
        self._number: Final = np.arange(first, first + len(units), dtype=np.int64)
        towns = _towns(grids)
        self._ground: Final = _ground(grids, units, towns, self._chance)
        has_area = np.array([unit in grids for unit in units], np.bool_)
        self.kind: Final = _kinds(self._chance, self._number, has_area, habits.people)
        self._shifts: Final = Shifts(self._chance, self._number, habits, self.kind == Kind.LEADER)
        self._power: Final = Power(self._chance, self._number, habits.handsets)
        self._network: Final = Network(self._chance, habits.handsets)
        self._clocks: Final = Clocks(self._chance, self._number, habits.handsets)
        self._receivers: Final = Receivers(self._chance, self._number, habits.handsets)
        self._walkers: Final = Walkers(
            self._ground,
            self._chance,
            kind=self.kind,
            hub=_hubs(self._ground, self._chance, self._number, units, towns),
            number=self._number,
            shifts=self._shifts,
        )
        self._step = np.zeros(len(units), np.int64)
        self._moved_at_s = np.zeros(len(units))
        self._presses_at_s: Final = np.full(len(units), np.inf)
        self.due_s: Final = self._due_s(np.arange(len(units), dtype=np.int64))

    def report(self, who: Integers) -> Reports:
        """Return the next report of each of `who` (each once), made at the moment `due_s` names; sets the next due."""
        step, at_s, number = self._step[who], self.due_s[who], self._number[who]
        elapsed_s = at_s - self._moved_at_s[who]
        self._walkers.advance(who, elapsed_s, at_s)
        east_m, north_m = self._walkers.place_m(who)
        on_since_s = self._on_since_s(who, at_s)
        error_east_m, error_north_m = self._receivers.err(who, step, elapsed_s)
        cold_east_m, cold_north_m, cold_m = self._receivers.cold_error_m(who, on_since_s, at_s)
        flat = self._ground.flat
        lon, lat = flat.degrees(east_m + error_east_m + cold_east_m, north_m + error_north_m + cold_north_m)
        true_lon, true_lat = flat.degrees(east_m, north_m)
        is_on = on_since_s < NOT_ON
        has_fix = is_on & self._receivers.has_found(who, on_since_s, at_s)
        has_fix &= self._walkers.sees_sky(who, self._handsets.tunnel_share)
        self._step[who], self._moved_at_s[who] = step + 1, at_s
        self.due_s[who] = self._due_s(who)
        return Reports(
            who=who,
            step=step,
            at_s=at_s,
            lon=lon,
            lat=lat,
            accuracy_m=self._receivers.accuracy_m(who, step) + cold_m,
            speed_mps=self._walkers.speed_mps(who),
            heading_deg=self._walkers.heading_deg(who),
            battery_pct=self._power.charge_pct(who, at_s),
            has_signal=self._network.reaches(number, at_s),
            is_emergency=has_fix & self._presses(who, step, at_s, elapsed_s, has_fix),
            said_at_s=self._clocks.said_s(who, at_s),
            true_lon=true_lon,
            true_lat=true_lat,
            has_fix=has_fix,
            is_on=is_on,
        )

    def connected_at(self, at_s: float) -> Booleans:
        """Say of everybody whether the terminal is on and reaches the network `at_s` seconds after the start."""
        everyone, moment_s = np.arange(len(self.kind), dtype=np.int64), np.full(len(self.kind), at_s)
        return (self._on_since_s(everyone, moment_s) < NOT_ON) & self._network.reaches(self._number, moment_s)

    def follow(self, events: Sequence[Event], *, among: int) -> None:
        """Let the crowd do what the events ask of it, each at its moment; `among`: terminals of the whole fleet.

        Before the first report: so what people do does not hang on when a worker heard of it. The emergency button is
        pressed by `count` people of the fleet, by none twice; who has no fix just then presses at the next one.
        """
        pressed = 0
        for place, event in enumerate(events):
            match event:
                case EverybodyMoves():
                    heard_s = event.within_s * self._chance.uniform(Stream.ROUSED, self._number, place)
                    self._walkers.roused_s[:] = np.minimum(self._walkers.roused_s, event.at_s + heard_s)
                case LoseSignal():
                    self._network.fail(event)
                case Sos():
                    self._press(event, pressed, among)
                    pressed += event.count
                case _:
                    pass  # the fleet's, or the system's

    def _press(self, event: Sos, passed_over: int, among: int) -> None:
        """Choose who presses: everybody of the fleet has a place in a queue, which every part of it knows."""
        queue = np.argsort(self._chance.uniform(Stream.PRESS, np.arange(among, dtype=np.int64)), kind="stable")
        chosen = queue[passed_over : passed_over + event.count]
        place = chosen[(chosen >= self._number[0]) & (chosen <= self._number[-1])] - self._number[0]
        delay_s = event.within_s * self._chance.uniform(Stream.PRESS_AT, self._number[place])
        self._presses_at_s[place] = event.at_s + delay_s

    def _presses(self, who: Integers, step: Integers, at_s: Floats, elapsed_s: Floats, can: Booleans) -> Booleans:
        is_told = can & (self._presses_at_s[who] <= at_s)
        self._presses_at_s[who[is_told]] = np.inf
        return is_told | handsets.presses_button(self._chance, self._number[who], step, elapsed_s, self._sos_per_hour)

    def _on_since_s(self, who: Integers, at_s: Floats) -> Floats:
        """Return since when each terminal is on (NOT_ON: it is off); a call out keeps it on beyond the shift."""
        roused_s = self._walkers.roused_s[who]
        on_duty_s = np.minimum(self._shifts.on_since_s(who, at_s), np.where(at_s >= roused_s, roused_s, NOT_ON))
        return np.maximum(on_duty_s, self._power.on_since_s(who, at_s))

    def _due_s(self, who: Integers) -> Floats:
        return handsets.due_s(self._chance, self._number[who], self._step[who], self._interval_s)


def _towns(grids: Mapping[str, Grid]) -> list[str]:
    """The grids of the finest level, taken to be the most numerous one."""
    level, _ = Counter(grid.level for grid in grids.values()).most_common(1)[0]
    return sorted(code for code, grid in grids.items() if grid.level == level)


def _ground(grids: Mapping[str, Grid], units: Sequence[str], towns: list[str], chance: Chance) -> Ground:
    areas = {code: grid.area for code, grid in grids.items()}
    return lay_out(areas, {unit for unit in units if unit in grids}, towns, chance)


def _kinds(chance: Chance, number: Integers, has_area: Booleans, people: People) -> Integers:
    """Who walks, drives, commutes; somebody of a unit without an area can only drive about."""
    draw = chance.uniform(Stream.KIND, number)
    shares = np.cumsum([people.driver_share, people.commuter_share, people.leader_share, people.forgetful_share])
    kinds = [Kind.DRIVER, Kind.COMMUTER, Kind.LEADER, Kind.FORGETFUL]
    kind = np.select([draw < share for share in shares], kinds, Kind.PATROL)
    return np.where(has_area, kind, Kind.DRIVER).astype(np.int64)


def _hubs(ground: Ground, chance: Chance, number: Integers, units: Sequence[str], towns: list[str]) -> Integers:
    """Where everybody belongs: the own grid's hub, or any town's for a unit without an area."""
    draw = (chance.uniform(Stream.START, number) * len(towns)).astype(int)
    return np.array(
        [ground.hub[unit if unit in ground.hub else towns[at]] for unit, at in zip(units, draw, strict=True)], np.int64
    )

"""What must come out of a world: slow, scalar, one terminal and one fix at a time, written from the protocol's page
and from the rule of crossings as it is published, not from the code that is on trial.

It reads the deliveries in the order of arrival, because the first fix of an instant wins; everything else about
crossings is computed afterwards, from a terminal's stored fixes sorted by time.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import shapely
from shapely import affinity

from tests.simulation.city import GridSet, moved_between
from tests.simulation.letters import DEGREE, Said
from tests.simulation.world import Delivery, Device, World
from tracker.model.positions import METRES_PER_DEGREE

FUTURE_S, AGE_FLOOR_S, OLD_S, BAD_ACCURACY_M = 60, 90 * 86_400, 86_400, 100
HOLD_M, MOST_HOLD_M, SPEED_MPS = 30, 50, 50
SILENT_INTERVALS, LEAST_SILENT_S, MOST_APART_S = 5, 180, 1800
OUTSIDE: Final = 0

Key = tuple[int, int]  # terminal, fix time in microseconds
Event = tuple[int, int, str, int]  # terminal, fix time, exit or enter, unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A stored fix as the database keeps it."""

    at_us: int
    lon: int
    lat: int
    grid: int
    accuracy_m: float | None  # to the decimetre
    content: tuple[int | None, ...]  # what makes a repeat the same
    is_old: bool
    is_inaccurate: bool


@dataclass(slots=True)
class Truth:
    rows: dict[Key, Row] = field(default_factory=dict[Key, Row])
    verdicts: list[list[str]] = field(default_factory=list[list[str]])  # of each delivery: one word a report
    counts: Counter[str] = field(default_factory=Counter[str])
    crossings: set[Event] = field(default_factory=set[Event])


def foretell(world: World) -> Truth:
    truth = Truth()
    for delivery in world.deliveries:
        words = [_judge(world, truth.rows, delivery, said) for said in delivery.letter.reports]
        if delivery.letter.is_noise:
            words.append("noise")
        truth.verdicts.append(words)
        truth.counts.update(words)
        truth.counts["ignored"] += delivery.letter.ignored
    for device in world.devices:
        rows = [truth.rows[key] for key in sorted(truth.rows) if key[0] == device.id]
        track = [row for row in rows if not row.is_inaccurate]
        truth.crossings |= _with_ancestors(device.id, crossings(track, device, world.city.sets), world.city.parents)
    return truth


def _judge(world: World, rows: dict[Key, Row], delivery: Delivery, said: Said) -> str:
    """Return the word for one report, and store it if it is new."""
    age_s = delivery.received_at_us / 1e6 - said.t
    if reason := said.fault or _implausible(said, age_s):
        return reason
    row = _row(world.city.sets, said, is_old=age_s > OLD_S)
    stored = rows.setdefault((delivery.letter.terminal, row.at_us), row)
    if stored is row:
        return "stored"
    return "duplicate" if stored.content == row.content else "conflicting fix"


def _implausible(said: Said, age_s: float) -> str:
    """Return the word for the first thing that cannot be, "" when all of it can."""
    if not all(map(math.isfinite, (said.t, said.lon, said.lat))):
        return "not finite"
    ways = {
        "out of range": abs(said.lon) > 180 or abs(said.lat) > 90,
        "null island": round(said.lon * DEGREE) == 0 and round(said.lat * DEGREE) == 0,
        "future": age_s < -FUTURE_S,
        "too old": age_s > AGE_FLOOR_S,
    }
    return next((reason for reason, holds in ways.items() if holds), "")


def _row(sets: Sequence[GridSet], said: Said, *, is_old: bool) -> Row:
    at_us, lon, lat = round(said.t * 1e6), round(said.lon * DEGREE), round(said.lat * DEGREE)
    accuracy_dm = None if said.accuracy_m is None else round(said.accuracy_m * 10)
    content = (
        lon,
        lat,
        accuracy_dm,
        None if said.speed_mps is None else round(said.speed_mps * 10),
        None if said.heading_deg is None else round(said.heading_deg),
        None if said.altitude_m is None else round(said.altitude_m),
        None if said.battery_pct is None else round(said.battery_pct),
    )
    return Row(
        at_us=at_us,
        lon=lon,
        lat=lat,
        grid=_home(_set_at(sets, at_us), lon / DEGREE, lat / DEGREE),
        accuracy_m=None if accuracy_dm is None else accuracy_dm / 10,
        content=content,
        is_old=is_old,
        is_inaccurate=said.accuracy_m is not None and said.accuracy_m > BAD_ACCURACY_M,
    )


def _set_at(sets: Sequence[GridSet], at_us: int) -> GridSet:
    return [each for each in sets if each.since_us <= at_us][-1]


def _home(grids: GridSet, lon: float, lat: float) -> int:
    """Return the lowest leaf that the point touches."""
    point = shapely.Point(lon, lat)
    touched = [unit for unit, area in grids.areas.items() if area.intersects(point)]
    return min(touched, default=OUTSIDE)


def _distance_m(area: shapely.Polygon, lon: float, lat: float) -> float:
    """Return metres from the point to the area, on a plane in the latitude of the area's middle."""
    west, south, east, north = area.bounds
    middle_lon, middle_lat = (west + east) / 2, (south + north) / 2
    east_m = METRES_PER_DEGREE * math.cos(math.radians(middle_lat))
    matrix = [east_m, 0, 0, METRES_PER_DEGREE, -middle_lon * east_m, -middle_lat * METRES_PER_DEGREE]
    plane = affinity.affine_transform(area, matrix)
    return plane.distance(shapely.Point((lon - middle_lon) * east_m, (lat - middle_lat) * METRES_PER_DEGREE))


def _speed_mps(earlier: Row, later: Row) -> float:
    north_m = (later.lat - earlier.lat) / DEGREE * METRES_PER_DEGREE
    east_m = (later.lon - earlier.lon) / DEGREE * METRES_PER_DEGREE * math.cos(math.radians(later.lat / DEGREE))
    return math.hypot(east_m, north_m) / max((later.at_us - earlier.at_us) / 1e6, 1)


def crossings(track: Sequence[Row], device: Device, sets: Sequence[GridSet]) -> list[tuple[int, int, int]]:
    """Return (time, from, to) of a terminal's crossings, from its accepted fixes in order of time."""
    found: list[tuple[int, int, int]] = []
    state: int | None = None  # the grid; OUTSIDE; None: unknown
    candidate: Row | None = None
    last: Row | None = None
    suspect: Row | None = None
    for fix in track:
        if last and _speed_mps(last, fix) > SPEED_MPS and not (suspect and _speed_mps(suspect, fix) <= SPEED_MPS):
            suspect = fix
            continue
        if last:
            if (fix.at_us - last.at_us) / 1e6 > _most_apart_s(device):
                candidate = None
            before, now = _set_at(sets, last.at_us), _set_at(sets, fix.at_us)
            if before is not now and state in moved_between(before, now):
                state = None
        if state is None or fix.grid == state:
            state, candidate = fix.grid, None
        elif not _is_held(fix, _set_at(sets, fix.at_us).areas.get(state)):
            if candidate and candidate.grid == fix.grid:
                found.append((candidate.at_us, state, fix.grid))
                state, candidate = fix.grid, None
            else:
                candidate = fix
        last, suspect = fix, None
    return found


def _is_held(fix: Row, home: shapely.Polygon | None) -> bool:
    hold_m = max(HOLD_M, min(fix.accuracy_m or 0, MOST_HOLD_M))
    return home is not None and _distance_m(home, fix.lon / DEGREE, fix.lat / DEGREE) < hold_m


def _most_apart_s(device: Device) -> float:
    if not device.configured_s:
        return MOST_APART_S
    return max(SILENT_INTERVALS * device.configured_s, LEAST_SILENT_S)


def _with_ancestors(
    terminal: int, found: Sequence[tuple[int, int, int]], parents: Mapping[int, int | None]
) -> set[Event]:
    events: set[Event] = set()
    for at_us, left, entered in found:
        before, after = _chain(left, parents), _chain(entered, parents)
        events |= {(terminal, at_us, "exit", unit) for unit in before - after}
        events |= {(terminal, at_us, "enter", unit) for unit in after - before}
    return events


def _chain(leaf: int, parents: Mapping[int, int | None]) -> set[int]:
    chain: set[int] = set()
    unit = leaf or None
    while unit is not None:
        chain.add(unit)
        unit = parents[unit]
    return chain

"""A world: everything that happens to a small city in one simulated run, a pure function of one integer.

Terminals walk, sit, drive, jump, fall silent and come back; their packets are doubled, delayed, overtake each other and
come from clocks that go wrong. `Delivery` is one arrival of a packet, in the order in which ingest sees them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from tests.simulation import letters
from tests.simulation.city import City, Spot, degrees, found
from tests.simulation.letters import DEGREE, Letter, Said, Writer

BEGIN_S: Final = 1_700_000_000
LONGEST_S: Final = 3 * 3600
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A terminal: what it is, and how it behaves."""

    id: int
    member: int  # 0: nobody carries it
    configured_s: int  # reporting interval as configured; 0: to be learned
    interval_s: float  # what it really does
    write: Writer
    most_in_packet: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    letter: Letter
    received_at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    seed: int
    city: City
    devices: tuple[Device, ...]
    deliveries: tuple[Delivery, ...]


def imagine(seed: int) -> World:
    rng = Random(seed)
    city = found(rng, since_us=BEGIN_S * 1_000_000, until_us=(BEGIN_S + LONGEST_S) * 1_000_000)
    devices = tuple(_device(rng, number) for number in range(1, rng.randint(1, 3) + 1))
    sent = [each for device in devices for each in _life(rng, city, device)]
    sent.sort(key=lambda each: each.received_at_us)
    return World(seed=seed, city=city, devices=devices, deliveries=tuple(sent))


def _device(rng: Random, number: int) -> Device:
    interval_s = rng.choice([5, 10, 10, 30, 30, 45, 60, 120, 300])
    writers = [letters.as_position, letters.as_position, letters.as_owntracks, letters.as_nmea]
    return Device(
        id=number,
        member=rng.choice([0, 100 + number]),
        configured_s=rng.choice([0, 0, interval_s, 10, 60]),
        interval_s=interval_s,
        write=rng.choice(writers),
        most_in_packet=rng.choice([1, 1, 2, 3, 8]),
    )


def _life(rng: Random, city: City, device: Device) -> Iterator[Delivery]:
    """Yield the deliveries of one terminal, in the order of sending."""
    is_careless = rng.random() < 0.5  # its packets are broken now and then
    truths = list(_walk(rng, city, device))
    clock = _Clock(rng)
    network = _Network(rng, truths[-1].t)
    at = 0
    while at < len(truths):
        count = 1 if device.write is letters.as_owntracks else rng.randint(1, device.most_in_packet)
        part = truths[at : at + count]
        at += count
        said = [replace(report, t=clock.shows(report.t)) for report in part]
        if is_careless and device.write is letters.as_position:
            said = [letters.broken(rng, report) if rng.random() < 0.08 else report for report in said]
        yield from network.carry(device.write(rng, device.id, said), part[-1].t)
        if is_careless and rng.random() < 0.08:
            yield from network.carry(letters.junk(rng, device.id), part[-1].t)
        if rng.random() < 0.02:
            yield from network.carry(device.write(rng, device.id, [_contradicted(rng, said[-1])]), part[-1].t)


def _contradicted(rng: Random, report: Said) -> Said:
    """Return another report of the same instant: it differs in its place, or in something that is not stored."""
    return replace(report, lat=report.lat + rng.choice([0.0001, -0.001, 1e-9])) if not report.fault else report


class _Clock:
    """A terminal's clock: right, or off by some time, and now and then set anew."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._is_good = rng.random() < 0.6
        self._off_s = 0.0
        self._set()

    def shows(self, t: float) -> float:
        if not self._is_good and self._rng.random() < 0.03:
            self._set()
        return t + self._off_s

    def _set(self) -> None:
        if not self._is_good:
            self._off_s = self._rng.choice([0, 0, -30, 20, 55, 70, -600, 600, -DAY_S, -2 * DAY_S, -100 * DAY_S])


class _Network:
    """Between a terminal and ingest: delays, backlogs, doubles. Within a backlog the order is lost."""

    def __init__(self, rng: Random, last_s: float) -> None:
        self._rng = rng
        self._is_steady = rng.random() < 0.4
        self._doubles = rng.choice([0.0, 0.05, 0.3])
        self._last_s = last_s
        self._held_until_s = 0.0

    def carry(self, letter: Letter, sent_s: float) -> Iterator[Delivery]:
        if not self._is_steady and sent_s > self._held_until_s and self._rng.random() < 0.05:
            self._held_until_s = sent_s + self._rng.choice([30, 200, 1000, 4000, DAY_S + 500])
        arrives_s = max(sent_s, self._held_until_s) + self._delay_s()
        yield Delivery(letter=letter, received_at_us=round(arrives_s * 1_000_000))
        while self._rng.random() < self._doubles:
            arrives_s += self._rng.choice([0, 1, 20, 500, 5000])
            yield Delivery(letter=letter, received_at_us=round(arrives_s * 1_000_000))

    def _delay_s(self) -> float:
        return self._rng.uniform(0, 0.2 if self._is_steady else self._rng.choice([0.2, 2, 90]))


def _walk(rng: Random, city: City, device: Device) -> Iterator[Said]:
    """Yield where a terminal truly was, and when."""
    now_s, spot = BEGIN_S + rng.uniform(0, 1000), _anywhere(rng, city)
    accuracies = rng.choice([(None,), (5,), (None, 5, 45, 80), (30, 99, 101, 500)])
    for _ in range(rng.randint(2, 7)):
        steps = rng.randint(1, 18)
        for metres in rng.choice(_GAITS)(rng, city, spot, steps, device.interval_s):
            spot = metres
            yield _fix(rng, round(now_s, rng.choice([0, 3])), spot, rng.choice(accuracies))
            now_s += device.interval_s * rng.choice([1, 1, 1, 1, rng.uniform(0.5, 1.5)])
        if rng.random() < 0.3:
            now_s += rng.choice([100, 170, 200, 700, 3600])  # a tunnel


def _fix(rng: Random, t: float, spot: Spot, accuracy_m: float | None) -> Said:
    lon, lat = degrees(spot)
    return Said(
        t=t,
        lon=round(lon * DEGREE) / DEGREE,
        lat=round(lat * DEGREE) / DEGREE,
        accuracy_m=accuracy_m,
        speed_mps=rng.choice([None, 1.4, 12.25]),
        heading_deg=rng.choice([None, 90, 270]),
        altitude_m=rng.choice([None, 104]),
        battery_pct=rng.choice([None, 55]),
    )


def _anywhere(rng: Random, city: City) -> Spot:
    return rng.uniform(-100, city.width_m + 100), rng.uniform(-100, city.height_m + 100)


def _stroll(rng: Random, city: City, spot: Spot, steps: int, interval_s: float) -> Iterator[Spot]:
    """Go straight to somewhere, at the speed of a walk or of a car."""
    east_m, north_m = spot
    goal = _anywhere(rng, city)
    pace_m = rng.choice([1.5, 10.0, 20.0]) * interval_s
    for _ in range(steps):
        ahead = goal[0] - east_m, goal[1] - north_m
        share = min(1.0, pace_m / max(1.0, (ahead[0] ** 2 + ahead[1] ** 2) ** 0.5))
        east_m, north_m = east_m + ahead[0] * share, north_m + ahead[1] * share
        yield rng.gauss(east_m, 3), rng.gauss(north_m, 3)


def _loiter(rng: Random, city: City, _spot: Spot, steps: int, _interval_s: float) -> Iterator[Spot]:
    """Stay where cells meet, with a bad receiver."""
    corner, spread_m = rng.choice(city.corners), rng.choice([3, 15, 35, 60])
    for _ in range(steps):
        yield rng.gauss(corner[0], spread_m), rng.gauss(corner[1], spread_m)


def _sit(rng: Random, _city: City, spot: Spot, steps: int, _interval_s: float) -> Iterator[Spot]:
    for _ in range(steps):
        yield rng.gauss(spot[0], 2), rng.gauss(spot[1], 2)


def _jump(rng: Random, city: City, spot: Spot, steps: int, _interval_s: float) -> Iterator[Spot]:
    """Be far away at times, as receivers between high houses are; now and then really stay there."""
    far = spot[0] + rng.choice([-8000, 8000, 2000]), spot[1] + rng.choice([0, 1500])
    other = _anywhere(rng, city)
    for _ in range(steps):
        yield rng.choice([far, spot, spot, other])


_GAITS = (_stroll, _stroll, _loiter, _loiter, _sit, _jump)

"""One seed tried: the system's answer beside the oracle's, and a short story of the first thing that differs."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.simulation.oracle import Event, Truth, foretell
from tests.simulation.system import System
from tests.simulation.world import World, imagine


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    seed: int
    reports: int
    rows: int
    crossings: int
    differences: tuple[str, ...]  # none: the seed passed

    @property
    def story(self) -> str:
        return f"seed {self.seed}:\n" + "\n".join(f"  {line}" for line in self.differences)


def attempt(seed: int) -> Outcome:
    world = imagine(seed)
    truth, system = foretell(world), System(world)
    system.run(world.deliveries, Random(-1 - seed))
    return Outcome(
        seed=seed,
        reports=sum(truth.counts.values()),
        rows=len(truth.rows),
        crossings=len(truth.crossings),
        differences=tuple(_differences(world, truth, system)),
    )


def _differences(world: World, truth: Truth, system: System) -> Iterator[str]:
    yield from system.wrongs[:3]
    yield from _of_verdicts(world, truth, system)
    yield from _of_rows(truth, system)
    yield from _of_crossings(truth.crossings, system.crossings())


def _of_verdicts(world: World, truth: Truth, system: System) -> Iterator[str]:
    """Compare what was said of each report of each packet, in the order of arrival."""
    for delivery, wanted, found in zip(world.deliveries, truth.verdicts, system.verdicts, strict=True):
        if "noise" in wanted and len(found) == 1:
            continue
        if wanted != found:
            letter = delivery.letter
            where = f"{letter.topic} at {delivery.received_at_us}"
            yield f"{where}: expected {wanted}, found {found}: {letter.payload[:200]!r}"
            return
    if truth.counts["ignored"] != system.counts["ignored"]:
        yield f"expected {truth.counts['ignored']} ignored reports, found {system.counts['ignored']}"


def _of_rows(truth: Truth, system: System) -> Iterator[str]:
    stored = system.tables.position
    if missing := sorted(truth.rows.keys() ^ stored.keys()):
        yield f"stored or not: (terminal, time) {missing[0]} and {len(missing) - 1} others"
    for key in sorted(truth.rows.keys() & stored.keys()):
        row, found = truth.rows[key], stored[key][0]
        flags = int(found["flags"])
        wanted = (row.lon, row.lat, row.grid, row.is_old, row.is_inaccurate)
        said = (int(found["lon"]), int(found["lat"]), int(found["grid"]), flags & 4 > 0, flags & 8 > 0)
        if wanted != said:
            yield f"fix {key}: expected (lon, lat, grid, old, inaccurate) {wanted}, found {said}"
            return


def _of_crossings(wanted: set[Event], found: set[Event]) -> Iterator[str]:
    """Tell of the first terminal that differs, at the first time it does."""
    if wanted == found:
        return
    terminal, at_us, _, _ = min(wanted ^ found, key=lambda event: event[:2])
    for name, events in (("expected", wanted), ("found", found)):
        near = sorted((event for event in events if event[0] == terminal and event[1] >= at_us), key=lambda e: e[1])
        yield f"terminal {terminal} from {at_us} on, {name}: " + ", ".join(
            f"{kind} {unit} at {at}" for _, at, kind, unit in near[:6]
        )

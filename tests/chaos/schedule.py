"""What is done to the system, and when: a table of faults, and a schedule that is a pure function of the seed."""

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

LONG_S: Final = 120.0  # a run of this length or more holds an outage of minutes
LONGEST_OUTAGE_S: Final = 120.0


class Door(Enum):
    LISTEN = "listen"
    BROKER = "broker"


class Lane(Enum):
    """Faults of one lane follow each other; lanes run beside each other, so that faults of two kinds meet."""

    PROCESSES = 1
    LINKS = 2


BOTH: Final = frozenset(Door)
BROKER: Final = frozenset({Door.BROKER})


class Kind(Enum):
    """The table of faults: whom it hits, what is done, at which doors, in which lane."""

    INGEST_KILLED = ("ingest", "SIGKILL, started again", BOTH, Lane.PROCESSES)
    INGEST_STOPPED = ("ingest", "SIGSTOP, SIGCONT", BOTH, Lane.PROCESSES)
    DATABASE_KILLED = ("postmaster", "SIGKILL, started again", BOTH, Lane.PROCESSES)
    DATABASE_STOPPED = ("postmaster", "SIGSTOP, SIGCONT", BOTH, Lane.PROCESSES)
    BACKEND_KILLED = ("one backend", "SIGKILL: PostgreSQL recovers from a crash", BOTH, Lane.PROCESSES)
    BACKEND_STOPPED = ("one backend", "SIGSTOP, SIGCONT", BOTH, Lane.PROCESSES)
    BACKENDS_ENDED = ("ingest's backends", "SIGTERM, as pg_terminate_backend sends it", BOTH, Lane.PROCESSES)
    DATABASE_DOWN = ("postmaster", "SIGKILL, down for long", BOTH, Lane.PROCESSES)
    DISK_FULL = ("the database's disk", "filled to the last page, freed", BOTH, Lane.PROCESSES)
    WAL_FULL = ("the database's disk", "filled, and a new WAL segment wanted: PANIC", BOTH, Lane.PROCESSES)
    BROKER_KILLED = ("broker", "SIGKILL, started again", BROKER, Lane.PROCESSES)
    BROKER_STOPPED = ("broker", "SIGSTOP, SIGCONT", BROKER, Lane.PROCESSES)
    TERMINALS_DELAYED = ("terminals - door", "each read delayed by 0.3 s", BOTH, Lane.LINKS)
    TERMINALS_CUT = ("terminals - door", "reset in the middle of a packet", BOTH, Lane.LINKS)
    TERMINALS_DROPPED = ("terminals - door", "bytes swallowed, then reset", BOTH, Lane.LINKS)
    TERMINALS_HALVED = ("terminals - door", "half open: the terminals are not told", BOTH, Lane.LINKS)
    SQL_DELAYED = ("ingest - database", "each read delayed by 0.1 s", BOTH, Lane.LINKS)
    SQL_CUT = ("ingest - database", "reset in the middle of a message", BOTH, Lane.LINKS)
    SQL_DROPPED = ("ingest - database", "bytes swallowed, then reset", BOTH, Lane.LINKS)
    SQL_HALVED = ("ingest - database", "half open: ingest is not told", BOTH, Lane.LINKS)
    BROKER_DELAYED = ("ingest - broker", "each read delayed by 0.3 s", BROKER, Lane.LINKS)
    BROKER_CUT = ("ingest - broker", "reset in the middle of a packet", BROKER, Lane.LINKS)
    BROKER_DROPPED = ("ingest - broker", "bytes swallowed, then reset", BROKER, Lane.LINKS)
    BROKER_HALVED = ("ingest - broker", "half open: ingest is not told", BROKER, Lane.LINKS)

    def __init__(self, whom: str, what: str, doors: frozenset[Door], lane: Lane) -> None:
        self.whom = whom
        self.what = what
        self.doors = doors
        self.lane = lane

    @property
    def words(self) -> str:
        return f"{self.whom}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    kind: Kind
    at_s: float  # after the run's start; later when what it hits has not come back from the last one
    lasts_s: float
    draw: float  # in [0, 1): which backend, after how many bytes


def schedule(*, seed: int, for_s: float, door: Door, kinds: Collection[Kind] = Kind) -> tuple[Fault, ...]:
    """Return the faults of a run in order of time; each of `kinds` once before any twice.

    The same seed, the same faults.
    """
    found = list[Fault]()
    for lane in Lane:
        mine = [kind for kind in Kind if kind in kinds and kind.lane is lane and door in kind.doors]
        found += _lane(mine, random.Random(f"{seed} {lane.name}"), for_s)
    return tuple(sorted(found, key=lambda fault: fault.at_s))


def outage_s(for_s: float) -> float:
    """How long the database is down for long: minutes in long runs, seconds in short ones."""
    return min(LONGEST_OUTAGE_S, 0.4 * for_s) if for_s >= LONG_S else for_s / 6


def _lane(kinds: list[Kind], chance: random.Random, for_s: float) -> Iterator[Fault]:
    longest_s = max(0.8, min(4.0, for_s / 12))
    at_s = chance.uniform(0.5, 1.0)
    for kind in _shuffled(kinds, chance):
        lasts_s = outage_s(for_s) if kind is Kind.DATABASE_DOWN else chance.uniform(0.3, 1.0) * longest_s
        if at_s + lasts_s > for_s:
            return
        yield Fault(kind=kind, at_s=at_s, lasts_s=lasts_s, draw=chance.random())
        at_s += lasts_s + chance.uniform(0.3, 1.0) * longest_s


def _shuffled(kinds: list[Kind], chance: random.Random) -> Iterator[Kind]:
    while kinds:
        chance.shuffle(kinds)
        yield from kinds

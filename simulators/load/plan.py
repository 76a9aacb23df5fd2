"""What a load run is to do, and the shares of it that each worker process gets."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from simulators.fleet.plan import FleetPlan, Gateway
from simulators.scenario.model import Scenario
from simulators.viewers.plan import ViewersPlan

SAMPLE: Final = 100  # every so many-th terminal's true way is kept
_SAMPLED_AT_LEAST: Final = 50
_START_S: Final = 4.0  # for a worker to come up
_HANDSETS_PER_S: Final = 30_000  # read from terminals.csv, and given a person each, on one slow core
_GRIDS_BYTES_PER_S: Final = 3_000_000
_WRITTEN_PER_S: Final = 40_000.0  # fixes, by all workers
_PATIENCE_S: Final = 600.0  # for viewers after the fleet has ended: the conductor stops them before
_SHORT: Final = 0.25  # of a run, at most, is spent on connecting
_LOG_INS_PER_S: Final = 300.0  # when nobody waits for them: it is not what is measured


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """A run, resolved: nothing in it is looked up or chosen later."""

    version: str
    command: str
    scenario: Scenario
    roster: Path
    folder: Path  # of the run's ledgers
    url: str  # mqtt://host:port or mqtts://host:port
    terminals: int  # the first so many of the roster
    interval_s: float
    duration_s: float
    seed: int
    own_connections: int  # terminals with a connection of their own; the others go over the gateway's
    gateway: Gateway | None = None  # its connections are those of all workers together
    gateway_kind: str = "none"  # none, listener or broker
    workers: int = 1
    ca: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    source_addresses: Sequence[str] = ()
    settle_s: float = 15.0
    prepares: bool = False  # everything is written before the start: the run costs only what sending costs
    http: str | None = None  # where viewers look; None: there are none
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)  # a session: who may see them
    units: Sequence[int] = ()
    viewers: int = 0
    viewers_workers: int = 1
    roll: Path | None = None  # ROLL rows: who may be seen in which of the units; None: nobody knows

    @property
    def sample(self) -> int:
        return max(1, min(SAMPLE, self.terminals // _SAMPLED_AT_LEAST))

    @property
    def connect_s(self) -> float:
        """How long terminals may take to connect: as the scenario has it, but not longer than so few need.

        Or than a part of a short run, if the run waits for nobody.
        """
        if self.scenario.connects_before_start:
            return min(self.scenario.connect_within_s, max(1.0, self.own_connections / _LOG_INS_PER_S))
        return min(self.scenario.connect_within_s, self.duration_s * _SHORT)

    def preparation_s(self, *, handsets: int, grids_bytes: int) -> float:
        """Return how long workers need before they publish: to read all of the roster, perhaps to write, to connect."""
        reading_s = _START_S + handsets / _HANDSETS_PER_S + grids_bytes / _GRIDS_BYTES_PER_S
        writing_s = self.terminals / self.interval_s * self.duration_s / _WRITTEN_PER_S if self.prepares else 0.0
        return reading_s + writing_s + (self.connect_s if self.scenario.connects_before_start else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """How a run stands, for who watches it."""

    phase: str
    t_s: float = 0.0  # after the start
    of_s: float = 0.0
    due: int = 0
    published: int = 0
    acknowledged: int = 0
    connected: int = 0
    wanted: int = 0  # connections
    lag_s: float = 0.0
    viewers: int = 0  # connected
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Instant:
    """How the fleet stood at one moment."""

    t_s: float
    connected: int
    wanted: int  # connections that people wanted up: not those who are off duty or have no battery
    lag_s: float


Progress = Callable[[Moment], None]


def fleet_plans(plan: LoadPlan, *, starts_at: float) -> list[FleetPlan]:
    """Return each fleet worker's share: a slice of the roster, and its part of the connections."""
    shares = _shares(plan.terminals, plan.workers)
    own = [of - before for before, of in _shares(plan.own_connections, plan.workers)]
    scenario = msgspec.structs.replace(plan.scenario, connect_within_s=plan.connect_s)
    return [
        FleetPlan(
            roster=str(plan.roster.resolve()),
            url=plan.url,
            first=first,
            count=until - first,
            own_connections=min(own[place], until - first),
            terminals=plan.terminals,
            interval_s=plan.interval_s,
            duration_s=plan.duration_s,
            starts_at=starts_at,
            out=str(plan.folder / f"fleet-{place}"),
            seed=plan.seed,
            scenario=scenario,
            ca=_path(plan.ca),
            client_certificate=_path(plan.client_certificate),
            client_key=_path(plan.client_key),
            gateway=_gateway(plan, place),
            source_addresses=list(plan.source_addresses),
            sample=plan.sample,
            settle_s=plan.settle_s,
            prepares=plan.prepares,
        )
        for place, (first, until) in enumerate(shares)
    ]


def viewers_plans(plan: LoadPlan, *, starts_at: float) -> list[ViewersPlan]:
    """Return each viewers worker's share; they stay until the conductor has seen the fleet's last fix stored."""
    if plan.http is None or not plan.viewers or not plan.units:
        return []
    habits = plan.scenario.viewers
    return [
        ViewersPlan(
            http=plan.http,
            headers=plan.headers,
            ca=_path(plan.ca),
            units=list(plan.units),
            first=first,
            count=until - first,
            slow_share=habits.slow_share,
            slow_s=habits.slow_s,
            reconnect_share=0.0 if habits.reconnect_every_s is None else 1.0,
            reconnect_every_s=habits.reconnect_every_s or 20.0,
            switch_share=habits.switch_share,
            switch_every_s=habits.switch_every_s,
            roll=_path(plan.roll),
            connect_within_s=min(10.0, plan.duration_s * _SHORT),
            duration_s=plan.duration_s + plan.settle_s + _PATIENCE_S,
            starts_at=starts_at,
            out=str(plan.folder / f"viewers-{place}"),
            seed=plan.seed,
        )
        for place, (first, until) in enumerate(_shares(plan.viewers, min(plan.viewers, plan.viewers_workers)))
    ]


def _shares(count: int, workers: int) -> list[tuple[int, int]]:
    """Cut 0..count into as many [first, until) as there are workers, alike to one."""
    return [(count * k // workers, count * (k + 1) // workers) for k in range(workers)]


def _gateway(plan: LoadPlan, place: int) -> Gateway | None:
    """Return a worker's part of the gateway's connections: at least one, when it has terminals for it."""
    if plan.gateway is None or plan.own_connections >= plan.terminals:
        return None
    connections = math.ceil((plan.gateway.connections - place) / plan.workers)
    return Gateway(user=plan.gateway.user, secret=plan.gateway.secret, connections=max(1, connections))


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path.resolve())

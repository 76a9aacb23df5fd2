"""What one worker process of a fleet is to do, as a JSON file."""

from pathlib import Path

import msgspec

from simulators.scenario.model import Scenario


class Gateway(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One log-in that may publish for every terminal, and over how many connections."""

    user: str
    secret: str
    connections: int = 1


class FleetPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The worker's share is `count` terminals of the roster from `first` on; moments count from `starts_at`.

    The first `own_connections` terminals of the share have a connection of their own; the others go over the gateway,
    and need one.
    """

    roster: str  # folder
    url: str  # mqtt://host:port or mqtts://host:port
    first: int
    count: int
    own_connections: int
    terminals: int  # of all workers together: a worker takes its part of what a scenario counts for all
    interval_s: float
    duration_s: float
    starts_at: float  # epoch s
    out: str  # folder of the ledger
    seed: int = 0
    scenario: Scenario = Scenario()
    ca: str | None = None  # file: whom to believe that they are the server; None: the system's
    client_certificate: str | None = None  # files, PEM: one for the whole fleet
    client_key: str | None = None
    gateway: Gateway | None = None
    source_addresses: list[str] = []  # used in turn; none: the system's choice, at most 28,000 connections
    sample: int = 100  # every so many-th terminal's true place is kept
    settle_s: float = 15.0  # how long a stop waits for acknowledgements
    prepares: bool = False  # the whole run is written before the start, in memory


class PlanError(Exception):
    """The file is no plan."""


def read_plan(path: Path) -> FleetPlan:
    """Raises PlanError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=FleetPlan)
    except OSError as error:
        raise PlanError(f"{path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise PlanError(f"{path}: {error}") from error

"""What was asked of a load run, and whether this machine can do it."""

import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from gridwarden.descriptors import RESERVE
from simulators.load.machine import usable_cores

_A_WORKER: Final = 10_000  # connections, from which on another worker is worth a core
_A_VIEWERS_WORKER: Final = 2_000
_GATEWAY_CONNECTIONS: Final = 8  # 270,000 terminals every 30 s are 9,000 messages a second: 1,100 for each
_DEALT_CONNECTIONS: Final = 32  # where the kernel deals them out among several ingests: about as many to each
_OTHER_FILES: Final = RESERVE + _DEALT_CONNECTIONS  # beside what terminals' own connections may take of a door


class LoadError(Exception):
    """A load run that cannot be: the message says why, and which option to change."""


class StartError(LoadError):
    """The system that `--up` was to start did not start, or not again: the message says what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The options of `gridwarden load` as they were given; None is one that was not."""

    scenario: str
    terminals: int
    interval_s: float | None
    duration_s: float
    seed: int
    report: Path
    is_up: bool
    data: Path | None
    url: str | None
    http: str | None
    roster: Path | None
    database: str | None
    redis: str | None
    broker: str | None
    ingests: int
    account: str | None
    password: SecretStr | None
    gateway_user: str
    gateway_secret: SecretStr | None
    connections: int | None
    workers: int | None
    viewers: int
    beside: Sequence[Path]
    restart_command: str | None
    watch: Mapping[str, int]
    keeps_ledger: bool
    prepares: bool
    ca: Path | None
    client_certificate: Path | None
    client_key: Path | None
    command: str

    def check(self) -> None:
        """Raise LoadError for options that do not go together."""
        if self.is_up and self.url is not None:
            raise LoadError("--up starts a system of its own: leave out --url, or --up")
        if not self.is_up and self.url is None:
            raise LoadError("give --up to start a system for the test, or --url mqtt://HOST:PORT of one that runs")
        if not self.is_up and self.roster is None:
            raise LoadError("give --roster: the folder of terminals.csv and grids.geojson of the system at --url")
        if not self.is_up and self.viewers and (self.http is None or self.account is None or self.password is None):
            raise LoadError("viewers need --http, --account and its password in GRIDWARDEN_LOAD_PASSWORD")
        if not self.is_up and self.data is not None:
            raise LoadError("--data is the folder of a system that --up starts: leave it out")
        if self.ingests > 1 and (not self.is_up or self.redis is None or self.broker is not None):
            raise LoadError("--ingests starts several that listen on one port: give --up and --redis, and no --broker")


def parse_watched(words: Sequence[str]) -> Mapping[str, int]:
    """Read `name=PID` words. Raises LoadError."""
    found: dict[str, int] = {}
    for word in words:
        name, _, pid = word.partition("=")
        if not name or not pid.isdigit():
            raise LoadError(f"--watch {word}: write name=PID, for example mosquitto=1234")
        found[name] = int(pid)
    return found


def gateway_connections(wish: Wish) -> int:
    return _GATEWAY_CONNECTIONS if wish.ingests == 1 else _DEALT_CONNECTIONS


def own_connections(wish: Wish, *, workers: int) -> int:
    """Return how many terminals get a connection of their own. Raises LoadError when the machine has not that many."""
    limit = _descriptors() - _OTHER_FILES
    if wish.is_up and wish.redis is None:
        limit -= wish.viewers  # `up` accepts them in the process that accepts the terminals
    if limit <= 0:
        raise LoadError(f"--viewers {wish.viewers}: a process here may hold {_descriptors():,} files (ulimit -n)")
    most = limit if wish.is_up and wish.broker is None else limit * workers  # one process accepts all, or none here
    if wish.connections is None:
        return min(wish.terminals, most)
    wanted = min(wish.connections, wish.terminals)
    if wanted > most:
        raise LoadError(
            f"--connections {wish.connections}: a process here may hold {limit:,} (ulimit -n); ask for fewer"
        )
    return wanted


def most_of_a_process(wish: Wish, own: int, *, workers: int) -> int:
    """Return how many connections one process here holds: all of them where `--up` listens, else a worker's share."""
    fleet = own if wish.is_up and wish.broker is None else -(-own // workers)
    return fleet + wish.viewers if wish.is_up and wish.redis is None else max(fleet, wish.viewers)


def workers_for(wish: Wish) -> int:
    """Return the fleet's processes: enough for the connections, at most one a core."""
    cores = usable_cores()
    if wish.workers is not None:
        return min(wish.workers, wish.terminals)
    return max(1, min(cores, -(-wish.terminals // _A_WORKER)))


def viewers_workers_for(viewers: int) -> int:
    return max(1, min(usable_cores(), -(-viewers // _A_VIEWERS_WORKER)))


def _descriptors() -> int:
    """Return how many files a process here may open; workers raise their soft limit themselves."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1_000_000 if hard == resource.RLIM_INFINITY else hard

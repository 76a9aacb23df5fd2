"""The two programs of the simulators: a simulated crowd, and recordings of real movement, as terminals over MQTT."""

import random
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Final

from simulators.fleet import Fleet, Summary
from simulators.movement.chance import Chance
from simulators.movement.crowd import Crowd
from simulators.roster import RosterError, read_roster
from simulators.terminals.connector import Connector, parse_address

CONNECTIONS_PER_S: Final = 250.0  # a server with TLS pays 1 to 2 ms for each
SOS_PER_HOUR: Final = 0.03  # of one terminal: 500 people press some 15 times an hour
_OTHER_FILES: Final = 200  # descriptors that are no connections


class LimitError(Exception):
    """The process may not open so many connections."""


def _nothing(*_said: object) -> None:
    return


async def simulate(
    *,
    roster: Path,
    url: str,
    terminals: int,
    interval_s: float,
    seed: int,
    duration_s: float | None = None,
    say: Callable[[str], None] = _nothing,
    progress: Callable[[Summary], None] = _nothing,
    ready: Callable[[], None] = _nothing,
    sos_per_hour: float = SOS_PER_HOUR,
    connections_per_s: float = CONNECTIONS_PER_S,
) -> Summary:
    """Let the first `terminals` of the roster move and report every `interval_s` seconds to mqtt://host:port.

    Runs for `duration_s`, or until cancelled; stops cleanly. `say` hears trouble in whole lines, `progress` the
    figures every two seconds, `ready` once that all are connected. The same seed moves them alike.
    Raises RosterError, AddressError, LimitError.
    """
    host, port = parse_address(url)
    city = read_roster(roster)
    if not 0 < terminals <= len(city.handsets):
        raise RosterError(f"{roster}: {len(city.handsets)} terminals in it, {terminals} wanted")
    _make_room(terminals)
    handsets = city.handsets[:terminals]
    units = [handset.unit for handset in handsets]
    crowd = Crowd(grids=city.grids, units=units, seed=seed, interval_s=interval_s, sos_per_hour=sos_per_hour)
    summary = Summary(terminals=terminals)
    connector = Connector(host, port, rate_per_s=connections_per_s, chance=random.Random(seed), say=say)
    fleet = Fleet(handsets=handsets, crowd=crowd, connector=connector, chance=Chance(seed), summary=summary)
    await fleet.run(duration_s=duration_s, ready=ready, progress=progress)
    return summary


def _make_room(connections: int) -> None:
    """Raise the soft limit of open files as far as needed and allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise LimitError(
            f"{connections} connections need {wanted} open files, this process may have {hard} (ulimit -n)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

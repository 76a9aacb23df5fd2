"""The memory of ingest from the database: checkpoint plus later fixes.

So it is at start, after a COMMIT of which nobody knows whether it happened, and for terminals that were taken over.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg

from ingest.pipeline import own_grids
from ingest.pipeline.maps import Maps
from ingest.pipeline.memory import Ids, Memory
from ingest.pipeline.plan import follow
from ingest.rules import own_grid, tracks
from ingest.rules.columns import US
from ingest.rules.own_grid import Homes
from ingest.rules.presence import Presence
from ingest.rules.tracks import Rules
from ingest.store import positions, states
from ingest.store.states import States
from ingest.store.terminals import Directory
from tracker.database import partitions
from tracker.geometry.atlas import Atlas
from tracker.model.positions import REASONS, Flag, Positions, empty

# A fix that changed live presence was at most a day old when it came, and what came more than seconds before ingest was
# last heard of is in the checkpoint. So of a terminal that was silent for weeks, only these days are looked into.
REACH_US: Final = 2 * 86_400 * US
PIECE: Final = 50_000  # terminals looked up by one statement: a second or two, on a busy machine ten

Connection = psycopg.AsyncConnection[Any]


async def rebuild(
    connection: Connection,
    *,
    directory: Directory,
    maps: Maps,
    rules: Rules,
    heard_us: int,
    terminals: Ids | None = None,
) -> Memory:
    """Return a memory of `terminals`, by default of all.

    `heard_us` is when ingest was last known to listen: on the clock of silence that is 0, arrivals are before it.
    """
    memory = Memory(rules)
    memory.fit(directory)
    wanted = np.arange(directory.size) if terminals is None else terminals
    await restore(
        connection, memory, wanted, directory=directory, maps=maps, rules=rules, heard_us=heard_us, clock_s=0.0
    )
    return memory


async def restore(
    connection: Connection,
    memory: Memory,
    terminals: Ids,
    *,
    directory: Directory,
    maps: Maps,
    rules: Rules,
    heard_us: int,
    clock_s: float,
) -> None:
    """Let `memory`, which has room for them, know of `terminals` what the database does. The rest stays as it is.

    `heard_us` is when somebody last listened to them, `clock_s` what the clock of silence shows now.
    """
    terminals = np.sort(terminals)
    known = await states.load(connection, terminals)
    since_us = np.zeros(len(memory.tracks), np.int64)
    since_us[known["terminal"]] = known["fixed_at_us"]
    since_us = np.maximum(since_us[terminals], max(heard_us - REACH_US, 0))
    later = await _later(connection, terminals, since_us)
    later["member"] = directory.members[later["terminal"]]
    before_us = np.zeros(len(memory.tracks), np.int64)
    before_us[known["terminal"]] = known["fixed_at_us"]
    atlas = await maps.holding(connection, later["fixed_at_us"], before_us[np.unique(later["terminal"])])
    memory.forget(terminals)
    remember(memory, known)
    tracks.recall_intervals(memory.tracks, known["terminal"], rules)
    memory.configure(terminals, directory)  # configured intervals win
    own_grids.remember(memory, known, directory, maps.homes)
    memory.heard_s[terminals] = clock_s + np.minimum((memory.arrived_us[terminals] - heard_us) / US, 0.0)
    replay(memory, later, atlas=atlas, homes=maps.homes, rules=rules, clock_s=clock_s)
    await own_grids.reopen(connection, memory, terminals, directory)


async def _later(connection: Connection, terminals: Ids, since_us: npt.NDArray[np.int64]) -> Positions:
    found, span_us = [empty(0)], await partitions.span_us(connection)
    for start in range(0, len(terminals), PIECE):
        piece = slice(start, start + PIECE)
        found.append(await positions.behind_checkpoint(connection, terminals[piece], since_us[piece], span_us=span_us))
    return np.concatenate(found)


def replay(memory: Memory, later: Positions, *, atlas: Atlas, homes: Homes, rules: Rules, clock_s: float = 0.0) -> None:
    """Advance `memory` by fixes in order of (terminal, time). Their crossings and events were committed with them.

    Live presence is what it was then: a fix that was suspect when it came may be believed here, where others are known.
    """
    if not len(later):
        return
    terminals, slots = np.unique(later["terminal"], return_inverse=True)
    scratch = memory.tracks[terminals]
    was_live = later["flags"] & REASONS == Flag.NONE.value
    later["flags"] = Flag.NONE.value
    confirmed = np.zeros(len(later), np.int32)
    follow(scratch, slots, later, atlas, rules, confirmed=confirmed)
    later["interval_s"] = scratch["interval_s"][slots]
    is_live = was_live & (later["flags"] == Flag.NONE.value)
    memory.advance(terminals, scratch, later[was_live])
    memory.take_outings(own_grid.judge(memory.outings, later[is_live], confirmed[is_live], homes, rules))
    memory.hear(later["terminal"], later["received_at_us"], clock_s)
    memory.presence[terminals] = Presence.ONLINE


def remember(memory: Memory, known: States) -> None:
    """Take over checkpoints."""
    terminals: npt.NDArray[np.int32] = known["terminal"]
    for name in _OF_TRACK:
        memory.tracks[name][terminals] = known[name]
    for name in _OF_LAST:
        memory.last[name][terminals] = known[name]
    memory.arrived_us[terminals] = known["received_at_us"]
    memory.presence[terminals] = np.where(known["is_silent"], Presence.SILENT, Presence.ONLINE)


_OF_TRACK: Final = (
    "fixed_at_us",
    "lon",
    "lat",
    "interval_s",
    "confirmed",
    "candidate",
    "candidate_count",
    "candidate_since_us",
)
_OF_LAST: Final = (
    "terminal",
    "fixed_at_us",
    "received_at_us",
    "lon",
    "lat",
    "grid",
    "interval_s",
    "speed_dmps",
    "heading_deg",
    "accuracy_dm",
    "altitude_m",
    "battery_pct",
)

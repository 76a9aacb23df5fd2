"""The memory at start, and after a COMMIT of which nobody knows whether it happened: checkpoint plus later fixes."""

from typing import Any

import numpy as np
import psycopg

from ingest.pipeline.maps import Maps
from ingest.pipeline.memory import Memory
from ingest.pipeline.plan import follow
from ingest.rules.columns import US
from ingest.rules.presence import Presence
from ingest.rules.tracks import Rules
from ingest.store import positions, states
from ingest.store.states import StateRow
from ingest.store.terminals import Directory
from tracker.geometry.atlas import Atlas
from tracker.model.positions import Flag, Positions

Connection = psycopg.AsyncConnection[Any]


async def rebuild(connection: Connection, *, directory: Directory, maps: Maps, rules: Rules, heard_us: int) -> Memory:
    """`heard_us` is when ingest was last known to listen: on the clock of silence that is 0, arrivals are before it."""
    memory = Memory(rules)
    memory.fit(directory)
    for row in await states.load(connection):
        _remember(memory, row)
    memory.fit(directory)  # configured intervals win
    memory.heard_s = np.minimum((memory.arrived_us - heard_us) / US, 0.0)
    later = await positions.behind_checkpoint(connection)
    before_us = memory.tracks["fixed_at_us"][np.unique(later["terminal"])]
    atlas = await maps.holding(connection, later["fixed_at_us"], before_us)
    replay(memory, later, atlas=atlas, rules=rules)
    return memory


def replay(memory: Memory, later: Positions, *, atlas: Atlas, rules: Rules) -> None:
    """Advance `memory` by fixes in order of (terminal, time). Their crossings were committed with them."""
    if not len(later):
        return
    terminals, slots = np.unique(later["terminal"], return_inverse=True)
    scratch = memory.tracks[terminals]
    later["flags"] = Flag.NONE.value
    follow(scratch, slots, later, atlas, rules)
    later["interval_s"] = scratch["interval_s"][slots]
    memory.advance(terminals, scratch, later[later["flags"] == Flag.NONE.value])
    memory.hear(later["terminal"], later["received_at_us"], 0.0)
    memory.presence[terminals] = Presence.ONLINE


def _remember(memory: Memory, row: StateRow) -> None:
    track, last = memory.tracks[row.terminal], memory.last[row.terminal]  # views
    for name in ("fixed_at_us", "lon", "lat"):
        track[name] = getattr(row, name)
    track["interval_s"] = row.interval_s
    track["confirmed"], track["candidate"] = row.confirmed_grid, row.candidate_grid
    track["candidate_count"], track["candidate_since_us"] = row.candidate_count, row.candidate_since_us
    for name in _OF_LAST:
        last[name] = getattr(row, name)
    memory.arrived_us[row.terminal] = row.received_at_us
    memory.presence[row.terminal] = Presence.SILENT if row.is_silent else Presence.ONLINE


_OF_LAST = (
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

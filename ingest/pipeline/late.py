"""The lane of late fixes: the crossings of a track are computed anew from where a late fix may matter.

Crossings are a function of a terminal's fixes in order of time, so any order of arrival ends in the same rows: new ones
are added as late, those that no longer follow are superseded. Live presence is never touched.
"""

from typing import Any

import numpy as np
import psycopg

from ingest.pipeline.memory import Memory
from ingest.pipeline.write import City, crossing_rows
from ingest.rules import tracks
from ingest.rules.tracks import Crossings, Rules, Tracks
from ingest.store import events, late, positions
from ingest.store.late import Known, LateTrack
from tracker.model.positions import OUTSIDE_CITY

Connection = psycopg.AsyncConnection[Any]

# What a recomputed track hands to the memory; the learned interval stays.
_HANDED: tuple[str, ...] = (
    "confirmed",
    "candidate",
    "candidate_count",
    "candidate_since_us",
    "fixed_at_us",
    "lon",
    "lat",
    "suspect_at_us",
    "suspect_lon",
    "suspect_lat",
)


async def recompute(connection: Connection, track: LateTrack, *, memory: Memory, city: City, rules: Rules) -> Tracks:
    """Bring the table `crossing` up to date for one track and take it off the queue, inside the caller's transaction.

    Returns the track as it then is, for `hand_over` after COMMIT.
    """
    # The second last crossing before the late fix is safe from it: its two fixes are both earlier than the last one's.
    anchors = await late.anchors(connection, track)
    anchor = anchors[1] if len(anchors) > 1 else None
    since_us = anchor.fixed_at_us if anchor else 0
    state = tracks.unknown(np.array([track.terminal]), rules)
    for name in ("interval_s", "is_configured"):
        state[name] = memory.tracks[name][track.terminal]
    if anchor is not None:
        # Of the units entered together the leaf is the one with the most above it.
        state["confirmed"] = max(
            anchor.entered, key=lambda unit: len(city.fences.ancestors(unit)), default=OUTSIDE_CITY
        )
    fixes = await positions.of_terminal(connection, track.terminal, since_us)
    crossings = tracks.observe(state, np.zeros(len(fixes), np.intp), fixes, city.fences, rules)
    await _correct(connection, track.terminal, since_us, crossings, city)
    await late.dequeue(connection, track.terminal)
    return state


def hand_over(memory: Memory, track: Tracks) -> None:
    """Let fixes to come be judged by the recomputed track."""
    terminal = int(track["terminal"][0])
    for name in _HANDED:
        memory.tracks[name][terminal] = track[name][0]
    memory.is_dirty[terminal] = True


async def _correct(connection: Connection, terminal: int, since_us: int, crossings: Crossings, city: City) -> None:
    rows = [row for row in crossing_rows(crossings, city) if row.fixed_at_us > since_us]
    wanted = {Known(row.fixed_at_us, row.kind, row.grid) for row in rows}
    found = set(await late.known(connection, terminal, since_us))
    for row in sorted(found - wanted):
        await late.supersede(connection, terminal, row)
    missing = [row for row in rows if Known(row.fixed_at_us, row.kind, row.grid) not in found]
    if missing:
        await events.add_crossings(connection, missing, grid_set=city.grid_set, is_late=True)

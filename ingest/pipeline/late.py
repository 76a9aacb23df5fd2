"""The lane of late fixes: the crossings of a track are computed anew from where a late fix may matter.

Crossings are a function of a terminal's fixes in order of time, so any order of arrival ends in the same rows: new ones
are added as late, those that no longer follow are superseded. Live presence is never touched.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import psycopg

from ingest.pipeline.maps import Maps
from ingest.pipeline.memory import Memory
from ingest.pipeline.write import City, crossing_rows
from ingest.rules import tracks
from ingest.rules.tracks import Crossings, Rules, Tracks
from ingest.store import events, late, positions
from ingest.store.late import Anchor, Known, LateTrack
from ingest.store.terminals import Directory
from tracker.geometry.atlas import Atlas
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


async def recompute(
    connection: Connection, track: LateTrack, *, memory: Memory, directory: Directory, maps: Maps, rules: Rules
) -> Tracks:
    """Bring the table `crossing` up to date for one track and take it off the queue, inside the caller's transaction.

    Returns the track as it then is, for `hand_over` after COMMIT.
    """
    anchor = safe_anchor(await late.anchors(connection, track), maps.atlas)
    since_us = anchor.fixed_at_us if anchor else 0
    state = tracks.unknown(np.array([track.terminal]), rules)
    for name in ("interval_s", "is_configured"):
        state[name] = memory.tracks[name][track.terminal]
    if anchor is not None:
        # Of the units entered together the leaf is the one with the most above it.
        state["confirmed"] = max(anchor.entered, key=lambda unit: len(maps.atlas.ancestors(unit)), default=OUTSIDE_CITY)
    fixes = await positions.of_terminal(connection, track.terminal, since_us)
    found: list[Crossings] = [np.zeros(0, tracks.CROSSING)]
    for moment_us, rows in maps.atlas.spans(fixes["fixed_at_us"]):  # one set at a time: a track may be months long
        atlas = await maps.holding(connection, np.array([moment_us]), state["fixed_at_us"])
        part = fixes[rows]
        found.append(tracks.observe(state, np.zeros(len(part), np.intp), part, atlas.sheet(moment_us), rules))
    city = City(directory, maps.atlas)
    await _correct(connection, track.terminal, since_us, np.concatenate(found), city)
    await late.dequeue(connection, track.terminal)
    return state


def safe_anchor(anchors: Sequence[Anchor], atlas: Atlas) -> Anchor | None:
    """Return the newest crossing from which on a track can be computed anew; None: only from its beginning.

    The second last crossing before the late fix is safe from it: its two fixes are both earlier than the last one's. A
    crossing is stamped with the first of its two, so both must be of one grid set's time, as they are when the next
    crossing is: else the grid that was entered may have moved before it was confirmed.
    """
    for later, earlier in pairwise(anchors):
        if atlas.version(earlier.fixed_at_us) == atlas.version(later.fixed_at_us):
            return earlier
    return None


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
        await events.add_crossings(connection, missing, is_late=True)

"""The lane of late fixes: the crossings of a track are computed anew from where a late fix may matter.

Crossings are a function of a terminal's fixes in order of time, so any order of arrival ends in the same rows: new ones
are added as late, those that no longer follow are superseded. Live presence is never touched.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg

from ingest.pipeline.maps import Maps
from ingest.pipeline.memory import Memory
from ingest.pipeline.write import City, crossing_rows
from ingest.rules import tracks
from ingest.rules.tracks import Crossings, Rules, Tracks
from ingest.store import events, late, positions
from ingest.store.events import CrossingRow
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
    """Bring the table `crossing` up to date for one track, inside the caller's transaction.

    Returns the track as it then is, for `hand_over` after COMMIT.
    """
    anchor = safe_anchor(await late.anchors(connection, track))
    since_us = anchor.fixed_at_us if anchor else 0
    state = start(track.terminal, anchor, memory=memory, atlas=maps.atlas, rules=rules)
    fixes = await positions.of_terminal(connection, track.terminal, since_us)
    found: list[Crossings] = [np.zeros(0, tracks.CROSSING)]
    for moment_us, rows in maps.atlas.spans(fixes["fixed_at_us"]):  # one set at a time: a track may be months long
        atlas = await maps.holding(connection, np.array([moment_us]), state["fixed_at_us"])
        part = fixes[rows]
        found.append(tracks.observe(state, np.zeros(len(part), np.intp), part, atlas.sheet(moment_us), rules))
    city = City(directory, maps.atlas)
    await _correct(connection, track.terminal, since_us, np.concatenate(found), city)
    return state


def safe_anchor(anchors: Sequence[Anchor]) -> Anchor | None:
    """Return the newest crossing from which on a track can be computed anew; None: only from its beginning.

    The second last crossing before the late fix is safe from it: its two fixes are both earlier than the last one's.
    """
    return anchors[1] if len(anchors) > 1 else None


def start(terminal: int, anchor: Anchor | None, *, memory: Memory, atlas: Atlas, rules: Rules) -> Tracks:
    """Return the track of `terminal` as it was just before the first of the anchor's two fixes.

    Not after it: until the second one came, fixes were judged as those of a member still in the grid that was left.
    """
    state = tracks.unknown(np.array([terminal]), rules)
    if anchor is not None or memory.tracks["is_configured"][terminal]:
        for name in ("interval_s", "is_configured"):
            state[name] = memory.tracks[name][terminal]
        tracks.recall_intervals(state, np.array([0]), rules)
    if anchor is not None:
        # Of the units left together the leaf is the one with the most above it.
        state["confirmed"] = max(anchor.exited, key=lambda unit: len(atlas.ancestors(unit)), default=OUTSIDE_CITY)
    return state


def hand_over(memory: Memory, track: Tracks, mark: int) -> None:
    """Let fixes to come be judged by the recomputed track. It stays in the queue, as `mark`, until it is `settled`."""
    terminal = int(track["terminal"][0])
    for name in _HANDED:
        memory.tracks[name][terminal] = track[name][0]
    memory.recomputed[terminal] = mark
    memory.is_dirty[terminal] = True


def settled(memory: Memory) -> dict[int, int]:
    """Return the marks of recomputed tracks that a checkpoint written now holds: those may leave the queue.

    Others have last believed a fix that live presence does not know of; after a restart they are computed anew.
    """
    return {
        terminal: mark
        for terminal, mark in memory.recomputed.items()
        if memory.tracks["fixed_at_us"][terminal] == memory.last["fixed_at_us"][terminal]
        and not memory.tracks["suspect_at_us"][terminal]
    }


async def _correct(connection: Connection, terminal: int, since_us: int, crossings: Crossings, city: City) -> None:
    rows = crossing_rows(crossings, city)
    wrong, missing = corrections(rows, await late.known(connection, terminal, since_us), since_us)
    for row in wrong:
        await late.supersede(connection, terminal, row)
    if missing:
        await events.add_crossings(connection, missing, is_late=True)


def corrections(
    rows: Sequence[CrossingRow], known: Sequence[Known], since_us: int
) -> tuple[list[Known], list[CrossingRow]]:
    """Return which of `known`, those in force after `since_us`, no longer follow, and which of `rows` are not there."""
    rows = [row for row in rows if row.fixed_at_us > since_us]
    wanted, found = {Known(row.fixed_at_us, row.kind, row.grid) for row in rows}, set(known)
    return sorted(found - wanted), [row for row in rows if Known(row.fixed_at_us, row.kind, row.grid) not in found]

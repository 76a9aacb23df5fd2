"""What a batch will do, decided before it is written: rows to store, crossings, changes of presence. Pure.

It looks at the memory and leaves it alone: `Memory.advance` follows the COMMIT.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ingest.pipeline.batch import Batch
from ingest.pipeline.memory import Memory
from ingest.rules import own_grid, screen, tracks
from ingest.rules.own_grid import Homes, Judged
from ingest.rules.screen import Verdicts
from ingest.rules.tracks import Crossings, Rules, Tracks
from ingest.store.terminals import Directory
from tracker.geometry.atlas import Atlas
from tracker.model.positions import Flag, Positions
from tracker.model.records import pick, put

_NOT_IN_ORDER = Flag.LATE.value | Flag.OLD.value


@dataclass(slots=True)
class Plan:
    verdicts: Verdicts  # of the batch's reports, final
    rows: Positions  # to be stored
    terminals: npt.NDArray[Any]  # whose tracks change
    scratch: Tracks  # their tracks afterwards
    crossings: Crossings
    late: Positions  # of `rows`, those whose crossings must be recomputed
    live: Positions  # of `rows`, those that are believed
    own: Judged  # who left or came back to their own grids


def decide(
    batch: Batch, stored: Positions, *, memory: Memory, directory: Directory, atlas: Atlas, homes: Homes, rules: Rules
) -> Plan:
    """`stored` are rows of the database with keys of this batch: their reports are duplicates or conflicts."""
    verdicts = batch.verdicts.copy()
    if len(stored):
        verdicts[batch.source] = _compare(batch.positions, stored, np.full(len(batch.source), screen.NEW))
        verdicts[batch.again] = _compare(batch.repeated, stored, verdicts[batch.again])
    rows = pick(batch.positions, verdicts[batch.source] == screen.NEW)
    rows["member"] = directory.members[rows["terminal"]]
    # A recomputed track may have last believed an earlier fix than live presence has.
    newest_us = np.maximum(*(each["fixed_at_us"][rows["terminal"]] for each in (memory.tracks, memory.last)))
    is_late = rows["fixed_at_us"] <= newest_us
    rows["flags"][is_late] |= Flag.LATE.value
    # What a suspect fix was judged by is another fix now: the suspect may be believed, or another one.
    is_before_suspect = rows["fixed_at_us"] < memory.tracks["suspect_at_us"][rows["terminal"]]
    observed = np.flatnonzero(rows["flags"] == Flag.NONE.value)
    terminals, slots = np.unique(rows["terminal"][observed], return_inverse=True)
    scratch = pick(memory.tracks, terminals)
    ordered = pick(rows, observed)
    confirmed = np.zeros(len(ordered), np.int32)
    crossings = follow(scratch, slots, ordered, atlas, rules, confirmed=confirmed)
    is_live = ordered["flags"] == Flag.NONE.value
    own = own_grid.judge(memory.outings, pick(ordered, is_live), confirmed[is_live], homes, rules)
    ordered["interval_s"] = scratch["interval_s"][slots]
    put(rows, observed, ordered)
    is_late = (rows["flags"] & _NOT_IN_ORDER != 0) | is_before_suspect
    return Plan(
        verdicts=verdicts,
        rows=rows,
        terminals=terminals,
        scratch=scratch,
        crossings=crossings,
        late=pick(rows, is_late & (rows["flags"] & Flag.INACCURATE.value == 0)),
        live=pick(rows, rows["flags"] == Flag.NONE.value),
        own=own,
    )


def follow(
    scratch: Tracks,
    slots: npt.NDArray[np.intp],
    rows: Positions,
    atlas: Atlas,
    rules: Rules,
    *,
    confirmed: npt.NDArray[np.int32],
) -> Crossings:
    """Advance `scratch` by placed `rows`, as tracks.observe does: each judged by the grid set of its time.

    Sets follow each other in time, so set by set is still the order of time for each track.
    """
    found = [np.zeros(0, tracks.CROSSING)]
    for sheet, judged in atlas.split(rows["fixed_at_us"]):
        part, after = rows[judged], confirmed[judged]
        found.append(tracks.observe(scratch, slots[judged], part, sheet, rules, confirmed=after))
        rows[judged], confirmed[judged] = part, after
    return np.concatenate(found)


def _compare(rows: Positions, stored: Positions, otherwise: npt.NDArray[Any]) -> Verdicts:
    """Return DUPLICATE or CONFLICT for each row whose key is `stored`, and its verdict of `otherwise` for others."""
    place = {key: at for at, key in enumerate(_keys(stored))}
    at = np.fromiter((place.get(key, -1) for key in _keys(rows)), np.intp, len(rows))
    said = np.where(screen.is_same(rows, stored[at]), screen.DUPLICATE, screen.CONFLICT)
    return np.where(at >= 0, said, otherwise).astype(np.int8)


def _keys(rows: Positions) -> Iterator[tuple[int, int]]:
    return zip(rows["terminal"].tolist(), rows["fixed_at_us"].tolist(), strict=True)

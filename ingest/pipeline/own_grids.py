"""Outings between the rule (ingest.rules.own_grid) and the tables: what a batch's events write, say and remember."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import psycopg

from ingest.pipeline.memory import Ids, Memory
from ingest.rules import own_grid
from ingest.rules.own_grid import Bits, Homes, Moves
from ingest.store import events, outings
from ingest.store.events import PresenceRow
from ingest.store.outings import OutingRow, Return
from ingest.store.states import States
from ingest.store.terminals import Directory
from tracker.geometry.atlas import Atlas

NOBODY: Final = 0  # the member of a terminal that nobody carries

Connection = psycopg.AsyncConnection[Any]


async def write(connection: Connection, moves: Moves, atlas: Atlas) -> None:
    """Write events and outings, inside the batch's transaction. Each event keeps the grid set of its own time."""
    if not len(moves):
        return
    versions = atlas.versions(moves["fixed_at_us"])
    for version in np.unique(versions):
        rows = presence_rows(moves[versions == version])
        await events.add_presence(connection, rows, grid_set=int(version))
    returns, begun = told_apart(moves)
    if returns:
        await outings.close(connection, returns)
    if begun:
        await outings.add(connection, begun)


def presence_rows(moves: Moves) -> list[PresenceRow]:
    return [
        PresenceRow(
            terminal=terminal,
            at_us=at_us,
            kind="out_of_grid" if is_out else "back_in_grid",
            grid=grid,
            member=member,
        )
        for member, terminal, grid, at_us, _, is_out in moves.tolist()
    ]


def told_apart(moves: Moves) -> tuple[list[Return], list[OutingRow]]:
    """Return the ends of outings that were open before, and those that began, some of which ended in the same batch."""
    returns: list[Return] = []
    begun: list[OutingRow] = []
    for member, terminal, grid, at_us, since_us, is_out in moves.tolist():
        if is_out:
            begun.append(OutingRow(member, since_us, at_us, 0, terminal, grid))
        elif begun and begun[-1].member == member:
            begun[-1] = begun[-1]._replace(closed_at_us=at_us)
        else:
            returns.append(Return(member, at_us))
    return returns, begun


def lapsed(memory: Memory, directory: Directory, homes: Homes) -> list[int]:
    """Return the members with an open outing who have no own grid, or carry nothing, any more."""
    out = np.flatnonzero(memory.outings["is_open"])
    if not len(out):
        return []
    is_carrier = _carriers(memory, directory.members)
    return out[~is_carrier[out] | (homes.mark_of(out) == own_grid.NO_HOME)].tolist()


def forget(memory: Memory, members: Sequence[int]) -> None:
    """Follow the COMMIT of what lapsed."""
    for name in ("is_open", "count", "since_us"):
        memory.outings[name][list(members)] = 0


def remember(memory: Memory, known: States, directory: Directory, homes: Homes) -> None:
    """Take over what the checkpoints of terminals counted: of each member, by the terminal that was heard last."""
    known = known[np.argsort(known["fixed_at_us"], kind="stable")]
    carriers = directory.members[known["terminal"]]
    is_news = (carriers != NOBODY) & (known["fixed_at_us"] >= memory.outings["fixed_at_us"][carriers])
    known, carriers = known[is_news], carriers[is_news]
    found = np.zeros(len(known), own_grid.OUTING)
    found["fixed_at_us"] = known["fixed_at_us"]
    own = np.flatnonzero((known["outside_member"] == carriers) & (known["outside_count"] > 0))
    found["since_us"][own], found["count"][own] = known["outside_since_us"][own], known["outside_count"][own]
    found["homes"][own] = homes.mark_of(carriers[own])
    memory.outings[carriers] = found  # of several of one member the last stays


async def reopen(connection: Connection, memory: Memory, terminals: Ids, directory: Directory) -> None:
    """Learn who of those who carry `terminals`, or nothing, are out: of that the table is the truth, not a replay."""
    out = await outings.open_members(connection)
    memory.make_room_for_members(max(out, default=NOBODY))
    is_out = np.zeros(len(memory.outings), np.bool_)
    is_out[out] = True
    concerns = _carriers(memory, directory.members[terminals]) | ~_carriers(memory, directory.members)
    memory.outings["is_open"] = np.where(concerns, is_out, memory.outings["is_open"])


def _carriers(memory: Memory, members: Ids) -> Bits:
    """Return by member id whether each is one of `members`."""
    found = np.zeros(len(memory.outings), np.bool_)
    found[members] = True
    return found

"""Signs of life: what a batch, or its absence, says of the presence of terminals. Pure but for `settle`."""

from typing import Any, Final

import numpy as np

from ingest.pipeline.batch import Batch
from ingest.pipeline.memory import Ids, Memory
from ingest.pipeline.plan import Plan
from ingest.rules.presence import WORDS, Sign
from ingest.store.events import PresenceRow
from ingest.store.terminals import Directory


def arrivals(batch: Batch, plan: Plan) -> tuple[Ids, Any]:
    """Return the terminals that gave a sign of life, and when: a new fix, a press, an answer, a hello."""
    places = [place for place, _ in (*batch.presses, *batch.acks)] + batch.hellos
    packets = [batch.packets[place] for place in places]
    terminals = [packet.terminal for packet in packets]
    times = [packet.received_at_us for packet in packets]
    return (
        np.concatenate([plan.rows["terminal"], np.array(terminals, np.int32)]),
        np.concatenate([plan.rows["received_at_us"], np.array(times, np.int64)]),
    )


def signs(batch: Batch, plan: Plan, memory: Memory, directory: Directory) -> list[PresenceRow]:
    terminals, times = arrivals(batch, plan)
    once, first = np.unique(terminals, return_index=True)
    rows = presence_rows(once, Sign.ARRIVED, times[first], memory, directory)
    gone = [batch.packets[place] for place in batch.goodbyes]
    ids = np.array([packet.terminal for packet in gone], np.int32)
    at_us = np.array([packet.received_at_us for packet in gone], np.int64)
    return rows + presence_rows(ids, Sign.SAID_GOODBYE, at_us, memory, directory)


def presence_rows(terminals: Ids, sign: Sign, at_us: Any, memory: Memory, directory: Directory) -> list[PresenceRow]:
    """Return who of `terminals` changes presence at `sign`; `at_us` is parallel."""
    moves = memory.moves(terminals, sign)
    at = dict(zip(terminals.tolist(), at_us.tolist(), strict=True)) if moves else {}
    return [
        PresenceRow(
            terminal=terminal,
            at_us=at[terminal],
            kind=WORDS[after],
            grid=int(memory.last["grid"][terminal]),
            member=int(directory.members[terminal]),
        )
        for terminal, after in moves
    ]


def settle(memory: Memory, rows: list[PresenceRow]) -> None:
    """Follow the COMMIT of `rows`."""
    for row in rows:
        memory.presence[row.terminal] = _PRESENCES[row.kind]
        memory.is_dirty[row.terminal] = memory.is_urgent[row.terminal] = True


_PRESENCES: Final = {word: presence for presence, word in WORDS.items()}

"""Waiting until the system has stored what it was given, before anybody counts."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from simulators.load.audit import span_ms
from simulators.load.ledgers import read_sent
from simulators.load.witness import Witness

_POLL_S: Final = 1.0
_STILL: Final = 5  # polls without a change: what a system that was killed needs to come back and go on is longer
_PATIENCE_S: Final = 120.0


async def wait_until_kept(witness: Witness, folder: Path, *, say: Callable[[str], None]) -> None:
    """Return when as many positions are stored as were published, or when their number stands still."""
    (since_ms, until_ms), wanted = await asyncio.to_thread(_wanted, folder)
    if not wanted:
        return
    counts: list[int] = []
    for _ in range(round(_PATIENCE_S / _POLL_S)):
        counts.append(await witness.count(since_ms=since_ms, until_ms=until_ms))
        if counts[-1] >= wanted or (len(counts) > _STILL and len(set(counts[-_STILL:])) == 1):
            return
        await asyncio.sleep(_POLL_S)
    say(f"{counts[-1]:,} positions stored, and still more {_PATIENCE_S:.0f} s after the last was sent")


def _wanted(folder: Path) -> tuple[tuple[int, int], int]:
    sent = read_sent(folder)
    return span_ms(sent), len(np.unique(sent.keys[sent.is_good & sent.was_sent]))

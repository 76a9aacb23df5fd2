"""What one terminal keeps until it can be sent: texts and their rows, in arrays of up to 500, as they leave. Pure.

Kept as two byte strings an array, since a city that is off-line for an hour keeps millions of fixes.
"""

from collections import deque
from typing import Final

from simulators.ledger import BACKLOG, PUBLISHED

BATCH: Final = 500  # fixes in one array: the wire's limit
MOST: Final = 20_000  # fixes kept; the oldest array gives way, counted: 55 h at an interval of 10 s
_FLAGS: Final = PUBLISHED.itemsize - 1  # their place in a packed row
_DUE: Final = PUBLISHED.fields["due_us"][1] if PUBLISHED.fields else 0
_DUE_BYTES: Final = 8


class Backlog:
    """The youngest array is open; older ones, full, are in line before it: most terminals never have one."""

    __slots__ = ("_count", "_full", "_rows", "_texts", "fixes")

    def __init__(self) -> None:
        self._texts = bytearray()
        self._rows = bytearray()
        self._count = 0
        self._full: deque[tuple[bytearray, bytearray, int]] | None = None
        self.fixes = 0

    def add(self, texts: bytes, rows: bytes, count: int = 1) -> int:
        """Keep fixes, commas between them, and their packed rows; return how many old fixes were dropped for them."""
        if self._count + count > BATCH:
            self._close()
        if self._count:
            self._texts += b","
        self._texts += texts
        self._rows += rows
        self._count += count
        self.fixes += count
        return self._drop() if self.fixes > MOST else 0

    def mark(self, flags: int) -> None:
        """Set `flags` in all rows that are kept, beside their own."""
        for rows in (*(rows for _, rows, _ in self._full or ()), self._rows):
            rows[_FLAGS :: PUBLISHED.itemsize] = bytes(own | flags for own in rows[_FLAGS :: PUBLISHED.itemsize])

    def take(self) -> tuple[bytes, bytes, int]:
        """Take the oldest array away: (texts with commas between, rows, how many)."""
        if self._full:
            texts, rows, count = self._full.popleft()
        else:
            texts, rows, count = self._texts, self._rows, self._count
            self._texts, self._rows, self._count = bytearray(), bytearray(), 0
        self.fixes -= count
        return bytes(texts), bytes(rows), count

    def _close(self) -> None:
        """Put the youngest array in line, and begin another."""
        if self._full is None:
            self._full = deque()
        self._full.append((self._texts, self._rows, self._count))
        self._texts, self._rows, self._count = bytearray(), bytearray(), 0

    def _drop(self) -> int:
        """Give the oldest array up: there is one, since MOST are many arrays."""
        return self.take()[2]


def uploaded(rows: bytes) -> bytes:
    """Let fixes that were saved up for one upload be due together, with the last of them; what was off-line stays."""
    last = len(rows) - PUBLISHED.itemsize
    if not last:
        return rows  # one alone is due when it is
    flags = rows[_FLAGS :: PUBLISHED.itemsize]
    saved = [at * PUBLISHED.itemsize for at, own in enumerate(flags) if not own & BACKLOG]
    if not saved:
        return rows
    patched, latest = bytearray(rows), rows[saved[-1] + _DUE : saved[-1] + _DUE + _DUE_BYTES]
    for at in saved:
        patched[at + _DUE : at + _DUE + _DUE_BYTES] = latest
    return bytes(patched)

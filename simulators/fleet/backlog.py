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
    __slots__ = ("_arrays", "fixes")

    def __init__(self) -> None:
        self._arrays: deque[tuple[bytearray, bytearray, list[int]]] = deque()  # texts, rows, how many
        self.fixes = 0

    def add(self, fix: bytes, row: bytes) -> int:
        """Keep a fix and its packed row; return how many old fixes were dropped for it."""
        if not self._arrays or self._arrays[-1][2][0] == BATCH:
            self._arrays.append((bytearray(), bytearray(), [0]))
        texts, rows, count = self._arrays[-1]
        texts += b"," + fix if texts else fix
        rows += row
        count[0] += 1
        self.fixes += 1
        if self.fixes <= MOST:
            return 0
        dropped = self._arrays.popleft()[2][0]
        self.fixes -= dropped
        return dropped

    def mark(self, flags: int) -> None:
        """Set `flags` in all rows that are kept, beside their own."""
        for _, rows, _ in self._arrays:
            rows[_FLAGS :: PUBLISHED.itemsize] = bytes(own | flags for own in rows[_FLAGS :: PUBLISHED.itemsize])

    def take(self) -> tuple[bytes, bytes, int]:
        """Take the oldest array away: (texts with commas between, rows, how many)."""
        texts, rows, count = self._arrays.popleft()
        self.fixes -= count[0]
        return bytes(texts), bytes(rows), count[0]


def uploaded(rows: bytes) -> bytes:
    """Let fixes that were saved up for one upload be due together, with the last of them; what was off-line stays."""
    saved = [at for at in range(0, len(rows), PUBLISHED.itemsize) if not rows[at + _FLAGS] & BACKLOG]
    if len(saved) < 2:  # noqa: PLR2004 - one alone is due when it is
        return rows
    patched = bytearray(rows)
    latest = rows[saved[-1] + _DUE : saved[-1] + _DUE + _DUE_BYTES]
    for at in saved[:-1]:
        patched[at + _DUE : at + _DUE + _DUE_BYTES] = latest
    return bytes(patched)

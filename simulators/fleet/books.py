"""The books of one worker: rows for what it said, and when each was acknowledged and receipted, on disk each second.

A row is written when its message is first handed to a socket; so row numbers follow the order of sending, whatever was
kept back. What was never sent is written at the end, without a moment of sending.
"""

import time
from array import array
from pathlib import Path
from typing import Final

import numpy as np

from simulators import ledger
from simulators.ledger import PUBLISHED, SETTLED, TRUTH, Records, Stream

ROW: Final = PUBLISHED.itemsize


class Books:
    """`folder`: where the ledger goes; None: nowhere, only the numbers are kept, from `first` on."""

    def __init__(self, folder: Path | None, *, first: int = 0) -> None:
        self.row = first  # the next one's number
        self.now_us = 0  # of this look at the sockets
        self._folder: Final = folder
        self._rows = bytearray()
        self._sent_us = array("q")
        self._acknowledged = array("q")
        self._receipted = array("q")
        self._streams: Final = {} if folder is None else _streams(folder)

    def tick(self) -> None:
        self.now_us = time.time_ns() // 1000

    def enter(self, rows: bytes, count: int = 1, *, sent: bool = True) -> int:
        """Enter `count` packed rows of PUBLISHED, sent now; return the number of the first."""
        first = self.row
        self.row = first + count
        if self._folder is not None:
            self._rows += rows
            self._sent_us.extend([self.now_us if sent else 0] * count)
        return first

    def acknowledge(self, row: int, count: int) -> None:
        _settle(self._acknowledged, row, count, self.now_us)

    def receipt(self, row: int, count: int) -> None:
        _settle(self._receipted, row, count, self.now_us)

    def tell_truth(self, records: Records) -> None:
        """Keep where people really were: records of TRUTH."""
        if self._folder is not None and len(records):
            self._streams[ledger.TRUTH_FILE].append(records)

    def flush(self) -> None:
        """Write everything to the files; published rows first, so that no settled row is one that nobody finds."""
        if self._folder is not None:
            rows = np.frombuffer(self._rows, PUBLISHED).copy()
            rows["sent_us"] = self._sent_us
            self._streams[ledger.PUBLISHED_FILE].append(rows)
            self._streams[ledger.ACKNOWLEDGED_FILE].append_raw(self._acknowledged.tobytes())
            self._streams[ledger.RECEIPTED_FILE].append_raw(self._receipted.tobytes())
            for stream in self._streams.values():
                stream.flush()
        self._rows, self._sent_us = bytearray(), array("q")
        self._acknowledged, self._receipted = array("q"), array("q")

    def close(self) -> None:
        self.flush()
        for stream in self._streams.values():
            stream.close()


def _streams(folder: Path) -> dict[str, Stream]:
    kinds = {ledger.PUBLISHED_FILE: PUBLISHED, ledger.TRUTH_FILE: TRUTH}
    kinds |= {ledger.ACKNOWLEDGED_FILE: SETTLED, ledger.RECEIPTED_FILE: SETTLED}
    return {name: Stream(folder / name, dtype) for name, dtype in kinds.items()}


def _settle(settled: "array[int]", row: int, count: int, at_us: int) -> None:
    if count == 1:
        settled.append(row)
        settled.append(at_us)
    else:
        settled.extend([word for each in range(row, row + count) for word in (each, at_us)])


def flagged(rows: bytes, flags: int) -> bytes:
    """Return packed rows of PUBLISHED with `flags` set beside their own."""
    if len(rows) == ROW:
        return rows[:-1] + bytes((rows[-1] | flags,))
    marked = bytearray(rows)
    marked[ROW - 1 :: ROW] = bytes(own | flags for own in marked[ROW - 1 :: ROW])
    return bytes(marked)

"""The ledger of a run: what was said, acknowledged, receipted and seen, in append-only files of packed records.

A file is nothing but records, little-endian, in the order in which they were appended; a record's place is its row
number. Whoever reads while somebody writes, or after a kill, may find half a record at the end: it is left out.
Longitudes and latitudes are 1e-7 degrees, as integers: exactly what the wire says in text.
"""

from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

Records = npt.NDArray[np.void]

# One row a fix. `terminal` is its place in the roster, `said_ms` the fix time that the terminal says (epoch), `due_us`
# the moment it was to be published, `sent_us` when it was first handed to the socket (0: never).
PUBLISHED: Final = np.dtype(
    [
        ("terminal", "<i4"),
        ("said_ms", "<i8"),
        ("due_us", "<i8"),
        ("sent_us", "<i8"),
        ("lon", "<i4"),
        ("lat", "<i4"),
        ("flags", "<u1"),
    ]
)
SETTLED: Final = np.dtype([("row", "<i8"), ("at_us", "<i8")])  # acknowledged.bin and receipted.bin
TRUTH: Final = np.dtype([("terminal", "<i4"), ("said_ms", "<i8"), ("lon", "<i4"), ("lat", "<i4")])
SEEN: Final = np.dtype(
    [("viewer", "<i4"), ("at_us", "<i8"), ("tick", "<u4"), ("member", "<u4"), ("lon", "<i4"), ("lat", "<i4")]
)
FINAL: Final = np.dtype([("viewer", "<i4"), ("member", "<u4"), ("lon", "<i4"), ("lat", "<i4")])

# PUBLISHED.flags
TO_BE_REFUSED: Final = 1  # misbehaviour on purpose: the database must not hold it
REPEATED: Final = 2  # says a row before it once more: must not be stored twice
BACKLOG: Final = 4  # kept while off-line, sent later
BY_GATEWAY: Final = 8  # over a connection that carries many terminals
SILENT: Final = 16  # kept because of the person (no signal, switched off, broken off), not because of the system

PUBLISHED_FILE: Final = "published.bin"
ACKNOWLEDGED_FILE: Final = "acknowledged.bin"
RECEIPTED_FILE: Final = "receipted.bin"
TRUTH_FILE: Final = "truth.bin"
SEEN_FILE: Final = "seen.bin"
FINAL_FILE: Final = "final.bin"


class Stream:
    """Appends records to one file, which is begun anew. What is appended is in the file after `flush`."""

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.dtype: Final = dtype
        self.rows = 0  # appended so far: the row number of the next record
        self._file: Final = path.open("wb", buffering=256 * 1024)

    def append(self, records: Records) -> None:
        """Append records of the stream's own dtype."""
        if records.dtype != self.dtype:
            raise TypeError(f"records of {records.dtype} for a stream of {self.dtype}")
        self.append_raw(records.tobytes())

    def append_raw(self, packed: bytes | bytearray | memoryview) -> None:
        """Append whole records that are packed already."""
        count, rest = divmod(len(packed), self.dtype.itemsize)
        if rest:
            raise ValueError(f"{len(packed)} bytes are no whole number of records of {self.dtype.itemsize}")
        self._file.write(packed)
        self.rows += count

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def read(path: Path, dtype: np.dtype[Any]) -> Records:
    """Return the whole records of a file, mapped from the disk; none when there is no such file yet."""
    try:
        count = path.stat().st_size // dtype.itemsize
    except FileNotFoundError:
        count = 0
    if not count:
        return np.empty(0, dtype)
    return np.memmap(path, dtype, "r", shape=(count,))

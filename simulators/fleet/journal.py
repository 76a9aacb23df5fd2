"""The backlog on disk: fixes that terminals took and that nobody has vouched for yet, across any end of the process.

One SQLite file in WAL mode for the whole fleet, not a file a terminal: a tick's fixes are one transaction of 60 us.
Fixes become safe in any order, for which an append-only file would have to be compacted. It is not synced at each
commit (that would be 0.8 ms of a tick): what is committed outlives whatever kills the process, a power cut may take the
last moments. `examples/terminal_journal.py` syncs each fix, as one terminal can.
"""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

FILE: Final = "backlog.sqlite"
_OURS: Final = 0x4757424C  # GWBL, SQLite's mark for whose file it is

_TABLE: Final = """
CREATE TABLE kept (
    row INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order of taking; sqlite_sequence tells how many were ever taken
    terminal TEXT NOT NULL,
    said_ms INTEGER NOT NULL,
    fix BLOB NOT NULL,
    UNIQUE (terminal, said_ms)
) STRICT
"""
_TAKE: Final = "INSERT INTO kept (terminal, said_ms, fix) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_FORGET: Final = "DELETE FROM kept WHERE terminal = ? AND said_ms = ?"


class JournalError(Exception):
    """The folder or its file cannot be used; the message says why."""


class Fix(NamedTuple):
    """A fix as the server knows it, by (terminal, fix time), and its text for the wire."""

    terminal: str
    said_ms: int
    text: bytes


class Journal:
    """`life`: which start on this file it is, from 1; what was asked in one life is not taken for another's."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. Raises JournalError."""
        self._path: Final = path
        self._taken: list[Fix] = []
        self._safe: list[tuple[str, int]] = []
        with self._said():
            self._file: Final = sqlite3.connect(path, isolation_level=None)
            self.life: Final = self._begin()

    def left(self) -> Iterator[Fix]:
        """Yield what earlier lives left, in the order in which it was taken. Raises JournalError."""
        with self._said():
            yield from map(Fix._make, self._file.execute("SELECT terminal, said_ms, fix FROM kept ORDER BY row"))

    def take(self, fix: Fix) -> None:
        """Keep a fix; it is on disk after `commit`, and must not be published before."""
        self._taken.append(fix)

    def forget(self, terminal: str, said_ms: int) -> None:
        """Let go of a fix that is safe; it leaves the disk with a later commit. Sent again, it would do no harm."""
        self._safe.append((terminal, said_ms))

    def commit(self) -> None:
        """Write what was taken, if anything was, and forget what is safe. Raises JournalError."""
        if self._taken:
            self._write()

    def close(self) -> None:
        """Raises JournalError."""
        try:
            self._write()
        finally:
            self._file.close()

    def _write(self) -> None:
        taken, self._taken, safe, self._safe = self._taken, [], self._safe, []
        with self._said(), self._file:  # which commits, or rolls back
            self._file.execute("BEGIN")
            self._file.executemany(_TAKE, taken)
            self._file.executemany(_FORGET, safe)

    def _begin(self) -> int:
        ((tables,),) = self._file.execute("SELECT count(*) FROM sqlite_schema")
        ((owner,),) = self._file.execute("PRAGMA application_id")
        if tables and owner != _OURS:
            raise JournalError(f"{self._path} is no backlog of simulated terminals: choose another folder")
        ((found,),) = self._file.execute("PRAGMA quick_check(1)")
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        ((lives,),) = self._file.execute("PRAGMA user_version")
        with self._file:
            self._file.execute("BEGIN")
            if not tables:
                self._file.execute(f"PRAGMA application_id = {_OURS}")
                self._file.execute(_TABLE)
            self._file.execute(f"PRAGMA user_version = {lives + 1}")
        return lives + 1

    @contextlib.contextmanager
    def _said(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(f"{self._path} cannot be used: {' '.join(str(error).split())}") from error


@contextlib.contextmanager
def opened(folder: Path | None) -> Generator[Journal | None]:
    """Hold `folder` alone, made if needed, and its journal until the block ends; None: no journal.

    Raises JournalError.
    """
    if folder is None:
        yield None
        return
    with _lock(folder), contextlib.closing(Journal(folder / FILE)) as journal:
        yield journal


def _lock(folder: Path) -> IO[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise JournalError(f"cannot write into {folder}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        lock.seek(0)
        holder = lock.read().strip() or "?"
        lock.close()
        raise JournalError(f"{folder} is in use by process {holder}: a backlog is for one simulator") from taken
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock

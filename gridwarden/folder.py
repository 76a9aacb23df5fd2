"""The data folder: one program at a time, its own secrets, its log. Everything that must survive a restart is in it."""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Generator
from pathlib import Path


class FolderError(Exception):
    """The data folder cannot be used; the message says why and what to do."""


@contextlib.contextmanager
def held(path: Path) -> Generator[Path]:
    """Make `path` if needed and hold it alone until the block ends.

    Raises FolderError when it cannot be written, or another process holds it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = (path / "lock").open("a+")
    except OSError as error:
        raise FolderError(
            f"cannot write into {path} ({error.strerror}): choose another folder with --data DIR"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            lock.seek(0)
            message = f"{path} is in use by process {lock.read().strip() or '?'}: stop it, or choose another --data DIR"
            raise FolderError(message) from taken
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield path.resolve()


def kept_secret(path: Path) -> bytes:
    """Return the secret kept in file `path`, made once (256 random bits, readable by the owner alone)."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return bytes.fromhex(path.read_text().strip())

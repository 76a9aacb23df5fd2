"""A small disk for the database, to be made full and freed.

A tmpfs where we may mount one. Elsewhere no process of the cluster may make a file grow (RLIMIT_FSIZE): its writes then
fail with EFBIG where a full disk says ENOSPC, for data and WAL alike.
"""

import contextlib
import errno
import os
import resource
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Final, Protocol

from tests.running import descendants

SIZE_MB: Final = 384
_CHUNK: Final = 1024 * 1024
_PAGE: Final = 4096
_FILLER: Final = "filler"
_SMALLEST: Final = 8192  # bytes a file may hold while the limit stands: a page of PostgreSQL's


class Disk(Protocol):
    """`words` say how it is made full."""

    words: str

    def fill(self, postmaster: int) -> None: ...
    def free(self, postmaster: int | None) -> None: ...


class Tmpfs:
    words: str = f"a tmpfs of {SIZE_MB} MB, filled by a file"

    def __init__(self, folder: Path) -> None:
        self._filler: Final = folder / _FILLER

    def fill(self, postmaster: int) -> None:  # noqa: ARG002 - the limit's business
        """Write until not one page is left."""
        raw = os.open(self._filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            for piece in (_CHUNK, _PAGE):
                with contextlib.suppress(_FullError):
                    while True:
                        _write(raw, piece)
        finally:
            os.close(raw)

    def free(self, postmaster: int | None) -> None:  # noqa: ARG002 - the limit's business
        self._filler.unlink(missing_ok=True)


class Limit:
    words: str = "no tmpfs could be mounted here: RLIMIT_FSIZE lets no file of the database grow"

    def fill(self, postmaster: int) -> None:
        try:
            _limit(postmaster, _SMALLEST)
        except PermissionError:
            self.words = "NOT DONE: neither a tmpfs nor RLIMIT_FSIZE of another user's process is permitted here"

    def free(self, postmaster: int | None) -> None:
        if postmaster is not None and not self.words.startswith("NOT DONE"):
            _limit(postmaster, resource.RLIM_INFINITY)


@contextlib.contextmanager
def small_disk(folder: Path, *, may_mount: bool = True) -> Generator[Disk]:
    """Make `folder` a disk of its own, if that is permitted."""
    folder.mkdir(parents=True, exist_ok=True)
    if not may_mount or not _mount(folder):
        folder.rmdir()  # PostgreSQL makes it as the user that it runs as
        yield Limit()
        return
    try:
        yield Tmpfs(folder)
    finally:
        subprocess.run(["/bin/umount", "--lazy", str(folder)], check=True)  # noqa: S603 - fixed program, own folder


def _mount(folder: Path) -> bool:
    options = f"size={SIZE_MB}m,mode=755"
    command = ["/bin/mount", "-t", "tmpfs", "-o", options, "gridwarden-chaos", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - as above


class _FullError(Exception):
    pass


def _write(raw: int, size: int) -> None:
    try:
        os.write(raw, bytes(size))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise _FullError from error


def _limit(postmaster: int, most: int) -> None:
    for pid in (postmaster, *descendants(postmaster)):
        with contextlib.suppress(ProcessLookupError):
            _, hardest = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, hardest))

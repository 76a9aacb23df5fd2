"""Files that administrators brought and have not applied yet: on disk, for an hour, each for whoever brought it.

The work is done by a process of its own, one at a time; who comes meanwhile waits.
"""

import asyncio
import secrets
import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection

from dashboard.security.problems import NotFound, Problem
from tracker.city.intake.child import ExportJob, ImportJob, Result
from tracker.city.intake.run import tidy_up

KEPT_FOR: Final = timedelta(hours=1)
LONGEST_S: Final = 1_800  # a city of the largest size that is allowed takes minutes
CHILD: Final = "tracker.city.intake.child"


@dataclass(slots=True, kw_only=True)
class Kept:
    id: str
    account: int
    folder: Path
    made_at: datetime
    job: ImportJob
    result: Result
    applied_at: datetime | None = None
    is_being_applied: bool = False


@dataclass(slots=True, weakref_slot=True)
class ImportDesk:
    """`dsn` is the database's address; `clock` returns the time now, aware UTC."""

    dsn: str
    clock: Callable[[], datetime]
    _kept: dict[str, Kept] = field(default_factory=dict[str, Kept])
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _root: Path = field(init=False)

    def __post_init__(self) -> None:
        self._root = Path(tempfile.gettempdir()) / f"gridwarden-imports-{secrets.token_hex(8)}"
        weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)  # at the end of the process too

    def folder(self) -> Path:
        """Return a new folder that only this system user can look into; what is older than an hour goes."""
        for old in [kept for kept in self._kept.values() if self.clock() - kept.made_at > KEPT_FOR]:
            self.drop(old)
        self._root.mkdir(mode=0o700, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=self._root))

    async def judge(self, job: ImportJob, folder: Path, *, account: int) -> Kept:
        """Return the report on files in `folder`; they are kept for `apply`."""
        result = await self._run(job)
        kept = Kept(
            id=secrets.token_urlsafe(16),
            account=account,
            folder=folder,
            made_at=self.clock(),
            job=job,
            result=result,
        )
        self._kept[kept.id] = kept
        return kept

    def find(self, number: str, *, account: int) -> Kept:
        """Raises NotFound, also for somebody else's."""
        kept = self._kept.get(number)
        if kept is None or kept.account != account:
            raise NotFound("import")
        return kept

    async def apply(self, kept: Kept) -> str | None:
        """Apply what was reported; return the credentials of new terminals, which are kept nowhere."""
        if kept.applied_at is not None or kept.is_being_applied:
            raise Problem(409, "applied", "this import was applied already", zh="该导入已经执行过")
        kept.is_being_applied = True
        try:
            return await self._apply(kept)
        finally:
            kept.is_being_applied = False

    async def _apply(self, kept: Kept) -> str | None:
        job = msgspec.structs.replace(kept.job, mark=kept.result.mark, account=kept.account)
        result = await self._run(job)
        kept.applied_at = self.clock()
        shutil.rmtree(kept.folder, ignore_errors=True)
        return result.credentials

    async def tidy_up(self) -> None:
        """Make searches fast again after an import, on a connection that holds up no other request."""
        async with await AsyncConnection.connect(self.dsn, autocommit=True) as connection:
            await tidy_up(connection)

    async def export(self, job: ExportJob) -> Path:
        return Path((await self._run(job)).path or "")

    def drop(self, kept: Kept) -> None:
        del self._kept[kept.id]
        shutil.rmtree(kept.folder, ignore_errors=True)

    async def _run(self, job: ImportJob | ExportJob) -> Result:
        async with self._turn, asyncio.timeout(LONGEST_S):
            result = await _child(job)
        if result.refused is not None:
            word, message, zh = result.refused
            raise Problem(409, word, message, zh=zh)
        return result


async def _child(job: ImportJob | ExportJob) -> Result:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", CHILD, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        said, _ = await process.communicate(msgspec.json.encode(job))
    except BaseException:  # the time is up, or we stop: a transaction that is not committed ends with the process
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise Problem(500, "failed", "the files could not be worked on; see the log", zh="处理文件失败，请查看日志")
    return msgspec.json.decode(said, type=Result)


def report_of(kept: Kept, language: str) -> dict[str, Any]:
    return kept.result.report_zh if language == "zh" else kept.result.report_en

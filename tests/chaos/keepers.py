"""What keeps the parts of the system running, as an operator's supervisor does: who ends is started again."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import psycopg

from gridwarden.embedded import EmbeddedPostgres, EmbeddedPostgresError

_LOOK_S: Final = 0.1
_AGAIN_S: Final = 0.5
_STUCK_LOOK_S: Final = 5.0
_GOODBYE_S: Final = 20.0


class Program:
    """A command that is to run: started when it should and does not. Its words go to `log`."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path, more: Mapping[str, str] | None = None) -> None:
        self.name: Final = name
        self.is_wanted = True
        self.ended_by_itself = 0
        self._command: Final = list(command)
        self._log: Final = log
        self._more: Final = more or {}
        self._child: subprocess.Popen[bytes] | None = None
        self._was_killed = False

    @property
    def pid(self) -> int | None:
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def kill(self) -> None:
        """SIGKILL; it stays down until it is wanted again."""
        self.is_wanted = False
        child = self._child
        if child is not None:
            self._was_killed = True
            child.kill()
            child.wait()

    def signal(self, number: int) -> None:
        if self.pid is not None:
            os.kill(self.pid, number)

    async def keep(self) -> None:
        """Keep it running until cancelled; then end it."""
        try:
            while True:
                if self.is_wanted and self.pid is None:
                    self._note_end()
                    self._start()
                    await asyncio.sleep(_AGAIN_S)
                await asyncio.sleep(_LOOK_S)
        finally:
            self.end()

    def _note_end(self) -> None:
        self.ended_by_itself += self._child is not None and not self._was_killed
        self._was_killed = False

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self._more},
            )

    def end(self) -> None:
        """Ask it to end, and wait for that; it stays down."""
        self.is_wanted = False
        child = self._child
        if child is None or child.poll() is not None:
            return
        child.send_signal(signal.SIGCONT)
        child.terminate()
        try:
            child.wait(_GOODBYE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def tail(self, lines: int = 12) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:]) if self._log.exists() else ""


class Database:
    """The embedded cluster; started by a thread, since a start may have to wait for a recovery."""

    name: Final = "database"

    def __init__(self, cluster: EmbeddedPostgres, say: Callable[[str], None]) -> None:
        self.cluster: Final = cluster
        self.is_wanted = True
        self.died = 0  # a postmaster that ended without being killed by us: a full disk does that
        self._say: Final = say
        self._was_killed = False

    @property
    def pid(self) -> int | None:
        return self.cluster.pid if self.cluster.is_running else None

    def kill(self) -> None:
        self.is_wanted = False
        if self.pid is not None:
            self._was_killed = True
            os.kill(self.pid, signal.SIGKILL)

    def signal(self, number: int) -> None:
        if self.pid is not None:
            os.kill(self.pid, number)

    def backends(self) -> list[int]:
        """The processes that serve ingest."""
        with psycopg.connect(self.cluster.dsn, connect_timeout=5) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'gridwarden %' ORDER BY pid"
            )
            return [pid for (pid,) in found]

    def said(self, words: str) -> int:
        """How many lines of its log hold `words`."""
        log = self.cluster.folder / "postgres.log"
        return sum(words in line for line in log.read_text(errors="replace").splitlines())

    async def answers(self) -> bool:
        return await asyncio.to_thread(lambda: self.cluster.answers)

    async def keep(self) -> None:
        """Keep it running until cancelled; then stop it."""
        looked_at = time.monotonic()
        try:
            while True:
                if self.is_wanted and time.monotonic() - looked_at > _STUCK_LOOK_S:
                    if await asyncio.to_thread(self.cluster.end_if_stuck):
                        self._say("the postmaster let nobody in and recovered nothing: ended")
                    looked_at = time.monotonic()
                if self.is_wanted and self.pid is None:
                    self.died += not self._was_killed
                    self._was_killed = False
                    await self._start()
                await asyncio.sleep(_LOOK_S)
        finally:
            self.signal(signal.SIGCONT)
            await asyncio.to_thread(self.cluster.stop)

    async def _start(self) -> None:
        try:
            await asyncio.to_thread(self.cluster.start)
        except (EmbeddedPostgresError, psycopg.OperationalError) as error:
            self._was_killed = True  # it never ran
            self._say(f"the database does not start yet: {str(error).splitlines()[-1][-120:]}")
            await asyncio.sleep(_AGAIN_S)


def gridwarden(*words: str) -> list[str]:
    return [sys.executable, "-m", "gridwarden", *words]

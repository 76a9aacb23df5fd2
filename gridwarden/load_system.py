"""The system under test: one that the load command starts and ends itself, or one that runs already.

With `--up` and no Redis it is `gridwarden up`, one process with its database below it. With Redis the three programs
have a process each, and the database belongs to the load command.
"""

import asyncio
import contextlib
import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from gridwarden.embedded import EmbeddedPostgres
from gridwarden.load_wish import StartError
from simulators.load.watch import family

HOST: Final = "127.0.0.1"
_PORTS: Final = range(20_000, 32_768)  # below those that Linux gives to connections that go out
_START_S: Final = 120.0
_STOP_S: Final = 60.0
_POLL_S: Final = 0.1
_READY: Final = b"program.ready"  # what a program of its own says when it is
_TAIL: Final = 400  # of what a program that did not start said


@dataclass(slots=True, kw_only=True)
class Attached:
    """A system that runs already: known by the process ids that were named, restarted by a command or not at all."""

    watched: Mapping[str, int]
    restart_command: str | None

    def processes(self) -> Mapping[str, Sequence[int]]:
        return {name: family(pid) for name, pid in self.watched.items()}

    async def restart(self, what: str) -> bool:
        if self.restart_command is None:
            return False
        process = await asyncio.create_subprocess_exec(*shlex.split(self.restart_command), what, stdin=DEVNULL)
        return await process.wait() == 0


@dataclass(slots=True, kw_only=True)
class Started:
    """A system of the load command's own: its programs by name, each with the words that start it."""

    http: str
    mqtt_port: int | None  # None: behind a broker
    folder: Path  # of the system's data
    logs: Path
    environment: Mapping[str, str] = field(repr=False)
    commands: Mapping[str, Sequence[str]]
    beside: Attached  # what was named with --watch and --restart-command
    is_embedded: bool  # the database is in `folder`
    postgres: EmbeddedPostgres | None = None  # ours; None: it belongs to `up`, or to the operator
    running: dict[str, Process] = field(default_factory=dict[str, Process])
    said_before: dict[str, int] = field(default_factory=dict[str, int])  # bytes of a program's log when it started

    def processes(self) -> Mapping[str, Sequence[int]]:
        found: dict[str, Sequence[int]] = {name: [process.pid] for name, process in self.running.items()}
        if "up" in self.running:
            found["postgres"] = family(self.running["up"].pid)[1:]
        if self.postgres is not None and self.postgres.pid is not None:
            found["postgres"] = family(self.postgres.pid)
        return {**found, **self.beside.processes()}

    async def restart(self, what: str) -> bool:
        """Kill what is to be restarted, without warning, and start it again."""
        if what == "database":
            return await self._restart_database()
        if what == "broker":
            return await self.beside.restart(what)
        names = [name for name in self.running if what == "all" or name in {"up", what} or name.startswith(f"{what}-")]
        for name in names:
            self.running[name].kill()
            await self.running[name].wait()
        for name in names:
            await self._launch(name)
        await self._until_ready()
        return bool(names)

    async def _restart_database(self) -> bool:
        if self.postgres is not None and self.postgres.pid is not None:
            os.kill(self.postgres.pid, signal.SIGKILL)
            await asyncio.to_thread(self.postgres.start)
            return True
        if "up" not in self.running or not self.is_embedded:
            return await self.beside.restart("database")
        postmaster = self.folder / "postgres" / "postmaster.pid"
        os.kill(int((await asyncio.to_thread(postmaster.read_text)).split()[0]), signal.SIGKILL)  # `up` starts it again
        return True

    async def start(self) -> None:
        """Start all programs; return when they answer. Raises StartError."""
        for name in self.commands:
            await self._launch(name)
        await self._until_ready()

    async def stop(self) -> None:
        for process in reversed(self.running.values()):
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_STOP_S):
                        await process.wait()
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    async def _launch(self, name: str) -> None:
        with (self.logs / f"{name}.log").open("ab") as said:
            self.said_before[name] = said.tell()
            self.running[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "gridwarden", *self.commands[name],
                stdin=DEVNULL, stdout=said, stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment}, start_new_session=True,
            )  # fmt: skip

    async def _until_ready(self) -> None:
        try:
            async with asyncio.timeout(_START_S), httpx.AsyncClient(base_url=self.http) as client:
                while not (await self._answers(client)):
                    self._want_alive()
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise StartError(
                f"the system did not answer within {_START_S:.0f} s; its logs are in {self.logs}"
            ) from None

    async def _answers(self, client: httpx.AsyncClient) -> bool:
        try:
            answer = await client.get("/healthz")
        except httpx.TransportError:
            return False
        return answer.is_success and await asyncio.to_thread(self._all_accept)

    def _all_accept(self) -> bool:
        """Whether terminals may come: of several ingests on one port, the first would get all of them."""
        several = [name for name in self.running if name.startswith("ingest")]
        return _accepts(self.mqtt_port) and all(self._says_ready(name) for name in several)

    def _says_ready(self, name: str) -> bool:
        with (self.logs / f"{name}.log").open("rb") as said:
            said.seek(self.said_before[name])
            return _READY in said.read()

    def _want_alive(self) -> None:
        for name, process in self.running.items():
            if process.returncode is not None:
                said = " ".join((self.logs / f"{name}.log").read_text(errors="replace")[-_TAIL:].split())
                raise StartError(f"{name} ended while it started: {said}")


@contextlib.asynccontextmanager
async def started(system: Started) -> AsyncGenerator[Started]:
    """Run the system for as long as the block lasts."""
    try:
        await system.start()
        yield system
    finally:
        await system.stop()


def free_port(*, but: int | None = None) -> int:
    """Return a port that is free, and that no connection gets as its own end before the system listens there."""
    while True:
        port = _PORTS.start + secrets.randbelow(len(_PORTS))
        if port != but and not _is_taken(port):
            return port


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
        return False


def _accepts(port: int | None) -> bool:
    if port is None:
        return True
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False

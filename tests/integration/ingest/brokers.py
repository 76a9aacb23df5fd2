"""Debian's broker, and ingest's whole program in this process."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg

from ingest.program import run


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Mosquitto:
    """Debian's broker on a port of ours, its sessions kept in a folder."""

    def __init__(self, folder: Path, *, in_flight: int = 0) -> None:
        """`in_flight` 0: as many as one likes."""
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
            f"max_inflight_messages {in_flight}\nmax_queued_messages 0\n"
            f"persistence true\npersistence_location {folder}/\nuser root\n"
        )
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program is not None, "install Debian's mosquitto"
        self._child = subprocess.Popen(  # noqa: S603 - Debian's program, our config
            [program, "-c", str(self._config)], stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
        raise AssertionError("mosquitto did not start")

    def stop(self) -> None:
        if self._child is not None:
            self._child.terminate()
            self._child.wait(20)
            self._child = None


@asynccontextmanager
async def running(**what: Any) -> AsyncGenerator[None]:
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run(ready=ready.set, **what))
        waiting = group.create_task(ready.wait())
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        yield
        task.cancel()
        waiting.cancel()


async def count(dsn: str, statement: Any) -> int:
    async with await psycopg.AsyncConnection[Any].connect(dsn) as connection:
        row: Any = await (await connection.execute(statement)).fetchone()
        return row[0]

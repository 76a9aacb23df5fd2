"""`gridwarden simulate --backlog`, killed in the middle: every fix that its terminals took is in the table, once."""

import asyncio
import signal
import socket
import sqlite3
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingest.program import Listen, run
from simulators.fleet.journal import FILE, opened
from tracker.bus.local import LocalBus
from tracker.city.files import write_city
from tracker.city.generator import Sizes, generate
from tracker.city.load import load_city

SMALL = Sizes(counties=2, grids_1=3, grids_2=6, grids_3=14, leaders=26, members=60)
TERMINALS = 40
SOME = 200  # fixes
Known = tuple[str, int]  # terminal, fix time in ms


@pytest.fixture
async def roster(database: str, tmp_path: Path) -> Path:
    city = generate(1, SMALL)
    write_city(city, tmp_path)
    await load_city(database, city, folder=tmp_path)
    return tmp_path


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@asynccontextmanager
async def listening(dsn: str, port: int) -> AsyncGenerator[None]:
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        program = group.create_task(
            run(dsn=dsn, bus=LocalBus(), listen=Listen(host="127.0.0.1", port=port), ready=ready.set)
        )
        await ready.wait()
        yield
        program.cancel()


async def simulating(roster: Path, port: int, *words: str) -> Process:
    """Start the command: half of its terminals ask for receipts."""
    where = ["--roster", str(roster), "--url", f"mqtt://127.0.0.1:{port}", "--backlog", str(roster / "backlog")]
    how = ["--terminals", str(TERMINALS), "--interval", "0.2", "--receipts", "0.5", *words]
    command = [sys.executable, "-m", "gridwarden", "simulate", *where, *how]
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT)


def left(roster: Path) -> set[Known]:
    with closing(sqlite3.connect(roster / "backlog" / FILE)) as file:
        return set(file.execute("SELECT terminal, said_ms FROM kept"))


def ever_taken(roster: Path) -> int:
    with closing(sqlite3.connect(roster / "backlog" / FILE)) as file:
        return file.execute("SELECT seq FROM sqlite_sequence WHERE name = 'kept'").fetchone()[0]


async def stored(dsn: str) -> Counter[Known]:
    async with await psycopg.AsyncConnection[Any].connect(dsn) as connection:
        found = await connection.execute(
            "SELECT code, (1000 * extract(epoch FROM fixed_at))::bigint FROM position"
            " JOIN terminal ON terminal.id = terminal"
        )
        return Counter[Known](await found.fetchall())


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.05)


async def killed(process: Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.communicate()


async def test_every_fix_that_killed_simulators_took_is_stored_once(database: str, roster: Path, port: int) -> None:
    async with listening(database, port):
        simulator = await simulating(roster, port)
        async with asyncio.timeout(30):
            while len(await stored(database)) < SOME:  # noqa: ASYNC110 - another process stores them
                await asyncio.sleep(0.1)
        await killed(simulator)  # in the middle of its traffic
        simulator = await simulating(roster, port)
        taken = ever_taken(roster)
        await until(lambda: ever_taken(roster) > taken + SOME)
    await until(lambda: len(left(roster)) > SOME)
    await killed(simulator)  # with the door away
    waiting = left(roster)
    assert waiting - set(await stored(database))
    async with listening(database, port):
        simulator = await simulating(roster, port, "--for", "2")
        await simulator.communicate()
    found = await stored(database)
    assert not waiting - set(found)
    assert (left(roster), simulator.returncode) == (set(), 0)
    assert len(found) == found.total() == ever_taken(roster)


async def test_a_backlog_in_use_is_refused_in_a_line(roster: Path, port: int) -> None:
    with opened(roster / "backlog"):
        refused = await simulating(roster, port)
        said, _ = await refused.communicate()
    _, line = said.decode().strip().splitlines()  # after the one that says what it begins
    assert (refused.returncode, "is in use by process" in line) == (1, True)

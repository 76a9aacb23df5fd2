"""Simulated people of a generated city against the ingest that listens: what is acknowledged is stored, once."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from ingest.program import Listen, run
from simulators.program import replay, simulate
from simulators.replay import RefusedError
from simulators.roster import Credential, read_roster
from tracker.bus.local import LocalBus
from tracker.city.files import write_city
from tracker.city.generator import Sizes, generate
from tracker.city.load import load_city

SMALL = Sizes(counties=2, grids_1=3, grids_2=6, grids_3=14, leaders=26, members=60)


@pytest.fixture
async def roster(database: str, tmp_path: Path) -> Path:
    """A loaded city's folder."""
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


async def rows(dsn: str, statement: LiteralString) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection[Any].connect(dsn) as connection:
        return await (await connection.execute(statement)).fetchall()


async def test_what_is_acknowledged_is_stored_in_a_grid(database: str, roster: Path, port: int) -> None:
    async with listening(database, port):
        summary = await simulate(
            roster=roster,
            url=f"mqtt://127.0.0.1:{port}",
            terminals=50,
            interval_s=0.5,
            seed=1,
            duration_s=3.0,
            sos_per_hour=0.0,
        )
    counts = summary.counts
    assert (counts.most_connected, summary.counts.unsettled, counts.logins_refused) == (50, 0, 0)
    assert counts.published == counts.acknowledged
    ((stored, terminals, placed),) = await rows(
        database, "SELECT count(*), count(DISTINCT terminal), count(*) FILTER (WHERE grid <> 0) FROM position"
    )
    assert (stored, terminals) == (counts.published, 50)
    assert placed > 0.9 * stored


async def test_nothing_is_lost_or_doubled_when_ingest_restarts(database: str, roster: Path, port: int) -> None:
    said: list[str] = []
    async with asyncio.TaskGroup() as group:
        simulation = group.create_task(
            simulate(
                roster=roster,
                url=f"mqtt://127.0.0.1:{port}",
                terminals=50,
                interval_s=0.3,
                seed=1,
                duration_s=9.0,
                sos_per_hour=0.0,
                say=said.append,
            )
        )
        async with listening(database, port):
            async with asyncio.timeout(30):
                while not await rows(database, "SELECT 1 FROM position OFFSET 100 LIMIT 1"):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        async with listening(database, port):
            summary = await simulation
    counts = summary.counts
    assert counts.reconnects > 0
    assert any("trying again" in line for line in said)
    assert (summary.counts.unsettled, counts.dropped) == (0, 0)
    ((stored,),) = await rows(database, "SELECT count(*) FROM position")
    assert stored == counts.published == counts.acknowledged


async def test_an_emergency_becomes_a_case(database: str, roster: Path, port: int) -> None:
    async with listening(database, port):
        summary = await simulate(
            roster=roster,
            url=f"mqtt://127.0.0.1:{port}",
            terminals=20,
            interval_s=0.5,
            seed=1,
            duration_s=2.0,
            sos_per_hour=1_000.0,
        )
    ((cases,),) = await rows(database, "SELECT count(*) FROM emergency")
    assert cases == summary.counts.sos > 0


async def test_a_replayed_log_is_stored_where_it_has_a_fix_and_refused_where_not(
    database: str, roster: Path, port: int
) -> None:
    log = roster / "receiver.log"
    log.write_text(
        "$GPRMC,220952.00,A,4742.21,N,01200.75,E,0.0,0.0,181223,0.0,E*5A\n"
        "$GPRMC,220953.00,A,4742.21,N,01200.75,E,0.0,0.0,181223,0.0,E*00\n"
        "$GPRMC,220956.00,A,4742.21,N,01200.75,E,0.0,0.0,181223,0.0,E*5E\n"
        "$GPRMC,095255.810,V,2712.6404,S,15303.1201,E,0.00,0.00,080407,,,A*6E\n"
    )
    url, credential = f"mqtt://127.0.0.1:{port}", read_roster(roster).handsets[0].credential
    async with listening(database, port):
        summary = await replay(files=[log], url=url, credentials=[credential], speed=1e9)
    (file,) = summary.files
    assert (file.read, file.bad_lines, file.published, file.acknowledged) == (3, 1, 3, 3)
    assert await rows(database, "SELECT count(*) FROM position") == [(2,)]
    assert await rows(database, "SELECT reason FROM refused_report") == [("no fix",)]


async def test_a_wrong_secret_is_refused(database: str, roster: Path, port: int) -> None:
    log = roster / "receiver.log"
    log.write_text("$GPRMC,220952.00,A,4742.21,N,01200.75,E,0.0,0.0,181223,0.0,E*5A\n")
    stranger = Credential(terminal=read_roster(roster).handsets[0].credential.terminal, secret="guess")
    async with listening(database, port):
        with pytest.raises(RefusedError):
            await replay(files=[log], url=f"mqtt://127.0.0.1:{port}", credentials=[stranger])

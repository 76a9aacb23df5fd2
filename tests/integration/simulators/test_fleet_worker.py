"""A worker of a load run, as a process of its own, against the ingest that listens: ledger and database must agree."""

import asyncio
import signal
import socket
import ssl
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, LiteralString

import msgspec
import numpy as np
import psycopg
import pytest

from ingest.program import Listen, run
from simulators.fleet import events
from simulators.fleet.plan import FleetPlan, Gateway
from simulators.ledger import (
    ACKNOWLEDGED_FILE,
    BACKLOG,
    BY_GATEWAY,
    PUBLISHED,
    PUBLISHED_FILE,
    RECEIPTED_FILE,
    REPEATED,
    SETTLED,
    SILENT,
    TO_BE_REFUSED,
    TRUTH,
    TRUTH_FILE,
    Records,
    read,
)
from simulators.roster import read_roster
from simulators.scenario.events import Disconnect
from simulators.scenario.model import Handsets, Misbehaviour, Scenario
from tests.certificates import self_signed
from tracker.bus.local import LocalBus
from tracker.city.files import write_city
from tracker.city.generator import Sizes, generate
from tracker.city.load import load_city

SMALL = Sizes(counties=2, grids_1=3, grids_2=6, grids_3=14, leaders=26, members=60)
TERMINALS = 60
GATEWAY = Gateway(user="gateway", secret="a secret for load tests only", connections=2)
CALM = Handsets(signal_loss_share=0.0, sos_per_hour=0.0)
Fixes = set[tuple[str, int, int, int]]  # terminal, epoch ms, 1e-7 degrees


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
async def listening(dsn: str, listen: Listen) -> AsyncGenerator[None]:
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        program = group.create_task(run(dsn=dsn, bus=LocalBus(), listen=listen, ready=ready.set))
        await ready.wait()
        yield
        program.cancel()


def a_plan(roster: Path, url: str, **said: Any) -> FleetPlan:
    usual: dict[str, Any] = {
        "roster": str(roster),
        "url": url,
        "first": 0,
        "count": TERMINALS,
        "own_connections": TERMINALS,
        "terminals": TERMINALS,
        "interval_s": 0.5,
        "duration_s": 3.0,
        "starts_at": time.time() + 2.0,
        "out": str(roster / "fleet-0"),
        "scenario": Scenario(connect_within_s=0.0, handsets=CALM),
        "sample": 10,
    }
    return FleetPlan(**usual | said)


async def start(plan: FleetPlan) -> Process:
    path = Path(plan.roster) / "plan.json"
    await asyncio.to_thread(path.write_bytes, msgspec.json.encode(plan))
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "simulators.fleet", str(path), stdout=PIPE)


async def heard(worker: Process) -> list[events.Event]:
    assert worker.stdout
    said = [events.decode(line) async for line in worker.stdout]
    assert await worker.wait() == 0
    return said


async def played(plan: FleetPlan) -> events.Done:
    """Let a worker play the plan, and return its last word."""
    last = (await heard(await start(plan)))[-1]
    assert isinstance(last, events.Done)
    return last


async def rows(dsn: str, statement: LiteralString) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection[Any].connect(dsn) as connection:
        return await (await connection.execute(statement)).fetchall()


async def stored(dsn: str) -> list[tuple[str, int, int, int]]:
    return await rows(
        dsn,
        "SELECT code, (extract(epoch FROM fixed_at) * 1000)::bigint, lon, lat"
        " FROM position JOIN terminal ON terminal.id = position.terminal",
    )


def of(plan: FleetPlan, name: str, dtype: "np.dtype[Any]") -> Records:
    return read(Path(plan.out) / name, dtype)


def published(plan: FleetPlan) -> Records:
    return of(plan, PUBLISHED_FILE, PUBLISHED)


def fixes(plan: FleetPlan, said: Records) -> Fixes:
    codes = [handset.credential.terminal for handset in read_roster(Path(plan.roster)).handsets]
    columns = ("terminal", "said_ms", "lon", "lat")
    return {(codes[who], ms, lon, lat) for who, ms, lon, lat in zip(*(said[each].tolist() for each in columns))}  # noqa: B905


async def test_the_ledger_holds_to_the_millisecond_what_the_database_holds(
    database: str, roster: Path, port: int
) -> None:
    plan = a_plan(roster, f"mqtt://127.0.0.1:{port}", source_addresses=["127.0.1.2", "127.0.1.3"])
    async with listening(database, Listen(host="127.0.0.1", port=port)):
        said = await heard(await start(plan))
    done, rows_said = said[-1], published(plan)
    assert isinstance(done, events.Done)
    assert [type(each) for each in said].count(events.Ready) == 1
    assert done.due == done.published == done.acknowledged == len(rows_said) > 5 * TERMINALS
    assert (done.unsettled, done.most_connected, done.logins_refused) == (0, TERMINALS, 0)
    assert set(await stored(database)) == fixes(plan, rows_said)
    acknowledged = of(plan, ACKNOWLEDGED_FILE, SETTLED)
    assert sorted(acknowledged["row"].tolist()) == list(range(len(rows_said)))
    assert (acknowledged["at_us"] >= rows_said["sent_us"][acknowledged["row"]]).all()
    assert (rows_said["sent_us"] > 0).all()
    truth = of(plan, TRUTH_FILE, TRUTH)
    assert set(truth["terminal"].tolist()) == set(range(0, TERMINALS, 10))


@pytest.mark.parametrize("prepares", [False, True])
async def test_receipts_and_three_fixes_in_a_message(database: str, roster: Path, port: int, prepares: bool) -> None:  # noqa: FBT001 - a parameter of the test
    handsets = Handsets(signal_loss_share=0.0, sos_per_hour=0.0, receipts_share=1.0, fixes_per_message=3)
    scenario = Scenario(connect_within_s=0.0, handsets=handsets)
    plan = a_plan(roster, f"mqtt://127.0.0.1:{port}", scenario=scenario, interval_s=0.3, prepares=prepares)
    async with listening(database, Listen(host="127.0.0.1", port=port)):
        done = await played(plan)
    assert done.published == done.receipts_asked == done.receipted == len(await stored(database)) > 0
    assert done.messages < done.published
    receipted = of(plan, RECEIPTED_FILE, SETTLED)
    assert sorted(receipted["row"].tolist()) == list(range(done.published))


async def test_a_gateway_writes_for_terminals_without_connections(database: str, roster: Path, port: int) -> None:
    plan = a_plan(roster, f"mqtt://127.0.0.1:{port}", own_connections=10, gateway=GATEWAY, first=5, count=50)
    async with listening(database, Listen(host="127.0.0.1", port=port, gateway=GATEWAY.secret)):
        done = await played(plan)
    said = published(plan)
    assert (done.most_connected, done.unsettled) == (12, 0)
    assert set(said["terminal"].tolist()) == set(range(5, 55))
    assert ((said["flags"] & BY_GATEWAY > 0) == (said["terminal"] >= 15)).all()
    assert set(await stored(database)) == fixes(plan, said)


async def test_misbehaviour_is_refused_and_nothing_of_it_is_stored(database: str, roster: Path, port: int) -> None:
    misbehaviour = Misbehaviour(
        share=1.0,
        every_s=1.0,
        flood_factor=3,
        kinds=(
            "broken_json",
            "future",
            "repeated",
            "foreign_topic",
            "oversized",
            "half_packet",
            "subscribe_all",
            "wrong_secret",
            "flood",
        ),
    )
    scenario = Scenario(connect_within_s=0.0, handsets=CALM, misbehaviour=misbehaviour)
    plan = a_plan(roster, f"mqtt://127.0.0.1:{port}", scenario=scenario, duration_s=4.0)
    async with listening(database, Listen(host="127.0.0.1", port=port)):
        done = await played(plan)
    said, held = published(plan), await stored(database)
    flags = said["flags"]
    assert len(held) == len(set(held))
    assert set(held) == fixes(plan, said[(flags & (TO_BE_REFUSED | REPEATED)) == 0])
    assert (done.on_purpose, done.repeated) == ((flags & TO_BE_REFUSED > 0).sum(), (flags & REPEATED > 0).sum())
    assert min(done.on_purpose, done.repeated, done.subscriptions_refused_on_purpose) > 0
    assert done.logins_refused_on_purpose > 0 == done.logins_refused == done.subscriptions_granted_wrongly
    refused = {reason for (reason,) in await rows(database, "SELECT DISTINCT reason FROM refused_report")}
    assert refused == {"broken json", "future", "foreign topic", "payload too large"}


async def test_a_reconnect_storm_loses_nothing(database: str, roster: Path, port: int) -> None:
    storm = Disconnect(at_s=1.0, share=1.0, within_s=0.5, back_off_s=(0.5, 2.0))
    scenario = Scenario(connect_within_s=0.0, handsets=CALM, events=(storm,))
    plan = a_plan(roster, f"mqtt://127.0.0.1:{port}", scenario=scenario, interval_s=0.2, duration_s=5.0)
    async with listening(database, Listen(host="127.0.0.1", port=port)):
        done = await played(plan)
    said = published(plan)
    assert done.reconnects == TERMINALS
    assert done.due == done.published == done.acknowledged
    kept = said["flags"] & BACKLOG > 0
    assert (said["flags"][kept] & SILENT > 0).any()
    assert not (said["flags"][~kept] & SILENT).any()
    assert set(await stored(database)) == fixes(plan, said)


async def test_what_waits_for_a_system_that_is_away_is_nobody_s_silence(database: str, roster: Path, port: int) -> None:
    plan = a_plan(roster, f"mqtt://127.0.0.1:{port}", duration_s=600.0)
    worker = await start(plan)
    assert worker.stdout
    async for line in worker.stdout:
        said = events.decode(line)
        if isinstance(said, events.Progress) and said.kept > TERMINALS:
            break
    async with listening(database, Listen(host="127.0.0.1", port=port)):
        async for line in worker.stdout:
            said = events.decode(line)
            if isinstance(said, events.Progress) and said.acknowledged and not said.kept:
                break
        worker.send_signal(signal.SIGTERM)
        await heard(worker)
    flags = published(plan)["flags"]
    assert (flags & BACKLOG > 0).any()
    assert not (flags & SILENT).any()


async def test_a_worker_connects_over_tls(database: str, roster: Path, port: int, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    plan = a_plan(roster, f"mqtts://127.0.0.1:{port}", ca=str(certificate), count=20, own_connections=20)
    async with listening(database, Listen(host="127.0.0.1", port=port, tls=server)):
        done = await played(plan)
    assert (done.most_connected, done.unsettled) == (20, 0)
    assert set(await stored(database)) == fixes(plan, published(plan))


async def test_a_worker_that_is_told_to_stop_settles_and_says_its_last_word(
    database: str, roster: Path, port: int
) -> None:
    plan = a_plan(roster, f"mqtt://127.0.0.1:{port}", duration_s=600.0)
    async with listening(database, Listen(host="127.0.0.1", port=port)):
        worker = await start(plan)
        assert worker.stdout
        async for line in worker.stdout:
            said = events.decode(line)
            if isinstance(said, events.Progress) and said.acknowledged:
                break
        worker.send_signal(signal.SIGTERM)
        done = (await heard(worker))[-1]
    assert isinstance(done, events.Done)
    assert done.published == done.acknowledged == len(await stored(database))


async def test_a_plan_that_is_none_ends_the_worker_with_a_word(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"roster": 1}')
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.fleet", str(tmp_path / "plan.json"), stdout=PIPE, stderr=PIPE
    )
    _, errors = await worker.communicate()
    assert worker.returncode == 1
    assert b"plan.json: Expected `str`, got `int` - at `$.roster`" in errors

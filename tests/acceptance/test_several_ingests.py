"""Two ingests listen at one port while fifty terminals hop between them, and one of the two is stopped and killed."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import aiomqtt
import numpy as np
import psycopg
import pytest

from gridwarden.door import SharingError, door_of_ingest
from gridwarden.settings import Settings
from ingest.pipeline.maps import Maps
from ingest.pipeline.write import City, crossing_rows
from ingest.program import now_us
from ingest.rules import tracks
from ingest.rules.tracks import Rules
from ingest.store import positions, terminals
from ingest.store.terminals import Directory
from tests.integration.ingest.small_city import LAT, SECRET, found, until
from tests.running import free_port, gridwarden
from tracker.database.partitions import ensure_partitions_at
from tracker.security import hash_secret, new_salt

TERMINALS: Final = 50
FIXES: Final = 20
STEP_S: Final = 20
ANSWER_S: Final = 6.0
BORDER_LON: Final = 113.6

Connection = psycopg.AsyncConnection[Any]


class Fix(NamedTuple):
    t: int
    lon: float


class Walker:
    """A terminal that walks to and fro over the border, and says again what was not acknowledged."""

    def __init__(self, code: str, port: int, seed: int) -> None:
        self.code = code
        self.acknowledged: list[Fix] = []
        self._port = port
        self._draw = random.Random(seed)
        began = int(time.time()) - FIXES * STEP_S
        sides = [(number + seed) // 3 % 2 * 2 - 1 for number in range(FIXES)]
        self._unsaid = [Fix(began + number * STEP_S, BORDER_LON + 0.002 * side) for number, side in enumerate(sides)]

    async def walk(self) -> None:
        while self._unsaid:
            try:
                await self._connect(self._draw.randint(2, 6))
            except aiomqtt.MqttError:
                continue

    async def _connect(self, fixes: int) -> None:
        """Say some fixes, one after the other, over one connection: the kernel picks to which ingest."""
        client = aiomqtt.Client(
            "127.0.0.1", self._port, username=self.code, password=SECRET, identifier=self.code, timeout=ANSWER_S
        )
        async with client:
            for fix in self._unsaid[:fixes]:
                said = json.dumps({"t": fix.t, "lon": fix.lon, "lat": LAT})
                await client.publish(f"gw/v1/t/{self.code}/pos", said, qos=1)
                self.acknowledged.append(self._unsaid.pop(0))


@contextmanager
def sharing(dsn: str, redis: str, port: int) -> Generator[subprocess.Popen[str]]:
    where = ("--database", dsn, "--redis", redis, "--mqtt-host", "127.0.0.1", "--mqtt-port", str(port))
    process = gridwarden("ingest", "--share", *where)
    try:
        yield process
    finally:
        process.kill()
        sys.stdout.write(process.communicate()[0])  # shown when the test fails


async def people_the_city(dsn: str) -> list[str]:
    codes = [f"hopper-{number}" for number in range(TERMINALS)]
    salt = new_salt()
    async with await Connection.connect(dsn) as connection, connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO terminal (id, code, secret_salt, secret_hash) VALUES (%s, %s, %s, %s)",
            [(100 + number, code, salt, hash_secret(SECRET, salt)) for number, code in enumerate(codes)],
        )
    return codes


async def value(dsn: str, statement: Any) -> Any:
    async with await Connection.connect(dsn) as connection:
        row: Any = await (await connection.execute(statement)).fetchone()
        return row[0]


async def all_are_up(dsn: str) -> bool:
    return await value(dsn, "SELECT count(*) FROM ingest_fence") == 2


@pytest.mark.timeout(300)
async def test_terminals_hop_while_one_ingest_is_stopped_continued_and_killed(
    database: str, redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDWARDEN_LINK_SECRET", "x" * 32)
    await found(database)
    # Else both would make the days first, while the terminals wait
    await asyncio.get_running_loop().run_in_executor(None, ensure_partitions_at, database, datetime.now(UTC).date())
    codes, port = await people_the_city(database), free_port()
    walkers = [Walker(code, port, seed) for seed, code in enumerate(codes)]
    with ExitStack() as stack:
        first, _second = [stack.enter_context(sharing(database, redis, port)) for _ in range(2)]
        await until(lambda: all_are_up(database), within_s=60)
        async with asyncio.TaskGroup() as group:
            for walker in walkers:
                group.create_task(walker.walk())
            for quarter, number in enumerate((signal.SIGSTOP, signal.SIGCONT, signal.SIGKILL), start=1):
                await until(acknowledges(walkers, TERMINALS * FIXES * quarter // 4), within_s=90)
                os.kill(first.pid, number)
        await assert_stored_once(database, walkers)
        await assert_crossings_follow_from_the_fixes(database)
        assert await value(database, "SELECT count(*) FROM ingest_fence WHERE epoch > 0") == 2  # both lost some


def acknowledges(walkers: list[Walker], count: int) -> Callable[[], Any]:
    async def is_enough() -> bool:
        return sum(len(walker.acknowledged) for walker in walkers) >= count

    return is_enough


async def assert_stored_once(dsn: str, walkers: list[Walker]) -> None:
    async with await Connection.connect(dsn) as connection:
        cursor = await connection.execute(
            """
            SELECT code, extract(epoch FROM fixed_at)::integer, lon
            FROM position JOIN terminal ON terminal.id = position.terminal
            """
        )
        stored = sorted(await cursor.fetchall())
    said = sorted((walker.code, fix.t, round(fix.lon * 1e7)) for walker in walkers for fix in walker.acknowledged)
    assert stored == said
    assert len(said) == TERMINALS * FIXES


async def assert_crossings_follow_from_the_fixes(dsn: str) -> None:
    async with await Connection.connect(dsn, autocommit=True) as connection:
        directory, maps = Directory((await terminals.load(connection)).terminals), Maps()
        expected = set[tuple[Any, ...]]()
        await maps.look(connection)
        await maps.load_ahead(connection, now_us())
        for number in range(TERMINALS):
            track = tracks.unknown(np.array([100 + number]), Rules())
            fixes = await positions.of_terminal(connection, 100 + number, 0)
            slots = np.zeros(len(fixes), np.intp)
            crossings = tracks.observe(track, slots, fixes, maps.atlas.sheet(now_us()), Rules())
            expected |= {row[:4] for row in crossing_rows(crossings, City(directory, maps.atlas))}
        cursor = await connection.execute(
            """
            SELECT terminal, (extract(epoch FROM fixed_at) * 1000000)::bigint, kind, grid FROM crossing
            WHERE superseded_at IS NULL
            """
        )
        assert set(await cursor.fetchall()) == expected
    assert len(expected) > TERMINALS * 2 * (FIXES // 3 - 2)


def test_sharing_behind_a_broker_is_refused() -> None:
    with pytest.raises(SharingError, match="a subscribing ingest owns all terminals"):
        door_of_ingest(Settings(share=True, broker="mqtt://127.0.0.1:1883"))

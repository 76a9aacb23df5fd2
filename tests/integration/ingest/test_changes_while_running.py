"""The program takes new grid sets and changed terminals up while terminals publish: nothing stops, nothing is lost."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Self

import aiomqtt
import paho.mqtt.client as paho
import psycopg
import pytest
import shapely
from paho.mqtt.enums import CallbackAPIVersion

from ingest.program import Listen
from ingest.store import terminals
from ingest.store.terminals import Directory
from tests.integration.ingest.small_city import EAST, LAT, SECRET, WEST, found, until
from tests.integration.ingest.test_program import count, free_port, running
from tracker.bus.interface import CITY
from tracker.bus.local import LocalBus
from tracker.bus.messages import CityChanged, encode
from tracker.security import hash_secret, new_salt

BETWEEN_LON = 113.605  # east of the first border, west of the second
PROGRAM = """
import asyncio, sys
from ingest.program import Listen, run
from tracker.bus.local import LocalBus
asyncio.run(run(dsn=sys.argv[1], bus=LocalBus(), listen=Listen(host="127.0.0.1", port=int(sys.argv[2])), name="killed"))
"""


class Walker:
    """A stock client that publishes fixes of now, one after the other, each when the last was acknowledged."""

    def __init__(self, port: int) -> None:
        self.fixes_us: list[int] = []
        self._acknowledged = threading.Semaphore(0)
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="walker", clean_session=False)
        self._client.username_pw_set("walker-1", SECRET)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = self._acknowledge
        self._client.connect_async("127.0.0.1", port)

    def _acknowledge(self, *_: object) -> None:
        self._acknowledged.release()

    def __enter__(self) -> Self:
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def walk(self, *, until_s: float) -> None:
        """Go on until a fix of later than `until_s` was acknowledged."""
        while not self.fixes_us or self.fixes_us[-1] < until_s * 1e6:
            at_us = time.time_ns() // 1000
            said = {"t": at_us / 1e6, "lon": BETWEEN_LON, "lat": LAT}
            self._client.publish("gw/v1/t/walker-1/pos", json.dumps(said), qos=1)
            assert self._acknowledged.acquire(timeout=60), "no PUBACK within a minute"
            self.fixes_us.append(at_us)


def publish_set(dsn: str, *, in_s: float) -> float:
    """Move the border in so many seconds, for this and all programs; return when."""
    with psycopg.connect(dsn) as connection:
        row: Any = connection.execute(
            """
            INSERT INTO grid_set (version, takes_effect_at) VALUES (2, clock_timestamp() + %s * interval '1 second')
            RETURNING extract(epoch FROM takes_effect_at)::float8
            """,
            [in_s],
        ).fetchone()
        for unit, west, east in ((WEST, 113.5, 113.61), (EAST, 113.61, 113.7)):
            area = shapely.to_wkb(shapely.box(west, 34.7, east, 34.8))
            connection.execute(
                "INSERT INTO grid VALUES (2, %s, true, %s, %s, 34.7, %s, 34.8)", [unit, area, west, east]
            )
    return row[0]


def stored(dsn: str) -> list[Any]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            "SELECT (extract(epoch FROM fixed_at) * 1000000)::bigint, grid, flags >> 4 FROM position ORDER BY 1"
        ).fetchall()


def expected(fixes_us: list[int], moment_s: float) -> list[Any]:
    """Each fix once, judged by the set of its own time."""
    return [(at_us, WEST, 2) if at_us >= round(moment_s * 1e6) else (at_us, EAST, 1) for at_us in fixes_us]


def crossings(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row: Any = connection.execute("SELECT count(*) FROM crossing").fetchone()
        return row[0]


@pytest.mark.parametrize("in_s", [10.0, 2.0], ids=["planned", "soon, before the next poll"])
async def test_a_grid_set_that_takes_effect_while_a_terminal_publishes(database: str, in_s: float) -> None:
    await found(database)
    port, bus = free_port(), LocalBus()
    async with running(dsn=database, bus=bus, listen=Listen(host="127.0.0.1", port=port), name="t6"):
        with Walker(port) as walker:
            await asyncio.to_thread(walker.walk, until_s=time.time())
            moment_s = await asyncio.to_thread(publish_set, database, in_s=in_s)
            await bus.publish(CITY, encode(CityChanged(kind="grid_sets", ids=(2,))))
            await asyncio.to_thread(walker.walk, until_s=moment_s + 1)
    assert stored(database) == expected(walker.fixes_us, moment_s)
    assert crossings(database) == 0


@contextmanager
def process(dsn: str, port: int) -> Generator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([sys.executable, "-c", PROGRAM, dsn, str(port)], stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        yield child
    finally:
        child.kill()
        child.wait(20)


def test_a_process_killed_while_the_set_changes_loses_nothing_and_judges_all_by_its_time(database: str) -> None:
    asyncio.run(found(database))
    port = free_port()
    with Walker(port) as walker:
        with process(database, port) as child:
            walker.walk(until_s=time.time())
            moment_s = publish_set(database, in_s=4)
            walker.walk(until_s=moment_s - 1)
            child.send_signal(signal.SIGKILL)
        with process(database, port):
            walker.walk(until_s=moment_s + 1)
    assert stored(database) == expected(walker.fixes_us, moment_s)
    assert crossings(database) == 0


async def alter(dsn: str, statement: Any, values: list[Any] | None = None) -> None:
    async with await psycopg.AsyncConnection[Any].connect(dsn) as connection:
        await connection.execute(statement, values)


SALT = new_salt()
WITHDRAWALS = {
    "revoked": "UPDATE terminal SET revoked_at = now() WHERE id = 1",
    "lost": "UPDATE terminal SET lost_at = now() WHERE id = 1",
    "retired": "UPDATE terminal SET closed_at = now() WHERE id = 1",
    "rotated": "UPDATE terminal SET secret_hash = sha512('x') WHERE id = 1",
}


@pytest.mark.parametrize("what", WITHDRAWALS)
async def test_a_terminal_that_is_withdrawn_is_disconnected_and_refused(database: str, what: str) -> None:
    await found(database)
    port, bus = free_port(), LocalBus()
    async with running(dsn=database, bus=bus, listen=Listen(host="127.0.0.1", port=port), name="t7"):
        async with aiomqtt.Client("127.0.0.1", port, username="walker-1", password=SECRET) as walker:
            await alter(database, WITHDRAWALS[what])
            await bus.publish(CITY, encode(CityChanged(kind="terminals", ids=(1,))))
            async with asyncio.timeout(20):
                with pytest.raises(aiomqtt.MqttError):
                    await anext(aiter(walker.messages))
        with pytest.raises(aiomqtt.MqttError, match="Bad user name or password"):
            async with aiomqtt.Client("127.0.0.1", port, username="walker-1", password=SECRET):
                pass


async def test_a_new_terminal_logs_in_though_nobody_rang(database: str) -> None:
    await found(database)
    port = free_port()
    async with running(dsn=database, bus=LocalBus(), listen=Listen(host="127.0.0.1", port=port), name="t8"):
        await alter(
            database,
            "INSERT INTO terminal (id, code, secret_salt, secret_hash) VALUES (9, 'new', %s, %s)",
            [SALT, hash_secret(SECRET, SALT)],
        )

        async def is_known() -> bool:
            try:
                async with aiomqtt.Client("127.0.0.1", port, username="new", password=SECRET):
                    return True
            except aiomqtt.MqttError:
                return False

        await until(is_known)


async def test_a_terminal_handed_over_counts_for_its_new_member_on_the_same_connection(database: str) -> None:
    await found(database)
    port, bus = free_port(), LocalBus()
    async with (
        running(dsn=database, bus=bus, listen=Listen(host="127.0.0.1", port=port), name="t9"),
        aiomqtt.Client("127.0.0.1", port, username="walker-3", password=SECRET) as walker,
    ):
        await alter(database, "UPDATE terminal SET member = 102 WHERE id = 3")
        await bus.publish(CITY, encode(CityChanged(kind="terminals", ids=(3,))))

        async def is_pressed_by_its_member() -> bool:
            press = json.dumps({"id": f"p{time.time_ns()}"})
            await walker.publish("gw/v1/t/walker-3/sos", press, qos=1)
            return await count(database, "SELECT count(*) FROM emergency WHERE member = 102") > 0

        await until(is_pressed_by_its_member)


async def test_a_change_that_commits_after_a_later_one_was_read_is_not_skipped(database: str) -> None:
    await found(database)
    connect = psycopg.AsyncConnection[Any].connect
    async with await connect(database) as slow, await connect(database) as quick, await connect(database) as reader:
        directory = Directory()
        look = await terminals.load(reader)
        directory.apply(look.terminals)
        await reader.commit()
        await slow.execute("UPDATE terminal SET revoked_at = now() WHERE id = 1")  # the earlier transaction
        await quick.execute("UPDATE terminal SET revoked_at = now() WHERE id = 2")
        await quick.commit()
        look = await terminals.changed(reader, look.horizon)
        await reader.commit()
        assert [each.id for each in look.terminals] == [2]
        await slow.commit()
        look = await terminals.changed(reader, look.horizon)
        await reader.commit()
        assert [each.id for each in look.terminals] == [1]
        look = await terminals.changed(reader, look.horizon)
        assert look.terminals == []


def test_a_directory_makes_room_for_terminals_that_are_added_while_it_is_used() -> None:
    directory = Directory([])
    directory.apply([terminals.Terminal(5_000, "T5", 7, 30, b"", b"")])
    assert directory.terminal_of("T5") == 5_000
    assert directory.members[5_000] == 7
    assert directory.size > 5_000

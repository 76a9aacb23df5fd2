"""From the button to the first screen and the leaders' terminals: the reference city, every program its own process.

Two warnings: one to the street with most leaders, one to the whole city. 10,000 leaders' terminals are connected, those
of that street among them, each subscribed to its own messages and to its grid's; one more desk watches the live map.
Spans begin when the desk asks for the issue; `committed` is when the watching process hears the doorbell behind COMMIT.
"""

import argparse
import asyncio
import json
import random
import secrets
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
import psycopg
import uvloop
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import connect
from websockets.typing import Origin

from benchmarks.cluster import a_cluster
from benchmarks.notice_handsets import Handset, Leader, connect_all
from benchmarks.peers.mosquitto import start_broker
from benchmarks.peers.service import Service, ServiceError, free_port
from benchmarks.storm_peers import SECRET
from gridwarden.embedded import EmbeddedPostgres
from gridwarden.load_city import new_account
from simulators.dispatchers.dispatcher import Dispatcher
from simulators.viewers.frames import decode
from tracker.bus.interface import ALERTS
from tracker.bus.redis_streams import RedisBus
from tracker.city.generator import REFERENCE, generate
from tracker.city.load import load_city
from tracker.database.migrate import migrate
from tracker.security import SALT_BYTES, hash_secret

SEED: Final = 7
HANDSETS: Final = 10_000
READY: Final = "program.ready"
START_S: Final = 120.0
QUIET_S: Final = 5.0  # nobody has heard anything for so long: it is over
LONGEST_S: Final = 300.0
DRAFTED_S: Final = 0.02  # a draft's doorbell may be heard so long after its answer
STREET, CITY = "street", "city"

Connection = psycopg.AsyncConnection[Any]


@dataclass(slots=True)
class Moments:
    """When doorbells rang for an alert, and when another desk's screen was told of it: of a draft already."""

    rung: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    seen: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @staticmethod
    def first(moments: Sequence[float], began_s: float) -> float:
        """Return the span until the first of them behind `began_s`: what rang for the draft came before."""
        return min(moment - began_s for moment in moments if moment > began_s + DRAFTED_S)


async def measure() -> Mapping[str, float]:
    with a_cluster() as cluster:
        migrate(cluster.dsn)
        await load_city(cluster.dsn, generate(SEED, REFERENCE), folder=cluster.folder / "roster")
        return await measure_on(cluster)


async def measure_on(cluster: EmbeddedPostgres) -> Mapping[str, float]:
    """Return the figures of both front doors; the cluster runs, and holds the city."""
    figures: dict[str, float] = {"handsets": HANDSETS}
    _one_secret(cluster.dsn)
    for door in ("listen", "broker"):
        with tempfile.TemporaryDirectory(prefix="gridwarden-notice-") as name:
            figures |= {f"{door}_{what}": figure for what, figure in (await _behind(door, cluster, Path(name))).items()}
    return figures


async def _behind(door: str, cluster: EmbeddedPostgres, folder: Path) -> dict[str, float]:
    async with await Connection.connect(cluster.dsn, autocommit=True) as connection:
        street = await _street(connection)
        city = await _only(connection, "SELECT id FROM unit WHERE parent IS NULL")
        leaders = await _leaders(connection, street)
        with _programs(door, cluster.dsn, folder) as (redis, mqtt, http):
            bus = RedisBus(redis)
            login = await new_account(cluster.dsn)
            handsets = await connect_all(leaders, mqtt)
            figures = dict[str, float]()
            moments = Moments()
            async with Dispatcher.logged_in(http, login.name, login.password) as desk, asyncio.TaskGroup() as group:
                watching = [
                    group.create_task(_hear(bus, moments.rung), name="doorbells"),
                    group.create_task(_look(http, desk, city, moments.seen), name="another desk"),
                ]
                for name, unit in ((STREET, street), (CITY, city)):
                    found = await _warn(desk, unit, handsets, moments, connection)
                    figures |= {f"{name}_{what}": figure for what, figure in found.items()}
                for task in watching:
                    task.cancel()
            await _end_all(connection)
            await bus.close()
            for handset in handsets:
                handset.leave()
            return figures


async def _warn(
    desk: Dispatcher,
    unit: int,
    handsets: Sequence[Handset],
    moments: Moments,
    connection: Connection,
) -> dict[str, float]:
    issued = await desk.warn("red", unit, "暴雨红色预警", is_drill=False)
    alert, began_s = str(issued.alert), issued.pressed_at
    who = await _told(connection, issued.alert)
    expected = [handset for handset in handsets if handset.leader.terminal in who]
    await _until_quiet(expected, alert)
    cursor = await connection.execute(
        "SELECT extract(epoch FROM min(sent_at))::float, extract(epoch FROM max(sent_at))::float"
        " FROM delivery WHERE alert = %s AND channel IN ('sms', 'outbox')",
        [issued.alert],
    )
    first_sms_s, last_sms_s = await cursor.fetchone() or (began_s, began_s)
    await desk.lift(issued.alert)
    own, grid = (np.array(sorted(_heard(expected, alert, is_own=is_own))) for is_own in (True, False))
    either = np.array([min(times) for handset in expected if (times := _times(handset, alert))])
    return {
        "audience": float(issued.reach.audience),
        "committed_s": moments.first(moments.rung[alert], began_s),
        "answered_s": issued.issue_s,
        "screen_s": moments.first(moments.seen[alert], began_s),
        "sms_first_s": first_sms_s - began_s,
        "sms_last_s": last_sms_s - began_s,
        "terminals": float(len(expected)),
        **_spans("own", own - began_s, of=len(expected)),
        **_spans("grid", grid - began_s, of=len(expected)),
        **_spans("notice", either - began_s, of=len(expected)),
    }


def _spans(name: str, spans_s: "np.ndarray[Any, np.dtype[np.float64]]", *, of: int) -> dict[str, float]:
    if not len(spans_s):
        return {f"{name}_missing": float(of)}
    first, half, p99, last = np.quantile(spans_s, [0, 0.5, 0.99, 1])
    return {
        f"{name}_missing": float(of - len(spans_s)),
        f"{name}_first_s": float(first),
        f"{name}_p50_s": float(half),
        f"{name}_p99_s": float(p99),
        f"{name}_last_s": float(last),
    }


def _heard(handsets: Sequence[Handset], alert: str, *, is_own: bool) -> Iterator[float]:
    key = (alert.encode(), is_own)
    return (handset.heard[key] for handset in handsets if key in handset.heard)


def _times(handset: Handset, alert: str) -> list[float]:
    return [at_s for (which, _), at_s in handset.heard.items() if which == alert.encode()]


async def _until_quiet(handsets: Sequence[Handset], alert: str) -> None:
    """Wait until everybody has heard it both ways, or until nobody heard anything for a while."""
    began_s, before, changed_s = time.monotonic(), -1, time.monotonic()
    while time.monotonic() - began_s < LONGEST_S:
        count = sum(len(_times(handset, alert)) for handset in handsets)
        if count != before:
            before, changed_s = count, time.monotonic()
        is_late = time.monotonic() - changed_s > QUIET_S * (1 if before > 0 else 6)
        if count >= 2 * len(handsets) or is_late:
            return
        await asyncio.sleep(0.5)


async def _hear(bus: RedisBus, rung: Mapping[str, list[float]]) -> None:
    async for message in bus.read(ALERTS):
        rung[message.payload.decode()].append(time.time())


async def _look(http: str, desk: Dispatcher, unit: int, seen: Mapping[str, list[float]]) -> None:
    """Watch the live map as another desk does."""
    url = http.replace("http", "ws", 1) + "/api/live"
    async with connect(url, additional_headers=dict(desk.headers), origin=Origin(http), max_size=None) as socket:
        await socket.send(json.dumps({"op": "watch", "unit": unit}))
        async for message in socket:
            if isinstance(message, bytes):
                await socket.send(json.dumps({"op": "ack", "tick": decode(message).tick}))
                continue
            said = json.loads(message)
            if said["kind"] == "alert" and said["state"] == "issued":
                seen[said["id"]].append(time.time())


@contextmanager
def _programs(door: str, dsn: str, folder: Path) -> Generator[tuple[str, int, str]]:
    """Run Redis and the three programs, and Mosquitto where they want it; yield the addresses to come to."""
    redis, web, mqtt = free_port(), free_port(), free_port()
    url, http = f"redis://127.0.0.1:{redis}", f"http://127.0.0.1:{web}"
    told = {
        "GRIDWARDEN_DATABASE": dsn,
        "GRIDWARDEN_REDIS": url,
        "GRIDWARDEN_LINK_SECRET": secrets.token_hex(32),
        "GRIDWARDEN_SECOND_FACTOR": "optional",
    }
    with ExitStack() as stack:
        server = ["redis-server", "--port", str(redis), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        _run(stack, Service(name="redis", command=server, log=folder / "redis.log"))
        listening = ["--mqtt-host", "127.0.0.1", "--mqtt-port", str(mqtt)]
        if door == "broker":
            broker, mqtt = start_broker(folder)
            stack.callback(broker.stop)
            listening = ["--broker", f"mqtt://127.0.0.1:{mqtt}"]
        commands = {"alerts": [], "ingest": listening, "dashboard": ["--host", "127.0.0.1", "--port", str(web)]}
        running = [
            Service(
                name=name,
                command=[sys.executable, "-m", "gridwarden", name, *words],
                log=folder / f"{name}.log",
                environment=told,
            )
            for name, words in commands.items()
        ]
        for service in running:
            _run(stack, service)
        until_s = time.monotonic() + START_S
        while not all(READY in service.said for service in running):
            for service in running:
                service.require_running()
            if time.monotonic() > until_s:
                raise ServiceError("\n".join(service.said[-500:] for service in running))
            time.sleep(0.2)
        yield url, mqtt, http


def _run(stack: ExitStack, service: Service) -> None:
    service.start()
    stack.callback(service.stop)


def _one_secret(dsn: str) -> None:
    salt = bytes(range(SALT_BYTES))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("UPDATE terminal SET secret_salt = %s, secret_hash = %s", [salt, hash_secret(SECRET, salt)])


async def _street(connection: Connection) -> int:
    """Return the first-level grid with most leaders in it and below."""
    return await _only(
        connection,
        """
        SELECT s.id FROM unit s JOIN unit u ON u.tree_left BETWEEN s.tree_left AND s.tree_right
        JOIN assignment a ON a.unit = u.id JOIN role r ON r.code = a.role AND r.is_leader
        WHERE s.level = 'grid-1' GROUP BY s.id, s.code ORDER BY count(DISTINCT a.member) DESC, s.code LIMIT 1
        """,
    )


async def _leaders(connection: Connection, street: int) -> list[Leader]:
    """Return those of the street, and others of the whole city by chance."""
    cursor = await connection.execute(
        """
        SELECT t.code, u.code, u.tree_left BETWEEN s.tree_left AND s.tree_right
        FROM assignment a JOIN role r ON r.code = a.role AND r.is_leader JOIN unit u ON u.id = a.unit
        JOIN terminal t ON t.member = a.member AND t.closed_at IS NULL, unit s
        WHERE s.id = %s AND a.is_primary ORDER BY t.code
        """,
        [street],
    )
    found = await cursor.fetchall()
    near = [Leader(terminal, grid) for terminal, grid, is_near in found if is_near]
    far = [Leader(terminal, grid) for terminal, grid, is_near in found if not is_near]
    return near + random.Random(SEED).sample(far, HANDSETS - len(near))


async def _told(connection: Connection, alert: UUID) -> set[str]:
    cursor = await connection.execute(
        "SELECT t.code FROM audience a JOIN terminal t ON t.member = a.member WHERE a.alert = %s", [alert]
    )
    return {row[0] for row in await cursor.fetchall()}


async def _end_all(connection: Connection) -> None:
    """Leave nothing of what is under way in the next one's way."""
    await connection.execute("UPDATE delivery SET state = 'expired' WHERE state IN ('queued', 'sending')")
    await connection.execute("UPDATE downlink SET delivered_at = now() WHERE delivered_at IS NULL")


async def _only(connection: Connection, asked: str) -> int:
    cursor = await connection.execute(asked.encode())
    row = await cursor.fetchone()
    assert row is not None, asked
    return int(row[0])


def main(arguments: Sequence[str]) -> int:
    """For another look without loading the city again: a data folder that holds it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.notice", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data folder with the full-size city")
    cluster = EmbeddedPostgres(parser.parse_args(arguments).data)
    cluster.start()
    try:
        migrate(cluster.dsn)
        figures = uvloop.run(measure_on(cluster))
    finally:
        cluster.stop()
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.3f}")
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The system under test: real processes, each behind the proxies through which its peers reach it.

    terminals - [proxy] - ingest (listening) - [proxy] - PostgreSQL
    terminals - [proxy] - Mosquitto - [proxy] - ingest (subscribing) - [proxy] - PostgreSQL

Redis, the bus of a program that runs alone, is there and is left in peace: it carries no truth.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
import shapely

from gridwarden.embedded import EmbeddedPostgres
from gridwarden.password_file import write_passwords
from tests.chaos.disk import Disk, small_disk
from tests.chaos.keepers import Database, Program, gridwarden
from tests.chaos.proxy import Proxy
from tests.chaos.schedule import Door
from tests.running import free_port
from tracker.database.migrate import migrate
from tracker.database.partitions import ensure_partitions_at
from tracker.security import hash_secret, new_salt

ROOT: Final = Path(__file__).parents[2]
START_S: Final = 90.0
INGEST_USER: Final = "gridwarden-ingest"
# A small disk: little WAL is kept, and none is used again, so that the next segment always wants room.
SETTINGS: Final = {
    "shared_buffers": "64MB",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
    "wal_recycle": "off",
    "checkpoint_timeout": "30s",
}
Say = Callable[[str], None]


class System:
    """Terminals connect to the proxy `terminals`; `sql` leads to the database, `mqtt` to the broker."""

    def __init__(self, *, folder: Path, door: Door, disk: Disk, say: Say, module: str) -> None:
        self.door: Final = door
        self.disk: Final = disk
        self.codes: tuple[str, ...] = ()
        self.secret: Final = secrets.token_hex(8)
        self.database: Final = Database(EmbeddedPostgres(folder / "database", settings=SETTINGS), say)
        self.sql: Final = Proxy(lambda: self.database.cluster.sockets / ".s.PGSQL.5432")
        self.mqtt: Final = Proxy(lambda: self._broker_port)
        self.terminals: Final = Proxy(lambda: self._door_port)
        self.broker: Program | None = None
        self.ingest: Program | None = None
        self._tasks: Final[list[asyncio.Task[None]]] = []
        self._folder: Final = folder
        self._module: Final = module
        self._broker_port: Final = free_port()
        self._listen_port: Final = free_port()
        self._redis_port: Final = free_port()

    @property
    def _door_port(self) -> int:
        return self._listen_port if self.door is Door.LISTEN else self._broker_port

    @property
    def dsn(self) -> str:
        """The database without a proxy, for the audit."""
        return self.database.cluster.dsn

    async def start(self, group: asyncio.TaskGroup, terminals: int) -> None:
        """Start everything, each part kept running by a task of `group`; return when the door is open."""
        for proxy in (self.sql, self.mqtt, self.terminals):
            await proxy.start()
        await asyncio.to_thread(self.database.cluster.start)
        self._tasks.append(group.create_task(self.database.keep(), name="database"))
        await asyncio.to_thread(self._found, terminals)
        redis = [*_found_program("redis-server"), "--port", str(self._redis_port), "--bind", "127.0.0.1", "--save", ""]
        self._keep(group, Program("redis", redis, log=self._folder / "redis.log"))
        if self.door is Door.BROKER:
            await self._configure_broker()
            command = [*_found_program("mosquitto"), "-c", str(self._folder / "mosquitto.conf")]
            self.broker = self._keep(group, Program("broker", command, log=self._folder / "broker.log"))
        self.ingest = self._keep(group, self._program())
        await self._until_open()

    async def stop(self) -> None:
        if self.ingest is not None:
            await asyncio.to_thread(self.ingest.end)  # while the database still hears its goodbye
        for task in self._tasks:
            task.cancel()
        for proxy in (self.sql, self.mqtt, self.terminals):
            await proxy.stop()

    def _keep(self, group: asyncio.TaskGroup, program: Program) -> Program:
        self._tasks.append(group.create_task(program.keep(), name=program.name))
        return program

    def _program(self) -> Program:
        words = ["ingest", "--database", self._dsn_by_proxy(), "--redis", f"redis://127.0.0.1:{self._redis_port}"]
        if self.door is Door.LISTEN:
            words += ["--mqtt-host", "127.0.0.1", "--mqtt-port", str(self._listen_port)]
        else:
            words += ["--broker", f"mqtt://{INGEST_USER}:{self.secret}@127.0.0.1:{self.mqtt.port}"]
        command = gridwarden(*words)
        command[2] = self._module
        more = {"GRIDWARDEN_LINK_SECRET": self.secret, "PYTHONPATH": str(ROOT)}
        return Program("ingest", command, log=self._folder / "ingest.log", more=more)

    def _dsn_by_proxy(self) -> str:
        own = urlsplit(self.dsn)
        return f"postgresql://{own.username}:{own.password}@127.0.0.1:{self.sql.port}{own.path}"

    def _found(self, terminals: int) -> None:
        migrate(self.dsn)
        ensure_partitions_at(self.dsn, datetime.now(UTC).date())
        self.codes = tuple(f"chaos-{number}" for number in range(1, terminals + 1))
        with psycopg.connect(self.dsn) as connection:
            _found_city(connection, self.codes, self.secret)

    async def _configure_broker(self) -> None:
        """Mosquitto as deploy/ sets it, but for paths and port."""
        passwords = self._folder / "passwords"
        own = f"mqtt://{INGEST_USER}:{self.secret}@127.0.0.1"
        async with await psycopg.AsyncConnection[Any].connect(self.dsn) as connection:
            await write_passwords(connection, passwords, broker=own)
        text = (ROOT / "deploy" / "mosquitto" / "mosquitto.conf").read_text()
        kept = self._folder / "broker"
        kept.mkdir()
        for said, meant in {
            "listener 1883": f"listener {self._broker_port} 127.0.0.1",
            "/mosquitto/secrets/passwords": str(passwords),
            "/mosquitto/config/acl": str(ROOT / "deploy" / "mosquitto" / "acl"),
            "/mosquitto/data/": f"{kept}/",
        }.items():
            assert said in text, f"deploy/mosquitto/mosquitto.conf says {said!r} no more"
            text = text.replace(said, meant)
        user = "user root\n" if os.geteuid() == 0 else ""
        (self._folder / "mosquitto.conf").write_text(text + user)

    async def _until_open(self) -> None:
        assert self.ingest is not None
        async with asyncio.timeout(START_S):
            while "program.ready" not in self.ingest.tail(200):  # noqa: ASYNC110 - another process says it
                await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def running(
    *, folder: Path, door: Door, terminals: int, say: Say, module: str = "gridwarden", may_mount: bool = True
) -> AsyncGenerator[System]:
    """Run the system in `folder`; `module` is what `python -m` runs as ingest."""
    with small_disk(folder / "database" / "postgres", may_mount=may_mount) as disk:
        system = System(folder=folder, door=door, disk=disk, say=say, module=module)
        async with asyncio.TaskGroup() as group:
            try:
                await system.start(group, terminals)
                yield system
            finally:
                await system.stop()


def _found_program(name: str) -> list[str]:
    program = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise SystemExit(f"chaos needs {name}: install Debian's package")
    return [program]


def _found_city(connection: psycopg.Connection[Any], codes: tuple[str, ...], secret: str) -> None:
    """A city of one grid, in which nobody crosses anything."""
    connection.execute(
        """
        INSERT INTO unit (id, code, name, level, parent, tree_left, tree_right) VALUES
            (1, '410100', 'city', 'city', NULL, 1, 4), (11, '410102001001001', 'west', 'grid-3', 1, 2, 3)
        """
    )
    connection.execute("INSERT INTO grid_set (version) VALUES (1)")
    area = shapely.to_wkb(shapely.box(113.5, 34.7, 113.6, 34.8))
    connection.execute("INSERT INTO grid VALUES (1, 11, true, %s, 113.5, 34.7, 113.6, 34.8)", [area])
    salt = new_salt()
    for number, code in enumerate(codes, start=1):
        connection.execute(
            "INSERT INTO terminal (id, code, secret_salt, secret_hash) VALUES (%s, %s, %s, %s)",
            [number, code, salt, hash_secret(secret, salt)],
        )

"""A peer at work: Mosquitto, a PostgreSQL cluster of its own, and the peer between them."""

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from benchmarks.cluster import a_cluster
from benchmarks.peers.catalogue import Peer
from benchmarks.peers.mosquitto import start_broker
from benchmarks.peers.service import Service, ServiceError
from gridwarden.embedded import EmbeddedPostgres
from simulators.load.watch import family

_STORES_S: Final = 60.0  # for a peer to come up and store its first position
_LOOK_S: Final = 0.5
_PROBE: Final = "probe"  # a terminal that no roster has
_FIX: Final = '{"t":%.3f,"lon":113.6,"lat":34.7,"acc":5.0,"spd":0.5,"hdg":90,"bat":80,"seq":0}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The processes of one column; a load run's `System`."""

    dsn: str
    url: str
    peer: Service
    broker: Service
    cluster: EmbeddedPostgres

    def processes(self) -> Mapping[str, Sequence[int]]:
        pids = {self.peer.name: self.peer.pid, "mosquitto": self.broker.pid, "postgres": self.cluster.pid}
        return {name: family(pid) for name, pid in pids.items() if pid is not None}

    async def restart(self, what: str) -> bool:
        """`ingest` is the peer: it is killed and started again at once."""
        if what != "ingest":
            return False
        self.peer.kill()
        self.peer.start()
        return True


@contextmanager
def a_running(peer: Peer, *, tools: Path, folder: Path, broker_as_installed: bool = False) -> Generator[Running]:
    """Start all three with their files in `folder`, wait until a position is stored, and stop them in the end.

    Raises InstallError, ServiceError.
    """
    peer.install(tools / peer.name)
    home = folder / peer.name
    home.mkdir(parents=True)
    with ExitStack() as stack:
        cluster = stack.enter_context(a_cluster())
        broker, port = start_broker(folder, as_installed=broker_as_installed)
        stack.callback(broker.stop)
        if peer.table is not None:
            with psycopg.connect(cluster.dsn, autocommit=True) as connection:
                connection.execute(sql.SQL(peer.table))  # pyright: ignore[reportArgumentType] - a file of ours
        service = Service(
            name=peer.name,
            command=peer.command(tools / peer.name, home),
            log=folder / f"{peer.name}.log",
            environment={**_where(cluster.dsn), **_broker_at(port)},
        )
        service.start()
        stack.callback(service.stop)
        _wait_until_it_stores(service, dsn=cluster.dsn, port=port)
        yield Running(dsn=cluster.dsn, url=f"mqtt://127.0.0.1:{port}", peer=service, broker=broker, cluster=cluster)


def _where(dsn: str) -> dict[str, str]:
    """Return the variables that every PostgreSQL client knows."""
    said = conninfo_to_dict(dsn)
    names = {"PGHOST": "host", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname"}
    return {variable: str(said[name]) for variable, name in names.items()}


def _broker_at(port: int) -> dict[str, str]:
    return {"MQTT_URL": f"tcp://127.0.0.1:{port}", "MQTT_HOST": "127.0.0.1", "MQTT_PORT": str(port)}


def _wait_until_it_stores(service: Service, *, dsn: str, port: int) -> None:
    """Publish positions of a terminal that nobody has until one is in the table: the whole way works."""
    until = time.monotonic() + _STORES_S
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        while not _has_stored(dsn):
            service.require_running()
            if time.monotonic() > until:
                raise ServiceError(f"{service.name} stores nothing; its log says:\n{service.said}")
            client.publish(f"gw/v1/t/{_PROBE}/pos", _FIX % time.time(), qos=1)
            time.sleep(_LOOK_S)
    finally:
        client.disconnect()
        client.loop_stop()


def _has_stored(dsn: str) -> bool:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute("SELECT to_regclass('position') IS NOT NULL").fetchone()
        if row is None or not row[0]:
            return False
        row = connection.execute("SELECT EXISTS (SELECT FROM position WHERE terminal = %s)", [_PROBE]).fetchone()
        return row is not None and bool(row[0])

"""A listening door on a real database, with a pipeline that only settles: what the tests of the door stand on."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psycopg
from prometheus_client import REGISTRY

from ingest.doors.listen import Listener
from ingest.doors.listen_limits import Caps
from ingest.inbox import Bounds, Inbox
from ingest.mqtt import packets
from ingest.mqtt.decoder import Decoder, Received, Side
from ingest.mqtt.encode import encode, publish
from ingest.mqtt.packets import Level
from ingest.rules.packets import Packet
from ingest.store import terminals
from ingest.store.terminals import Directory
from tracker.bus.interface import DOWNLINK
from tracker.bus.local import LocalBus
from tracker.database.pool import open_pool
from tracker.security import hash_secret

SALT = bytes(range(16))
TERMINALS = ("T1", "T2")  # their secrets are S-T1, S-T2; the numbers in the database 1, 2
ENOUGH_S = 15.0


@dataclass(slots=True)
class Bench:
    database: str
    listener: Listener
    inbox: Inbox
    bus: LocalBus
    directory: Directory
    taken: list[Packet] = field(default_factory=list[Packet])
    unsettled: list[Packet] = field(default_factory=list[Packet])
    settles: bool = True
    writers: list[asyncio.StreamWriter] = field(default_factory=list[asyncio.StreamWriter])

    @property
    def port(self) -> int:
        return self.listener.port

    async def consume(self) -> None:
        while True:
            batch = await self.inbox.take()
            self.taken += batch
            self.unsettled += batch
            if self.settles:
                self.settle()

    def settle(self) -> None:
        packets, self.unsettled = self.unsettled, []
        for packet in packets:
            packet.settler.settle(packet.token)

    def payloads(self) -> list[bytes]:
        return [packet.payload for packet in self.taken]

    async def took(self, count: int) -> list[Packet]:
        await until(lambda: len(self.taken) >= count)
        return self.taken

    async def put_downlink(self, topic: str, payload: bytes, *, terminal: int = 1) -> None:
        async with await psycopg.AsyncConnection.connect(self.database, autocommit=True) as connection:
            await connection.execute(
                "INSERT INTO downlink (terminal, topic, payload) VALUES (%s, %s, %s)", (terminal, topic, payload)
            )
        await self.bus.publish(DOWNLINK, b"")

    async def put_retained(self, topic: str, payload: bytes) -> None:
        async with await psycopg.AsyncConnection.connect(self.database, autocommit=True) as connection:
            await connection.execute(
                """
                INSERT INTO retained (topic, payload) VALUES (%s, %s)
                ON CONFLICT (topic) DO UPDATE SET payload = excluded.payload, changed_at = clock_timestamp()
                """,
                (topic, payload),
            )
        await self.bus.publish(DOWNLINK, b"")

    async def waiting_downlink(self) -> int:
        return await self.number("SELECT count(*) FROM downlink WHERE delivered_at IS NULL")

    async def number(self, query: str) -> int:
        async with await psycopg.AsyncConnection.connect(self.database, autocommit=True) as connection:
            row = await (await connection.execute(query.encode())).fetchone()
        assert row is not None
        return row[0]

    async def all_left(self) -> None:
        """Return when it is written of every stored session that its connection ended."""
        async with asyncio.timeout(ENOUGH_S):
            while await self.number("SELECT count(*) FROM mqtt_session WHERE expires_at IS NULL"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def waits(self, count: int) -> None:
        """Return when `count` rows of downlink wait for an acknowledgement."""
        async with asyncio.timeout(ENOUGH_S):
            while await self.waiting_downlink() != count:  # noqa: ASYNC110 - the database rings no bell
                await asyncio.sleep(0.02)


def ended(reason: str) -> float:
    """How many connections ended for this reason, in all of this process's doors."""
    return REGISTRY.get_sample_value("gridwarden_listen_ends_total", {"reason": reason}) or 0.0


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; fail the test when it does not come."""
    async with asyncio.timeout(ENOUGH_S):
        while not condition():  # noqa: ASYNC110 - nothing rings for a condition
            await asyncio.sleep(0.01)


@asynccontextmanager
async def a_door(
    database: str,
    *,
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    bounds: Bounds | None = None,
    patience_s: float = 10.0,
    gateway: str | None = None,
    caps: Caps | None = None,
    web_port: int | None = None,
    settles: bool = True,
) -> AsyncGenerator[Bench]:
    await _seed(database)
    async with await open_pool(database, name="test", size=3) as pool:
        async with pool.connection() as connection:
            directory = Directory((await terminals.load(connection)).terminals)
        inbox, bus, up = Inbox(bounds), LocalBus(), asyncio.Event()
        listener = Listener(
            inbox=inbox,
            directory=directory,
            pool=pool,
            bus=bus,
            tls=tls,
            gateway=gateway,
            caps=caps,
            patience_s=patience_s,
        )
        bench = Bench(database, listener, inbox, bus, directory, settles=settles)
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(listener.run("127.0.0.1", port, up.set, web_port=web_port), name="door"),
                tasks.create_task(bench.consume(), name="consumer"),
            ]
            await up.wait()
            try:
                yield bench
            finally:
                for task in running:
                    task.cancel()
                await _close(bench.writers)


async def _close(writers: list[asyncio.StreamWriter]) -> None:
    for writer in writers:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _seed(database: str) -> None:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        for number, code in enumerate(TERMINALS, 1):
            await connection.execute(
                """
                INSERT INTO terminal (id, code, secret_salt, secret_hash) VALUES (%s, %s, %s, %s)
                ON CONFLICT DO NOTHING
                """,
                (number, code, SALT, hash_secret(f"S-{code}", SALT)),
            )


@dataclass(slots=True)
class Peer:
    """A client that says exactly what a test wants said, byte by byte if need be."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    decoder: Decoder
    received: list[Received]

    async def send(self, *sent: packets.Packet) -> None:
        level = self.decoder.level or Level.V311
        self.writer.write(b"".join(encode(packet, level) for packet in sent))
        await self.writer.drain()

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, packet_id: int = 0) -> None:
        level = self.decoder.level or Level.V311
        self.writer.write(publish(topic.encode(), payload, level=level, qos=qos, packet_id=packet_id))
        await self.writer.drain()

    async def next(self) -> Received:
        """Return the next packet; fail when the connection ended or nothing comes."""
        async with asyncio.timeout(ENOUGH_S):
            while not self.received:
                data = await self.reader.read(65_536)
                assert data, "the door closed the connection"
                self.received += self.decoder.feed(data)
        return self.received.pop(0)

    async def ping(self) -> None:
        """Return when everything sent before was read: nothing else is answered in between."""
        await self.send(packets.Pingreq())
        assert await self.next() == packets.Pingresp()

    async def end(self) -> list[Received]:
        """Return what came until the door closed the connection."""
        async with asyncio.timeout(ENOUGH_S):
            while data := await self.reader.read(65_536):
                self.received += self.decoder.feed(data)
        return self.received

    def kill(self) -> None:
        self.writer.transport.abort()


async def a_peer(bench: Bench, level: Level = Level.V311, *, tls: ssl.SSLContext | None = None) -> Peer:
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.port, ssl=tls)
    bench.writers.append(writer)
    return Peer(reader, writer, Decoder(Side.CLIENT, level=level), [])


def a_connect(code: str = "T1", *, level: Level = Level.V311, client_id: str = "c", **said: object) -> packets.Connect:
    fields: dict[str, object] = {"user": code, "password": f"S-{code}".encode(), "keep_alive_s": 60, **said}
    return packets.Connect(level=level, client_id=client_id, **fields)  # pyright: ignore[reportArgumentType]


async def connected(
    bench: Bench,
    code: str = "T1",
    *,
    level: Level = Level.V311,
    client_id: str = "c",
    tls: ssl.SSLContext | None = None,
    **said: object,
) -> tuple[Peer, packets.Connack]:
    peer = await a_peer(bench, level, tls=tls)
    await peer.send(a_connect(code, level=level, client_id=client_id, **said))
    answer = await peer.next()
    assert isinstance(answer, packets.Connack)
    return peer, answer

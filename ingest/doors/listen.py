"""The listening front door: ingest as the MQTT server of its terminals.

It is no general broker. A terminal publishes its own topics, which become packets in the inbox, and receives its own
downlink and the alerts of grids; nothing goes from one terminal to another. PUBACK follows `settle`, hence COMMIT.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from math import ceil
from typing import Any, Final, cast

import structlog
from psycopg_pool import AsyncConnectionPool

from ingest import metrics
from ingest.doors.downlink_listen import Deliveries
from ingest.doors.listen_connection import Connection
from ingest.doors.listen_gate import Gate
from ingest.doors.listen_gateway import USER as GATEWAY_USER
from ingest.doors.listen_gateway import GatewayConnection
from ingest.doors.listen_grants import Grant, is_grid_alert
from ingest.doors.listen_limits import Caps
from ingest.doors.listen_login import greeting
from ingest.doors.listen_reception import Claims, Reception
from ingest.doors.listen_roster import Roster
from ingest.doors.listen_sessions import Sessions
from ingest.doors.listen_watch import Watch
from ingest.doors.listen_websocket import WebSocket
from ingest.doors.listen_wills import Wills
from ingest.doors.listen_wire import Hold, Stage
from ingest.inbox import Inbox
from ingest.mqtt import packets
from ingest.mqtt.decoder import Received
from ingest.mqtt.packets import Code, Level
from ingest.mqtt.properties import NONE, Properties
from ingest.rules.packets import UNKNOWN_TERMINAL, Settler
from ingest.store.terminals import Directory
from tracker.bus.interface import Bus

BACKLOG: Final = 4096  # connections the kernel holds for us while a city reconnects
PATIENCE_S: Final = 10.0  # from connecting to CONNECT
WATCH_S: Final = 1.0
LOOKED_AT: Final = 1_000  # connections at a time: 2 ms on a busy machine
WATCHES: Final = 5  # a round of more than 5,000 connections takes: they are all looked at every 5 s

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class Listener:
    """Serves terminals while `run` runs. The loop that runs it must be the one that uses it."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        directory: Directory,
        pool: AsyncConnectionPool[Any],
        bus: Bus,
        tls: ssl.SSLContext | None = None,
        gateway: str | None = None,
        caps: Caps | None = None,
        claims: Claims | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`gateway`: the secret of the load-only gateway (listen_gateway); None, as in production: there is none.

        `claims`: None when all terminals are ours.
        """
        self.inbox: Final = inbox
        self.sessions: Final = Sessions(pool, is_alone=claims is None)
        self.counted: Final = Counter[type[Received]]()  # since the last look of `_watch`
        self._directory: Final = directory
        self._roster: Final = Roster()
        self._deliveries: Final = Deliveries(pool=pool, bus=bus, roster=self._roster)
        self._tls: Final = tls
        self._gateway: Final = gateway
        self._gate: Final = Gate(caps or Caps(), self.now_s)
        self._patience_s: Final = patience_s
        self._connections: Final[set[Connection]] = set()
        self._waiting_for_room: list[Connection] = []
        self._to_flush: list[Callable[[], None]] = []
        self._wills: Final = Wills()
        self._server: asyncio.Server | None = None
        self._web: asyncio.Server | None = None
        self._shares_port: Final = claims is not None  # the kernel deals connections out among those who do
        self._is_stopping = False
        self._reception: Final = Reception(
            directory=directory,
            roster=self._roster,
            sessions=self.sessions,
            wills=self._wills,
            gate=self._gate,
            now_s=self.now_s,
            claims=claims,
        )

    @property
    def connections(self) -> int:
        return len(self._connections)

    @property
    def port(self) -> int:
        """The TCP port listened on; 0 before `start`."""
        return self._server.sockets[0].getsockname()[1] if self._server is not None else 0

    @property
    def web_port(self) -> int:
        """The port of WebSocket; 0 where there is none."""
        return self._web.sockets[0].getsockname()[1] if self._web is not None else 0

    async def run(
        self, host: str, port: int, ready: Callable[[], None] = lambda: None, *, web_port: int | None = None
    ) -> None:
        """Serve until cancelled; at `web_port` over WebSocket too. Raises OSError when an address cannot be had."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.sessions.run(), name="mqtt sessions")
                tasks.create_task(self._deliveries.run(), name="downlink over the listening door")
                tasks.create_task(self._watch(), name="mqtt keep-alive")
                await self.start(host, port)
                if web_port is not None:
                    self._web = await self._serve(lambda: WebSocket(self._accept), host, web_port)
                ready()
        finally:
            await self.stop()

    async def start(self, host: str, port: int) -> None:
        self._server = await self._serve(self._accept, host, port)
        log.info("listener.started", host=host, port=self.port, tls=self._tls is not None)
        if self._gateway is not None:
            log.warning("listener.load_gateway_open", user=GATEWAY_USER, meaning="one log-in may write as any terminal")

    async def _serve(self, accept: Callable[[], asyncio.Protocol], host: str, port: int) -> asyncio.Server:
        handshake_s = None if self._tls is None else self._patience_s
        return await asyncio.get_running_loop().create_server(
            accept,
            host,
            port,
            backlog=BACKLOG,
            ssl=self._tls,
            ssl_handshake_timeout=handshake_s,
            reuse_port=self._shares_port or None,
        )

    async def stop(self) -> None:
        """Say goodbye and close; no will is published, since nobody was lost."""
        self._is_stopping = True
        for server in (self._server, self._web):
            if server is not None:
                server.close()
        self._gate.close()
        self._wills.drop_all()
        for connection in tuple(self._connections):
            connection.end("stopping", code=Code.SERVER_SHUTTING_DOWN, with_will=False)
        await asyncio.sleep(0)  # the transports close at the loop's next turn

    def send_now(self, terminal: int, topic: str, payload: bytes, correlation: bytes | None = None) -> None:
        """Send to each open connection of the terminal that subscribed to `topic`, at its QoS; else drop."""
        for connection in self._roster.of_terminal(terminal):
            grant = connection.grant_of(topic)
            if grant is None:
                continue
            if not connection.can_take(topic, payload):
                metrics.LISTEN_DROPPED.inc()
                continue
            said = NONE if correlation is None else Properties(correlation=correlation)
            connection.send_down(topic, payload, qos=grant.qos, said=said)
            metrics.LISTEN_SENT.labels("now").inc()

    def recheck(self, terminals: Iterable[int]) -> None:
        """End the connections of those that may not log in any more as they did: revoked, rotated, lost, retired."""
        for terminal in terminals:
            for connection in tuple(self._roster.of_terminal(terminal)):
                self._end_if_withdrawn(connection)
        for connection in self._roster.of_terminal(UNKNOWN_TERMINAL):
            if isinstance(connection, GatewayConnection):
                connection.forget()

    def lose(self, terminals: Collection[int]) -> None:
        """End the open connections of terminals that another ingest took over. Their sessions are its affair now."""
        for terminal in terminals:
            for connection in tuple(self._roster.of_terminal(terminal)):
                session = connection.session
                if connection.stage is Stage.OPEN and session is not None:
                    connection.session = replace(session, expiry_s=0, is_present=False)
                    connection.end("owned elsewhere", code=Code.SESSION_TAKEN_OVER, with_will=False)

    def is_gone(self, settler: Settler) -> bool:
        return isinstance(settler, Connection) and settler.stage is Stage.CLOSED

    # What a connection asks: listen_connection.Door

    def now_s(self) -> float:
        return asyncio.get_running_loop().time()

    def flush_soon(self, flush: Callable[[], None]) -> None:
        if not self._to_flush:
            asyncio.get_running_loop().call_soon(self._flush)
        self._to_flush.append(flush)

    def add(self, connection: Connection) -> None:
        self._connections.add(connection)
        metrics.LISTEN_CONNECTIONS.set(len(self._connections))
        if word := self._gate.enter(connection, len(self._connections)):
            connection.end(word, with_will=False)

    def remove(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._gate.leave(connection)
        metrics.LISTEN_CONNECTIONS.set(len(self._connections))

    def wait_for_room(self, connection: Connection) -> None:
        if not self._waiting_for_room:
            self.inbox.on_room(self._room)
        self._waiting_for_room.append(connection)

    def log_in(self, connection: Connection, packet: packets.Connect) -> None:
        self._reception.log_in(connection, packet)

    def greet(self, connection: Connection) -> None:
        """The session is open: CONNACK, and what waits for it."""
        session = connection.session
        if session is None:
            return
        said = greeting(session, connection.receive_maximum) if connection.level is Level.V5 else NONE
        connection.send(packets.Connack(session_present=session.is_present, properties=said))
        metrics.LISTEN_CONNECTS.labels("accepted").inc()
        # Changes of retained messages that it missed are not kept one by one: it gets what is in force now.
        self.subscribed(connection, [Grant(item, wants_retained=True) for item in session.subscriptions.values()])

    def subscribed(self, connection: Connection, grants: list[Grant]) -> None:
        """Send what is retained, and look for downlink that a new subscription may take."""
        if grants:
            grids = [grant for grant in grants if is_grid_alert(grant.subscription.filter)]
            self._deliveries.begin_listening(connection, grids)
            self._deliveries.look(connection.terminal)

    def unsubscribed(self, connection: Connection, patterns: tuple[str, ...]) -> None:
        self._roster.unlisten(connection, patterns)

    def delivered(self, connection: Connection, row: int) -> None:
        self._deliveries.delivered(connection.terminal, row)

    def echo(self, connection: Connection, packet: packets.Publish) -> None:
        """A phone app listens to its own topic as well; nobody else's connection hears it."""
        for other in self._roster.of_terminal(connection.terminal):
            grant = other.grant_of(packet.topic)
            if grant is None or (grant.no_local and other is connection):
                continue
            if other.can_take(packet.topic, packet.payload):
                other.send_down(packet.topic, packet.payload, qos=min(packet.qos, grant.qos))

    def ended(self, connection: Connection, *, with_will: bool) -> None:
        session = connection.session
        if session is None:
            return
        key = session.key
        self._roster.leave(key, connection)
        self._roster.unlisten(connection, session.subscriptions.keys())
        if with_will and connection.will is not None and not self._is_stopping:
            self._wills.lost(key, connection, connection.will, expiry_s=session.expiry_s)
        if session.is_stored:
            self.sessions.leave(session)
        elif session.has_row:
            self.sessions.discard(session)

    # The rest

    def _accept(self) -> Connection:
        return Connection(self) if self._gateway is None else GatewayConnection(self, self._directory, self._gateway)

    def _flush(self) -> None:
        flushes, self._to_flush = self._to_flush, []
        for flush in flushes:
            flush()

    def _room(self) -> None:
        """Let as many read on as there is room for, if each brings as much as the last time; all when all is written.

        Eight connections that carry a whole city would otherwise bring four batches at once, and the loop would see
        only after all of that what became of the batch before.
        """
        room, count = self.inbox.room, 0
        for connection in self._waiting_for_room:
            if room <= 0 and len(self.inbox):
                break
            room -= max(1, connection.read_last)
            count += 1
            connection.release(Hold.INBOX)
        self._waiting_for_room = self._waiting_for_room[count:]
        if self._waiting_for_room:
            self.inbox.on_room(self._room)

    async def _watch(self) -> None:
        """End connections that are silent or slow for too long, without holding up the others meanwhile."""
        watch = Watch(stall_s=self._gate.caps.stall_s, deaf_s=self._gate.caps.deaf_s)
        everybody, place = tuple[Connection, ...](), 0
        while True:
            await asyncio.sleep(WATCH_S)
            self._count()
            self._gate.tidy()
            for stranger in self._gate.late(self._patience_s):
                stranger.end("no CONNECT", with_will=False)
            if place >= len(everybody):
                watch.begin()
                everybody, place = tuple(self._connections), 0
            end = place + max(LOOKED_AT, ceil(len(everybody) / WATCHES))
            for start in range(place, end, LOOKED_AT):
                some = everybody[start : min(start + LOOKED_AT, end)]
                for connection, word, code in watch.look(some, self.now_s()):
                    connection.end(word, code=code, with_will=True)
                await asyncio.sleep(0)
            place = end

    def _end_if_withdrawn(self, connection: Connection) -> None:
        credential = connection.credential
        if credential is None:
            return
        known = self._directory.by_code.get(credential.code)
        if known is None or known.secret_hash != credential.secret_hash:
            connection.end("credential withdrawn", code=Code.ADMINISTRATIVE_ACTION, with_will=True)

    def _count(self) -> None:
        for kind, count in self.counted.items():
            metrics.LISTEN_PACKETS.labels(kind.__name__.lower()).inc(count)
        self.counted.clear()

"""The listening front door: ingest as the MQTT server of its terminals.

It is no general broker. A terminal publishes its own topics, which become packets in the inbox, and receives its own
downlink and the alerts of grids; nothing goes from one terminal to another. PUBACK follows `settle`, hence COMMIT.
"""

import asyncio
import secrets
import ssl
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

import structlog
from psycopg_pool import AsyncConnectionPool

from ingest import metrics
from ingest.doors.downlink_listen import Deliveries
from ingest.doors.listen_connection import Connection
from ingest.doors.listen_gateway import USER as GATEWAY_USER
from ingest.doors.listen_gateway import GatewayConnection, gateway_refusal_of
from ingest.doors.listen_grants import Grant, is_grid_alert
from ingest.doors.listen_login import BAD_CREDENTIALS, Refusal, certified_code, expiry_of, greeting, refusal_of
from ingest.doors.listen_roster import Key, Roster
from ingest.doors.listen_sessions import Session, Sessions
from ingest.doors.listen_wills import Wills
from ingest.doors.listen_wire import Hold, Stage
from ingest.inbox import Inbox
from ingest.mqtt import packets
from ingest.mqtt.decoder import Received
from ingest.mqtt.packets import Code, Level
from ingest.mqtt.properties import NONE, Properties
from ingest.rules.packets import UNKNOWN_TERMINAL
from ingest.store.terminals import Directory
from tracker.bus.interface import Bus

BACKLOG: Final = 4096  # connections the kernel holds for us while a city reconnects
PATIENCE_S: Final = 10.0  # from connecting to CONNECT
WATCH_S: Final = 1.0
QUIET_S: Final = 1.0  # between two log lines about refused log-ins; the counter has them all
GRACE: Final = 1.5  # times the keep-alive before a silent peer is lost (3.1.2.10)

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
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`gateway`: the secret of the load-only gateway (listen_gateway); None, as in production: there is none."""
        self.inbox: Final = inbox
        self.sessions: Final = Sessions(pool)
        self.counted: Final = Counter[type[Received]]()  # since the last look of `_watch`
        self._directory: Final = directory
        self._roster: Final = Roster()
        self._deliveries: Final = Deliveries(pool=pool, bus=bus, roster=self._roster)
        self._tls: Final = tls
        self._gateway: Final = gateway
        self._patience_s: Final = patience_s
        self._connections: Final[set[Connection]] = set()
        self._waiting_for_room: list[Connection] = []
        self._to_flush: list[Callable[[], None]] = []
        self._wills: Final = Wills()
        self._server: asyncio.Server | None = None
        self._is_stopping = False
        self._refused_at_s = -QUIET_S

    @property
    def connections(self) -> int:
        return len(self._connections)

    @property
    def port(self) -> int:
        """The TCP port listened on; 0 before `start`."""
        return self._server.sockets[0].getsockname()[1] if self._server is not None else 0

    async def run(self, host: str, port: int, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until cancelled. Raises OSError when the address cannot be listened on."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.sessions.run(), name="mqtt sessions")
                tasks.create_task(self._deliveries.run(), name="downlink over the listening door")
                tasks.create_task(self._watch(), name="mqtt keep-alive")
                await self.start(host, port)
                ready()
        finally:
            await self.stop()

    async def start(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, host, port, backlog=BACKLOG, ssl=self._tls)
        log.info("listener.started", host=host, port=self.port, tls=self._tls is not None)
        if self._gateway is not None:
            log.warning("listener.load_gateway_open", user=GATEWAY_USER, meaning="one log-in may write as any terminal")

    async def stop(self) -> None:
        """Say goodbye and close; no will is published, since nobody was lost."""
        self._is_stopping = True
        if self._server is not None:
            self._server.close()
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

    def remove(self, connection: Connection) -> None:
        self._connections.discard(connection)
        metrics.LISTEN_CONNECTIONS.set(len(self._connections))

    def wait_for_room(self, connection: Connection) -> None:
        if not self._waiting_for_room:
            self.inbox.on_room(self._room)
        self._waiting_for_room.append(connection)

    def log_in(self, connection: Connection, packet: packets.Connect) -> None:
        certified = certified_code(connection.certificate)
        if isinstance(connection, GatewayConnection) and connection.is_meant(packet, certified):
            self._log_gateway_in(connection, packet)
            return
        terminal = self._directory.by_code.get(packet.user or certified)
        refusal = refusal_of(packet, terminal, certified=certified)
        if refusal is not None or terminal is None:
            self._refuse(connection, packet, refusal or BAD_CREDENTIALS)
            return
        session = _session(packet, terminal.id, expiry_s=expiry_of(packet))
        key = self._take_over(session)
        self._wills.returned(key, is_anew=packet.clean_start)
        connection.begin(session, credential=terminal, will=packet.will)
        connection.limit_down(packet.properties)
        self._enter(key, connection, packet)
        self.sessions.open(session, clean=packet.clean_start, done=connection.opened)

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
        key = Key(session.terminal, session.client_id)
        self._roster.leave(key, connection)
        self._roster.unlisten(connection, session.subscriptions.keys())
        if with_will and connection.will is not None and not self._is_stopping:
            self._wills.lost(key, connection, connection.will, expiry_s=session.expiry_s)
        if session.is_stored:
            self.sessions.leave(session)
        elif session.is_present:
            self.sessions.discard(session)

    # The rest

    def _accept(self) -> Connection:
        return Connection(self) if self._gateway is None else GatewayConnection(self, self._directory, self._gateway)

    def _log_gateway_in(self, connection: GatewayConnection, packet: packets.Connect) -> None:
        if (refusal := gateway_refusal_of(packet)) is not None:
            self._refuse(connection, packet, refusal)
            return
        session = _session(packet, UNKNOWN_TERMINAL, expiry_s=0)
        key = self._take_over(session)
        connection.begin_gateway(session)
        self._enter(key, connection, packet)
        log.warning("gateway.logged_in", client=session.client_id[:64])
        connection.opened(None)

    def _take_over(self, session: Session) -> Key:
        key = Key(session.terminal, session.client_id)
        older = self._roster.holder(key)
        if older is not None:
            older.end("taken over", code=Code.SESSION_TAKEN_OVER, with_will=True)
        return key

    def _enter(self, key: Key, connection: Connection, packet: packets.Connect) -> None:
        connection.silence_s = packet.keep_alive_s * GRACE
        self._roster.enter(key, connection)

    def _refuse(self, connection: Connection, packet: packets.Connect, refusal: Refusal) -> None:
        metrics.LISTEN_CONNECTS.labels(refusal.word).inc()
        if self.now_s() - self._refused_at_s > QUIET_S:
            self._refused_at_s = self.now_s()
            log.info("login.refused", reason=refusal.word, user=(packet.user or "")[:64])
        connection.send(refusal.connack(packet.level))
        connection.end(refusal.word, with_will=False)

    def _flush(self) -> None:
        flushes, self._to_flush = self._to_flush, []
        for flush in flushes:
            flush()

    def _room(self) -> None:
        waiting, self._waiting_for_room = self._waiting_for_room, []
        for connection in waiting:
            connection.release(Hold.INBOX)

    async def _watch(self) -> None:
        """End connections that are silent for too long; 20,000 are looked at in some 6 ms."""
        while True:
            await asyncio.sleep(WATCH_S)
            self._count()
            now_s = self.now_s()
            for connection in tuple(self._connections):
                if connection.is_overdue(now_s, self._patience_s):
                    word = "no CONNECT" if connection.stage is Stage.GREETING else "keep-alive"
                    connection.end(word, code=Code.KEEP_ALIVE_TIMEOUT, with_will=True)

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


def _session(packet: packets.Connect, terminal: int, *, expiry_s: int) -> Session:
    client_id = packet.client_id or f"auto-{secrets.token_hex(8)}"
    return Session(terminal=terminal, client_id=client_id, expiry_s=expiry_s, is_assigned=not packet.client_id)

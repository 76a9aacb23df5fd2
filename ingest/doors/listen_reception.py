"""Each CONNECT at the listening door: who it is, whether it may come in and when, and whose place it takes.

A log-in is checked at once, then waits for its turn if there is a storm, then its session is asked for.
"""

import secrets
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol, cast

import structlog

from ingest import metrics
from ingest.doors.listen_connection import Connection
from ingest.doors.listen_gate import FULL, Gate
from ingest.doors.listen_gateway import GatewayConnection, gateway_refusal_of
from ingest.doors.listen_login import BAD_CREDENTIALS, Refusal, certified_code, expiry_of, refusal_of
from ingest.doors.listen_roster import Roster
from ingest.doors.listen_sessions import Session, Sessions
from ingest.doors.listen_wills import Wills
from ingest.mqtt import packets
from ingest.mqtt.packets import Code
from ingest.rules.packets import UNKNOWN_TERMINAL
from ingest.store.sessions import Key, Stored
from ingest.store.terminals import Directory, Terminal

QUIET_S: Final = 1.0  # between two log lines about refused log-ins; the counter has them all
GRACE: Final = 1.5  # times the keep-alive before a silent peer is lost (3.1.2.10)

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class Claims(Protocol):
    """Where several ingests share the terminals: which are ours, and how another one becomes it."""

    def owns(self, terminal: int) -> bool: ...
    def claim(self, terminal: int, done: Callable[[bool], None]) -> None: ...


class Reception:
    """`claims`: None when all terminals are ours."""

    def __init__(
        self,
        *,
        directory: Directory,
        roster: Roster,
        sessions: Sessions,
        wills: Wills,
        gate: Gate,
        now_s: Callable[[], float],
        claims: Claims | None,
    ) -> None:
        self._directory: Final = directory
        self._roster: Final = roster
        self._sessions: Final = sessions
        self._wills: Final = wills
        self._gate: Final = gate
        self._now_s: Final = now_s
        self._claims: Final = claims
        self._refused_at_s = -QUIET_S

    def log_in(self, connection: Connection, packet: packets.Connect) -> None:
        self._gate.leave(connection)
        certified = certified_code(connection.certificate)
        if isinstance(connection, GatewayConnection) and connection.is_meant(packet, certified):
            self._log_gateway_in(connection, packet)
            return
        terminal = self._directory.by_code.get(packet.user or certified)
        refusal = refusal_of(packet, terminal, certified=certified)
        refuse = partial(self._refuse, connection, packet)
        if refusal is BAD_CREDENTIALS or terminal is None:
            self._gate.fail(connection, packet.user or certified, partial(refuse, BAD_CREDENTIALS))
        elif refusal is not None:
            refuse(refusal)
        else:
            self._gate.let_in(connection, terminal.id, partial(self._let_in, connection, packet, terminal), refuse)

    def _let_in(self, connection: Connection, packet: packets.Connect, terminal: Terminal) -> None:
        """Its turn came. What changed while it waited counts: a credential may have been withdrawn."""
        if self._directory.by_code.get(terminal.code) is not terminal:
            self.log_in(connection, packet)
            return
        session = _session(packet, terminal.id, expiry_s=expiry_of(packet))
        if not self._make_room(session.key):
            self._refuse(connection, packet, FULL)
            return
        key = self._take_over(session)
        self._wills.returned(key, is_anew=packet.clean_start)
        connection.begin(session, credential=terminal, will=packet.will)
        connection.limit_down(packet.properties)
        self._enter(key, connection, packet)
        self._sessions.open(session, clean=packet.clean_start, done=partial(self._opened, connection))

    def _opened(self, connection: Connection, stored: Stored | None) -> None:
        """Its session was read; it goes on when the terminal is ours."""
        claims = self._claims
        if claims is None or claims.owns(connection.terminal):
            connection.opened(stored)
            return

        def claimed(is_ours: bool) -> None:  # noqa: FBT001 - a callback of one value
            if is_ours:
                connection.opened(stored)
            else:
                connection.end("owned elsewhere", with_will=False)

        claims.claim(connection.terminal, claimed)

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

    def _make_room(self, key: Key) -> bool:
        """Whether there is a place. A terminal with too many of them loses its oldest: the newest is the one in use."""
        if self._roster.holder(key) is not None:
            return True
        own = self._roster.of_terminal(key.terminal)
        if len(own) >= self._gate.caps.per_terminal:
            own[0].end("too many of a terminal", code=Code.QUOTA_EXCEEDED, with_will=True)
        return len(self._roster) < self._gate.caps.connections

    def _take_over(self, session: Session) -> Key:
        key = session.key
        older = self._roster.holder(key)
        if older is not None:
            older.end("taken over", code=Code.SESSION_TAKEN_OVER, with_will=True)
        return key

    def _enter(self, key: Key, connection: Connection, packet: packets.Connect) -> None:
        connection.silence_s = packet.keep_alive_s * GRACE
        self._roster.enter(key, connection)

    def _refuse(self, connection: Connection, packet: packets.Connect, refusal: Refusal) -> None:
        metrics.LISTEN_CONNECTS.labels(refusal.word).inc()
        if self._now_s() - self._refused_at_s > QUIET_S:
            self._refused_at_s = self._now_s()
            log.info("login.refused", reason=refusal.word, user=(packet.user or "")[:64])
        connection.send(refusal.connack(packet.level))
        connection.end(refusal.word, with_will=False)


def _session(packet: packets.Connect, terminal: int, *, expiry_s: int) -> Session:
    client_id = packet.client_id or f"auto-{secrets.token_hex(8)}"
    return Session(terminal=terminal, client_id=client_id, expiry_s=expiry_s, is_assigned=not packet.client_id)

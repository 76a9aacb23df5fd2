"""The load-only gateway: one connection that publishes for many terminals, at a door that was opened for it.

For load tests on machines that cannot hold a connection for each terminal of a city. Who knows its secret can write as
anybody, so no door accepts it unless it was started with that secret. It publishes the topics of admitted terminals and
nothing else: it subscribes to nothing, nothing goes down to it, it leaves no will, and nothing of it is kept.
"""

import secrets
from typing import Final

from ingest import metrics
from ingest.doors.listen_connection import Connection
from ingest.doors.listen_door import Door
from ingest.doors.listen_grants import Grant
from ingest.doors.listen_login import BAD_CLIENT_ID, BAD_METHOD, Refusal, has_bad_client_id
from ingest.doors.listen_sessions import Session
from ingest.doors.listen_wire import Stage
from ingest.mqtt.packets import Code, Connect, ConnectReturn, Level, Subscription
from ingest.rules.packets import UNKNOWN_TERMINAL, Route, address, pos_code
from ingest.store.terminals import Directory

USER: Final = "gateway"
# It carries thousands of terminals: as much as the whole inbox may wait for COMMIT, whose bound then stops the reading.
RECEIVE_MAXIMUM: Final = 20_000
WILL_REFUSED: Final = Refusal("gateway with a will", ConnectReturn.NOT_AUTHORIZED, Code.NOT_AUTHORIZED)
_NO_TOPIC: Final = "\0"  # no packet's


def gateway_refusal_of(packet: Connect) -> Refusal | None:
    """Return why the log-in of who knows the secret is refused all the same."""
    if packet.properties.auth_method is not None:
        return BAD_METHOD
    if packet.will is not None:
        return WILL_REFUSED
    return BAD_CLIENT_ID if has_bad_client_id(packet) else None


class GatewayConnection(Connection):
    """What a door with a gateway accepts: a terminal's connection, until `begin_gateway` makes it the gateway's."""

    __slots__ = ("_directory", "_secret", "is_gateway", "receive_maximum")

    def __init__(self, door: Door, directory: Directory, secret: str) -> None:
        super().__init__(door)
        self._directory: Final = directory
        self._secret: Final = secret
        self.is_gateway = False
        self.receive_maximum = Connection.receive_maximum

    def is_meant(self, packet: Connect, certified: str) -> bool:
        """Whether a log-in is the gateway's. `certified`: the name that the peer's certificate proves, "" without one.

        A terminal may be called "gateway": it shows its own secret, and is a terminal. Constant time over the password.
        """
        knows = secrets.compare_digest(packet.password or b"", self._secret.encode())
        return knows and packet.user == USER and certified in {"", USER}

    def begin_gateway(self, session: Session) -> None:
        """Its log-in was accepted; `opened` is next, since no session of it is ever stored."""
        self.session, self.is_gateway, self.stage = session, True, Stage.OPENING
        self.receive_maximum = RECEIVE_MAXIMUM

    def forget(self) -> None:
        """Terminals changed: ask the directory again, for the topic of the last packet too."""
        self._topic = _NO_TOPIC

    def _learn(self, topic: str) -> None:
        if not self.is_gateway:
            super()._learn(topic)
            return
        if terminal := self._directory.terminal_of(pos_code(topic)):
            self._topic, self._route, self.terminal, self._refusal = topic, Route.POS, terminal, 0
            return
        route, code = address(topic)
        if route is Route.OWNTRACKS:  # the app hears its own topic echoed; nobody here would
            route = Route.OTHER
        self._topic, self._route = topic, route
        self.terminal = self._directory.terminal_of(code)
        is_refused = route is Route.OTHER or self.terminal == UNKNOWN_TERMINAL
        self._refusal = Code.NOT_AUTHORIZED if is_refused and self.level is Level.V5 else 0
        if is_refused:
            metrics.LISTEN_REFUSED_TOPICS.labels("gateway").inc()

    def _granted(self, asked: Subscription, session: Session) -> Grant | None:
        return None if self.is_gateway else super()._granted(asked, session)

"""One terminal's connection to the listening door: MQTT packets become the door's deeds, and back.

It knows the order of things on one connection; who may log in, who is taken over and what waits for whom is the door's
(listen_door). A packet's kind finds its handler in the table at the end. While the database is asked for this
connection, what it sent already waits in the backlog.
"""

from collections.abc import Callable
from time import time_ns
from typing import Any, ClassVar, Final, cast

from ingest import metrics
from ingest.doors.listen_door import Door
from ingest.doors.listen_downward import Downward
from ingest.doors.listen_grants import Grant, granted, may_publish, refusal_of
from ingest.doors.listen_sessions import Session
from ingest.doors.listen_wire import Hold, Stage
from ingest.mqtt import packets
from ingest.mqtt.decoder import Received
from ingest.mqtt.encode import PINGRESP, puback
from ingest.mqtt.packets import Code, Level, Subscription
from ingest.mqtt.properties import NONE, Properties
from ingest.rules.packets import Packet, Route
from ingest.store.sessions import Stored
from ingest.store.terminals import Terminal

RECEIVE_MAXIMUM: Final = 500  # packets of one connection that may wait for COMMIT; 40 such fill the inbox
UNFINISHED_QOS2: Final = 1_000  # packet identifiers between PUBREC and PUBREL
# PINGREQ, SUBSCRIBE and UNSUBSCRIBE: so many at once, and so many a second; the last two cost a statement.
MOST_CHATTER: Final = 300
CHATTER_PER_S: Final = 20

# A token is the packet identifier, this bit for QoS 2, and above it the code that refuses the packet.
_QOS2: Final = 1 << 16
_CODE: Final = 17
_EXACTLY_ONCE: Final = 2


class Connection(Downward):
    __slots__ = (
        "_backlog",
        "_calm_at_s",
        "_door",
        "_pending_qos2",
        "_refusal",
        "_route",
        "_topic",
        "_unsettled",
        "code",
        "credential",
        "read_last",
        "terminal",
        "will",
    )

    receive_maximum: int = RECEIVE_MAXIMUM  # a gateway's is larger; asked for only when so many wait

    def __init__(self, door: Door) -> None:
        super().__init__(door)
        self._door: Final = door
        self._backlog: list[Received] = []  # came behind CONNECT or SUBSCRIBE while the database was asked
        self._pending_qos2: set[int] = set()  # put into the inbox, not settled
        self._topic = ""
        self._route = Route.OTHER
        self._refusal = 0
        self._unsettled = 0
        self._calm_at_s = 0.0
        self.read_last = 0  # packets in one piece
        self.terminal = 0
        self.code = ""
        self.credential: Terminal | None = None
        self.will: packets.Will | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._door.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.end("lost", with_will=True)
        super().connection_lost(exc)
        self._door.remove(self)

    def take(self, received: list[Received]) -> None:
        counted = self._door.counted
        self.read_last = len(received)
        for index, packet in enumerate(received):
            if self._held & Hold.SESSION or self.stage is Stage.CLOSED:
                self._backlog += received[index:]
                return
            kind = type(packet)
            counted[kind] += 1
            if kind is packets.Publish:
                self._publish(cast("packets.Publish", packet))
            else:
                self._handlers[kind](self, packet)
        if self._door.inbox.is_full and self.stage is not Stage.CLOSED:
            self.hold(Hold.INBOX)
            self._door.wait_for_room(self)

    def resume(self) -> None:
        """The database answered: take what came meanwhile, and read on."""
        backlog, self._backlog = self._backlog, []
        self.release(Hold.SESSION)
        self.take(backlog)

    def end(self, reason: str, *, code: Code | None = None, with_will: bool) -> None:
        """Close, once. `code` is told to a peer of MQTT 5 (4.13)."""
        if self.stage is Stage.CLOSED:
            return
        if code is not None and self.level is Level.V5 and self.stage is Stage.OPEN:
            self.send(packets.Disconnect(code=code))
        self.shut()
        self._backlog = []
        metrics.LISTEN_ENDS.labels(reason).inc()
        self._door.ended(self, with_will=with_will)

    # Up

    def _publish(self, packet: packets.Publish) -> None:
        said = packet.properties
        if said is not NONE and said.topic_alias is not None:
            self.end("topic alias", code=Code.TOPIC_ALIAS_INVALID, with_will=True)
            return
        if packet.topic is not self._topic:
            self._learn(packet.topic)
        token = packet.packet_id | self._refusal << _CODE if packet.qos else 0
        if packet.qos == _EXACTLY_ONCE and (token := self._token_once(packet, token)) < 0:
            return
        self._unsettled += token > 0
        self._put(packet.topic, self._route, packet.payload, said, token)
        if self._route is Route.OWNTRACKS:
            self._door.echo(self, packet)
        if self._unsettled >= RECEIVE_MAXIMUM:
            self._mind_the_cap()

    def _put(self, topic: str, route: Route, payload: bytes, said: Properties, token: int = 0) -> None:
        now_us = time_ns() // 1000
        if said is NONE:
            packet = Packet(self, token, self.terminal, topic, route, payload, now_us)
        else:
            reply, correlation = said.response_topic, said.correlation
            packet = Packet(self, token, self.terminal, topic, route, payload, now_us, reply, correlation)
        self._door.inbox.put(packet)

    def put_will(self, will: packets.Will) -> None:
        self._put(will.topic, may_publish(self.code, will.topic).route, will.payload, will.properties)

    def _learn(self, topic: str) -> None:
        self._topic = topic
        self._route, code = may_publish(self.code, topic)
        self._refusal = code if self.level is Level.V5 else 0
        if code:
            metrics.LISTEN_REFUSED_TOPICS.labels(code.name.lower()).inc()

    def _token_once(self, packet: packets.Publish, token: int) -> int:
        """Return the token of a QoS 2 packet, or -1 when it is a repetition that needs nothing more."""
        if self.session is None:
            return token
        if packet.packet_id in self.session.qos2_received:
            self.send(packets.Pubrec(packet.packet_id))
            return -1
        if packet.packet_id in self._pending_qos2:
            return -1
        self._pending_qos2.add(packet.packet_id)
        return token | _QOS2

    def _mind_the_cap(self) -> None:
        if self._unsettled > self.receive_maximum and self.level is Level.V5:
            self.end("receive maximum", code=Code.RECEIVE_MAXIMUM_EXCEEDED, with_will=True)
        elif self._unsettled >= self.receive_maximum:
            self.hold(Hold.UNSETTLED)

    def settle(self, token: int) -> None:
        """Acknowledge a packet that was disposed of; in one write with the others of its batch."""
        if not token:
            return
        self._unsettled -= 1
        if token < _QOS2:
            self.write(puback(token))
        elif token & _QOS2:
            self._settle_qos2(token & 0xFFFF, token >> _CODE)
        else:
            self.send(packets.Puback(token & 0xFFFF, token >> _CODE))
        if self._held & Hold.UNSETTLED and self._unsettled < self.receive_maximum // 2:
            self.release(Hold.UNSETTLED)

    def _settle_qos2(self, packet_id: int, code: int) -> None:
        """PUBREC goes out when the session remembers the packet, so that a repetition is known as one."""
        session = self.session
        self._pending_qos2.discard(packet_id)
        if code or session is None:
            self.send(packets.Pubrec(packet_id, code))
            return
        session.qos2_received.add(packet_id)
        self._door.sessions.remember(session, packet_id, lambda: self.send(packets.Pubrec(packet_id)))
        if len(session.qos2_received) > UNFINISHED_QOS2:
            self.end("unfinished QoS 2", code=Code.QUOTA_EXCEEDED, with_will=True)

    def _pubrel(self, packet: packets.Pubrel) -> None:
        session, packet_id = self.session, packet.packet_id
        if session is None or packet_id not in session.qos2_received:
            code = Code.PACKET_ID_NOT_FOUND if self.level is Level.V5 else Code.SUCCESS
            self.send(packets.Pubcomp(packet_id, code))
            return
        session.qos2_received.discard(packet_id)
        self._door.sessions.forget(session, packet_id, lambda: self.send(packets.Pubcomp(packet_id)))

    # Log in and out

    def _connect(self, packet: packets.Connect) -> None:
        self.level = packet.level
        self.hold(Hold.SESSION)
        self._door.log_in(self, packet)

    def begin(self, session: Session, *, credential: Terminal, will: packets.Will | None) -> None:
        """Its log-in was accepted; the session is being read."""
        self.session, self.credential, self.will = session, credential, will
        self.terminal, self.code = credential.id, credential.code
        self.stage = Stage.OPENING

    def opened(self, stored: Stored | None) -> None:
        """The session was read: greet, and take what came meanwhile."""
        if self.session is None or self.stage is not Stage.OPENING:
            return
        self.stage = Stage.OPEN
        self.session.has_row = stored is not None or self.session.is_stored
        if stored is not None:
            self.session.is_present = True
            self.session.subscriptions = {item.filter: item for item in stored.subscriptions}
            self.session.qos2_received = set(stored.qos2_received)
        self._door.greet(self)
        self.resume()

    def _disconnect(self, packet: packets.Disconnect) -> None:
        said_s = packet.properties.session_expiry_s
        if said_s == 0 and self.session is not None:
            self.session.expiry_s = 0
        self.end("disconnect", with_will=packet.code == Code.DISCONNECT_WITH_WILL)

    def _fault(self, fault: packets.Fault) -> None:
        if self.stage is Stage.GREETING and fault.code is Code.UNSUPPORTED_VERSION:
            self.send(packets.Connack(code=packets.ConnectReturn.UNACCEPTABLE_VERSION))
        self.end(fault.code.name.lower().replace("_", " "), code=fault.code, with_will=True)

    def _ping(self, _packet: packets.Pingreq) -> None:
        self.write(PINGRESP)
        self._mind_the_chatter()

    def _mind_the_chatter(self) -> None:
        """A token bucket in one number: the moment at which it is full again."""
        now_s = self._door.now_s()
        self._calm_at_s = max(self._calm_at_s, now_s) + 1 / CHATTER_PER_S
        if self._calm_at_s - now_s > MOST_CHATTER / CHATTER_PER_S:
            self.end("chatter", code=Code.MESSAGE_RATE_TOO_HIGH, with_will=True)

    # Subscriptions and what goes down

    def _subscribe(self, packet: packets.Subscribe) -> None:
        session = self.session
        if session is None:
            return
        if packet.properties.subscription_ids:
            self.end("subscription identifier", code=Code.SUBSCRIPTION_IDS_NOT_SUPPORTED, with_will=True)
            return
        grants = list[Grant]()
        codes = list[int]()
        is_new = False
        for item in packet.subscriptions:
            grant = self._granted(item, session)
            codes.append(refusal_of(item.filter, self.level) if grant is None else grant.subscription.qos)
            if grant is not None:
                is_new |= session.subscriptions.get(grant.subscription.filter) != grant.subscription
                session.subscriptions[grant.subscription.filter] = grant.subscription
                grants.append(grant)
        metrics.LISTEN_REFUSED_SUBSCRIPTIONS.inc(len(codes) - len(grants))
        self._ask(packets.Suback(packet_id=packet.packet_id, codes=tuple(codes)), grants, is_new=is_new)

    def _granted(self, asked: Subscription, session: Session) -> Grant | None:
        return granted(self.code, asked, session.subscriptions)

    def _ask(self, answer: packets.Suback | packets.Unsuback, grants: list[Grant], *, is_new: bool) -> None:
        """Answer when the session's subscriptions are stored; then send what waits for them.

        Clients that come back subscribe again to what their session holds: then nothing is written.
        """

        def stored() -> None:
            self.send(answer)
            if self.stage is Stage.OPEN:
                self._door.subscribed(self, grants)
                self.resume()

        self._mind_the_chatter()
        if self.session is None or self.stage is not Stage.OPEN:
            return
        if is_new:
            self.hold(Hold.SESSION)
            self._door.sessions.subscribe(self.session, stored)
        else:
            self.send(answer)
            self._door.subscribed(self, grants)

    def _unsubscribe(self, packet: packets.Unsubscribe) -> None:
        session = self.session
        if session is None:
            return
        found = [session.subscriptions.pop(pattern, None) for pattern in packet.filters]
        codes = tuple(Code.NO_SUBSCRIPTION_EXISTED if item is None else Code.SUCCESS for item in found)
        self._door.unsubscribed(self, packet.filters)
        is_new = any(item is not None for item in found)
        self._ask(packets.Unsuback(packet_id=packet.packet_id, codes=codes), [], is_new=is_new)

    def _puback(self, packet: packets.Puback) -> None:
        row = self.window.close(packet.packet_id)
        if row:
            self.row_delivered(row)

    def row_delivered(self, row: int) -> None:
        self._door.delivered(self, row)

    def _ignore(self, _packet: Received) -> None:
        """PUBREC and PUBCOMP answer a QoS 2 that never goes down; the others are the decoder's to refuse."""

    _handlers: ClassVar[dict[type[Received], Callable[["Connection", Any], None]]] = {
        packets.Connect: _connect,
        packets.Puback: _puback,
        packets.Pubrel: _pubrel,
        packets.Pubrec: _ignore,
        packets.Pubcomp: _ignore,
        packets.Subscribe: _subscribe,
        packets.Unsubscribe: _unsubscribe,
        packets.Pingreq: _ping,
        packets.Disconnect: _disconnect,
        packets.Fault: _fault,
    }

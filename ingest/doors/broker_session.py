"""One TCP connection of ingest's persistent session at a broker: CONNECT, SUBSCRIBE, then PUBLISH in, PUBACK out.

MQTT 5. A PUBACK is written when the packet is settled, that is after COMMIT; what is not settled when the connection
breaks is sent again by the broker on the next one.
"""

from collections.abc import Callable
from typing import Final

from ingest.doors.broker_link import BrokerLink, Login
from ingest.inbox import Inbox
from ingest.mqtt.decoder import Received
from ingest.mqtt.encode import encode, puback
from ingest.mqtt.packets import Code, Connack, Level, Publish, Suback, Subscribe, Subscription
from ingest.mqtt.properties import Properties
from ingest.rules.packets import Packet, Route, address, pos_code
from ingest.store.terminals import Directory

TOPICS: Final = ("gw/v1/t/+/+", "owntracks/+/+", "owntracks/+/+/+")
DOWNWARD: Final = frozenset({"stored", "alert", "cmd"})  # our own words under gw/v1/t/{terminal}/
SESSION_EXPIRY_S: Final = 7 * 86_400  # a weekend's outage of ingest loses nothing that the broker kept
RECEIVE_MAXIMUM: Final = 10_000  # one second of a city in flight; Mosquitto overshoots it, the inbox bounds memory
RETAINED_IF_NEW: Final = 1
# Between two reads: what came meanwhile is then read, decoded and put in one go. At a city's rate that took 9 us a
# message where single reads took 40, and 5 ms are little beside what a batch lingers.
GATHER_S: Final = 0.005


class BrokerSession(BrokerLink):
    """Ready once subscribed."""

    def __init__(self, login: Login, inbox: Inbox, directory: Directory, now_us: Callable[[], int]) -> None:
        said = Properties(session_expiry_s=SESSION_EXPIRY_S, receive_maximum=RECEIVE_MAXIMUM)
        super().__init__(login, said=said, clean_start=False)
        self._inbox: Final = inbox
        self._directory: Final = directory
        self._now_us: Final = now_us
        self._acks: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._transport is not None and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
            self._loop.call_later(GATHER_S, self._read_on)

    def heard(self, packet: Received) -> None:
        if isinstance(packet, Publish):
            self._publish(packet)
        elif isinstance(packet, Suback):
            self._subscribed(packet)

    def greeted(self, connack: Connack) -> None:  # noqa: ARG002 - nothing in it concerns us
        if self._transport is not None:
            wanted = tuple(Subscription(topic, qos=1, retain_handling=RETAINED_IF_NEW) for topic in TOPICS)
            self._transport.write(encode(Subscribe(packet_id=1, subscriptions=wanted), Level.V5))

    def settle(self, token: int) -> None:
        """Write the PUBACK, together with those of the same batch. The token is the packet identifier, 0 for QoS 0."""
        if not token or self._transport is None:
            return
        if not self._acks:
            self._loop.call_soon(self._flush)
        self._acks.append(puback(token))

    def _flush(self) -> None:
        acks, self._acks = self._acks, []
        if self._transport is not None:
            self._transport.write(b"".join(acks))

    def _read_on(self) -> None:
        """Read again, or when the inbox has room."""
        if self._inbox.is_full:
            self._inbox.on_room(self._read_on)
            return
        self._is_paused = False
        self._heard_at = self._loop.time()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _publish(self, packet: Publish) -> None:
        if terminal := self._directory.terminal_of(pos_code(packet.topic)):
            self._put(packet, Route.POS, terminal)
            return
        route, code = address(packet.topic)
        word = packet.topic.rpartition("/")[2]
        is_ours = word in DOWNWARD and packet.topic.startswith("gw/v1/t/")
        # A stored status was true when it was said, and is no sign of life now.
        if is_ours or (packet.retain and route is Route.STATUS):
            self.settle(packet.packet_id)
            return
        self._put(packet, route, self._directory.terminal_of(code))

    def _put(self, packet: Publish, route: Route, terminal: int) -> None:
        said, token, now_us = packet.properties, packet.packet_id, self._now_us()
        topic, reply, correlation = packet.topic, said.response_topic, said.correlation
        self._inbox.put(Packet(self, token, terminal, topic, route, packet.payload, now_us, reply, correlation))

    def _subscribed(self, suback: Suback) -> None:
        refused = [topic for topic, code in zip(TOPICS, suback.codes, strict=False) if code >= Code.UNSPECIFIED_ERROR]
        if refused:
            self.close(f"the broker refuses the subscription to {refused[0]}")
        else:
            self.is_ready.set()

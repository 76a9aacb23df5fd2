"""One MQTT 3.1.1 connection of one terminal, on ingest's codec. It lives as long as its socket; `Terminal` outlives it.

Nothing is awaited here: bytes in, packets to the owner, bytes out.
"""

import asyncio
from typing import Final, Protocol, cast

from ingest.mqtt import encode, packets
from ingest.mqtt.decoder import Decoder, Side
from ingest.mqtt.packets import Level
from simulators.roster import Credential
from simulators.terminals.outbox import Message

_LEVEL: Final = Level.V311
_LOGIN_S: Final = 30.0  # from the TCP connection to CONNACK; a city that comes back at once makes a server slow
_PING_SHARE: Final = 0.5  # of the keep-alive without a word of ours, then PINGREQ
_SILENCE_SHARE: Final = 2.0  # of the keep-alive without a word of theirs, then the connection is given up
_LARGEST_PACKET: Final = 1024 * 1024
_SUBSCRIBE_ID: Final = 65_535  # the outbox counts up to the one before

_RETURNS: Final[dict[int, str]] = {
    packets.ConnectReturn.UNACCEPTABLE_VERSION: "the server does not speak MQTT 3.1.1",
    packets.ConnectReturn.IDENTIFIER_REJECTED: "the server does not take this client id",
    packets.ConnectReturn.SERVER_UNAVAILABLE: "the server says that it is unavailable",
    packets.ConnectReturn.BAD_USER_NAME_OR_PASSWORD: "the server does not know this terminal or its secret",
    packets.ConnectReturn.NOT_AUTHORIZED: "the server does not let this terminal in",
}


class Owner(Protocol):
    """What a link tells its terminal; all are called from the event loop and must not raise."""

    def went_up(self, link: "Link") -> None: ...
    def went_down(self, link: "Link", why: str) -> None: ...
    def acknowledged(self, packet_id: int) -> None: ...
    def received(self, topic: str, payload: bytes) -> None: ...


class Link(asyncio.Protocol):
    def __init__(
        self, owner: Owner, credential: Credential, *, client_id: str, keep_alive_s: int, downlink: str, will: str
    ) -> None:
        """`downlink` is the topic subscribed to, `will` the status topic that says offline when we vanish."""
        self._owner: Final = owner
        self._connect: Final = packets.Connect(
            level=_LEVEL,
            client_id=client_id,
            clean_start=False,
            keep_alive_s=keep_alive_s,
            user=credential.terminal,
            password=credential.secret.encode(),
            will=packets.Will(topic=will, payload=b"offline", qos=1, retain=True),
        )
        self._downlink: Final = downlink
        self._decoder: Final = Decoder(Side.CLIENT, level=_LEVEL, largest_packet=_LARGEST_PACKET)
        self._loop: Final = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._why = "the server closed the connection"
        self._spoke_at = self._heard_at = self._loop.time()
        self._is_choked = False
        self.is_up = False
        self.was_refused = False

    @property
    def is_writable(self) -> bool:
        """Whether what is sent now would leave soon."""
        return self.is_up and not self._is_choked and self._transport is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of asyncio's
        self._write(encode.encode(self._connect, _LEVEL))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._owner.went_down(self, str(exc) if exc else self._why)

    def pause_writing(self) -> None:
        self._is_choked = True

    def resume_writing(self) -> None:
        self._is_choked = False

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        answers: list[bytes] = []
        for packet in self._decoder.feed(data):
            match packet:
                case packets.Puback():
                    self._owner.acknowledged(packet.packet_id)
                case packets.Publish():
                    self._owner.received(packet.topic, packet.payload)
                    if packet.qos:  # we subscribe with QoS 1, so it is never 2
                        answers.append(encode.puback(packet.packet_id))
                case packets.Connack():
                    self._logged_in(packet)
                case packets.Fault():
                    self.abort(f"the server broke the protocol: {packet.detail}")
                case packets.Suback() if any(code >= packets.Code.UNSPECIFIED_ERROR for code in packet.codes):
                    self.abort(f"the server refused the subscription to {self._downlink}")
                case _:
                    pass
        if answers:
            self._write(b"".join(answers))

    def send(self, items: list[tuple[int, Message]], *, dup: bool = False) -> None:
        """Write PUBLISH packets, in one piece."""
        self._write(
            b"".join(
                encode.publish(
                    message.topic,
                    message.payload,
                    level=_LEVEL,
                    qos=1,
                    packet_id=packet_id,
                    retain=message.retain,
                    dup=dup,
                )
                for packet_id, message in items
            )
        )

    def tend(self) -> None:
        """Ping when silent, give up when the peer is; to be called every few seconds."""
        now, keep_alive_s = self._loop.time(), self._connect.keep_alive_s
        silent_s = now - self._heard_at
        if silent_s > (_SILENCE_SHARE * keep_alive_s if self.is_up else _LOGIN_S):
            self.abort(f"nothing heard from the server for {silent_s:.0f} s")
        elif self.is_up and now - self._spoke_at > _PING_SHARE * keep_alive_s:
            self._write(encode.PINGREQ)

    def leave(self) -> None:
        """Say goodbye and close."""
        if self._transport is not None:
            self._why = "we left"
            self._write(encode.encode(packets.Disconnect(), _LEVEL))
            self._transport.close()

    def abort(self, why: str) -> None:
        if self._transport is not None:
            self._why = why
            self._transport.abort()

    def _logged_in(self, connack: packets.Connack) -> None:
        if connack.code != packets.ConnectReturn.ACCEPTED:
            self.was_refused = True
            self.abort(_RETURNS.get(connack.code, f"CONNACK {connack.code}"))
            return
        subscription = packets.Subscription(self._downlink, qos=1)
        subscribe = packets.Subscribe(packet_id=_SUBSCRIBE_ID, subscriptions=(subscription,))
        self._write(encode.encode(subscribe, _LEVEL))
        self.is_up = True
        self._owner.went_up(self)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and data:
            self._spoke_at = self._loop.time()
            self._transport.write(data)

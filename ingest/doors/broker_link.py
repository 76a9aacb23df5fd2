"""One TCP connection of ours to a broker, MQTT 5: CONNECT, its answer, pings, and in words why it is over."""

import asyncio
import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Final, cast

from ingest.mqtt import packets
from ingest.mqtt.decoder import Decoder, Received, Side
from ingest.mqtt.encode import PINGREQ, encode
from ingest.mqtt.packets import Code, Connack, Connect, Fault, Level, Puback, Publish
from ingest.mqtt.properties import Properties

KEEP_ALIVE_S: Final = 10.0  # a link that says nothing any more is given up after twice that


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    client_id: str
    user: str | None = None
    password: bytes | None = None
    keep_alive_s: float = KEEP_ALIVE_S


class BrokerLink(asyncio.Protocol):
    """`ended` is done when the connection is over, with the reason in words; `is_ready` is set once it can be used."""

    def __init__(self, login: Login, *, said: Properties, clean_start: bool) -> None:
        loop = asyncio.get_running_loop()
        self.ended: Final[asyncio.Future[str]] = loop.create_future()
        self.is_ready: Final = asyncio.Event()
        self._loop = loop
        self._login: Final = login
        self._said: Final = said
        self._clean_start: Final = clean_start
        self._decoder: Final = Decoder(Side.CLIENT, level=Level.V5)
        self._transport: asyncio.Transport | None = None
        self._is_paused = False  # it is us who do not read
        self._heard_at = 0.0

    @abstractmethod
    def greeted(self, connack: Connack) -> None:
        """The broker let us in."""

    @abstractmethod
    def heard(self, packet: Received) -> None:
        """A packet came that is neither CONNACK nor DISCONNECT."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        connect = Connect(
            level=Level.V5,
            client_id=self._login.client_id,
            clean_start=self._clean_start,
            keep_alive_s=math.ceil(self._login.keep_alive_s),
            user=self._login.user,
            password=self._login.password,
            properties=self._said,
        )
        self._transport.write(encode(connect, Level.V5))

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        for packet in self._decoder.feed(data):
            if isinstance(packet, Publish | Puback):  # first what comes by the million
                self.heard(packet)
            elif isinstance(packet, Connack):
                self._answered(packet)
            elif isinstance(packet, Fault):
                self.close(f"broken stream: {packet.detail}")
            elif isinstance(packet, packets.Disconnect):
                self.close(f"the broker says {name_of(packet.code)}")
            else:
                self.heard(packet)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._end("connection lost" if exc is None else str(exc) or type(exc).__name__)

    def beat(self) -> None:
        """Ping; give up when nothing came for two keep-alives, unless it is us who do not read."""
        if self._transport is None:
            return
        if not self._is_paused and self._loop.time() - self._heard_at > 2 * self._login.keep_alive_s:
            self.close("the broker is silent")
        else:
            self._transport.write(PINGREQ)

    async def stay(self) -> str:
        """Keep the connection alive; return why it ended."""
        try:
            while not self.ended.done():
                await asyncio.wait([self.ended], timeout=self._login.keep_alive_s / 2)
                self.beat()
            return self.ended.result()
        finally:
            self.close("closed by us")

    def close(self, why: str) -> None:
        self._end(why)
        if self._transport is not None:
            self._transport.abort()

    def _answered(self, connack: Connack) -> None:
        if connack.code or self._transport is None:
            self.close(f"the broker refuses the log-in: {name_of(connack.code)}")
        else:
            self.greeted(connack)

    def _end(self, why: str) -> None:
        if not self.ended.done():
            self.ended.set_result(why)


def name_of(code: int) -> str:
    """Return a reason code in words."""
    try:
        return Code(code).name.lower().replace("_", " ")
    except ValueError:
        return f"code {code}"

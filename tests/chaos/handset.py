"""A terminal that keeps what it said until it is disposed of, and says it again until then, over many connections.

`Style.PLAIN` believes a PUBACK alone; the others want a receipt, and say a message again that got a PUBACK only.
"""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from ingest.mqtt import packets
from ingest.mqtt.decoder import Decoder, Received, Side
from ingest.mqtt.encode import PINGREQ, encode, puback, publish
from ingest.mqtt.packets import Level
from ingest.mqtt.properties import NONE, Properties
from tests.chaos.book import Book
from tests.chaos.messages import Composer, Message, Style

KEEP_ALIVE_S: Final = 4
_SILENCE_S: Final = 1.5 * KEEP_ALIVE_S  # nothing heard for so long, though we ping: the connection is given up
_LOGIN_S: Final = 10.0
_OPEN_S: Final = 5.0
_PAUSE_S: Final = (0.2, 0.5, 1.0, 2.0, 4.0)  # before another connection
_TEND_S: Final = 0.5
_WINDOW: Final = 20  # messages on their way
_AGAIN_S: Final = 4.0  # from a PUBACK without a receipt to saying it again; doubled each time
_LONGEST_AGAIN_S: Final = 30.0
_LAST_ID: Final = 60_000
_SUBSCRIBE_ID: Final = 65_000


@dataclass(slots=True)
class Kept:
    message: Message
    said: int = 0  # times
    packet_id: int = 0  # on its way under it; 0: acknowledged, or not said on this connection
    is_acknowledged: bool = False
    is_receipted: bool = False
    again_at_s: float = 0.0


class Line(asyncio.Protocol):
    def __init__(self, level: Level, deal: Callable[[Received], None]) -> None:
        self.ended: Final = asyncio.Event()
        self.transport: asyncio.Transport | None = None
        self.heard_at_s = asyncio.get_running_loop().time()
        self._decoder: Final = Decoder(Side.CLIENT, level=level)
        self._deal: Final = deal

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.heard_at_s = asyncio.get_running_loop().time()
        for packet in self._decoder.feed(data):
            self._deal(packet)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        self.ended.set()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class Handset:
    """`number` and `code` are the terminal's; `port` is where it connects to; `chance` spreads its attempts."""

    def __init__(
        self,
        *,
        number: int,
        code: str,
        secret: str,
        style: Style,
        composer: Composer,
        book: Book,
        port: int,
        interval_s: float,
        chance: random.Random,
    ) -> None:
        self.kept: Final[dict[int, Kept]] = {}  # by message number, oldest first
        self.style: Final = style
        self._number: Final = number
        self._code: Final = code
        self._secret: Final = secret
        self._composer: Final = composer
        self._book: Final = book
        self._port: Final = port
        self._interval_s: Final = interval_s
        self._chance: Final = chance
        self._level: Final = Level.V5 if style is Style.RESPONSE else Level.V311
        self._topic: Final = f"gw/v1/t/{code}/pos".encode()
        self._stored: Final = f"gw/v1/t/{code}/stored"
        self._on_the_way: Final[dict[int, Kept]] = {}
        self._line: Line | None = None
        self._is_greeted = False
        self._failures = 0
        self._last_id = 0
        self._spoke_at_s = 0.0

    async def report(self, over: asyncio.Event) -> None:
        """Compose a message each interval until `over`."""
        await asyncio.sleep(self._chance.uniform(0, self._interval_s))
        while not over.is_set():
            message = self._composer.compose()
            self._book.publish(self._number, message, asks=self.style is not Style.PLAIN)
            self.kept[message.number] = Kept(message)
            self._say_more()
            await asyncio.sleep(self._interval_s)

    async def stay_connected(self) -> None:
        """Connect, and again, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout(_OPEN_S):
                    _, line = await loop.create_connection(
                        lambda: Line(self._level, self._deal), "127.0.0.1", self._port
                    )
            except OSError:  # TimeoutError is one
                await self._pause()
                continue
            self._line = line
            self._log_in()
            try:
                await self._tend(line)
            finally:
                line.abort()
                self._line, self._is_greeted = None, False
                self._lose_sight()
            await self._pause()

    async def _pause(self) -> None:
        longest_s = _PAUSE_S[min(self._failures, len(_PAUSE_S) - 1)]
        self._failures += 1
        await asyncio.sleep(longest_s * self._chance.uniform(0.5, 1.0))

    async def _tend(self, line: Line) -> None:
        """Return when the connection is over, or given up."""
        loop = asyncio.get_running_loop()
        while not line.ended.is_set():
            try:
                async with asyncio.timeout(_TEND_S):
                    await line.ended.wait()
            except TimeoutError:
                now_s = loop.time()
                if now_s - line.heard_at_s > (_SILENCE_S if self._is_greeted else _LOGIN_S):
                    self._book.counts["connections given up"] += 1
                    return
                if self._is_greeted and now_s - self._spoke_at_s > KEEP_ALIVE_S / 2:
                    self._write(PINGREQ)
                self._say_again(now_s)

    def _lose_sight(self) -> None:
        for kept in self._on_the_way.values():
            kept.packet_id = 0
        self._on_the_way.clear()

    # Up

    def _log_in(self) -> None:
        connect = packets.Connect(
            level=self._level,
            client_id=self._code,
            clean_start=False,
            keep_alive_s=KEEP_ALIVE_S,
            user=self._code,
            password=self._secret.encode(),
            properties=Properties(session_expiry_s=3600) if self._level is Level.V5 else NONE,
        )
        self._write(encode(connect, self._level))

    def _say_more(self) -> None:
        """Say what was not said on this connection, as far as the window goes."""
        if not self._is_greeted:
            return
        for kept in self.kept.values():
            if len(self._on_the_way) >= _WINDOW:
                return
            if not kept.packet_id and not kept.is_acknowledged:
                self._say(kept)

    def _say_again(self, now_s: float) -> None:
        if not self._is_greeted:
            return
        for kept in self.kept.values():
            if len(self._on_the_way) >= _WINDOW:
                return
            if kept.is_acknowledged and not kept.packet_id and now_s > kept.again_at_s:
                self._say(kept)

    def _say(self, kept: Kept) -> None:
        while (packet_id := self._last_id % _LAST_ID + 1) in self._on_the_way:
            self._last_id = packet_id
        self._last_id = kept.packet_id = packet_id
        self._on_the_way[packet_id] = kept
        kept.said += 1
        self._book.counts["messages said again"] += kept.said > 1
        said = NONE
        if self.style is Style.RESPONSE:
            said = Properties(response_topic=self._stored, correlation=str(kept.message.number).encode())
        self._write(
            publish(
                self._topic,
                kept.message.payload,
                level=self._level,
                qos=1,
                packet_id=packet_id,
                dup=kept.said > 1,
                said=said,
            )
        )

    def _write(self, raw: bytes) -> None:
        line = self._line
        if line is not None and line.transport is not None and not line.transport.is_closing():
            self._spoke_at_s = asyncio.get_running_loop().time()
            line.transport.write(raw)

    # Down

    def _deal(self, packet: Received) -> None:
        match packet:
            case packets.Connack():
                self._greet(packet)
            case packets.Puback():
                self._acknowledge(packet)
            case packets.Publish():
                if packet.qos:
                    self._write(puback(packet.packet_id))
                self._hear(packet)
            case packets.Disconnect():
                self._book.counts[f"sent away: {packets.Code(packet.code).name.lower().replace('_', ' ')}"] += 1
            case packets.Fault():
                self._book.wrong.append(f"{self._code} was sent a broken stream: {packet.detail}")
            case _:
                pass

    def _greet(self, connack: packets.Connack) -> None:
        if connack.code:
            self._book.counts[f"log-ins refused: {connack.code}"] += 1
            if self._line is not None:
                self._line.abort()
            return
        self._is_greeted, self._failures = True, 0
        self._book.counts["log-ins"] += 1
        if self.style is not Style.PLAIN:
            subscriptions = (packets.Subscription(self._stored, qos=1),)
            self._write(encode(packets.Subscribe(packet_id=_SUBSCRIBE_ID, subscriptions=subscriptions), self._level))
        self._say_more()

    def _acknowledge(self, puback: packets.Puback) -> None:
        kept = self._on_the_way.pop(puback.packet_id, None)
        if kept is None:
            return
        if puback.code >= packets.Code.UNSPECIFIED_ERROR:
            self._book.wrong.append(f"{self._code}: PUBACK with code {puback.code}")
        kept.packet_id, kept.is_acknowledged = 0, True
        pause_s = min(_LONGEST_AGAIN_S, _AGAIN_S * 2 ** (kept.said - 1))
        kept.again_at_s = asyncio.get_running_loop().time() + pause_s
        self._book.acknowledge(self._number, kept.message)
        if self.style is Style.PLAIN:
            self._book.settle_spoilt(self._number, kept.message)
        self._forget_if_done(kept)
        self._say_more()

    def _hear(self, packet: packets.Publish) -> None:
        said: dict[str, Any] = json.loads(packet.payload)
        correlation = packet.properties.correlation
        number = said["id"] if self.style is Style.FIELD else int(correlation or b"0")
        kept = self.kept.get(number)
        if kept is None:
            return  # a message said twice is receipted twice
        self._book.receipt(self._number, kept.message, said)
        kept.is_receipted = True
        self._forget_if_done(kept)
        self._say_more()

    def _forget_if_done(self, kept: Kept) -> None:
        if kept.is_acknowledged and (kept.is_receipted or self.style is Style.PLAIN):
            self.kept.pop(kept.message.number, None)

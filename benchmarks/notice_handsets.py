"""Leaders' terminals that note when they hear of a warning: by their own message, and by their grid's."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, NamedTuple, cast

from benchmarks.storm_peers import SECRET, dial
from ingest.mqtt import packets
from ingest.mqtt.decoder import Decoder, Side
from ingest.mqtt.encode import encode
from ingest.mqtt.packets import Level, Subscription

BEGUN: Final = b'"kind":"issue"'
OWN: Final = "gw/v1/t/"


class Leader(NamedTuple):
    """Who leads a grid, by the code of the terminal that they carry."""

    terminal: str
    grid: str


class Handset(asyncio.Protocol):
    """Connects and subscribes, then calls `is_up` once; answers every message with its PUBACK."""

    __slots__ = ("_decoder", "_is_up", "_transport", "heard", "leader")

    def __init__(self, leader: Leader, is_up: Callable[[], None]) -> None:
        self.leader = leader
        self.heard: dict[tuple[bytes, bool], float] = {}  # (alert, to its own topic): seconds since 1970
        self._is_up = is_up
        self._decoder = Decoder(Side.CLIENT, level=Level.V311)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        code = self.leader.terminal
        connect = packets.Connect(
            level=Level.V311,
            client_id=f"{code}-handset",
            clean_start=False,
            keep_alive_s=3_600,
            user=code,
            password=SECRET.encode(),
        )
        self._transport.write(encode(connect, Level.V311))

    def data_received(self, data: bytes) -> None:
        at_s = time.time()
        for packet in self._decoder.feed(data):
            if isinstance(packet, packets.Connack):
                assert packet.code == 0, packet
                wanted = (f"{OWN}{self.leader.terminal}/alert", f"gw/v1/g/{self.leader.grid}/alert")
                subscriptions = tuple(Subscription(topic, 1) for topic in wanted)
                self._write(packets.Subscribe(packet_id=1, subscriptions=subscriptions))
            elif isinstance(packet, packets.Suback):
                self._is_up()
            elif isinstance(packet, packets.Publish):
                self._hear(packet, at_s)

    def leave(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _hear(self, packet: packets.Publish, at_s: float) -> None:
        if packet.qos:
            self._write(packets.Puback(packet_id=packet.packet_id))
        if BEGUN in packet.payload:
            _, _, rest = packet.payload.partition(b'"alert":"')
            self.heard.setdefault((rest[:36], packet.topic.startswith(OWN)), at_s)

    def _write(self, packet: packets.Packet) -> None:
        if self._transport is not None:
            self._transport.write(encode(packet, Level.V311))


async def connect_all(leaders: list[Leader], port: int) -> list[Handset]:
    """Return the handsets when every one of them has subscribed."""
    room, handsets = asyncio.Semaphore(200), list[Handset]()
    for place, leader in enumerate(leaders):
        await room.acquire()
        handset = Handset(leader, room.release)
        handsets.append(handset)
        await dial(handset, port, f"127.0.1.{1 + place % 8}")
    for _ in range(200):
        await room.acquire()
    return handsets

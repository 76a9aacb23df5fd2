"""The stream: bytes as they come in, packets as they become whole. The theory is in the package's docstring."""

from enum import Enum
from typing import Final

from ingest.mqtt import properties, topics
from ingest.mqtt.bodies import READ
from ingest.mqtt.errors import (
    BrokenError,
    MalformedPacketError,
    PacketTooLargeError,
    ProtocolError,
    UnsupportedVersionError,
)
from ingest.mqtt.fields import Reader
from ingest.mqtt.kinds import FLAGS, Kind
from ingest.mqtt.packets import LARGEST_PACKET, Code, Connect, Fault, Level, Packet, Publish
from ingest.mqtt.properties import NONE

Received = Packet | Fault

# A CONNECT holds names, a password and a will; who has not logged in yet may not fill our memory.
LARGEST_CONNECT: Final = 16 * 1024
# What is no PUBLISH is read at once and whole: two megabytes of filters would hold the loop for seconds.
LARGEST_CONTROL: Final = 16 * 1024

_PUBLISH: Final = 3
_QOS_3: Final = 3
_CONTINUES: Final = 0x80
_LONGEST_HEADER: Final = 5
_DUP: Final = 0b1000


class Side(Enum):
    """Which end of the connection the decoder stands at: what it receives comes from the other."""

    SERVER = 1
    CLIENT = 2


_BOTH: Final = frozenset(
    {Kind.PUBLISH, Kind.PUBACK, Kind.PUBREC, Kind.PUBREL, Kind.PUBCOMP, Kind.DISCONNECT, Kind.AUTH}
)
RECEIVED_BY: Final = {
    Side.SERVER: _BOTH | {Kind.CONNECT, Kind.SUBSCRIBE, Kind.UNSUBSCRIBE, Kind.PINGREQ},
    Side.CLIENT: _BOTH | {Kind.CONNACK, Kind.SUBACK, Kind.UNSUBACK, Kind.PINGRESP},
}

_CODES: Final[dict[type[BrokenError], Code]] = {
    MalformedPacketError: Code.MALFORMED_PACKET,
    ProtocolError: Code.PROTOCOL_ERROR,
    PacketTooLargeError: Code.PACKET_TOO_LARGE,
    UnsupportedVersionError: Code.UNSUPPORTED_VERSION,
}


class Decoder:
    """Feed it bytes. `level` is None until a server's decoder has seen CONNECT; a client's owner gives it.

    `largest_packet` (bytes, fixed header included) bounds what is kept of a packet that is not whole yet.
    """

    __slots__ = ("_fault", "_largest", "_needed", "_partial", "_side", "_topic", "_topic_bytes", "level")

    def __init__(self, side: Side, *, level: Level | None = None, largest_packet: int = LARGEST_PACKET) -> None:
        self.level = level
        self._side: Final = side
        self._largest: Final = largest_packet
        self._partial: bytearray | None = None  # the beginning of a packet
        self._needed = 0  # bytes that make it whole; 0 while its length is unknown
        self._topic_bytes = b""
        self._topic = ""
        self._fault = False

    @property
    def unfinished(self) -> bytearray | None:
        """The beginning of a packet that is not whole yet: the same object until it is."""
        return self._partial

    def feed(self, data: bytes) -> list[Received]:
        """Return the packets that `data` made whole, in order; a Fault is the last thing that ever comes."""
        if self._partial is not None or self._fault:
            data = self._joined(data)
        received: list[Received] = []
        try:
            at = self._walk(data, received)
        except BrokenError as broken:
            self._fault, self._partial = True, None
            received.append(Fault(code=_CODES[type(broken)], detail=str(broken)))
            return received
        if at < len(data):
            self._partial = bytearray(data[at:])
        return received

    def _joined(self, data: bytes) -> bytes:
        """Return what there is from the beginning of a packet on, b"" while that is not enough to look at."""
        if self._fault or self._partial is None:
            return b""
        self._partial += data
        if len(self._partial) < self._needed:
            return b""
        data, self._partial = bytes(self._partial), None
        return data

    def _walk(self, data: bytes, received: list[Received]) -> int:
        """Append the whole packets of `data`, return where the rest begins."""
        at, size, largest = 0, len(data), self._limit()
        if self.level is None and data and data[0] >> 4 != Kind.CONNECT:
            raise ProtocolError(f"{Kind(data[0] >> 4).name} before CONNECT")
        while size - at > 1:
            first, body, length = data[at], at + 2, data[at + 1]
            if length >= _CONTINUES:
                body, length = _long_length(data, at)
                if not body:
                    self._needed = 0
                    return at
            end = body + length
            if end - at > largest:
                raise PacketTooLargeError(f"a packet of {end - at} bytes; at most {largest}")
            if end > size:
                self._needed = end - at
                return at
            if first >> 4 == _PUBLISH:
                received.append(self._publish(data, first, body, end))
            else:
                received.append(self._other(first, Reader(data, body, end)))
                largest = self._limit()
            at = end
        self._needed = 0
        return at

    def _limit(self) -> int:
        return self._largest if self.level is not None else min(self._largest, LARGEST_CONNECT)

    def _publish(self, data: bytes, first: int, at: int, end: int) -> Publish:
        qos = first >> 1 & 3
        start = at + 2  # of what comes next: the topic
        if qos == _QOS_3 or start > end:
            raise MalformedPacketError("PUBLISH of QoS 3, or without room for a topic")
        topic_end = start + (data[at] << 8 | data[at + 1])
        topic_bytes = data[start:topic_end]
        start = topic_end + 2 if qos else topic_end
        if start > end:
            raise MalformedPacketError("a topic or packet identifier runs past the end of PUBLISH")
        packet_id = 0
        if qos:
            packet_id = data[topic_end] << 8 | data[topic_end + 1]
            if not packet_id:
                raise MalformedPacketError("packet identifier 0")
        said = NONE
        if self.level is Level.V5:
            if data[start : start + 1] != b"\0":
                reader = Reader(data, start, end)
                said = properties.read(reader, Kind.PUBLISH)
                start = reader.at
            else:
                start += 1
        if topic_bytes != self._topic_bytes or not topic_bytes:
            self._learn_topic(topic_bytes, has_alias=said.topic_alias is not None)
        return Publish(self._topic, data[start:end], qos, packet_id, first & 1 == 1, first & _DUP == _DUP, said)

    def _learn_topic(self, topic_bytes: bytes, *, has_alias: bool) -> None:
        if not topic_bytes and not has_alias:
            raise ProtocolError("PUBLISH without a topic")
        self._topic = topics.decode_name(topic_bytes)
        self._topic_bytes = topic_bytes

    def _other(self, first: int, reader: Reader) -> Packet:
        kind = Kind(first >> 4)
        self._check(kind, first & 15)
        if reader.end - reader.at > LARGEST_CONTROL:
            raise PacketTooLargeError(f"{kind.name} of {reader.end - reader.at} bytes; at most {LARGEST_CONTROL}")
        if kind is Kind.CONNECT:
            packet = READ[kind](reader, Level.V5)
            if isinstance(packet, Connect):
                self.level = packet.level
        else:
            packet = READ[kind](reader, self.level or Level.V5)
        reader.finish()
        return packet

    def _check(self, kind: Kind, flags: int) -> None:
        if kind not in RECEIVED_BY[self._side]:
            raise ProtocolError(f"{kind.name} from the wrong side")
        if kind is Kind.CONNECT and self.level is not None:
            raise ProtocolError("CONNECT twice")
        ignored = _DUP if self.level is Level.V31 or kind is Kind.CONNECT else 0
        if flags & ~ignored != FLAGS[kind]:
            raise MalformedPacketError(f"flags {flags:04b} in {kind.name}")


def _long_length(data: bytes, at: int) -> tuple[int, int]:
    """Return (begin of the body, its length) of a length of 2 to 4 bytes; (0, 0) when bytes are missing (1.5.5)."""
    length = shift = 0
    for place in range(at + 1, min(len(data), at + _LONGEST_HEADER)):
        length |= (data[place] & 127) << shift
        if data[place] < _CONTINUES:
            return place + 1, length
        shift += 7
    if len(data) - at >= _LONGEST_HEADER:
        raise MalformedPacketError("a remaining length of more than four bytes")
    return 0, 0

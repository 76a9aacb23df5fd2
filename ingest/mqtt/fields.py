"""MQTT's primitive types (1.5): integers, lengths, text, binary. A reader for whatever is not on the hot path."""

from typing import Final

from ingest.mqtt.errors import MalformedPacketError

LONGEST_STRING: Final = 65_535  # bytes of UTF-8
LARGEST_VARINT: Final = 268_435_455
_CONTINUES: Final = 0x80
_BYTES_OF_VARINT: Final = 4


class Reader:
    """Walks over `data[at:end]`; every step past the end is a malformed packet."""

    __slots__ = ("_data", "at", "end")

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data = data
        self.at = at
        self.end = end

    @property
    def is_done(self) -> bool:
        return self.at >= self.end

    def take(self, count: int) -> bytes:
        at, self.at = self.at, self.at + count
        if self.at > self.end:
            raise MalformedPacketError("a field runs past the end of its packet")
        return self._data[at : self.at]

    def uint8(self) -> int:
        return self.take(1)[0]

    def uint16(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def uint32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def varint(self) -> int:
        value = 0
        for shift in range(0, 7 * _BYTES_OF_VARINT, 7):
            byte = self.uint8()
            value |= (byte & 127) << shift
            if byte < _CONTINUES:
                return value
        raise MalformedPacketError("a length of more than four bytes")

    def binary(self) -> bytes:
        return self.take(self.uint16())

    def text(self) -> str:
        return decode_text(self.binary())

    def packet_id(self) -> int:
        packet_id = self.uint16()
        if packet_id == 0:
            raise MalformedPacketError("packet identifier 0")
        return packet_id

    def rest(self) -> bytes:
        return self.take(self.end - self.at)

    def finish(self) -> None:
        if self.at < self.end:
            raise MalformedPacketError("bytes behind the end of a packet's content")


def decode_text(raw: bytes) -> str:
    """Strict UTF-8 without U+0000 (1.5.4); surrogates are no UTF-8."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedPacketError("text that is not UTF-8") from error
    if "\0" in text:
        raise MalformedPacketError("text that holds U+0000")
    return text


def varint(value: int) -> bytes:
    if value < _CONTINUES:
        return bytes((value,))
    if value > LARGEST_VARINT:
        raise ValueError("an MQTT packet holds at most 268,435,455 bytes")
    out = bytearray()
    while value >= _CONTINUES:
        out.append(value & 127 | _CONTINUES)
        value >>= 7
    out.append(value)
    return bytes(out)


def binary(value: bytes) -> bytes:
    if len(value) > LONGEST_STRING:
        raise ValueError("an MQTT string holds at most 65,535 bytes")
    return len(value).to_bytes(2, "big") + value


def text(value: str) -> bytes:
    return binary(value.encode())

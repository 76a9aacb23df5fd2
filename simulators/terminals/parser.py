"""Cuts a stream behind its whole packets and takes those apart: one decoder serves all sessions of a process."""

from typing import Final

from ingest.mqtt import packets
from ingest.mqtt.decoder import Decoder, Side
from ingest.mqtt.packets import Level

LEVEL: Final = Level.V311
_LARGEST_PACKET: Final = 1024 * 1024


class Parser:
    """The decoder that all sessions of a process share."""

    def __init__(self) -> None:
        self._decoder = self._new()

    def feed(self, data: bytes) -> list[packets.Packet | packets.Fault]:
        """Take whole packets apart."""
        found = self._decoder.feed(data)
        if found and isinstance(found[-1], packets.Fault):
            self._decoder = self._new()
        return found

    @staticmethod
    def _new() -> Decoder:
        return Decoder(Side.CLIENT, level=LEVEL, largest_packet=_LARGEST_PACKET)


def whole(data: bytes, at: int) -> int:
    """Return where the last whole packet of `data` ends, looking from `at` on."""
    size = len(data)
    while size - at > 1:
        body, length, shift = at + 1, 0, 0
        while body < size:
            length |= (data[body] & 127) << shift
            body, shift = body + 1, shift + 7
            if data[body - 1] < 128 or shift > 21:  # noqa: PLR2004 - seven bits a byte, four bytes at most
                break
        else:
            return at
        if body + length > size:
            return at
        at = body + length
    return at

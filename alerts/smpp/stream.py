"""A stream of octets to PDUs, and nothing believed that a header says until it is in bounds. Pure.

A command_length of 4 GiB, or one shorter than its own header, ends the session: nobody could say where the next PDU
begins.
"""

from typing import Final

from alerts.smpp.pdus import HEADER, ProtocolError

# The longest PDU there is: a message_payload of 64 KiB with its fields and some other parameters
LONGEST_PDU: Final = 70_000

Frame = tuple[int, int, int, bytes]  # command, status, sequence, body


class Frames:
    """Keeps what came of a PDU so far; never more than one PDU and one read of the socket."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._broken: ProtocolError | None = None

    @property
    def is_between(self) -> bool:
        """Whether nothing of a next PDU has come."""
        return not self._kept

    def feed(self, octets: bytes) -> list[Frame]:
        """Return the PDUs that are whole now; of a stream that is broken, those before the break. See `check`."""
        kept = self._kept
        kept += octets
        found: list[Frame] = []
        at, end = 0, len(kept)
        while end - at >= HEADER.size:
            length, command, status, sequence = HEADER.unpack_from(kept, at)
            if not HEADER.size <= length <= LONGEST_PDU:
                self._broken = ProtocolError(f"a PDU of {length:,} octets (command 0x{command:08x}): this is no SMPP")
                break
            if end - at < length:
                break
            found.append((command, status, sequence, bytes(kept[at + HEADER.size : at + length])))
            at += length
        if at:
            del kept[:at]
        return found

    def check(self) -> None:
        """Raises ProtocolError once the stream is broken: it must not be fed again."""
        if self._broken is not None:
            raise self._broken

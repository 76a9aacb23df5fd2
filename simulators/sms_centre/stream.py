"""The stream: bytes as they come in, PDUs as they become whole. Any bytes are either PDUs or Broken with a status."""

from typing import Final

from simulators.sms_centre.codec import HEADER, UnreadableError, read_body
from simulators.sms_centre.commands import COMMANDS, Status
from simulators.sms_centre.pdus import Broken, Pdu

LARGEST_PDU: Final = 72 * 1024  # octets: a message_payload of 64 KiB and its message

Received = Pdu | Broken


class Stream:
    """Feed it bytes. `largest` (octets, header included) bounds what is kept of a PDU that is not whole yet."""

    __slots__ = ("_is_over", "_largest", "_rest")

    def __init__(self, *, largest: int = LARGEST_PDU) -> None:
        self._largest: Final = largest
        self._rest = b""
        self._is_over = False

    def feed(self, data: bytes) -> list[Received]:
        """Return what `data` made whole, in order; after a fatal Broken nothing comes any more."""
        if self._is_over:
            return []
        if self._rest:
            data = self._rest + data
        received: list[Received] = []
        at, size = 0, len(data)
        while size - at >= HEADER.size:
            length, number, status, sequence = HEADER.unpack_from(data, at)
            if not HEADER.size <= length <= self._largest:
                reason = f"command_length {length}; wanted {HEADER.size} to {self._largest}"
                received.append(Broken(Status.ESME_RINVCMDLEN, reason, sequence=sequence, is_fatal=True))
                self._is_over, self._rest = True, b""
                return received
            if at + length > size:
                break
            command = COMMANDS.get(number)
            if command is None:
                reason = f"command_id {number:#010x} is none of ours"
                received.append(Broken(Status.ESME_RINVCMDID, reason, sequence=sequence))
            else:
                try:
                    body = read_body(command, data, at + HEADER.size, at + length)
                except UnreadableError as error:
                    received.append(Broken(error.status, str(error), sequence=sequence, command=command))
                else:
                    received.append(Pdu(command, sequence, body, status))
            at += length
        self._rest = data[at:]
        return received

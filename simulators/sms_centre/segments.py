"""Long messages: which part of which a submission is (3GPP 23.040 9.2.3.24, SMPP sar_*), and the parts as a whole."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from simulators.sms_centre.alphabets import read_text, write_text
from simulators.sms_centre.codec import UnreadableError
from simulators.sms_centre.commands import Status, Tag
from simulators.sms_centre.pdus import ShortMessage, tlv, tlv_number

_CONCATENATED_8: Final = 0x00  # information element: reference of one octet, total, number
_CONCATENATED_16: Final = 0x08
_WIDTHS: Final = {_CONCATENATED_8: 1, _CONCATENATED_16: 2}
_LARGEST: Final = 140  # octets of a message on the air
_GSM_ALONE, _GSM_PART = 160, 153
_UCS_PART: Final = 134
_MANY: Final = 255


class Part(NamedTuple):
    """Number `number` of `total`; `width` tells references of one octet from those of two, and from sar_* (0)."""

    reference: int
    number: int
    total: int
    width: int


def take_apart(message: ShortMessage) -> tuple[Part | None, bytes]:
    """Return (part, payload without its header); None is a message of one part. Raises UnreadableError."""
    payload = message.payload
    long = tlv(message.tlvs, Tag.MESSAGE_PAYLOAD) if message.tlvs else None
    if long is not None:
        if payload:
            raise UnreadableError(Status.ESME_ROPTPARNOTALLWD, "message_payload beside a short_message")
        payload = long
    if message.esm_class & ShortMessage.HAS_HEADER:
        return _header(payload)
    return (_sar(message) if message.tlvs else None), payload


@dataclass(slots=True)
class Whole:
    """A message as the phone shows it. `ids` are the message ids of its parts, in the order of the parts."""

    source: str
    destination: str
    data_coding: int
    total: int
    began_at: float
    payloads: dict[int, bytes] = field(default_factory=dict[int, bytes])
    ids_by_part: dict[int, str] = field(default_factory=dict[int, str])

    @property
    def is_complete(self) -> bool:
        return len(self.payloads) == self.total

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self.ids_by_part[number] for number in sorted(self.ids_by_part))

    @property
    def text(self) -> str:
        """The parts there are, in order. Joined before they are read: a character may be cut in two."""
        return read_text(b"".join(self.payloads[number] for number in sorted(self.payloads)), self.data_coding)


def split(text: str, *, reference: int) -> list[tuple[int, int, bytes]]:
    """Return (data_coding, esm_class, payload) of each part that a phone makes of the text."""
    coding, octets = write_text(text)
    alone, most = (_LARGEST, _UCS_PART) if coding else (_GSM_ALONE, _GSM_PART)
    if len(octets) <= alone:
        return [(coding, 0, octets)]
    parts = [octets[at : at + most] for at in range(0, len(octets), most)]
    if len(parts) > _MANY:
        raise ValueError(f"a text of {len(parts)} parts; at most {_MANY}")
    return [
        (coding, ShortMessage.HAS_HEADER, bytes((5, 0, 3, reference & 0xFF, len(parts), number)) + part)
        for number, part in enumerate(parts, start=1)
    ]


def _header(payload: bytes) -> tuple[Part | None, bytes]:
    if not payload or payload[0] >= len(payload):
        raise UnreadableError(Status.ESME_RINVESMCLASS, "esm_class promises a user data header that is not there")
    end = payload[0] + 1
    found: Part | None = None
    at = 1
    while at < end:
        if at + 2 > end or at + 2 + payload[at + 1] > end:
            raise UnreadableError(Status.ESME_RINVESMCLASS, "an element of the user data header runs past its end")
        kind, length = payload[at], payload[at + 1]
        if kind in _WIDTHS:
            found = _concatenation(_WIDTHS[kind], payload[at + 2 : at + 2 + length])
        at += 2 + length
    return found, payload[end:]


def _concatenation(width: int, octets: bytes) -> Part:
    if len(octets) != width + 2:
        raise UnreadableError(Status.ESME_RINVESMCLASS, f"a concatenation element of {len(octets)} octets")
    return _checked(Part(int.from_bytes(octets[:width], "big"), octets[-1], octets[-2], width))


def _sar(message: ShortMessage) -> Part | None:
    tags = (Tag.SAR_MSG_REF_NUM, Tag.SAR_SEGMENT_SEQNUM, Tag.SAR_TOTAL_SEGMENTS)
    reference, number, total = (tlv_number(message.tlvs, tag) for tag in tags)
    if reference is None or number is None or total is None:
        return None  # 5.3.2.22: without all three the message is not segmented
    return _checked(Part(reference, number, total, 0))


def _checked(part: Part) -> Part:
    if not 1 <= part.number <= part.total:
        raise UnreadableError(Status.ESME_RINVESMCLASS, f"part {part.number} of {part.total}")
    return part

"""A text to the segments that leave, and a received segment to its place in a text (3GPP TS 23.040, 9.2.3.24). Pure.

A segment never ends inside a surrogate pair nor between an escape and its character: each is decoded by itself on some
phones, and both halves would be lost.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alerts.smpp.alphabets import ESCAPE, HIGH_SURROGATE, Coding, chosen
from alerts.smpp.commands import ESM_UDHI, Tag
from alerts.smpp.pdus import LONGEST_PAYLOAD

# Octets of one segment alone, and of one among several (140 octets of the radio link less a header of 6)
_ALONE: Final = {Coding.DEFAULT: 160, Coding.UCS_2: 140}
_AMONG: Final = {Coding.DEFAULT: 153, Coding.UCS_2: 134}
MOST_PARTS: Final = 255  # of an 8-bit count
_CONCATENATED_8: Final = 0x00
_CONCATENATED_16: Final = 0x08


class Concatenation(StrEnum):
    """How a long text is said to be one: by the operator's leave."""

    UDH = "udh"
    PAYLOAD = "payload"  # message_payload: one submit_sm, and the operator cuts it


class TooLong(Exception):  # noqa: N818 - a refusal of a text, not a fault of ours
    """The text needs more segments than it may have; the message says how many."""


@dataclass(frozen=True, slots=True)
class Segment:
    """What one submit_sm carries."""

    data_coding: int
    esm_class: int
    payload: bytes
    is_payload_parameter: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a received segment belongs: which message, which part, of how many."""

    reference: int
    part: int
    parts: int


def segments(
    text: str, *, reference: int, by: Concatenation = Concatenation.UDH, most: int = MOST_PARTS
) -> list[Segment]:
    """Return the segments of a text, one at least; raises TooLong. `reference` (mod 256) is the same in each."""
    coding, octets = chosen(text)
    if len(octets) <= _ALONE[coding]:
        return [Segment(coding, 0, octets)]
    parts = cut(octets, coding)
    if len(parts) > most:
        raise TooLong(f"{len(text):,} characters need {len(parts)} segments, and {most} are allowed")
    if by is Concatenation.PAYLOAD:
        if len(octets) > LONGEST_PAYLOAD:
            raise TooLong(f"{len(text):,} characters are more than message_payload has room for")
        return [Segment(coding, 0, octets, is_payload_parameter=True)]
    head = bytes((5, _CONCATENATED_8, 3, reference % 256, len(parts)))
    return [Segment(coding, ESM_UDHI, head + bytes((number,)) + part) for number, part in enumerate(parts, start=1)]


def count(text: str) -> int:
    """Return how many segments a text is."""
    coding, octets = chosen(text)
    return 1 if len(octets) <= _ALONE[coding] else len(cut(octets, coding))


def cut(octets: bytes, coding: Coding) -> list[bytes]:
    """Cut a coded text into pieces of a segment among several."""
    is_split: Callable[[bytes, int], bool] = _splits_escape if coding is Coding.DEFAULT else _splits_pair
    found: list[bytes] = []
    at, room = 0, _AMONG[coding]
    while at < len(octets):
        end = min(at + room, len(octets))
        if end < len(octets) and is_split(octets, end):
            end -= 1 if coding is Coding.DEFAULT else 2
        found.append(octets[at:end])
        at = end
    return found


def _splits_pair(octets: bytes, end: int) -> bool:
    return octets[end - 2] in HIGH_SURROGATE


def _splits_escape(octets: bytes, end: int) -> bool:
    return octets[end - 1] == ESCAPE


def placed(esm_class: int, payload: bytes, parameters: Mapping[int, bytes]) -> tuple[Place | None, bytes]:
    """Return where a received segment belongs (None: a message of its own), and its text without a header.

    A header that cannot be read is taken for text: nothing that somebody wrote is thrown away.
    """
    if esm_class & ESM_UDHI and payload and payload[0] < len(payload):
        end = 1 + payload[0]
        return _from_header(payload[1:end]), payload[end:]
    numbers = [parameters.get(tag) for tag in (Tag.SAR_MSG_REF_NUM, Tag.SAR_SEGMENT_SEQNUM, Tag.SAR_TOTAL_SEGMENTS)]
    if all(numbers):
        return _sensible(*(int.from_bytes(number or b"") for number in numbers)), payload
    return None, payload


def _from_header(elements: bytes) -> Place | None:
    """Find the element of concatenation among those of a user data header."""
    at = 0
    while at + 2 <= len(elements):
        kind, length = elements[at], elements[at + 1]
        value = elements[at + 2 : at + 2 + length]
        if kind == _CONCATENATED_8 and len(value) == 3:  # noqa: PLR2004 - reference, total, number
            return _sensible(value[0], value[2], value[1])
        if kind == _CONCATENATED_16 and len(value) == 4:  # noqa: PLR2004 - the same, with a longer reference
            return _sensible(int.from_bytes(value[:2]), value[3], value[2])
        at += 2 + length
    return None


def _sensible(reference: int, part: int, parts: int) -> Place | None:
    return Place(reference, part, parts) if 1 <= part <= parts and parts > 1 else None

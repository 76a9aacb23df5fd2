"""GSM 7-bit default alphabet (3GPP TS 23.038, 6.2.1) and UCS-2, and which of them a text wants. Pure.

Unpacked, one septet an octet, as SMPP centres take their default alphabet (data_coding 0). The extension table costs
two septets a character. UCS-2 is UTF-16 here: a character beyond the basic plane is a surrogate pair, which no part may
cut.
"""

from enum import IntEnum
from typing import Final

_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
ESCAPE: Final = 0x1B
_EXTENSION: Final = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
_TO_GSM: Final[dict[str, bytes]] = {
    **{character: bytes((code,)) for code, character in enumerate(_BASIC) if code != ESCAPE},
    **{character: bytes((ESCAPE, code)) for character, code in _EXTENSION.items()},
}
_FROM_EXTENSION: Final = {code: character for character, code in _EXTENSION.items()}
HIGH_SURROGATE: Final = range(0xD8, 0xDC)  # first octet of a big-endian pair's first half


class Coding(IntEnum):
    """data_coding of section 5.2.19."""

    DEFAULT = 0
    ASCII = 1
    OCTETS = 2
    LATIN_1 = 3
    OCTETS_TOO = 4
    UCS_2 = 8


def fits_gsm(text: str) -> bool:
    return all(character in _TO_GSM for character in text)


def to_gsm(text: str) -> bytes:
    """Return unpacked septets; raises KeyError for a character that the alphabet has not."""
    return b"".join([_TO_GSM[character] for character in text])


def from_gsm(octets: bytes) -> str:
    """Read unpacked septets; an unknown extension is read as its basic character, as the standard wants."""
    found: list[str] = []
    is_escaped = False
    for octet in octets:
        code = octet & 0x7F
        if is_escaped:
            found.append(_FROM_EXTENSION.get(code, _BASIC[code] if code != ESCAPE else " "))
            is_escaped = False
        elif code == ESCAPE:
            is_escaped = True
        else:
            found.append(_BASIC[code])
    return "".join(found)


def to_ucs2(text: str) -> bytes:
    """Return big-endian UTF-16; half a surrogate pair, which no phone could show, becomes a replacement character."""
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace").encode("utf-16-be")


def chosen(text: str) -> tuple[Coding, bytes]:
    """Return the shorter alphabet that has all of a text's characters, and the text in it."""
    if fits_gsm(text):
        return Coding.DEFAULT, to_gsm(text)
    return Coding.UCS_2, to_ucs2(text)


def read(coding: int, octets: bytes) -> str:
    """Read a message of somebody's phone; octets that are no text are shown as hexadecimal digits."""
    match coding:
        case Coding.DEFAULT:
            return from_gsm(octets)
        case Coding.ASCII | Coding.LATIN_1:
            return octets.decode("latin-1")
        case Coding.UCS_2:
            return octets.decode("utf-16-be", "replace")
        case _:
            return octets.hex()

"""Text as octets by data_coding (specification 5.2.19): GSM 03.38 unpacked, Latin-1, UCS-2."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

ESCAPE: Final = 0x1B
_GSM: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final[Mapping[int, str]] = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
_OCTETS: Final[Mapping[str, bytes]] = {
    **{letter: bytes((code,)) for code, letter in enumerate(_GSM) if code != ESCAPE},
    **{letter: bytes((ESCAPE, code)) for code, letter in _EXTENSION.items()},
}
UNKNOWN: Final = "\N{REPLACEMENT CHARACTER}"


class Coding(IntEnum):
    GSM = 0x00
    ASCII = 0x01
    OCTETS_2 = 0x02
    LATIN_1 = 0x03
    OCTETS = 0x04
    UCS_2 = 0x08


# The message class groups of GSM 03.38: flash and phone, 7-bit, 8-bit and UCS-2.
_GROUPS: Final[Mapping[int, Coding]] = {
    **{0x10 | kind: Coding.GSM for kind in range(4)},
    **{0x18 | kind: Coding.UCS_2 for kind in range(4)},
    **{0xF0 | kind: Coding.GSM for kind in range(4)},
    **{0xF4 | kind: Coding.OCTETS for kind in range(4)},
}
_PYTHON: Final[Mapping[Coding, str]] = {
    Coding.ASCII: "ascii",
    Coding.LATIN_1: "latin-1",
    Coding.UCS_2: "utf-16-be",  # emoji go as surrogates: phones read them so
}


def coding_of(data_coding: int) -> Coding | None:
    """Return the alphabet; None for one that is not simulated."""
    try:
        return Coding(data_coding)
    except ValueError:
        return _GROUPS.get(data_coding)


def read_text(payload: bytes, data_coding: int) -> str:
    """Return the text; what cannot be read becomes U+FFFD, binary and unknown codings become hexadecimal digits."""
    coding = coding_of(data_coding)
    if coding is Coding.GSM:
        return _read_gsm(payload)
    python = None if coding is None else _PYTHON.get(coding)
    return payload.hex() if python is None else payload.decode(python, errors="replace")


def write_gsm(text: str) -> bytes | None:
    """Return the text in the default alphabet, an octet a character; None when a character is not in it."""
    octets = [_OCTETS.get(letter) for letter in text]
    return None if None in octets else b"".join(octet for octet in octets if octet)


def write_text(text: str) -> tuple[int, bytes]:
    """Return (data_coding, octets) as a phone would: the default alphabet where it suffices, else UCS-2."""
    octets = write_gsm(text)
    return (Coding.GSM, octets) if octets is not None else (Coding.UCS_2, text.encode("utf-16-be", "surrogatepass"))


def _read_gsm(payload: bytes) -> str:
    letters: list[str] = []
    is_escaped = False
    for code in payload:
        if is_escaped:
            # 03.38: what the table does not know is shown from the main table
            letters.append(_EXTENSION.get(code) or _letter(code))
            is_escaped = False
        elif code == ESCAPE:
            is_escaped = True
        else:
            letters.append(_letter(code))
    return "".join(letters)


def _letter(code: int) -> str:
    return _GSM[code] if code < len(_GSM) else UNKNOWN

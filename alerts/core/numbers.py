"""Telephone numbers as operators write them, to E.164 and back. Pure."""

from typing import Final

_MOST_AREA: Final = 9  # digits: a national number that begins like a country code has no more behind it
_SHORTEST_NATIONAL: Final = 7  # what is shorter is a service's number


def e164(written: str, *, country_code: str, is_international: bool = False) -> str:
    """Return `+` and digits; names and services' short numbers stay as they are."""
    digits = written.strip().replace("\0", "")
    if digits.startswith("+"):
        digits, is_international = digits[1:], True
    if not digits.isascii() or not digits.isdigit():
        return digits
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    is_whole = digits.startswith(country_code) and len(digits) > len(country_code) + _MOST_AREA
    if is_international or is_whole:
        return f"+{digits}"
    return digits if len(digits) < _SHORTEST_NATIONAL else f"+{country_code}{digits.lstrip('0')}"


def national(number: str, *, country_code: str) -> str:
    """Return a number of E.164 as it is dialled at home; one of another country keeps its code, without the plus."""
    digits = number.removeprefix("+")
    is_ours = digits.startswith(country_code) and len(digits) > len(country_code) + _MOST_AREA
    return digits[len(country_code) :] if is_ours else digits


def is_number(text: str) -> bool:
    """Tell whether something can be dialled."""
    digits = text.removeprefix("+")
    return digits.isascii() and digits.isdigit()

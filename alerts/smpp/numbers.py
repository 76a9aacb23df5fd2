"""Telephone numbers as operators write them, to E.164. Pure."""

from typing import Final

from alerts.smpp.pdus import Address

_ALPHANUMERIC: Final = 5
_INTERNATIONAL: Final = 1
_MOST_AREA: Final = 9  # digits: a national number that begins like a country code has no more behind it
_SHORTEST_NATIONAL: Final = 7  # what is shorter is a service's number


def e164(address: Address, *, country_code: str) -> str:
    """Return `+` and digits; names and services' short numbers stay as they are."""
    digits = address.digits.strip().replace("\0", "")
    if address.ton == _ALPHANUMERIC or not digits.isdigit():
        return digits
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    is_whole = digits.startswith(country_code) and len(digits) > len(country_code) + _MOST_AREA
    if address.ton == _INTERNATIONAL or is_whole:
        return f"+{digits}"
    return digits if len(digits) < _SHORTEST_NATIONAL else f"+{country_code}{digits.lstrip('0')}"

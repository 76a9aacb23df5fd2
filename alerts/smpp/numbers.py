"""Telephone numbers as SMS centres write them, to E.164. Pure."""

from typing import Final

from alerts.core import numbers
from alerts.smpp.pdus import Address

_ALPHANUMERIC: Final = 5
_INTERNATIONAL: Final = 1


def e164(address: Address, *, country_code: str) -> str:
    """Return `+` and digits; names and services' short numbers stay as they are."""
    if address.ton == _ALPHANUMERIC:
        return address.digits.strip().replace("\0", "")
    return numbers.e164(address.digits, country_code=country_code, is_international=address.ton == _INTERNATIONAL)

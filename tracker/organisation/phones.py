"""Telephone numbers as people write them, and as we keep them: E.164."""

import re
import unicodedata
from typing import Final

_BETWEEN: Final = re.compile(r"[\s\-\u2010-\u2015./()\u00b7]")  # what people put between groups of digits
_DIGITS: Final = re.compile(r"\d+", re.ASCII)
MOST_DIGITS: Final = 15  # ITU-T E.164, 6.2.1: country code included
LEAST_DIGITS: Final = 7
# Numbers within a country without the trunk prefix: China's mobiles, and its area codes followed by 7 or 8 digits
NATIONAL: Final = {"86": re.compile(r"1\d{10}|10\d{8}|2\d{9}|[3-9]\d{9,10}", re.ASCII)}


def phone_of(text: str, *, country: str = "86") -> str:
    """Return `text` as E.164, +8613912345678; a number without a country's code belongs to `country`.

    Spaces, hyphens, brackets and full-width digits are understood. Raises ValueError, which says what is wrong.
    """
    said = _BETWEEN.sub("", unicodedata.normalize("NFKC", text))
    is_international = said.startswith(("+", "00"))
    digits = said.removeprefix("+") if said.startswith("+") else said.removeprefix("00")
    if _DIGITS.fullmatch(digits) is None:
        raise ValueError(f"{text!r} is no telephone number: write digits, like 13912345678 or +86 139 1234 5678")
    if not is_international:
        digits = _with_country(digits, country)
    for code, national in NATIONAL.items():
        if digits.startswith(code) and national.fullmatch(digits.removeprefix(code)) is None:
            raise ValueError(f"{text!r} is no number of +{code}: a mobile has 11 digits, a landline its area code")
    if not LEAST_DIGITS <= len(digits) <= MOST_DIGITS or digits.startswith("0"):
        raise ValueError(f"{text!r} has {len(digits)} digits: a number has {LEAST_DIGITS} to {MOST_DIGITS} of them")
    return f"+{digits}"


def _with_country(digits: str, country: str) -> str:
    """Put the country's code in front, unless it is there: 8613912345678 is no national number, the rest of it is."""
    national = NATIONAL.get(country)
    if national is not None and digits.startswith(country) and national.fullmatch(digits) is None:
        return digits
    return country + digits.removeprefix("0")

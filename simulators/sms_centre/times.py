"""SMPP's times (specification 7.1.1): `YYMMDDhhmmsstnnp` absolute, the same with R relative; and those of receipts."""

import calendar
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_FORM: Final = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([+\-R])", re.ASCII)
_CENTURY: Final = 2000
_QUARTERS: Final = 48  # of an hour, how far a zone may be from UTC
_MONTHS: Final = 12
_MINUTE_S: Final = 60


class TimeError(ValueError):
    """The text is no time of SMPP."""


def read_time(text: str, *, now_s: float) -> float | None:
    """Return the moment (epoch s) that a schedule or validity means; None for the empty one. Raises TimeError."""
    if not text:
        return None
    found = _FORM.fullmatch(text)
    if found is None:
        raise TimeError(f"{text!r} is not YYMMDDhhmmsstnnp")
    year, month, day, hour, minute, second, tenth, quarters = (int(group) for group in found.groups()[:8])
    now = datetime.fromtimestamp(now_s, UTC)
    if found[9] == "R":
        return _later(now, year, month, timedelta(days=day, hours=hour, minutes=minute, seconds=second)).timestamp()
    if quarters > _QUARTERS:
        raise TimeError(f"{text!r} is more than 12 hours from UTC")
    away = timedelta(minutes=15 * quarters) * (1 if found[9] == "+" else -1)
    try:
        local = datetime(_CENTURY + year, month, day, hour, minute, second, tenth * 100_000, tzinfo=UTC)
    except ValueError as error:
        raise TimeError(f"{text!r}: {error}") from error
    return (local - away).timestamp()


def write_time(at_s: float) -> str:
    """Return the moment as absolute time in UTC."""
    at = datetime.fromtimestamp(at_s, UTC)
    return f"{at:%y%m%d%H%M%S}{at.microsecond // 100_000}00+"


def receipt_time(at_s: float) -> str:
    """Return the moment as a receipt's text says it: YYMMDDhhmm."""
    return _minute(int(at_s // _MINUTE_S))


@lru_cache(maxsize=16)
def _minute(number: int) -> str:
    return f"{datetime.fromtimestamp(number * _MINUTE_S, UTC):%y%m%d%H%M}"


def _later(now: datetime, years: int, months: int, rest: timedelta) -> datetime:
    count = now.month - 1 + months
    year, month = now.year + years + count // _MONTHS, count % _MONTHS + 1
    day = min(now.day, calendar.monthrange(year, month)[1])
    return now.replace(year=year, month=month, day=day) + rest

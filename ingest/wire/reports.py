"""What a payload says, typed: fixes in wire units, and refusals with a reason. Every decoder here returns these.

A decoder never raises for any bytes. Whether a fix is plausible is not asked here: ingest.rules.screen does that.
"""

import math
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Literal, NamedTuple

import msgspec

MAX_REPORTS: Final = 500  # in one packet
MAX_PAYLOAD: Final = 256 * 1024  # bytes; 500 reports of 300 B are 150 kB

ReceiptId = str | int | None


class Reason(StrEnum):
    """Why a report was refused: the words of the tables refused_report and refusal_count, and of receipts."""

    UNKNOWN_TOPIC = "unknown topic"
    FOREIGN_TOPIC = "foreign topic"
    UNKNOWN_TERMINAL = "unknown terminal"
    TOO_LARGE = "payload too large"
    TOO_MANY = "too many reports"
    EMPTY = "empty"
    INVALID_UTF8 = "invalid utf-8"
    BROKEN_JSON = "broken json"
    TOO_DEEP = "nested too deep"
    NOT_AN_OBJECT = "not an object"
    MISSING_FIELD = "missing field"
    WRONG_TYPE = "wrong type"
    UNKNOWN_CRS = "unknown crs"
    BAD_TIME = "bad time"
    UNKNOWN_WORD = "unknown word"
    BROKEN_SENTENCE = "broken sentence"
    BAD_CHECKSUM = "bad checksum"
    NO_CHECKSUM = "missing checksum"
    NO_FIX = "no fix"
    NO_DATE = "no date"
    NOT_FINITE = "not finite"
    OUT_OF_RANGE = "out of range"
    NULL_ISLAND = "null island"
    FROM_THE_FUTURE = "future"
    TOO_OLD = "too old"
    CONFLICTING_FIX = "conflicting fix"
    UNKNOWN_ALERT = "unknown alert"
    NO_MEMBER = "carried by nobody"


class Fix(msgspec.Struct, gc=False, kw_only=True):
    """One fix as a terminal says it; the fields of the `pos` topic under our names. Unknown fields are ignored."""

    t: float | str  # epoch s; RFC 3339 text becomes epoch s in `clocked`
    lon: float  # degrees, in `crs`
    lat: float
    crs: Literal["wgs84", "gcj02"] = "wgs84"
    accuracy_m: float | None = msgspec.field(default=None, name="acc")
    speed_mps: float | None = msgspec.field(default=None, name="spd")
    heading_deg: float | None = msgspec.field(default=None, name="hdg")
    altitude_m: float | None = msgspec.field(default=None, name="alt")
    battery_pct: float | None = msgspec.field(default=None, name="bat")
    receipt: ReceiptId = None


class Refusal(NamedTuple):
    """`reports` reports of a packet, from the place `at` on, are refused."""

    at: int  # place in the packet: of the array's element, of the NMEA line
    reason: Reason
    detail: str = ""
    reports: int = 1


class Decoded(msgspec.Struct, kw_only=True):
    """A packet taken apart. `indexes[i]` is the place of `fixes[i]` in the packet."""

    fixes: list[Fix] = []
    indexes: list[int] = []
    refusals: list[Refusal] = []
    ignored: int = 0  # understood, and of no interest: acknowledged and counted
    receipt: ReceiptId = None


def refused(reason: Reason, detail: str = "") -> Decoded:
    """Return a packet of which nothing could be used."""
    return Decoded(refusals=[Refusal(0, reason, detail)])


def epoch_s(text: str) -> float | None:
    """Return the instant of an RFC 3339 text, or None. An instant without an offset is no instant."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    if instant.tzinfo is None:
        return None
    return (instant - _EPOCH).total_seconds()


def clocked(fix: Fix) -> bool:
    """Turn the fix's time into epoch seconds, in place; False when it is no time."""
    if not isinstance(fix.t, str):
        return True
    seconds = epoch_s(fix.t)
    fix.t = math.nan if seconds is None else seconds
    return seconds is not None


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

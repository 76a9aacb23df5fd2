"""OwnTracks JSON on `owntracks/{user}/{device}`: what the stock phone apps send, unchanged.

Source: the OwnTracks booklet, "JSON". `vel` is in km/h; the apps leave a zero `acc`, `alt`, `cog`, `vac`, `vel` out,
and iOS says -1 for unknown: both mean "not said". `tst` may be a string. Messages of other types are ignored.
"""

import math
from typing import Any, Final, cast

import msgspec

from ingest.wire import pos
from ingest.wire.reports import Decoded, Fix, Reason, Refusal, epoch_s, refused

KMH_PER_MPS: Final = 3.6


class _Message(msgspec.Struct, gc=False):
    kind: str = msgspec.field(name="_type")


class _Location(msgspec.Struct, gc=False):
    tst: float | str
    lon: float
    lat: float
    acc: float | None = None
    alt: float | None = None
    batt: float | None = None
    cog: float | None = None
    vel: float | None = None


_kind: Final = msgspec.json.Decoder(_Message)
_location: Final = msgspec.json.Decoder(_Location)


def decode(payload: bytes) -> Decoded:
    """Return one fix for a `location`, an ignored report for any other type."""
    if not payload:
        return Decoded(ignored=1)  # how a client clears its retained message
    try:
        kind = _kind.decode(payload).kind
        location = _location.decode(payload) if kind == "location" else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _refusal(payload)
    if location is None:
        return Decoded(ignored=1)
    t = _seconds(location.tst)
    return refused(Reason.BAD_TIME, str(location.tst)[:60]) if t is None else _report(location, t)


def is_farewell(payload: bytes) -> bool:
    """Whether this is the last will (`lwt`) of a phone."""
    try:
        return _kind.decode(payload).kind == "lwt"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def _seconds(tst: float | str) -> float | None:
    if not isinstance(tst, str):
        return tst
    try:
        return float(tst)
    except ValueError:
        return epoch_s(tst)


def _report(location: _Location, t: float) -> Decoded:
    fix = Fix(
        t=t,
        lon=location.lon,
        lat=location.lat,
        accuracy_m=location.acc,
        speed_mps=None if location.vel is None else location.vel / KMH_PER_MPS,
        heading_deg=location.cog,
        altitude_m=location.alt,
        battery_pct=location.batt,
    )
    return Decoded(fixes=[fix], indexes=[0])


def _refusal(payload: bytes) -> Decoded:
    """Find the word for what is wrong; NaN, a wrong type and a missing field differ only here."""
    said = pos.loads(payload)
    if isinstance(said, Refusal):
        return Decoded(refusals=[said])
    if not isinstance(said, dict):
        return refused(Reason.NOT_AN_OBJECT, type(said).__name__)
    try:
        return refused(*_fault(cast("dict[str, Any]", said)))
    except RecursionError:
        return refused(Reason.TOO_DEEP)
    except OverflowError as error:
        return refused(Reason.OUT_OF_RANGE, str(error))


def _fault(said: dict[str, Any]) -> tuple[Reason, str]:
    if not pos.has_utf8(said):
        return Reason.INVALID_UTF8, ""
    try:
        msgspec.convert(said, _Message)
        location = msgspec.convert(said, _Location)
    except msgspec.ValidationError as error:
        return pos.why(error), str(error)
    is_finite = math.isfinite(location.lon) and math.isfinite(location.lat)
    return Reason.BROKEN_JSON if is_finite else Reason.NOT_FINITE, ""

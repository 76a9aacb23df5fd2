"""NMEA 0183 sentences on the `nmea` topic, one or more a packet, one a line.

Decided here, beyond the standard:
- RMC is the report (it has the date); a GGA of the same time of day in the same packet adds the altitude. A GGA alone
  has no date and is refused. Any talker will do (GP, GN, BD, GB, ...). Other sentences, their sum right, are ignored.
- A sentence without a checksum is refused like one with a wrong one: serial lines garble. Lower-case letters are
  accepted in the address and in the checksum (the sum is taken over the bytes as sent).
- Status V, mode N and quality 0 say that there is no fix: refused as such.
"""

import math
from datetime import UTC, date, datetime, time
from typing import Any, Final, NamedTuple, cast

import pynmea2

from ingest.wire.reports import MAX_REPORTS, Decoded, Fix, Reason, Refusal

MPS_PER_KNOT: Final = 1852 / 3600


class _Sentence(NamedTuple):
    at: int
    said: Any  # pynmea2's sentence; its fields hold the raw text where it could not convert


def decode(payload: bytes) -> Decoded:
    decoded = Decoded()
    lines = payload.split(b"\n")
    sentences = [_parse(decoded, index, line) for index, line in enumerate(lines[:MAX_REPORTS]) if line.strip()]
    if not sentences:
        decoded.refusals.append(Refusal(0, Reason.EMPTY))
    found = [sentence for sentence in sentences if sentence is not None]
    rmcs = [sentence for sentence in found if sentence.said.sentence_type == "RMC"]
    ggas = [sentence for sentence in found if sentence.said.sentence_type == "GGA"]
    _report(decoded, rmcs, {gga.said.timestamp: gga.said for gga in ggas})
    _refuse_alone(decoded, ggas, {rmc.said.timestamp for rmc in rmcs})
    if (surplus := len(lines) - MAX_REPORTS) > 0:
        decoded.refusals.append(Refusal(MAX_REPORTS, Reason.TOO_MANY, f"{len(lines)} lines in one packet", surplus))
    return decoded


def _parse(decoded: Decoded, index: int, line: bytes) -> _Sentence | None:
    """Return an RMC or GGA; count others as ignored, broken ones as refused."""
    try:
        text = line.decode("ascii").strip()
        said = pynmea2.parse(text, check=True)
    except UnicodeDecodeError:
        decoded.refusals.append(Refusal(index, Reason.BROKEN_SENTENCE, "not ASCII"))
    except pynmea2.ChecksumError:
        reason = Reason.BAD_CHECKSUM if b"*" in line else Reason.NO_CHECKSUM
        decoded.refusals.append(Refusal(index, reason, line[:100].decode("ascii", "replace")))
    except pynmea2.SentenceTypeError:
        decoded.ignored += 1
    except pynmea2.ParseError:
        decoded.refusals.append(Refusal(index, Reason.BROKEN_SENTENCE, line[:100].decode("ascii", "replace")))
    else:
        if getattr(said, "sentence_type", "") in {"RMC", "GGA"}:
            return _Sentence(index, said)
        decoded.ignored += 1
    return None


def _report(decoded: Decoded, rmcs: list[_Sentence], ggas: dict[Any, Any]) -> None:
    for at, rmc in rmcs:
        fix = _fix(rmc, ggas.get(rmc.timestamp))
        if isinstance(fix, Fix):
            decoded.fixes.append(fix)
            decoded.indexes.append(at)
        else:
            decoded.refusals.append(Refusal(at, fix))


def _refuse_alone(decoded: Decoded, ggas: list[_Sentence], dated: set[Any]) -> None:
    for at, gga in ggas:
        if gga.timestamp not in dated:
            reason = Reason.NO_FIX if gga.gps_qual == 0 else Reason.NO_DATE
            decoded.refusals.append(Refusal(at, reason, "GGA without an RMC of the same time"))


def _fix(rmc: Any, gga: Any | None) -> Fix | Reason:
    if rmc.status != "A" or (rmc.mode_indicator or "") == "N":
        return Reason.NO_FIX
    day, clock = rmc.datestamp, rmc.timestamp
    if not isinstance(day, date) or not isinstance(clock, time):
        return Reason.BAD_TIME
    if not (rmc.lat and rmc.lon and rmc.lat_dir and rmc.lon_dir):
        return Reason.MISSING_FIELD  # pynmea2 would say 0.0
    try:
        lon, lat = cast("float", rmc.longitude), cast("float", rmc.latitude)
    except ValueError:
        return Reason.BROKEN_SENTENCE
    return Fix(
        t=_instant(day, clock),
        lon=lon,
        lat=lat,
        speed_mps=_number(rmc.spd_over_grnd, MPS_PER_KNOT),
        heading_deg=_number(rmc.true_course),
        altitude_m=None if gga is None else _number(gga.altitude),
    )


def _instant(day: date, clock: time) -> float:
    whole = datetime.combine(day, clock.replace(microsecond=0, tzinfo=UTC)).timestamp()
    return whole + round(clock.microsecond, -1) / 1e6  # pynmea2 cuts the fraction: .809 may read as 808,999 us


def _number(value: Any, factor: float = 1.0) -> float | None:
    return value * factor if isinstance(value, float) and math.isfinite(value) else None

"""What a simulated terminal writes: real payload bytes, and beside them what they mean, for the oracle.

The meaning is kept as the terminal meant it, never read back from the bytes: the decoders are on trial too.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import numpy as np

from tracker.geometry import gcj02

DEGREE: Final = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One report. Times in epoch seconds, places in degrees WGS-84; `fault` is the protocol's word for a broken one."""

    t: float = 0.0
    lon: float = 0.0
    lat: float = 0.0
    accuracy_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    altitude_m: float | None = None
    battery_pct: float | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One packet. `noise`: nobody knows the reason, but it is one refusal."""

    terminal: int  # 0: of nobody we know
    topic: str
    payload: bytes
    reports: tuple[Said, ...] = ()
    ignored: int = 0
    is_noise: bool = False


Writer = Callable[[Random, int, list[Said]], Letter]


def topic(terminal: int, word: str) -> str:
    return f"gw/v1/t/t-{terminal}/{word}"


def as_position(rng: Random, terminal: int, said: list[Said]) -> Letter:
    """An object, an array, or an envelope that asks for a receipt."""
    elements = [_element(rng, report) for report in said]
    receipt = f"r-{rng.randrange(1000)}"
    if rng.random() < 0.2:
        body: Any = {"receipt": receipt, "fixes": elements}
    elif len(elements) > 1 or rng.random() < 0.3:
        body = elements
    elif isinstance(elements[0], dict) and rng.random() < 0.3:
        body = {**elements[0], "receipt": receipt}
    else:
        body = elements[0]
    return Letter(
        terminal=terminal, topic=topic(terminal, "pos"), payload=json.dumps(body).encode(), reports=tuple(said)
    )


def as_owntracks(rng: Random, terminal: int, said: list[Said]) -> Letter:
    """The phone app's form of the first report; it has no other faults than implausible values."""
    report = said[0]
    speed_kmh = None if report.speed_mps is None else round(report.speed_mps * 3.6)
    body = {"_type": "location", "tst": report.t, "lon": report.lon, "lat": report.lat, "acc": report.accuracy_m}
    body |= {"vel": speed_kmh, "cog": report.heading_deg, "alt": report.altitude_m, "batt": report.battery_pct}
    meant = replace(report, speed_mps=None if speed_kmh is None else speed_kmh / 3.6)
    payload = json.dumps({name: value for name, value in body.items() if value is not None}).encode()
    return Letter(terminal=terminal, topic=f"owntracks/t-{terminal}/phone", payload=payload, reports=(meant,))


def as_nmea(rng: Random, terminal: int, said: list[Said]) -> Letter:
    """One RMC a report; north-eastern places and times of this century only, as all good ones of a world are."""
    lines: list[bytes] = []
    meant: list[Said] = []
    for report in said:
        line, heard = _rmc(report)
        if rng.random() < 0.05:
            line, heard = line[:-2] + (b"00" if line[-2:] != b"00" else b"01"), Said(fault="bad checksum")
        lines.append(line)
        meant.append(heard)
    payload = b"\r\n".join(lines) + rng.choice([b"", b"\r\n"])
    return Letter(terminal=terminal, topic=topic(terminal, "nmea"), payload=payload, reports=tuple(meant))


def junk(rng: Random, terminal: int) -> Letter:
    """Something that is no position at all."""
    noise = rng.randbytes(rng.randint(1, 40)).replace(b"{", b"?").replace(b"[", b"?")
    pos, status = topic(terminal, "pos"), topic(terminal, "status")
    fix = json.dumps({"t": 1, "lon": 1, "lat": 1}).encode()
    return rng.choice(
        [
            Letter(terminal=terminal, topic=pos, payload=noise, is_noise=True),
            Letter(terminal=terminal, topic=pos, payload=b"", reports=(Said(fault="empty"),)),
            Letter(terminal=terminal, topic=pos, payload=b"[]", reports=(Said(fault="empty"),)),
            Letter(terminal=terminal, topic=pos, payload=b'{"t": 1, "lon"', reports=(Said(fault="broken json"),)),
            Letter(terminal=terminal, topic=pos, payload=b'{"\xff": 1}', reports=(Said(fault="invalid utf-8"),)),
            Letter(terminal=terminal, topic=pos, payload=b"[" * 9000, reports=(Said(fault="nested too deep"),)),
            Letter(terminal=terminal, topic=pos, payload=b"7", reports=(Said(fault="not an object"),)),
            Letter(terminal=terminal, topic="elsewhere", payload=fix, reports=(Said(fault="unknown topic"),)),
            Letter(terminal=0, topic="gw/v1/t/stranger/pos", payload=fix, reports=(Said(fault="unknown terminal"),)),
            Letter(terminal=terminal, topic=status, payload=b"online"),
            Letter(terminal=terminal, topic=status, payload=b"offline"),
            Letter(terminal=terminal, topic=status, payload=b"", ignored=1),
            Letter(terminal=terminal, topic=status, payload=b"asleep", reports=(Said(fault="unknown word"),)),
            Letter(terminal=terminal, topic=f"owntracks/t-{terminal}/p", payload=b'{"_type": "lwt"}', ignored=1),
        ]
    )


def broken(rng: Random, report: Said) -> Said:
    """Return the report with a fault of its own: a format's, or an implausible value (which is no `fault` yet)."""
    return rng.choice(
        [
            replace(report, fault="missing field"),
            replace(report, fault="wrong type"),
            replace(report, fault="unknown crs"),
            replace(report, fault="bad time"),
            replace(report, fault="not an object"),
            replace(report, lon=181.0),
            replace(report, lat=-90.5),
            replace(report, lon=0.0, lat=0.0),
            replace(report, lon=math.nan),
            replace(report, lat=math.inf),
            replace(report, t=report.t + 1e6),
            replace(report, t=1.0),
        ]
    )


def _element(rng: Random, report: Said) -> Any:
    element: dict[str, Any] = {"t": report.t, "lon": report.lon, "lat": report.lat}
    if report.t % 1 == 0 and report.t > 1 and rng.random() < 0.2:
        element["t"] = datetime.fromtimestamp(report.t, UTC).isoformat()
    if abs(report.lon) < 180 and abs(report.lat) < 90 and rng.random() < 0.1:
        lon, lat = gcj02.to_gcj02(np.array([report.lon]), np.array([report.lat]))
        element |= {"lon": float(lon[0]), "lat": float(lat[0]), "crs": "gcj02"}
    optional = {
        "acc": report.accuracy_m,
        "spd": report.speed_mps,
        "hdg": report.heading_deg,
        "alt": report.altitude_m,
        "bat": report.battery_pct,
    }
    element |= {name: value for name, value in optional.items() if value is not None or rng.random() < 0.05}
    return _FAULTS[report.fault](element)


_FAULTS: Final[dict[str, Callable[[dict[str, Any]], Any]]] = {
    "": lambda element: element,
    "missing field": lambda element: {name: value for name, value in element.items() if name != "lat"},
    "wrong type": lambda element: element | {"lon": "east"},
    "unknown crs": lambda element: element | {"crs": "bd09"},
    "bad time": lambda element: element | {"t": "2026-11-22T08:15:30"},
    "not an object": lambda _: 17,
}


def _rmc(report: Said) -> tuple[bytes, Said]:
    """Return the sentence and what it says: places in minutes of five decimals, times in milliseconds."""
    at = datetime.fromtimestamp(round(report.t, 3), UTC)
    clock = f"{at:%H%M%S}.{at.microsecond // 1000:03d}"
    lon, lon_text = _minutes(report.lon, 3)
    lat, lat_text = _minutes(report.lat, 2)
    body = f"GPRMC,{clock},A,{lat_text},N,{lon_text},E,2.5,{report.heading_deg or ''},{at:%d%m%y},,,A"
    checksum = 0
    for letter in body.encode():
        checksum ^= letter
    whole = at.replace(microsecond=0).timestamp() + at.microsecond // 1000 / 1000
    heard = Said(t=whole, lon=lon, lat=lat, speed_mps=2.5 * 1852 / 3600, heading_deg=report.heading_deg or None)
    return f"${body}*{checksum:02X}".encode(), heard


def _minutes(degrees: float, width: int) -> tuple[float, str]:
    whole = int(degrees)
    minutes = f"{(degrees - whole) * 60:08.5f}"
    return whole + float(minutes) / 60, f"{whole:0{width}d}{minutes}"

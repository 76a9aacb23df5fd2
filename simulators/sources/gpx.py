"""GPX 1.0 and 1.1: the points of tracks and routes, each said as a `pos` report.

Read as a stream of elements instead of through a document tree, because a fault wants a line number, and one bad point
must not cost the file. Entities of a DTD are not resolved: a document with one is refused there.
"""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from xml.parsers import expat  # no entity is ever expanded: see _Reader._doctype

from simulators.sources.recording import Recording, ordered

_POINTS: Final = frozenset({"trkpt", "rtept"})
_VALUES: Final = frozenset({"time", "ele", "speed", "course"})
_MAX_LON: Final = 180.0
_MAX_LAT: Final = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    line: int
    at_s: float
    lon: float
    lat: float
    altitude_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None

    def topic(self, terminal: str) -> str:
        return f"gw/v1/t/{terminal}/pos"

    def payload(self, shift_s: int) -> bytes:
        said = {"t": round(self.at_s + shift_s, 3), "lon": self.lon, "lat": self.lat}
        optional = {"alt": self.altitude_m, "spd": self.speed_mps, "hdg": self.heading_deg}
        said |= {name: value for name, value in optional.items() if value is not None}
        return json.dumps(said, separators=(",", ":")).encode()


class _RefusedError(Exception):
    pass


def read(path: Path, data: bytes) -> Recording:
    """Read a GPX document. Points without a time, or with unreadable values, are faults."""
    reader = _Reader(path)
    return reader.read(data)


class _Reader:
    def __init__(self, path: Path) -> None:
        self._recording: Final = Recording(file=path)
        self._points: Final[list[Point]] = []
        self._parser: Final = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text_of
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._point: dict[str, str] | None = None  # attributes and values of the point we are in
        self._line = 0
        self._value: str | None = None  # name of the value we are in
        self._waypoints = 0

    def read(self, data: bytes) -> Recording:
        recording = self._recording
        try:
            self._parser.Parse(data, True)  # noqa: FBT003 - expat takes it by place
        except expat.ExpatError as error:
            recording.fault(error.lineno, f"broken XML ({expat.ErrorString(error.code)}): nothing read from here on")
        except _RefusedError as error:
            recording.fault(self._parser.CurrentLineNumber, str(error))
        if self._waypoints:
            recording.notes.append(f"{self._waypoints} waypoints passed over: they are places, not fixes")
        recording.messages.extend(ordered(self._points))
        return recording

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name in _POINTS:
            self._point, self._line = dict(attributes), self._parser.CurrentLineNumber
        elif name == "wpt":
            self._waypoints += 1
        elif self._point is not None and name in _VALUES:
            self._value = name
            self._point[name] = ""

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name == self._value:
            self._value = None
        elif name in _POINTS and self._point is not None:
            said, self._point = self._point, None
            try:
                self._points.append(_point(self._line, said))
            except _RefusedError as error:
                self._recording.fault(self._line, str(error))

    def _text_of(self, text: str) -> None:
        if self._value is not None and self._point is not None:
            self._point[self._value] += text

    def _doctype(self, *_declaration: object) -> None:
        raise _RefusedError("a document type declaration: nothing read from here on")


def _point(line: int, said: dict[str, str]) -> Point:
    return Point(
        line=line,
        at_s=_time(said.get("time", "")),
        lon=_degrees(said, "lon", _MAX_LON),
        lat=_degrees(said, "lat", _MAX_LAT),
        altitude_m=_number(said, "ele"),
        speed_mps=_number(said, "speed"),
        heading_deg=_number(said, "course"),
    )


def _time(text: str) -> float:
    if not text.strip():
        raise _RefusedError("a point without a time")
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _RefusedError(f"{text.strip()[:40]!r} is no time") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)  # GPX: "conforms to ISO 8601", and is UTC
    return at.timestamp()


def _degrees(said: dict[str, str], name: str, limit: float) -> float:
    value = _number(said, name)
    if value is None:
        raise _RefusedError(f"a point without {name}")
    if not -limit <= value <= limit:
        raise _RefusedError(f"{name} {value:g} is out of range")
    return value


def _number(said: dict[str, str], name: str) -> float | None:
    text = said.get(name, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise _RefusedError(f"{name} {text[:40]!r} is no number") from None
    if not math.isfinite(value):
        raise _RefusedError(f"{name} is {text}")
    return value

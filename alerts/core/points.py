"""Coordinates that somebody wrote in a text: as numbers, as a geo: URI, in a link to a map. Pure.

Numbers without a map are a phone's own: WGS-84. Which of two is the latitude, hemispheres and the words 北纬 and 东经
say; else the one of at most 90 degrees; of two such the first, as in geo: URIs.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from alerts.core import map_links
from alerts.core.map_links import Datum, Pair
from tracker.geometry import bd09, gcj02

MOST: Final = 10  # points of one text; who sends more sends no place
LONGEST: Final = 5_000  # characters that are looked at; an SMS of 255 parts has more, and nobody writes one
LONGEST_SAID: Final = 200


class Point(NamedTuple):
    """Degrees, WGS-84. `is_sure`: nothing but a place is written so; two bare numbers may be prices."""

    lon: float
    lat: float
    said: str
    is_sure: bool


_ANGLE: Final = re.compile(
    r"""(?P<before>北纬|南纬|东经|西经|纬度|经度|(?<![A-Za-z])(?:latitude|longitude|lat|lon|lng|[NSEW])(?![A-Za-z]))?\s{0,3}[:=]?\s{0,3}
    (?<![\d.])
    (?P<degrees>-?\d{1,3}(?:\.\d{2,15})?)
    (?:\s*[°º度]\s*(?:(?P<minutes>\d{1,2}(?:\.\d{1,10})?)\s*[\u2032'\u2019分]\s*
        (?:(?P<seconds>\d{1,2}(?:\.\d{1,10})?)\s*(?:\u2032\u2032|''|"|\u201d|秒))?)?|(?![\d.]))
    (?(before)|\s{0,3}(?P<after>[NSEW](?![A-Za-z]))?)""",
    re.VERBOSE | re.IGNORECASE,
)
_APART: Final = " ... "
_BETWEEN: Final = re.compile(r"[\s,、;/|和]{0,5}")
_LATITUDES: Final = frozenset({"北纬", "南纬", "纬度", "latitude", "lat", "n", "s"})
_LONGITUDES: Final = frozenset({"东经", "西经", "经度", "longitude", "lon", "lng", "e", "w"})
_NEGATIVE: Final = frozenset({"南纬", "西经", "s", "w"})


class _Angle(NamedTuple):
    value: float
    axis: str  # lat, lon, or empty
    is_exact: bool  # has decimals, or minutes
    start: int
    end: int


def points_in(text: str) -> list[Point]:
    """Return the points of a text, at most MOST, each once: those of links first."""
    plain = unicodedata.normalize("NFKC", text)[:LONGEST]
    found: list[Point] = []
    for pattern, read in ((map_links.GEO, map_links.read_geo), (map_links.LINK, map_links.read)):
        found += [point for said in pattern.findall(plain) if (point := _point(read(said), said, is_sure=True))]
        plain = pattern.sub(_APART, plain)  # the numbers of a link are its own
    found += _bare(plain)
    return list({(point.lon, point.lat): point for point in found}.values())[:MOST]


def _bare(plain: str) -> Iterator[Point]:
    angles = list(_angles(plain))
    at = 0
    while at + 1 < len(angles):
        first, second = angles[at], angles[at + 1]
        said = plain[first.start : second.end].strip()
        is_sure = bool(first.axis or second.axis)
        point = None
        if first.is_exact and second.is_exact and _BETWEEN.fullmatch(plain[first.end : second.start]):
            point = _point(_ordered(first, second), said, is_sure=is_sure)
        if point is not None:
            yield point
        at += 1 if point is None else 2


def _angles(plain: str) -> Iterator[_Angle]:
    for match in _ANGLE.finditer(plain):
        words = {(match["before"] or "").lower(), (match["after"] or "").lower()}
        minutes, seconds = match["minutes"], match["seconds"]
        value = abs(float(match["degrees"])) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
        axis = "lat" if words & _LATITUDES else "lon" if words & _LONGITUDES else ""
        is_negative = match["degrees"].startswith("-") or bool(words & _NEGATIVE)
        is_exact = minutes is not None or "." in match["degrees"]
        yield _Angle(-value if is_negative else value, axis, is_exact, match.start(), match.end())


def _ordered(first: _Angle, second: _Angle) -> Pair | None:
    if first.axis and first.axis == second.axis:
        return None
    is_lon_first = (
        first.axis == "lon" or second.axis == "lat" or (not first.axis and not second.axis and abs(first.value) > 90)  # noqa: PLR2004 - degrees
    )
    lon, lat = (first.value, second.value) if is_lon_first else (second.value, first.value)
    return Pair(lon, lat, Datum.WGS_84)


def _point(pair: Pair | None, said: str, *, is_sure: bool) -> Point | None:
    if pair is None or not (abs(pair.lat) <= 90 and abs(pair.lon) <= 180):  # noqa: PLR2004 - degrees of the whole earth
        return None
    lon, lat = np.array([pair.lon]), np.array([pair.lat])
    if pair.datum is Datum.BD_09:
        lon, lat = bd09.to_gcj02(lon, lat)
    if pair.datum is not Datum.WGS_84:
        lon, lat = gcj02.to_wgs84(lon, lat)
    if not (abs(lat[0]) <= 90 and abs(lon[0]) <= 180):  # noqa: PLR2004 - moved over the edge
        return None
    return Point(round(float(lon[0]), 7), round(float(lat[0]), 7), said[:LONGEST_SAID], is_sure)

"""Points that links to maps carry: geo: URIs (RFC 5870), Amap, Baidu, Tencent and Google, each in its own datum.

A link is read by its own words alone and never opened: a short one (surl.amap.com) says nothing. Baidu's metres
(coord_type=bd09mc) are not read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit


class Datum(StrEnum):
    WGS_84 = "WGS-84"
    GCJ_02 = "GCJ-02"
    BD_09 = "BD-09"


class Pair(NamedTuple):
    """Degrees in a datum."""

    lon: float
    lat: float
    datum: Datum


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """How the links of one map are written. `whole`: parameters that hold both numbers; `apart`: (lon, lat)."""

    hosts: Sequence[str]  # and all below them; schemes of apps, too
    whole: Sequence[str]
    is_lon_first: Sequence[str] = ()  # of `whole`
    apart: Sequence[tuple[str, str]] = ()
    datum: Datum
    said_in: str = ""  # the parameter that names another datum
    said: Mapping[str, Datum | None]  # None: what is not read


_SERVICES: Final = (
    _Service(  # lbs.amap.com/api/uri-api: gaode (GCJ-02) unless it says wgs84
        hosts=("amap.com", "gaode.com"),
        whole=("position", "to", "dest", "q", "p", "lnglat"),
        is_lon_first=("position", "to", "dest", "lnglat"),
        apart=(("lng", "lat"), ("lon", "lat")),
        datum=Datum.GCJ_02,
        said_in="coordinate",
        said={"gaode": Datum.GCJ_02, "wgs84": Datum.WGS_84},
    ),
    _Service(  # its apps: dev=1 is a device's own coordinates
        hosts=("androidamap", "iosamap", "amapuri"),
        whole=(),
        apart=(("lon", "lat"), ("dlon", "dlat")),
        datum=Datum.GCJ_02,
        said_in="dev",
        said={"0": Datum.GCJ_02, "1": Datum.WGS_84},
    ),
    _Service(  # lbsyun.baidu.com, URI API: bd09ll unless it says another
        hosts=("map.baidu.com", "baidumap", "bdapp"),
        whole=("location", "latlng", "destination", "center"),
        datum=Datum.BD_09,
        said_in="coord_type",
        said={"bd09ll": Datum.BD_09, "bd09mc": None, "gcj02": Datum.GCJ_02, "wgs84": Datum.WGS_84},
    ),
    _Service(  # lbs.qq.com, URI API: 2 (GCJ-02) unless it says 1 (GPS)
        hosts=("map.qq.com", "qqmap"),
        whole=("marker", "coord", "tocoord", "center"),
        apart=(("pointx", "pointy"),),
        datum=Datum.GCJ_02,
        said_in="coord_type",
        said={"1": Datum.WGS_84, "2": Datum.GCJ_02},
    ),
    _Service(  # what trackers and watches send
        hosts=("maps.google.com", "google.com", "maps.google.cn"),
        whole=("q", "ll", "query", "destination", "loc"),
        datum=Datum.WGS_84,
        said={},
    ),
)
LINK: Final = re.compile(
    r"(?<![A-Za-z])(?:https?|androidamap|iosamap|amapuri|baidumap|bdapp|qqmap)://[!-~]+", re.IGNORECASE
)
GEO: Final = re.compile(r"(?<![A-Za-z])geo:[!-~]+", re.IGNORECASE)
_NUMBER: Final = r"[-+]?\d{1,3}(?:\.\d{1,15})?"
_BOTH: Final = re.compile(rf"(?<![\w.])({_NUMBER})\s*,\s*({_NUMBER})(?![\d.])")
_ONE: Final = re.compile(_NUMBER)


def read(link: str) -> Pair | None:
    """Return the point that a link says; None when it says none, or in a way that is not known here."""
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").lower()
        given = parse_qs(parts.query, max_num_fields=50)
    except ValueError:  # brackets that are no IPv6 address; more fields than any map's link has
        return None
    scheme = parts.scheme.lower()
    for service in _SERVICES:
        if scheme in service.hosts or any(host == name or host.endswith(f".{name}") for name in service.hosts):
            return _of(service, {name: values[0] for name, values in given.items()}, unquote(parts.path))
    return None


def read_geo(uri: str) -> Pair | None:
    """Return the point of a geo: URI, which is WGS-84 unless it says otherwise; then it is not read."""
    said, _, query = uri[len("geo:") :].partition("?")
    place, *parameters = said.split(";")
    if any(each.lower().startswith("crs=") and each.lower() != "crs=wgs84" for each in parameters):
        return None
    both = _BOTH.match(place)
    if both is None:
        return None
    lat, lon = float(both[1]), float(both[2])
    if lat == lon == 0:  # Android's geo:0,0?q=34.75,113.65(home)
        try:
            asked = parse_qs(query, max_num_fields=50).get("q", [""])[0]
        except ValueError:
            return None
        both = _BOTH.match(asked)
        return None if both is None else Pair(float(both[2]), float(both[1]), Datum.WGS_84)
    return Pair(lon, lat, Datum.WGS_84)


def _of(service: _Service, given: Mapping[str, str], path: str) -> Pair | None:
    datum = service.said.get(given.get(service.said_in, ""), service.datum) if service.said_in else service.datum
    if datum is None:
        return None
    for name in service.whole:
        both = _BOTH.search(given.get(name, "") or _in_path(path, name))
        if both is not None:
            first, second = float(both[1]), float(both[2])
            return Pair(first, second, datum) if name in service.is_lon_first else Pair(second, first, datum)
    for lon, lat in service.apart:
        x, y = (_ONE.fullmatch(given.get(name, "").strip()) for name in (lon, lat))
        if x is not None and y is not None:
            return Pair(float(x[0]), float(y[0]), datum)
    return None


def _in_path(path: str, name: str) -> str:
    """m.amap.com/share/index/lnglat=113.65,34.75&name=... has no question mark."""
    _, found, rest = path.partition(f"{name}=")
    return rest if found else ""

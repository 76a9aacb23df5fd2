"""Areas from GeoJSON, FlatGeobuf and Shapefiles, in any coordinate system, to degrees of WGS-84 on the lattice.

The reader (GDAL) opens whatever a file's content looks like, remote services included; so each file is first looked at,
and opened as what its name says or not at all.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from pyogrio import raw, read_info
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from tracker.city.cells import LATTICE
from tracker.city.intake.findings import Findings, Place
from tracker.city.intake.tables import FILE_BYTES
from tracker.geometry.gcj02 import to_wgs84

# The reference city has 1.0 million. Five times as many are checked in minutes, within 4 GiB.
VERTICES: Final = 5_000_000
AT_ONCE: Final = 1_000  # features made into geometries before vertices are counted
WGS_84: Final = CRS.from_epsg(4326)
SAME_AS_WGS_84: Final = frozenset(("EPSG:4326", "OGC:CRS84"))
# How the content of each kind of file begins, and how the reader is told to take it for nothing else
MAGIC: Final[Mapping[str, tuple[bytes, str]]] = {
    ".geojson": (b"{", "GeoJSON:"),
    ".json": (b"{", "GeoJSON:"),
    ".fgb": (b"fgb", ""),
    ".shp": (b"\x00\x00\x27\x0a", ""),
}
ENCODINGS: Final = {"gbk": "GBK", "utf-8": "UTF-8"}

Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas:
    """What a file holds: code, number of the feature and geometry, as read and in degrees of WGS-84."""

    codes: list[str] = field(default_factory=list[str])
    rows: list[int] = field(default_factory=list[int])
    shapes: Geometries = field(default_factory=lambda: np.empty(0, object))
    is_right_handed: bool = False  # the format asks for it


def read_areas(
    path: Path,
    findings: Findings,
    *,
    code_column: str = "code",
    crs: str | None = None,
    encoding: str = "auto",
    is_gcj02: bool = False,
) -> Areas:
    """Read all features of a file that have a code; what cannot be used is among the findings."""
    place = Place(path.name)
    source = _source(path, findings)
    if source is None:
        return Areas()
    said = ENCODINGS.get(encoding) if path.suffix.lower() == ".shp" else None  # None: as the file declares
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            info = read_info(source, encoding=said)
            column = _column(info["fields"].tolist(), code_column, place, findings)
            declared = _declared(crs or info["crs"], place, findings)
            if column is None or declared is None:
                return Areas()
            _, _, wkb, columns = raw.read(source, columns=[column], encoding=said)
    except (DataSourceError, DataLayerError, FeatureError, GeometryError, UnicodeDecodeError) as error:
        findings.add("unreadable", place, reason=str(error).replace("GeoJSON:", ""))
        return Areas()
    for text in sorted({str(warning.message) for warning in heard}):
        findings.add("reader", place, text=text)
    return _areas(path, wkb, columns[0], declared, findings, is_gcj02=is_gcj02)


def _source(path: Path, findings: Findings) -> str | None:
    """Return how the reader is to be told of the file; None when it is not what its name says, or too large."""
    place = Place(path.name)
    magic, prefix = MAGIC[path.suffix.lower()]
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            begins = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError as error:
        findings.add("unreadable", place, reason=error.strerror)
        return None
    if size > FILE_BYTES:
        findings.add("too_large", place, mib=size >> 20, limit=FILE_BYTES >> 20)
        return None
    if not begins.startswith(magic):
        findings.add("unreadable", place, reason=f"its content is no {path.suffix[1:]}")
        return None
    return f"{prefix}{path.resolve()}"


def _column(fields: list[str], wanted: str, place: Place, findings: Findings) -> str | None:
    found = next((name for name in fields if name.lower() == wanted.lower()), None)
    if found is None:
        findings.add("no_code_column", place, column=wanted, columns=", ".join(fields) or "-")
    return found


def _declared(crs: str | None, place: Place, findings: Findings) -> CRS | None:
    if not crs:
        findings.add("no_crs", place)
        return None
    try:
        return CRS.from_user_input(crs)
    except CRSError as error:
        findings.add("bad_crs", place, crs=crs, reason=str(error))
        return None


def _areas(
    path: Path, wkb: Geometries, codes: npt.NDArray[Any], crs: CRS, findings: Findings, *, is_gcj02: bool
) -> Areas:
    place = Place(path.name)
    shapes = _shapes(wkb, place, findings)
    if shapes is None:
        return Areas()
    named = [(row, _code(code)) for row, code in enumerate(codes.tolist(), start=1)]
    for row, code in named:
        if not code:
            findings.add("no_code", Place(path.name, row))
    has_code = np.array([bool(code) for _, code in named], bool)
    degrees = _degrees(shapes[has_code], crs, place, findings, is_gcj02=is_gcj02)
    if degrees is None:
        return Areas()
    return Areas(
        codes=[code for _, code in named if code],
        rows=[row for row, code in named if code],
        shapes=degrees,
        is_right_handed=path.suffix.lower() in {".geojson", ".json"},
    )


def _code(code: Any) -> str:
    """Return a code as text, also where a format keeps it as a number."""
    if code is None or (isinstance(code, float) and math.isnan(code)):
        return ""
    if isinstance(code, float) and code.is_integer():
        return str(int(code))
    return str(code).strip()


def _shapes(wkb: Geometries, place: Place, findings: Findings) -> Geometries | None:
    shapes = np.empty(len(wkb), object)
    vertices = 0
    has_heights = False
    for start in range(0, len(wkb), AT_ONCE):
        part = np.asarray(shapely.from_wkb(wkb[start : start + AT_ONCE], on_invalid="fix"), object)
        vertices += int(shapely.get_num_coordinates(part).sum())
        if vertices > VERTICES:
            findings.add("too_many_vertices", place, vertices=f"{vertices:,}", limit=f"{VERTICES:,}")
            return None
        has_heights = has_heights or bool(shapely.has_z(part).any())
        shapes[start : start + AT_ONCE] = shapely.force_2d(part)
    if has_heights:
        findings.add("heights", place)
    return shapes


def _degrees(shapes: Geometries, crs: CRS, place: Place, findings: Findings, *, is_gcj02: bool) -> Geometries | None:
    if not _is_wgs84(crs):
        transformed = _transformed(shapes, crs, place, findings)
        if transformed is None:
            return None
        shapes = transformed
        findings.add("transformed", place, crs=crs.name)
    if is_gcj02:
        shapes = shapely.transform(shapes, lambda points: np.column_stack(to_wgs84(points[:, 0], points[:, 1])))
        findings.add("gcj02", place)
    return shapes


def _is_wgs84(crs: CRS) -> bool:
    authority = crs.to_authority()
    return authority is not None and ":".join(authority) in SAME_AS_WGS_84


def _transformed(shapes: Geometries, crs: CRS, place: Place, findings: Findings) -> Geometries | None:
    try:
        to = Transformer.from_crs(crs, WGS_84, always_xy=True)

        def convert(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            return np.column_stack(to.transform(points[:, 0], points[:, 1]))

        return np.asarray(shapely.transform(shapes, convert), object)
    except (ProjError, GEOSException) as error:
        findings.add("bad_crs", place, crs=crs.name, reason=str(error))
        return None


def rounded(shapes: Geometries) -> Geometries:
    """Return the shapes with each vertex on the lattice of 1e-7 degree (1 cm)."""
    return np.asarray(shapely.transform(shapes, lambda points: np.round(points * LATTICE) / LATTICE), object)


def is_on_earth(shape: BaseGeometry) -> bool:
    west, south, east, north = shape.bounds
    return -180 <= west <= east <= 180 and -90 <= south <= north <= 90  # noqa: PLR2004 - degrees; false for NaN

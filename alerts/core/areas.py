"""The drawn area of an alert: GeoJSON at the screens, WKB in the table, a mask over many points in between."""

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from alerts.core.errors import BadContent
from alerts.core.words import Words

Bounds = tuple[float, float, float, float]  # west, south, east, north; degrees

_BROKEN = Words("所画区域不是有效的多边形，请重新绘制", "the drawn area is not a valid polygon: draw it again")


def from_geojson(drawn: dict[str, Any]) -> bytes:
    """Return the WKB of a drawn GeoJSON Polygon or MultiPolygon (degrees, WGS-84); raises BadContent."""
    try:
        with np.errstate(invalid="ignore"):  # NaN is refused below, in our words
            area: BaseGeometry = shape(drawn)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, shapely.errors.ShapelyError) as broken:
        raise BadContent(_BROKEN) from broken
    if area.geom_type not in ("Polygon", "MultiPolygon") or area.is_empty or not area.is_valid:
        raise BadContent(_BROKEN)
    west, south, east, north = area.bounds
    if not (west >= -180 and south >= -90 and east <= 180 and north <= 90):  # noqa: PLR2004 - degrees of the whole earth
        raise BadContent(_BROKEN)
    return shapely.to_wkb(area)


def to_geojson(area: bytes) -> dict[str, Any]:
    """Return the GeoJSON geometry of a stored area."""
    return dict(mapping(shapely.from_wkb(area)))


def bounds(area: bytes) -> Bounds:
    west, south, east, north = shapely.from_wkb(area).bounds
    return west, south, east, north


def holds(area: bytes, *, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return the mask of points (degrees) inside the area or on its border."""
    drawn = shapely.from_wkb(area)
    shapely.prepare(drawn)
    return shapely.intersects_xy(drawn, lon, lat)

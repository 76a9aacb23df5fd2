"""Polygons and circles as CAP writes them (latitude first), and codes of divisions, as values or refused with words.

Source: CAP 1.2, sections 3.2.4 and 3.3.3 (WGS-84; a polygon has four or more points and ends where it began; a circle
is a point and a radius in kilometres). Codes: GB/T 2260 with the street and community digits of GB/T 10114 behind them.
"""

import math
import re
from collections.abc import Sequence
from typing import Final

import shapely

from alerts.core.errors import BadDocument
from alerts.core.words import Words

CORNERS: Final = 64  # of a circle
LEAST_KM: Final = 0.05  # a circle of radius 0 names a point: who stands beside it is meant, too
MOST_KM: Final = 1_000.0  # larger than a province; and beyond it a circle on the map is none
KM_PER_DEGREE: Final = 111.195  # a great circle of 6,371 km
FEWEST_POINTS: Final = 4
POLE: Final = 90.0
DATE_LINE: Final = 180.0
MOST_SAID: Final = 10_000  # points of a message's areas in one language
MOST_TOGETHER: Final = 4_000  # of them when they are put together
MOST_POINTS: Final = 1_800  # of a draft's area
MOST_PARTS: Final = 200
FINEST, COARSEST = 1e-5, 0.05  # degrees: a metre, five kilometres
GROUPS: Final = {6: (2, 4, 6), 9: (2, 4, 6, 9), 12: (2, 4, 6, 9, 12)}  # where the parts of a code end, by its length
_PAIR: Final = re.compile(r"([+-]?\d{1,3}(?:\.\d{1,20})?),([+-]?\d{1,3}(?:\.\d{1,20})?)")
_RADIUS: Final = re.compile(r"\d{1,6}(?:\.\d{1,20})?")
_TOO_FINE: Final = Words(
    "区域的图形过多或过于复杂，无法使用；请来源单位简化，或手工编写预警",
    "its area has too many or too intricate shapes: ask its sender for simpler ones, or write the warning by hand",
)


def polygon(text: str) -> shapely.Polygon:
    """Return a polygon of CAP, longitude first; raises BadDocument."""
    points = [_point(pair) for pair in text.split()]
    if len(points) < FEWEST_POINTS:
        raise BadDocument(
            Words(
                f"区域多边形只有 {len(points)} 个点，至少要 4 个，请来源单位更正",
                f"a polygon of its area has {len(points)} points and needs at least 4: ask its sender",
            )
        )
    if points[0] != points[-1]:
        raise BadDocument(
            Words(
                "区域多边形没有闭合（首尾两点不同），请来源单位更正",
                "a polygon of its area is not closed (its last point is not its first): ask its sender",
            )
        )
    drawn = shapely.Polygon(points)
    if not drawn.is_valid or drawn.area == 0:
        raise BadDocument(
            Words(
                "区域多边形自相交或没有面积，请来源单位更正",
                "a polygon of its area crosses itself or encloses nothing: ask its sender",
            )
        )
    return drawn


def circle(text: str) -> shapely.Polygon:
    """Return the circle `lat,lon radius` as a polygon of 64 corners, longitude first; raises BadDocument."""
    centre, _, radius = text.strip().partition(" ")
    lon, lat = _point(centre)
    if not _RADIUS.fullmatch(radius.strip()):
        raise BadDocument(
            Words(
                f"圆形区域的半径“{radius[:40]}”不是公里数",
                f"the radius {radius[:40]!r} of a circle is no number of kilometres",
            )
        )
    km = max(float(radius), LEAST_KM)
    north = km / KM_PER_DEGREE
    if km > MOST_KM or abs(lat) + north >= POLE:
        raise BadDocument(
            Words(
                f"圆形区域半径 {km:g} 公里过大，无法用于本市", f"a circle of {km:g} km is too large to warn a city by"
            )
        )
    east = north / math.cos(math.radians(lat))
    angles = [2 * math.pi * corner / CORNERS for corner in range(CORNERS)]
    drawn = shapely.Polygon([(lon + east * math.cos(angle), lat + north * math.sin(angle)) for angle in angles])
    if drawn.bounds[0] < -DATE_LINE or drawn.bounds[2] > DATE_LINE:
        raise BadDocument(
            Words("圆形区域跨越 180 度经线，无法使用", "a circle crosses the 180th meridian, which is not read here")
        )
    return drawn


def union(shapes: Sequence[shapely.Polygon]) -> bytes | None:
    """Return all shapes as one area (WKB) without holes, coarse enough for a draft; None for none.

    Raises BadDocument for more than can be put together here: combs that cross each other make four million corners
    of four thousand.
    """
    if not shapes:
        return None
    if sum(shapely.get_num_coordinates(shape) for shape in shapes) > MOST_SAID:
        raise BadDocument(_TOO_FINE)
    rough = _coarse(shapes, MOST_TOGETHER)
    try:
        whole = shapely.union_all(rough)
    except shapely.errors.GEOSException as wrong:
        raise BadDocument(_TOO_FINE) from wrong
    parts = [
        shapely.Polygon(part.exterior) for part in shapely.get_parts(whole).tolist() if part.geom_type == "Polygon"
    ]
    # Without its holes a part may hold another one
    drawn = shapely.union_all(_coarse(shapely.get_parts(shapely.union_all(parts)).tolist(), MOST_POINTS))
    if drawn.is_empty or shapely.get_num_geometries(drawn) > MOST_PARTS:
        raise BadDocument(_TOO_FINE)
    return shapely.to_wkb(drawn)


def _coarse(shapes: Sequence[shapely.Polygon], most: int) -> list[shapely.Polygon]:
    """Return shapes with at most so many points together, each still sound; raises BadDocument when they stay finer."""
    found, tolerance = list(shapes), FINEST
    while sum(shapely.get_num_coordinates(shape) for shape in found) > most:
        if tolerance > COARSEST:
            raise BadDocument(_TOO_FINE)
        found = [shapely.simplify(shape, tolerance, preserve_topology=True) for shape in found]
        tolerance *= 4
    return found


def division(code: str) -> str | None:
    """Return what the codes of all units within a division begin with; None for what is no code of a division.

    `410100` is all of 4101, `410102000000` all of 410102.
    """
    ends = GROUPS.get(len(code))
    if ends is None or not code.isdecimal() or not code.isascii() or code.startswith("0"):
        return None
    return next((code[:end] for end in ends if not code[end:].strip("0")), None)


def _point(pair: str) -> tuple[float, float]:
    """Return (lon, lat) of `lat,lon`."""
    found = _PAIR.fullmatch(pair)
    lat, lon = (float(found[1]), float(found[2])) if found else (math.nan, math.nan)
    if not (abs(lat) <= POLE and abs(lon) <= DATE_LINE):
        shown = pair[:40]
        raise BadDocument(
            Words(f"区域坐标“{shown}”不是“纬度,经度”", f"the point {shown!r} of its area is no latitude,longitude")
        )
    return lon, lat

"""One area at a time: what a border must be, and what may be repaired without changing the area.

A repair is kept when it leaves one polygonal area (or as many parts as were drawn) of nearly the size that was drawn;
else somebody must look.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from tracker.city.intake.findings import Findings, Place
from tracker.city.intake.vectors import Areas, is_on_earth, rounded
from tracker.city.tiling import is_same, square_metres, to_steps

SAME_SHARE: Final = 0.001  # of the area: a repair that changes more is none
REASON: Final = re.compile(r"(?P<reason>.*?)\[(?P<lon>\S+) (?P<lat>\S+)\]")
PLACES: Final = 7  # decimals of a degree that are told


def sound(
    areas: Areas,
    file: str,
    stored: Mapping[str, BaseGeometry],
    places: dict[tuple[str, str], Place],
    findings: Findings,
) -> dict[str, BaseGeometry]:
    """Return a valid area on the lattice for each code; those that are stored already are taken as they are stored."""
    found: dict[str, BaseGeometry] = {}
    on_lattice = rounded(areas.shapes)
    turned = 0
    for code, row, drawn, shape in zip(areas.codes, areas.rows, areas.shapes, on_lattice, strict=True):
        place = Place(file, row)
        first = places.setdefault(("grid", code), place)
        if first is not place:
            findings.add("duplicate_code", place, code=code, first=first.row)
            continue
        known = stored.get(code)
        if known is not None and drawn is not None and is_alike(drawn, known):
            found[code] = known
            continue
        area = _repaired(shape, code, place, findings)
        if area is not None:
            found[code] = area
            turned += areas.is_right_handed and not shapely.equals_identical(area, shapely.force_2d(shape))
    if turned:
        findings.add("orientation", Place(file), count=turned)
    return found


def is_alike(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Whether two areas have the same vertices, to the bit, however a format orders rings and parts."""
    if shapely.get_num_coordinates(one) != shapely.get_num_coordinates(other):
        return False
    return is_same(MultiPolygon(_polygons(one)), MultiPolygon(_polygons(other)))


def _polygons(area: BaseGeometry) -> list[Polygon]:
    return [part for part in shapely.get_parts(area) if isinstance(part, Polygon)]


def _repaired(shape: BaseGeometry | None, code: str, place: Place, findings: Findings) -> BaseGeometry | None:
    if shape is None or shape.is_empty or shape.geom_type not in {"Polygon", "MultiPolygon"}:
        kind = "empty feature" if shape is None or shape.is_empty else shape.geom_type
        findings.add("not_an_area", place, code=code, geometry=kind)
        return None
    if not is_on_earth(shape):
        lon, lat = shapely.get_coordinates(shape)[0].tolist()
        findings.add("not_degrees", place, code=code, lon=round(lon, 3), lat=round(lat, 3))
        return None
    area = _without_repeats(shape, code, place, findings)
    if not area.is_valid:
        return _made_valid(area, code, place, findings)
    return shapely.orient_polygons(area)


def _without_repeats(area: BaseGeometry, code: str, place: Place, findings: Findings) -> BaseGeometry:
    tidy = shapely.remove_repeated_points(area)
    count = int(shapely.get_num_coordinates(area) - shapely.get_num_coordinates(tidy))
    if count:
        findings.add("repeated_vertices", place, code=code, count=count)
    return tidy


def _made_valid(area: BaseGeometry, code: str, place: Place, findings: Findings) -> BaseGeometry | None:
    facts = {"code": code, **_reason(area)}
    repaired = shapely.set_precision(shapely.make_valid(area, method="structure", keep_collapsed=False), 1e-7)
    parts = [part for part in _polygons(repaired) if part.area > SAME_SHARE * repaired.area]
    if not parts or len(parts) > len(_polygons(area)) or not _is_nearly(parts, area):
        findings.add("invalid_area", place, **facts)
        return None
    findings.add("made_valid", place, **facts)
    return shapely.orient_polygons(parts[0] if len(parts) == 1 else MultiPolygon(parts))


def _is_nearly(parts: list[Polygon], drawn: BaseGeometry) -> bool:
    """Whether the parts together have the size that was drawn, as the formula of the surveyor sums it up."""
    size = sum(part.area for part in parts)
    return abs(size - drawn.area) <= SAME_SHARE * size


def _reason(area: BaseGeometry) -> dict[str, Any]:
    said = shapely.is_valid_reason(area)
    found = REASON.match(said)
    if found is None:
        lon, lat = shapely.get_coordinates(area)[0].tolist()
        return {"reason": said, "lon": round(lon, PLACES), "lat": round(lat, PLACES)}
    at = np.round([float(found["lon"]), float(found["lat"])], PLACES).tolist()
    return {"reason": found["reason"], "lon": at[0], "lat": at[1]}


def size_m2(area: BaseGeometry) -> float:
    return square_metres(to_steps(area))

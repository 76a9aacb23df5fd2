"""Where a text is about: the grid that its coordinates lie in, else the unit that its words name, else nowhere.

Coordinates come first: they are exact, and a name beside them is often a landmark's. Two bare numbers outside the city
are not taken for coordinates at all.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
from psycopg import AsyncConnection

from alerts.core import areas, place_names
from alerts.core.points import Point, points_in
from alerts.store import unit_places
from alerts.store.inbound import NOWHERE, Located

Connection = AsyncConnection[Any]

MOST_CANDIDATES: Final = 12  # that are kept to choose among


async def locate(connection: Connection, text: str, *, now: datetime) -> Located:
    points = points_in(text)
    inside: dict[int, Point] = {}
    for point in points:
        leaf = await _leaf(connection, point, now)
        if leaf is not None:
            inside.setdefault(leaf, point)
    if len(inside) > 1:
        return Located(candidates=tuple(inside)[:MOST_CANDIDATES])
    for leaf, point in inside.items():
        return Located(unit=leaf, by="coordinates", said=point.said, lon=point.lon, lat=point.lat)
    found = await _named(connection, text)
    if found.unit is not None or found.candidates:
        return found
    return _outside([point for point in points if point.is_sure])


def _outside(points: Sequence[Point]) -> Located:
    """Somebody wrote where it is, and it is in none of our grids: shown, and nobody's."""
    if len(points) != 1:
        return NOWHERE
    return Located(by="coordinates", said=points[0].said, lon=points[0].lon, lat=points[0].lat)


async def _leaf(connection: Connection, point: Point, now: datetime) -> int | None:
    lon, lat = np.array([point.lon]), np.array([point.lat])
    for unit, area in await unit_places.leaves_about(connection, lon=point.lon, lat=point.lat, now=now):
        if areas.holds(area, lon=lon, lat=lat)[0]:
            return unit
    return None


async def _named(connection: Connection, text: str) -> Located:
    said = place_names.phrases(text)
    units = await unit_places.named(connection, list({phrase.text for phrase in said})) if said else []
    settled = place_names.settle(place_names.mentions(said, units))
    if len(settled) == 1:
        mention = settled[0]
        by = "code" if mention.is_code else "name"
        return Located(unit=mention.unit.unit, by=by, said=mention.phrase.text)
    return Located(candidates=tuple(mention.unit.unit for mention in settled)[:MOST_CANDIDATES])

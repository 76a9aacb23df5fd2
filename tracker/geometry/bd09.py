"""BD-09, the coordinates of Baidu's maps, to GCJ-02.

No official text is public; every open library has the same formula: GCJ-02 in polar form about (0, 0), rippled, moved
by 0.0065 and 0.006 degrees. Its inverse is iterated, where libraries take one step.
"""

from typing import Final

import numpy as np

from tracker.geometry.gcj02 import Degrees

TURNS: Final = np.pi * 3000 / 180
MOVED_LON: Final = 0.0065  # degrees
MOVED_LAT: Final = 0.006
ITERATIONS: Final = 6  # an error shrinks more than tenfold in each


def from_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Return the BD-09 (lon, lat) in degrees of GCJ-02 points."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * TURNS)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * TURNS)
    return radius * np.cos(angle) + MOVED_LON, radius * np.sin(angle) + MOVED_LAT


def to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Return the GCJ-02 (lon, lat) in degrees of BD-09 points, exact to 1e-9 degree within China."""
    true_lon, true_lat = lon - MOVED_LON, lat - MOVED_LAT
    for _ in range(ITERATIONS):
        again_lon, again_lat = from_gcj02(true_lon, true_lat)
        true_lon, true_lat = true_lon + lon - again_lon, true_lat + lat - again_lat
    return true_lon, true_lat

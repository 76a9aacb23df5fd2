"""GCJ-02, the shifted coordinates of Chinese maps, to and from WGS-84.

No official text is public. The formula is the one known since 2010 from a reimplementation that circulates without an
author; every open library shares its constants: the Krasovsky ellipsoid (1940), polynomials and sines around
105 E, 35 N. Its inverse has no closed form: it is iterated, where libraries that take one step err by up to 3.2 m.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

SEMI_MAJOR_AXIS_M: Final = 6_378_245.0
ECCENTRICITY_SQUARED: Final = 0.006_693_421_622_965_943_23
ORIGIN_LON: Final = 105.0
ORIGIN_LAT: Final = 35.0
# The box outside of which nothing is shifted, as every implementation has it; it cuts through China's neighbours.
WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271
ITERATIONS: Final = 5  # an error shrinks a thousandfold in each: 600 m to below a micrometre in four

Degrees = npt.NDArray[np.float64]


def to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Return the GCJ-02 (lon, lat) in degrees of WGS-84 points; those outside the box of China, and NaN, unchanged."""
    east, north = _shift(lon, lat)
    return lon + east, lat + north


def to_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Return the WGS-84 (lon, lat) in degrees of GCJ-02 points, exact to 1e-9 degree.

    At the edge of the box, where the shift is not continuous, a strip of 600 m may come out shifted once too often.
    """
    true_lon, true_lat = lon, lat
    for _ in range(ITERATIONS):
        east, north = _shift(true_lon, true_lat)
        true_lon, true_lat = lon - east, lat - north
    return true_lon, true_lat


def _shift(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Return the degrees that GCJ-02 lies east and north of WGS-84 at these WGS-84 points."""
    is_shifted = (lon > WEST) & (lon < EAST) & (lat > SOUTH) & (lat < NORTH)
    x, y = np.where(is_shifted, lon - ORIGIN_LON, 0.0), np.where(is_shifted, lat - ORIGIN_LAT, 0.0)
    latitude = np.radians(y + ORIGIN_LAT)
    flattening = 1 - ECCENTRICITY_SQUARED * np.sin(latitude) ** 2
    along_meridian_m = SEMI_MAJOR_AXIS_M * (1 - ECCENTRICITY_SQUARED) / flattening**1.5
    along_parallel_m = SEMI_MAJOR_AXIS_M / np.sqrt(flattening) * np.cos(latitude)
    east, north = np.degrees(_east_m(x, y) / along_parallel_m), np.degrees(_north_m(x, y) / along_meridian_m)
    return np.where(is_shifted, east, 0.0), np.where(is_shifted, north, 0.0)


def _east_m(x: Degrees, y: Degrees) -> Degrees:
    polynomial = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    return polynomial + _ripple(x) + _waves(x, (20, 1), (40, 1 / 3), (150, 1 / 12), (300, 1 / 30))


def _north_m(x: Degrees, y: Degrees) -> Degrees:
    polynomial = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    return polynomial + _ripple(x) + _waves(y, (20, 1), (40, 1 / 3), (160, 1 / 12), (320, 1 / 30))


def _ripple(x: Degrees) -> Degrees:
    return _waves(x, (20, 6), (20, 2))


def _waves(along: Degrees, *waves: tuple[float, float]) -> Degrees:
    """Return two thirds of the sum of sines, each of an amplitude in metres and a frequency in half turns a degree."""
    return sum((height * np.sin(along * turns * np.pi) for height, turns in waves), np.zeros_like(along)) * (2 / 3)

import numpy as np
import pytest

from tracker.geometry.fences import METRES_PER_DEGREE
from tracker.geometry.gcj02 import to_gcj02, to_wgs84

CHINA = (74.0, 20.0, 135.0, 53.0)


def scattered(count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    west, south, east, north = CHINA
    return rng.uniform(west, east, count), rng.uniform(south, north, count)


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),  # as every open implementation has them: Shanghai, Shenzhen, Beijing
    [
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_known_points_are_shifted_as_everywhere(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    lon, lat = to_gcj02(np.array([wgs84[0]]), np.array([wgs84[1]]))
    assert (lon[0], lat[0]) == pytest.approx(gcj02, abs=1e-9)


def test_there_and_back_is_the_same_place() -> None:
    lon, lat = scattered(20_000)
    back_lon, back_lat = to_wgs84(*to_gcj02(lon, lat))
    assert np.abs(back_lon - lon).max() < 1e-9
    assert np.abs(back_lat - lat).max() < 1e-9


def test_over_zhengzhou_the_shift_varies_from_some_540_to_610_m() -> None:
    lon, lat = (axis.ravel() for axis in np.meshgrid(np.linspace(112.8, 114.2, 50), np.linspace(34.3, 34.95, 50)))
    east, north = to_gcj02(lon, lat)
    metres = np.hypot((east - lon) * np.cos(np.radians(lat)), north - lat) * METRES_PER_DEGREE
    assert 535 < metres.min() < 550
    assert 600 < metres.max() < 615


def test_other_countries_are_not_shifted() -> None:
    lon, lat = np.array([13.4, -122.4, 151.2]), np.array([52.5, 37.8, -33.9])
    for convert in (to_gcj02, to_wgs84):
        assert np.array_equal(convert(lon, lat), (lon, lat))


def test_nan_stays_nan() -> None:
    lon, lat = to_wgs84(np.array([np.nan, 113.6]), np.array([34.7, np.nan]))
    assert np.isnan(lon[0])
    assert np.isnan(lat[1])

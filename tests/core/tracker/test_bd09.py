import numpy as np
import pytest

from tracker.geometry.bd09 import from_gcj02, to_gcj02


def test_known_points_are_moved_as_everywhere() -> None:
    lon, lat = from_gcj02(np.array([116.404]), np.array([39.915]))
    assert (lon[0], lat[0]) == pytest.approx((116.41036949371029, 39.92133699351021), abs=1e-9)


def test_back_is_within_the_error_of_the_one_step_that_libraries_take() -> None:
    lon, lat = to_gcj02(np.array([116.404]), np.array([39.915]))
    assert (lon[0], lat[0]) == pytest.approx((116.39762729119315, 39.90865673957631), abs=1e-6)


def test_there_and_back_is_the_same_place() -> None:
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(74, 135, 20_000), rng.uniform(20, 53, 20_000)
    back_lon, back_lat = to_gcj02(*from_gcj02(lon, lat))
    assert np.abs(back_lon - lon).max() < 1e-9
    assert np.abs(back_lat - lat).max() < 1e-9

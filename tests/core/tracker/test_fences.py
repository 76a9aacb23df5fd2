from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from tracker.geometry.fences import METRES_PER_DEGREE, OUTSIDE, Fences

WEST, EAST = box(113.0, 34.0, 113.1, 34.1), box(113.1, 34.0, 113.2, 34.1)


def two_squares() -> Fences:
    return Fences(units=[12, 11], areas=[WEST, EAST], parents={11: 5, 12: 5, 5: 1, 1: None})


def place(fences: Fences, *points: tuple[float, float]) -> list[int]:
    lon, lat = np.array(points, float).T
    return fences.place(lon, lat).tolist()


def test_a_point_has_the_grid_it_lies_in() -> None:
    assert place(two_squares(), (113.05, 34.05), (113.15, 34.05), (112.0, 34.05)) == [12, 11, OUTSIDE]


def test_on_a_shared_border_the_first_code_wins_whatever_its_unit_id() -> None:
    assert place(two_squares(), (113.1, 34.05), (113.1, 34.0), (113.2, 34.1)) == [12, 12, 11]


def test_what_is_not_a_place_is_outside() -> None:
    strange = [(np.nan, 34.05), (113.05, np.nan), (np.inf, 34.05), (113.05, -np.inf), (0.0, 0.0)]
    assert place(two_squares(), *strange) == [OUTSIDE] * 5


def test_no_points_have_no_grids_and_no_fences_hold_no_points() -> None:
    assert two_squares().place(np.empty(0), np.empty(0)).tolist() == []
    assert place(Fences(units=[], areas=[], parents={}), (113.0, 34.0)) == [OUTSIDE]


def test_areas_may_come_as_wkb_and_in_several_parts() -> None:
    island = MultiPolygon([WEST, box(114.0, 34.0, 114.1, 34.1)])
    fences = Fences(units=[1], areas=[shapely.to_wkb(island)], parents={1: None})
    assert place(fences, (113.05, 34.05), (114.05, 34.05), (113.15, 34.05)) == [1, 1, OUTSIDE]


def test_distance_is_in_metres_both_ways_and_zero_inside() -> None:
    lon, lat = np.array([113.05, 113.1 + 0.001, 113.05, 113.0]), np.array([34.05, 34.05, 34.1 + 0.001, 34.0])
    metres = two_squares().distance_m(np.full(4, 12, np.int32), lon, lat)
    degree = METRES_PER_DEGREE / 1000
    assert metres == pytest.approx([0, degree * np.cos(np.radians(34.05)), degree, 0], abs=1e-3)


def test_nothing_is_near_a_grid_that_is_not_in_the_set() -> None:
    metres = two_squares().distance_m(np.array([99, OUTSIDE], np.int32), np.full(2, 113.05), np.full(2, 34.05))
    assert np.isinf(metres).all()


def test_ancestors_come_nearest_first() -> None:
    fences = two_squares()
    assert fences.ancestors(12) == (5, 1)
    assert fences.ancestors(1) == fences.ancestors(OUTSIDE) == fences.ancestors(99) == ()


coordinates = st.integers(0, 40).map(lambda step: step / 40)  # coarse, so that points fall on borders and corners


@settings(max_examples=60, deadline=None)
@given(
    seeds=st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=12, unique=True),
    points=st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=40),
)
def test_every_point_gets_what_trying_every_grid_gives(
    seeds: list[tuple[float, float]], points: list[tuple[float, float]]
) -> None:
    cells = shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=box(-1, -1, 2, 2))
    areas = [area for area in shapely.get_parts(cells).tolist() if isinstance(area, Polygon)]
    units = list(range(100, 100 + len(areas)))
    fences = Fences(units=units, areas=areas, parents=dict.fromkeys(units))
    corners = shapely.get_coordinates(areas).tolist()
    everywhere = [*points, *((lon, lat) for lon, lat in corners)]
    expected = [
        next((unit for unit, area in zip(units, areas, strict=True) if area.intersects(Point(point))), OUTSIDE)
        for point in everywhere
    ]
    assert place(fences, *everywhere) == expected


def by_geos(areas: Sequence[BaseGeometry], lon: np.ndarray, lat: np.ndarray) -> list[int]:
    """Return the 1-based place of the first area that each point touches, 0 for none: one question at a time."""
    points = [Point(*spot) for spot in zip(lon, lat, strict=True)]
    return [next((at for at, area in enumerate(areas, 1) if area.intersects(point)), 0) for point in points]


steps = st.integers(0, 8)


@given(st.lists(st.tuples(steps, steps), min_size=1, max_size=40), st.integers(1, 7), st.integers(1, 7))
def test_points_at_corners_on_edges_and_beside_them_have_the_grid_that_geos_says(
    spots: list[tuple[int, int]], knee: int, hole: int
) -> None:
    """Corners, edges in and across the ray, a hole, an island: all on few lines, so that points meet them often."""
    east = 113.0 + np.array([0, 2, knee, 6, 8, 8, 4, 0]) / 70
    north = 34.0 + np.array([0, 0, hole, 0, 0, 8, knee, 8]) / 70
    crooked = Polygon(np.column_stack([east, north])).buffer(0)
    pierced = box(113.0, 34.0, 113 + 9 / 70, 34 + 9 / 70).difference(box(113 + 1 / 70, 34 + 1 / 70, 113.1, 34.1))
    areas = [crooked, MultiPolygon([box(112.9, 34.0, 112.99, 34.1), box(112.9, 34.2, 112.99, 34.3)]), pierced]
    fences = Fences(units=[1, 2, 3], areas=areas, parents={})
    base = np.array(spots, float)
    nudges = np.array([0.0, 1e-16, -1e-16, 1e-13, -1e-13, 1e-7])
    lon = (113.0 + base[:, :1] / 70 + nudges).ravel()
    lat = (34.0 + base[:, 1:] / 70 + nudges[::-1]).ravel()
    assert fences.place(lon, lat).tolist() == by_geos(areas, lon, lat)


def test_a_round_city_is_divided_as_geos_divides_it() -> None:
    rng = np.random.default_rng(5)
    areas = [Point(*centre).buffer(0.004, quad_segs=12) for centre in rng.uniform(113.0, 113.05, (60, 2)) - [0, 79]]
    lon, lat = rng.uniform(113.0, 113.05, 3000), rng.uniform(34.0, 34.05, 3000)
    fences = Fences(units=list(range(1, 61)), areas=areas, parents={})
    assert fences.place(lon, lat).tolist() == by_geos(areas, lon, lat)

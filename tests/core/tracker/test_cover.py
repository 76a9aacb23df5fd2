"""Which grids lie in a drawn area wholly, and which only partly."""

import numpy as np
import pytest
import shapely

from tracker.geometry.cover import Cover, Leaf, cover, holds

# Four squares of 0.1 degree in a row from 113.0: units 1 to 4
SQUARES = {unit: shapely.box(112.9 + unit / 10, 34.0, 113.0 + unit / 10, 34.1) for unit in (1, 2, 3, 4)}


def leaves(version: int = 1, **moved: shapely.Polygon) -> list[Leaf]:
    drawn = {**SQUARES, **{int(name.removeprefix("of_")): area for name, area in moved.items()}}
    return [Leaf(version, unit, shapely.to_wkb(area)) for unit, area in drawn.items()]


@pytest.mark.parametrize(
    ("area", "found"),
    [
        (shapely.box(113.0, 34.0, 113.2, 34.1), Cover((1, 2), (3,))),  # 3 is touched at its border
        (shapely.box(113.01, 34.01, 113.02, 34.02), Cover((), (1,))),
        (shapely.box(113.05, 34.02, 113.35, 34.08), Cover((), (1, 2, 3, 4))),
        (shapely.box(113.05, 34.0, 113.35, 34.1), Cover((2, 3), (1, 4))),
        (shapely.box(113.05, 34.0, 113.15, 34.2), Cover((), (0, 1, 2))),  # out of the city in the north
        (shapely.box(120.0, 30.0, 120.1, 30.1), Cover((), (0,))),
    ],
)
def test_a_grid_is_whole_or_partly_in_an_area(area: shapely.Polygon, found: Cover) -> None:
    assert cover(area, leaves()) == found


def test_where_there_are_no_grids_everything_is_outside() -> None:
    assert cover(shapely.box(113.0, 34.0, 113.2, 34.1), []) == Cover((), (0,))


def test_a_grid_that_moved_meanwhile_is_partly_in_it() -> None:
    area = shapely.box(113.0, 34.0, 113.1, 34.1)
    away = leaves(2, of_1=shapely.box(114.0, 34.0, 114.1, 34.1))
    assert 1 in cover(area, [*leaves(1), *away]).partly


def test_a_point_on_the_border_is_held() -> None:
    area = shapely.box(113.0, 34.0, 113.1, 34.1)
    mask = holds(area, np.array([113.0, 113.05, 113.2]), np.array([34.05, 34.1, 34.05]))
    assert mask.tolist() == [True, True, False]

"""Which grid set judges a fix, and whose grid moved between two of them."""

import numpy as np
import pytest
import shapely

from tracker.geometry.atlas import NO_GRID_SET, Atlas, Era, one
from tracker.geometry.fences import OUTSIDE, Fences

WEST, EAST, NORTH = 11, 12, 13


def fences(version: int, border: float) -> Fences:
    areas = [shapely.box(113.5, 34.7, border, 34.8), shapely.box(border, 34.7, 113.7, 34.8)]
    return Fences(units=[WEST, EAST], areas=areas, version=version)


def at(*times: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(times, np.int64)


THREE = Atlas(
    [Era(2, 2_000), Era(1, 1_000), Era(3, 3_000)],
    fences={1: fences(1, 113.60), 2: fences(2, 113.61), 3: fences(3, 113.61)},
    moved={(1, 2): np.array([WEST, EAST], np.int32), (2, 3): np.array([OUTSIDE, NORTH], np.int32)},
    parents={WEST: 1, EAST: 1, 1: None},
)


@pytest.mark.parametrize(("at_us", "version"), [(-5, 1), (1_000, 1), (1_999, 1), (2_000, 2), (2_999, 2), (9_999, 3)])
def test_a_moment_is_judged_by_the_set_that_took_effect_last_and_before_all_by_the_first(
    at_us: int, version: int
) -> None:
    assert THREE.version(at_us) == version
    assert THREE.versions(at(at_us)).tolist() == [version]
    assert THREE.sheet(at_us).version == version


def test_of_two_sets_of_one_moment_the_later_made_one_counts() -> None:
    assert Atlas([Era(4, 500), Era(7, 500), Era(1, 0)]).version(500) == 7


def test_a_city_without_grid_sets_has_one_that_holds_nothing() -> None:
    atlas = Atlas()
    assert atlas.version(0) == NO_GRID_SET
    assert atlas.wants(at(5)).versions == (NO_GRID_SET,)


def test_fixes_are_split_by_set_the_earliest_first() -> None:
    parts = [
        (sheet.version, np.arange(4)[rows].tolist()) for sheet, rows in THREE.split(at(2_500, 1_500, 3_500, 2_001))
    ]
    assert parts == [(1, [1]), (2, [0, 3]), (3, [2])]


def test_the_same_place_lies_in_another_grid_once_the_border_moved() -> None:
    lon, lat = np.array([113.605]), np.array([34.75])
    assert THREE.sheet(1_500).place(lon, lat).tolist() == [EAST]
    assert THREE.sheet(2_500).place(lon, lat).tolist() == [WEST]


@pytest.mark.parametrize(
    ("before_us", "at_us", "moved"),
    [
        (1_500, 1_900, [False, False, False]),
        (1_500, 2_500, [True, True, False]),
        (2_500, 3_500, [False, False, True]),
        (1_500, 3_500, [True, True, True]),
        (0, 3_500, [False, False, False]),  # no fix before
    ],
)
def test_a_grid_moved_if_it_did_in_any_set_in_between(before_us: int, at_us: int, moved: list[bool]) -> None:
    found = THREE.sheet(at_us).is_moved(at(*[before_us] * 3), np.array([WEST, EAST, OUTSIDE], np.int32))
    assert found.tolist() == moved


def test_fixes_of_today_want_today_s_set_and_nothing_else() -> None:
    want = THREE.wants(at(3_100, 3_200), at(3_050, 0))
    assert want == ((3,), ())
    assert THREE.holds(want)


def test_a_track_that_was_silent_since_an_older_set_wants_every_step_in_between() -> None:
    assert THREE.wants(at(3_100), at(1_500, 0)) == ((3,), ((1, 2), (2, 3)))
    assert not Atlas(THREE.eras).holds(THREE.wants(at(3_100)))


def test_ancestors_come_nearest_first_and_a_circle_ends() -> None:
    assert THREE.ancestors(WEST) == (1,)
    assert Atlas(parents={5: 6, 6: 5}).ancestors(5) == (6, 5)
    assert THREE.ancestors(OUTSIDE) == ()


def test_one_set_judges_all_times() -> None:
    assert one(fences(4, 113.6)).sheet(-(10**15)).version == 4

"""People move plausibly, stay where they belong, and do so again for the same seed."""

from collections.abc import Mapping

import numpy as np
import pytest
import shapely

from simulators.movement.chance import Chance, Stream
from simulators.movement.crowd import Crowd, Reports
from simulators.movement.ground import METRES_PER_DEGREE
from simulators.movement.handsets import MAX_ERROR_M
from simulators.movement.walkers import Kind
from simulators.roster import Grid

SIDE = 0.004  # degrees: some 400 m


def a_horseshoe(code: str, west: float, south: float) -> Grid:
    """A grid whose middle is not in it: straight lines across would leave it."""
    ring = [(0, 0), (1, 0), (1, 0.3), (0.3, 0.3), (0.3, 0.7), (1, 0.7), (1, 1), (0, 1)]
    area = shapely.Polygon([(west + SIDE * x, south + SIDE * y) for x, y in ring])
    return Grid(code=code, level="grid-3", area=area)


def a_city(side: int = 5) -> Mapping[str, Grid]:
    places = [(column, row) for column in range(side) for row in range(side)]
    grids = [a_horseshoe(f"{x:02d}{y:02d}", 113.6 + SIDE * x, 34.7 + SIDE * y) for x, y in places]
    return {grid.code: grid for grid in grids}


def a_crowd(*, seed: int = 1, count: int = 200, interval_s: float = 10.0, sos_per_hour: float = 0.0) -> Crowd:
    grids = a_city()
    units = [sorted(grids)[number % len(grids)] for number in range(count)]
    return Crowd(grids=grids, units=units, seed=seed, interval_s=interval_s, sos_per_hour=sos_per_hour)


def everyone(crowd: Crowd) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(len(crowd.kind), dtype=np.int64)


def rounds(crowd: Crowd, count: int) -> list[Reports]:
    return [crowd.report(everyone(crowd)) for _ in range(count)]


def places(reports: list[Reports]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(rounds, people, 2)"""
    return np.stack([np.column_stack([each.lon, each.lat]) for each in reports])


def test_the_same_seed_moves_everybody_alike() -> None:
    assert np.array_equal(places(rounds(a_crowd(), 30)), places(rounds(a_crowd(), 30)))


def test_another_seed_moves_everybody_otherwise() -> None:
    assert not np.any(places(rounds(a_crowd(), 1)) == places(rounds(a_crowd(seed=2), 1)))


def test_how_reports_are_batched_changes_nothing() -> None:
    together, one_by_one = a_crowd(count=7), a_crowd(count=7)
    for _ in range(20):
        batch = together.report(np.arange(7, dtype=np.int64))
        singles = [one_by_one.report(np.array([who], np.int64)) for who in reversed(range(7))]
        assert [single.lon[0] for single in reversed(singles)] == batch.lon.tolist()


def test_a_larger_crowd_leaves_the_others_where_they_were() -> None:
    assert np.array_equal(places(rounds(a_crowd(count=50), 5)), places(rounds(a_crowd(count=200), 5))[:, :50])


def test_a_patrol_never_leaves_its_grid_by_more_than_the_receivers_error() -> None:
    crowd = a_crowd()
    areas = np.array([grid.area for _, grid in sorted(a_city().items())] * 8, dtype=object)
    patrols = crowd.kind == Kind.PATROL
    seen = places(rounds(crowd, 360))[:, patrols]
    away = shapely.distance(areas[patrols], shapely.points(seen)) * METRES_PER_DEGREE
    assert patrols.sum() > 100
    assert away.max() <= MAX_ERROR_M


def test_a_patrol_walks_and_does_not_stand() -> None:
    crowd = a_crowd()
    seen = places(rounds(crowd, 180))[:, crowd.kind == Kind.PATROL]
    reach_m = np.ptp(seen, axis=0).max(axis=1) * METRES_PER_DEGREE
    assert np.median(reach_m) > 100
    assert reach_m.min() > 20


def test_nobody_is_faster_than_a_car() -> None:
    crowd = a_crowd()
    reports = rounds(crowd, 100)
    steps = np.diff(places(reports), axis=0) * METRES_PER_DEGREE * [np.cos(np.radians(34.7)), 1.0]
    elapsed_s = np.diff(np.stack([each.at_s for each in reports]), axis=0)
    speed_mps = np.hypot(steps[..., 0], steps[..., 1]) / elapsed_s
    assert speed_mps.max() < 20
    assert speed_mps[:, crowd.kind == Kind.PATROL].max() < 6


def test_drivers_and_commuters_visit_other_grids_and_commuters_come_back() -> None:
    crowd = a_crowd()
    areas = [grid.area for _, grid in sorted(a_city().items())] * 8
    seen = places(rounds(crowd, 1_000))
    for kind, share in ((Kind.DRIVER, 0.9), (Kind.COMMUTER, 0.5)):
        who = np.flatnonzero(crowd.kind == kind)
        away = np.array([shapely.distance(areas[at], shapely.points(seen[:, at])) > SIDE / 4 for at in who])
        assert away.any(axis=1).mean() > share
    assert (~away[:, -500:]).any(axis=1).all()


def test_a_receivers_error_wanders_instead_of_jumping() -> None:
    crowd = a_crowd(interval_s=1.0)
    reports = rounds(crowd, 60)
    standing = [each.speed_mps == 0 for each in reports]
    steps_m = np.abs(np.diff(places(reports), axis=0)).max(axis=2) * METRES_PER_DEGREE
    still = np.stack(standing[:-1]) & np.stack(standing[1:])
    assert 0.05 < np.median(steps_m[still]) < 2.0


def test_reports_come_once_an_interval_and_spread_over_it() -> None:
    crowd = a_crowd(interval_s=10.0)
    at_s = np.stack([each.at_s for each in rounds(crowd, 20)])
    assert np.abs(np.diff(at_s, axis=0) - 10.0).max() <= 1.0
    assert np.ptp(at_s[0]) > 8.0


def test_some_signal_is_lost_and_comes_back() -> None:
    has_signal = np.stack([each.has_signal for each in rounds(a_crowd(), 360)])
    assert 0.005 < (~has_signal).mean() < 0.05
    assert has_signal.any(axis=0).all()


def test_batteries_drain_and_are_swapped() -> None:
    battery = np.stack([each.battery_pct for each in rounds(a_crowd(interval_s=600.0), 200)])
    assert battery.min() >= 8.0
    assert battery.max() <= 100.0
    assert (np.diff(battery, axis=0) < 0).mean() > 0.9


def test_the_button_is_pressed_at_its_rate_and_at_rate_0_never() -> None:
    presses = sum(int(each.is_emergency.sum()) for each in rounds(a_crowd(sos_per_hour=1.0), 360))
    assert 140 < presses < 260  # 200 people, one hour
    assert not any(each.is_emergency.any() for each in rounds(a_crowd(), 10))


def test_somebody_of_a_unit_without_an_area_drives_about() -> None:
    crowd = Crowd(grids=a_city(), units=["department"] * 5, seed=1, interval_s=10.0, sos_per_hour=0.0)
    assert set(crowd.kind.tolist()) == {Kind.DRIVER}
    assert np.ptp(places(rounds(crowd, 50)), axis=0).min() > 0


def test_a_single_grid_is_enough() -> None:
    grid = a_horseshoe("only", 113.6, 34.7)
    crowd = Crowd(grids={"only": grid}, units=["only"] * 20, seed=1, interval_s=10.0, sos_per_hour=0.0)
    away = shapely.distance(grid.area, shapely.points(places(rounds(crowd, 50)))) * METRES_PER_DEGREE
    assert away.max() <= MAX_ERROR_M


@pytest.mark.parametrize("stream", [Stream.NEXT, Stream.PAUSE])
def test_chance_is_even_and_its_streams_are_apart(stream: Stream) -> None:
    who = np.arange(20_000, dtype=np.int64)
    draws = Chance(3).uniform(stream, who)
    assert draws.min() >= 0
    assert draws.max() < 1
    assert abs(draws.mean() - 0.5) < 0.01
    for other in (
        Chance(3).uniform(Stream.KIND, who),
        Chance(4).uniform(stream, who),
        Chance(3).uniform(stream, who, 1),
    ):
        assert abs(np.corrcoef(draws, other)[0, 1]) < 0.03


def test_normal_draws_are_normal() -> None:
    draws = Chance(3).normal(Stream.ERROR_X, np.arange(50_000, dtype=np.int64))
    assert abs(draws.mean()) < 0.02
    assert abs(draws.std() - 1) < 0.02

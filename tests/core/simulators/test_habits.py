"""People keep hours, forget things and are called out; handsets err as handsets do; parts of a fleet agree on it."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import shapely

from simulators.movement.crowd import Crowd, Reports
from simulators.movement.ground import METRES_PER_DEGREE
from simulators.movement.habits import Habits, habits_of
from simulators.movement.walkers import Kind
from simulators.roster import Grid
from simulators.scenario.events import Event, EverybodyMoves, LoseSignal, Sos, Warn
from simulators.scenario.model import Handsets, People, Scenario
from simulators.scenario.reading import read_scenario, scenario_names

SIDE = 0.004  # degrees: some 400 m
LAT = 34.7
HOUR_S = 3600.0
EVERYTHING = Habits(
    people=People(leader_share=0.2, forgetful_share=0.2, day_share=0.4, night_share=0.3),
    handsets=Handsets(
        offline_share=0.1,
        jumps_per_hour=5.0,
        tunnel_share=0.2,
        clock_within_s=1.0,
        clock_drifting_share=0.2,
        clock_wrong_share=0.1,
        flat_battery_share=0.3,
    ),
    starts_at_s=7.9 * HOUR_S,
)
EVENTS = (
    Sos(at_s=60.0, count=10),
    LoseSignal(at_s=120.0, for_s=60.0),
    EverybodyMoves(at_s=180.0),
    Warn(),
    Sos(count=5),
)

Bools = npt.NDArray[np.bool_]


def a_city(side: int = 5) -> Mapping[str, Grid]:
    places = [(column, row) for column in range(side) for row in range(side)]
    grids = [
        Grid(
            code=f"{x:02d}{y:02d}",
            level="grid-3",
            area=shapely.box(113.6 + SIDE * x, LAT + SIDE * y, 113.6 + SIDE * (x + 1), LAT + SIDE * (y + 1)),
        )
        for x, y in places
    ]
    return {grid.code: grid for grid in grids}


def units_of(count: int) -> list[str]:
    codes = sorted(a_city())
    return [*(codes[number % len(codes)] for number in range(count - 1)), "department"]


def a_crowd(  # one part of a fleet of `count`
    habits: Habits = EVERYTHING, *, count: int = 200, interval_s: float = 10.0, part: slice = slice(None), seed: int = 1
) -> Crowd:
    units = units_of(count)
    first = part.start or 0
    return Crowd(
        grids=a_city(),
        units=units[part],
        seed=seed,
        interval_s=interval_s,
        habits=habits,
        first=first,
        sos_per_hour=0.0,
    )


def everyone(crowd: Crowd) -> npt.NDArray[np.int64]:
    return np.arange(len(crowd.kind), dtype=np.int64)


def rounds(crowd: Crowd, count: int) -> list[Reports]:
    return [crowd.report(everyone(crowd)) for _ in range(count)]


def column(reports: list[Reports], name: str) -> npt.NDArray[Any]:
    """(rounds, people)"""
    return np.stack([getattr(each, name) for each in reports])


def places_m(reports: list[Reports], lon: str = "lon", lat: str = "lat") -> npt.NDArray[np.float64]:
    """(rounds, people, 2), metres"""
    degrees = np.stack([column(reports, lon), column(reports, lat)], axis=2)
    return (degrees - [113.6, LAT]) * METRES_PER_DEGREE * [np.cos(np.radians(LAT)), 1.0]


def true_m(reports: list[Reports]) -> npt.NDArray[np.float64]:
    return places_m(reports, "true_lon", "true_lat")


def speeds_mps(reports: list[Reports]) -> npt.NDArray[np.float64]:
    steps = np.diff(true_m(reports), axis=0)
    return np.hypot(steps[..., 0], steps[..., 1]) / np.diff(column(reports, "at_s"), axis=0)


def habits(*, hour: float = 10.0, people: People | None = None, **handsets: Any) -> Habits:
    return Habits(people=people or People(), handsets=Handsets(**handsets), starts_at_s=hour * HOUR_S)


COLUMNS = [name for name in Reports.__dataclass_fields__ if name != "who"]


def test_parts_of_a_fleet_report_what_the_whole_fleet_does() -> None:
    whole, parts = a_crowd(), [a_crowd(part=slice(0, 70)), a_crowd(part=slice(70, 71)), a_crowd(part=slice(71, 200))]
    for crowd in (whole, *parts):
        crowd.follow(EVENTS, among=200)
    for _ in range(40):
        wanted, found = whole.report(everyone(whole)), [part.report(everyone(part)) for part in parts]
        for name in COLUMNS:
            assert np.array_equal(getattr(wanted, name), np.concatenate([getattr(each, name) for each in found])), name


def test_how_reports_are_batched_changes_nothing() -> None:
    together, apart = a_crowd(count=12), a_crowd(count=12)
    for crowd in (together, apart):
        crowd.follow(EVENTS, among=12)
    wanted = rounds(together, 60)
    for who in reversed(range(12)):
        for each in wanted:
            single = apart.report(np.array([who], np.int64))
            assert all(getattr(single, name)[0] == getattr(each, name)[who] for name in COLUMNS)


def test_parts_agree_on_who_is_connected() -> None:
    whole, part = a_crowd(), a_crowd(part=slice(50, 120))
    for at_s in (0.0, 600.0, 5_000.0):
        assert np.array_equal(whole.connected_at(at_s)[50:120], part.connected_at(at_s))


@pytest.mark.parametrize("name", scenario_names())
def test_every_shipped_scenario_can_be_played(name: str) -> None:
    scenario = read_scenario(name)
    crowd = a_crowd(habits_of(scenario), interval_s=scenario.interval_s)
    crowd.follow(scenario.events, among=200)
    reports = rounds(crowd, 60)
    for each in COLUMNS:
        assert np.isfinite(column(reports, each).astype(float)).all(), each


def test_nobody_is_faster_than_a_car_whatever_the_hour() -> None:
    for hour in (2.0, 7.8, 19.8):
        crowd = a_crowd(Habits(people=EVERYTHING.people, handsets=EVERYTHING.handsets, starts_at_s=hour * HOUR_S))
        assert speeds_mps(rounds(crowd, 200)).max() <= 14.0 + 1e-6


def test_the_true_place_of_a_patrol_is_inside_its_grid() -> None:
    reports = rounds(a_crowd(habits(), count=100), 100)
    crowd = a_crowd(habits(), count=100)
    patrols = np.flatnonzero(crowd.kind == Kind.PATROL)
    areas = np.array([a_city()[units_of(100)[at]].area for at in patrols], dtype=object)
    points = shapely.points(column(reports, "true_lon")[:, patrols], column(reports, "true_lat")[:, patrols])
    assert shapely.intersects(areas, points).all()


@pytest.mark.parametrize(("hour", "by_day", "by_night"), [(12.0, 1.0, 0.0), (2.0, 0.0, 1.0)])
def test_shifts_are_on_in_their_hours(hour: float, by_day: float, by_night: float) -> None:
    keeps = People(day_share=0.5, night_share=0.3, leader_share=0.1)
    is_on = a_crowd(habits(hour=hour, people=keeps, signal_loss_share=0.0), count=3_000).connected_at(0.0)
    assert is_on.mean() == pytest.approx(0.9 * (0.5 * by_day + 0.3 * by_night + 0.2) + 0.1, abs=0.04)


def test_a_shift_comes_on_within_its_spread_and_stays() -> None:
    keeps = People(day_share=1.0, shift_spread_s=30.0, driver_share=0.0)
    crowd = a_crowd(habits(hour=7.9, people=keeps, signal_loss_share=0.0), count=1_000)
    share = [crowd.connected_at(at_s).mean() for at_s in (329.0, 360.0, 391.0, 20_000.0)]
    assert share[0] == 0.0
    assert 0.4 < share[1] < 0.6
    assert share[2:] == [1.0, 1.0]


def test_leaders_sleep_at_home_and_work_in_their_grid() -> None:
    keeps = People(leader_share=1.0, driver_share=0.0, commuter_share=0.0, shift_spread_s=300.0)
    crowd = a_crowd(habits(hour=7.0, people=keeps), interval_s=60.0, count=100)
    reports = rounds(crowd, 24 * 60)
    areas = np.array([a_city()[unit].area for unit in units_of(100)[:-1]], dtype=object)
    points = shapely.points(column(reports, "true_lon")[:, :-1], column(reports, "true_lat")[:, :-1])
    is_in_own = shapely.intersects(areas, points)
    assert not is_in_own[:50].any()  # seven to ten to eight
    assert is_in_own[90:770].all()  # half past eight to ten to eight
    assert not is_in_own[830:1_400].any()


def test_a_forgotten_terminal_lies_at_the_office_through_the_working_hours() -> None:
    keeps = People(forgetful_share=1.0, driver_share=0.0, commuter_share=0.0, shift_spread_s=0.0)
    reports = rounds(a_crowd(habits(hour=17.0, people=keeps), interval_s=60.0, count=50), 6 * 60)
    place, at_s = true_m(reports)[:, :-1], column(reports, "at_s")[:, :-1]
    by_day = at_s < 3 * HOUR_S
    moved = np.abs(place - place[0]).max(axis=2)
    assert moved[by_day].max() < 1e-6
    assert np.median(moved[~by_day]) > 30.0
    assert len(np.unique(np.round(place[0], 3), axis=0)) == 25  # one office a grid


def test_a_forgotten_terminal_says_small_wandering_errors_not_the_same_place() -> None:
    keeps = People(forgetful_share=1.0, driver_share=0.0, commuter_share=0.0)
    reports = rounds(a_crowd(habits(hour=12.0, people=keeps), count=50), 30)
    assert (np.diff(column(reports, "lon"), axis=0) != 0).all()
    assert not column(reports, "speed_mps")[:, :-1].any()


def test_a_receivers_error_is_correlated_over_a_minute_and_not_over_ten() -> None:
    reports = rounds(a_crowd(habits(), count=400), 120)
    error_m = (places_m(reports) - true_m(reports))[30:, :, 0]
    near, far = error_m[:-1].ravel(), error_m[1:].ravel()
    assert np.corrcoef(near, far)[0, 1] == pytest.approx(np.exp(-10 / 60), abs=0.05)
    assert abs(np.corrcoef(error_m[:-60].ravel(), error_m[60:].ravel())[0, 1]) < 0.15
    assert 2.0 < error_m.std() < 6.0


def test_jumps_are_rare_far_and_over_with_the_next_fix() -> None:
    reports = rounds(a_crowd(habits(jumps_per_hour=2.0), count=400), 200)
    off_m = np.hypot(*np.moveaxis(places_m(reports) - true_m(reports), 2, 0))
    jumps = off_m > 150.0
    assert jumps.mean() == pytest.approx(2.0 * 10.0 / HOUR_S, rel=0.15)
    assert off_m[jumps].min() > 170.0
    assert off_m[jumps].max() < 830.0
    assert column(reports, "accuracy_m")[jumps].max() <= 15.0
    assert (jumps[:-1] & jumps[1:]).sum() <= 0.05 * jumps.sum()


def test_a_cold_receiver_has_no_fix_then_a_bad_one_then_a_good_one() -> None:
    keeps = People(day_share=1.0, shift_spread_s=0.0, driver_share=0.0)
    crowd = a_crowd(habits(hour=8.0 - 1 / 60, people=keeps, signal_loss_share=0.0), interval_s=1.0, count=500)
    reports = rounds(crowd, 400)
    age_s = column(reports, "at_s")[:, :-1] - 60.0
    is_on, has_fix = column(reports, "is_on")[:, :-1], column(reports, "has_fix")[:, :-1]
    off_m = np.hypot(*np.moveaxis(places_m(reports) - true_m(reports), 2, 0))[:, :-1]
    assert not is_on[age_s < 0].any()
    assert is_on[age_s >= 0].all()
    assert not has_fix[age_s < 20].any()
    assert has_fix[age_s >= 60].all()
    first = has_fix & ~np.vstack([np.zeros(has_fix.shape[1], np.bool_), has_fix[:-1]])
    assert np.median(off_m[first]) > 40.0
    assert off_m[age_s > 280].max() < 27.0
    assert column(reports, "accuracy_m")[:, :-1][first].min() > 55.0


def test_tunnels_hide_the_sky_for_a_while_only() -> None:
    has_fix = column(rounds(a_crowd(habits(tunnel_share=0.15), count=400), 300), "has_fix")
    assert 0.02 < (~has_fix).mean() < 0.15
    assert has_fix.any(axis=0).all()
    assert column(rounds(a_crowd(habits()), 50), "has_fix").all()


def test_clocks_are_right_to_the_second_drift_by_seconds_or_are_wrong_by_hours() -> None:
    clocks = habits(clock_within_s=1.0, clock_drifting_share=0.1, clock_wrong_share=0.05)
    reports = rounds(a_crowd(clocks, count=4_000, interval_s=60.0), 30)
    ahead_s = column(reports, "said_at_s") - column(reports, "at_s")
    off_s = np.abs(ahead_s[0])
    assert (off_s <= 1.001).mean() == pytest.approx(0.85 + 0.1 / 20, abs=0.02)
    assert ((off_s > 1.001) & (off_s < 21)).mean() == pytest.approx(0.1 * 19 / 20, abs=0.02)
    assert (off_s > 3_590).mean() == pytest.approx(0.05, abs=0.01)
    assert ahead_s.max() < 21  # by default no clock is so far ahead that its fixes are refused
    assert (np.diff(column(reports, "said_at_s"), axis=0) > 50).all()
    assert np.array_equal(column(reports, "said_at_s"), np.round(column(reports, "said_at_s"), 3))


def test_a_flat_battery_switches_off_until_it_is_charged() -> None:
    crowd = a_crowd(habits(flat_battery_share=0.5, signal_loss_share=0.0), count=400, interval_s=300.0)
    reports = rounds(crowd, 12 * 36)
    is_on, battery = column(reports, "is_on"), column(reports, "battery_pct")
    assert 0.2 < (~is_on).any(axis=0).mean() < 0.55
    assert battery[~is_on].max() == 0.0
    assert battery[is_on].min() >= 0.0
    off_s = 300.0 * (~is_on).sum(axis=0)
    assert off_s[off_s > 0].min() >= 1_500.0
    charged = is_on[1:] & ~is_on[:-1]
    assert battery[1:][charged].min() > 99.0


def test_who_is_off_line_is_so_for_minutes_to_hours() -> None:
    lossy = habits(signal_loss_share=0.0, offline_share=0.1, offline_min=(5.0, 120.0))
    has_signal = column(rounds(a_crowd(lossy, count=1_000, interval_s=60.0), 600), "has_signal")
    assert (~has_signal).mean() == pytest.approx(0.1, abs=0.025)
    assert (~has_signal[0]).mean() == pytest.approx(0.1, abs=0.04)  # also at the start
    ends = np.diff(np.vstack([has_signal[:1] | True, has_signal, has_signal[:1] | True]).astype(int), axis=0)
    begins_at, ends_at = np.argwhere(ends.T == -1)[:, 1], np.argwhere(ends.T == 1)[:, 1]
    whole = (begins_at > 0) & (ends_at < 600)
    minutes = (ends_at - begins_at)[whole]
    assert minutes.max() <= 241  # two may touch
    assert np.quantile(minutes, 0.05) >= 5
    assert 30 < minutes.mean() < 80


def test_a_share_of_short_losses_is_kept_even_when_it_is_large() -> None:
    for share in (0.02, 0.2, 0.5):
        has_signal = column(rounds(a_crowd(habits(signal_loss_share=share), count=500), 360), "has_signal")
        assert (~has_signal).mean() == pytest.approx(share, rel=0.15)


def test_a_run_begins_in_reach_and_the_city_does_not_lose_its_signal_in_step() -> None:
    crowd = a_crowd(habits(signal_loss_share=0.1), count=2_000)
    lost = np.array([1.0 - crowd.connected_at(at_s).mean() for at_s in np.arange(0.0, 3_000.0, 60.0)])
    assert lost[0] == 0.0
    assert lost[5:].min() > 0.06
    assert lost[5:].max() < 0.14


def pressing(crowd: Crowd, events: tuple[Event, ...], among: int, count: int = 60) -> npt.NDArray[np.bool_]:
    crowd.follow(events, among=among)
    return column(rounds(crowd, count), "is_emergency")


def test_as_many_press_as_are_told_to_each_once() -> None:
    presses = pressing(a_crowd(habits()), (Sos(at_s=100.0, count=30, within_s=60.0), Sos(at_s=200.0, count=20)), 200)
    assert presses.sum() == 50
    assert presses.sum(axis=0).max() == 1
    assert not presses[:9].any()


def test_who_is_in_a_tunnel_presses_later() -> None:
    crowd = a_crowd(habits(tunnel_share=0.5))
    assert pressing(crowd, (Sos(at_s=0.0, count=200, within_s=0.0),), 200, count=600).sum() == 200


def test_parts_of_a_fleet_press_together_as_many_as_are_told_to() -> None:
    parts = [a_crowd(habits(), part=slice(0, 90)), a_crowd(habits(), part=slice(90, 200))]
    assert sum(int(pressing(part, (Sos(count=40),), 200).sum()) for part in parts) == 40


def test_a_network_that_fails_comes_back() -> None:
    crowd = a_crowd(habits(signal_loss_share=0.0), count=1_000)
    crowd.follow((LoseSignal(at_s=100.0, share=0.4, for_s=60.0),), among=1_000)
    share = [crowd.connected_at(at_s).mean() for at_s in (99.0, 100.0, 159.0, 160.0)]
    assert share == [1.0, pytest.approx(0.4 + 0.2, abs=0.05), share[1], 1.0]


def share_moving(crowd: Crowd, count: int, is_there: Callable[[Crowd], Bools]) -> npt.NDArray[np.float64]:
    return (speeds_mps(rounds(crowd, count))[:, is_there(crowd)] > 0.05).mean(axis=1)


@pytest.mark.parametrize("kind", [Kind.PATROL, Kind.LEADER, Kind.FORGETFUL])
def test_everybody_who_is_called_out_moves(kind: Kind) -> None:
    keeps = People(leader_share=0.3, forgetful_share=0.3, day_from="09:00", day_until="21:00")
    crowd = a_crowd(habits(hour=8.0 if kind == Kind.LEADER else 12.0, people=keeps), count=400)
    crowd.follow((EverybodyMoves(at_s=600.0, within_s=100.0),), among=400)
    moving = share_moving(crowd, 120, lambda each: each.kind == kind)
    assert moving[75:].min() > 0.85
    assert moving[:55].mean() < moving[75:].mean() - 0.05


def test_who_is_off_duty_comes_on_when_called_out() -> None:
    keeps = People(day_share=0.8, leader_share=0.1)
    crowd = a_crowd(habits(hour=23.0, people=keeps, signal_loss_share=0.0), count=500)
    crowd.follow((EverybodyMoves(at_s=600.0, within_s=100.0),), among=500)
    assert crowd.connected_at(599.0).mean() < 0.4
    assert crowd.connected_at(700.0).all()
    assert crowd.connected_at(14 * HOUR_S).all()


def test_habits_are_those_of_the_scenario() -> None:
    found = habits_of(Scenario(starts_at="22:30", people=People(driver_share=0.5)))
    assert found.starts_at_s == 22.5 * HOUR_S
    assert found.people.driver_share == 0.5

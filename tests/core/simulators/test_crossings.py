"""The crossings a run must lead to, and their count against those reported."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import shapely

from simulators.movement.crossings import (
    CROSSING,
    OUTSIDE,
    Crossings,
    Leaves,
    Matches,
    expected_crossings,
    judge_crossings,
    match_crossings,
    reported_crossings,
)
from simulators.roster import Grid

SIDE = 0.01  # degrees: over a kilometre
TRUTH = np.dtype([("terminal", "<i4"), ("said_ms", "<i8"), ("lon", "<i4"), ("lat", "<i4")])
CROSSED = np.dtype([("terminal", "<i4"), ("at_ms", "<i8"), ("enters", "?"), ("grid", "U32")])


def a_row_of_grids(count: int = 3) -> Mapping[str, Grid]:
    leaves = [
        Grid(code=f"leaf-{at}", level="grid-3", area=shapely.box(SIDE * at, 0, SIDE * (at + 1), SIDE))
        for at in range(count)
    ]
    whole = Grid(code="a-city", level="city", area=shapely.box(0, 0, SIDE * count, SIDE))
    return {grid.code: grid for grid in [*leaves, whole]}


def a_walk(*places: float, terminal: int = 1, every_ms: int = 10_000) -> npt.NDArray[np.void]:
    """Fixes in the middle of the row, `places` in grids: 0.5 is the middle of the first."""
    found = np.zeros(len(places), TRUTH)
    found["terminal"], found["said_ms"] = terminal, np.arange(len(places)) * every_ms
    found["lon"], found["lat"] = np.round(np.array(places) * SIDE * 1e7), round(SIDE / 2 * 1e7)
    return found


def expected(*walks: npt.NDArray[np.void], gap_s: float = np.inf) -> list[tuple[int, ...]]:
    return expected_crossings(np.concatenate(walks), Leaves(a_row_of_grids()), gap_s=gap_s).tolist()


def crossings(*rows: tuple[int, int, int, int]) -> Crossings:
    return np.array(list(rows), CROSSING)


def matches(wanted: Sequence[tuple[int, int, int, int]], given: Sequence[tuple[int, int, int, int]]) -> Matches:
    return match_crossings(crossings(*wanted), crossings(*given), tolerance_s=30.0)


def test_two_fixes_in_the_next_grid_are_a_crossing_at_the_first_of_them() -> None:
    assert expected(a_walk(0.5, 0.9, 1.5, 1.6, 1.7)) == [(1, 20_000, 0, 1)]


def test_one_fix_elsewhere_is_none() -> None:
    assert expected(a_walk(0.5, 1.5, 0.5, 1.5, 0.5)) == []


def test_a_fix_at_home_between_two_elsewhere_clears_the_candidate() -> None:
    assert expected(a_walk(0.5, 1.5, 0.9, 1.5, 1.6)) == [(1, 30_000, 0, 1)]


def test_a_candidate_changes_with_the_grid() -> None:
    assert expected(a_walk(0.5, 1.5, 2.5, 2.6)) == [(1, 20_000, 0, 2)]


def test_a_fix_within_the_hold_neither_counts_nor_clears() -> None:
    near = 1.0 + 20.0 / (SIDE * 111_195.0)
    assert expected(a_walk(0.5, near, near, near)) == []
    assert expected(a_walk(0.5, 1.5, near, 1.5)) == [(1, 10_000, 0, 1)]


def test_a_point_on_a_border_is_the_lowest_codes() -> None:
    leaves = Leaves(a_row_of_grids())
    assert leaves.codes == ["leaf-0", "leaf-1", "leaf-2"]
    assert leaves.locate(np.array([SIDE, 2 * SIDE, -SIDE]), np.full(3, SIDE / 2)).tolist() == [0, 1, OUTSIDE]


def test_codes_have_numbers_and_others_are_outside() -> None:
    assert Leaves(a_row_of_grids()).numbers(["leaf-2", "a-city", "nowhere", "leaf-0"]).tolist() == [2, -1, -1, 0]


def test_leaving_the_city_and_coming_back_are_crossings() -> None:
    assert expected(a_walk(2.5, 3.5, 3.6, 2.5, 2.4)) == [(1, 10_000, 2, OUTSIDE), (1, 30_000, OUTSIDE, 2)]


def test_terminals_are_apart_and_rows_may_come_in_any_order() -> None:
    both = [a_walk(0.5, 1.5, 1.6), a_walk(2.5, 1.5, 1.6, terminal=0)]
    shuffled = np.random.default_rng(1).permutation(np.concatenate(both))
    wanted = [(0, 10_000, 2, 1), (1, 10_000, 0, 1)]
    assert expected(*both) == wanted
    assert expected(shuffled) == wanted


def test_a_fix_said_twice_counts_once() -> None:
    walk = a_walk(0.5, 1.5, 0.6)
    assert expected(walk, walk) == []


def test_fixes_too_far_apart_do_not_confirm_each_other() -> None:
    walk = a_walk(0.5, 1.5, 1.6, every_ms=600_000)
    assert expected(walk, gap_s=180.0) == []
    assert len(expected(walk)) == 1


def test_a_run_without_fixes_has_no_crossings() -> None:
    assert expected(np.zeros(0, TRUTH)) == []


def test_the_same_crossing_a_little_later_matches() -> None:
    assert matches([(1, 0, 0, 1)], [(1, 20_000, 0, 1)]) == Matches(matched=1, missed=0, unexpected=0)


def test_another_terminal_direction_or_time_does_not_match() -> None:
    given = [(2, 0, 0, 1), (1, 0, 1, 0), (1, 31_000, 0, 1)]
    assert matches([(1, 0, 0, 1)], given) == Matches(matched=0, missed=1, unexpected=3)


def test_one_reported_crossing_serves_one_expected() -> None:
    wanted = [(1, 0, 0, 1), (1, 25_000, 0, 1)]
    assert matches(wanted, [(1, 20_000, 0, 1)]) == Matches(matched=1, missed=1, unexpected=0)
    assert matches(wanted, [(1, 28_000, 0, 1), (1, 40_000, 0, 1)]) == Matches(matched=2, missed=0, unexpected=0)


def test_nothing_expected_and_nothing_reported_is_no_trouble() -> None:
    assert matches([], []) == Matches(matched=0, missed=0, unexpected=0)


def said(*rows: tuple[int, int, bool, str]) -> npt.NDArray[np.void]:
    return np.array(list(rows), CROSSED)


def test_an_exit_and_an_enter_of_one_moment_are_one_crossing_between_leaves() -> None:
    rows = said(
        (1, 5, True, "leaf-1"),
        (1, 5, False, "leaf-0"),
        (1, 5, True, "a-city"),
        (1, 9, False, "leaf-1"),
        (2, 5, True, "leaf-2"),
    )
    found = reported_crossings(rows, Leaves(a_row_of_grids()))
    assert found.tolist() == [(1, 5, 0, 1), (1, 9, 1, OUTSIDE), (2, 5, OUTSIDE, 2)]


def judged(truth: npt.NDArray[np.void], *rows: tuple[int, int, bool, str]) -> Matches:
    return judge_crossings(truth, said(*rows), Leaves(a_row_of_grids()), tolerance_s=30.0)


def test_a_run_is_judged_by_its_own_terminals() -> None:
    walk = a_walk(0.5, 1.5, 1.6)
    crossing = [(1, 10_000, False, "leaf-0"), (1, 10_000, True, "leaf-1")]
    stranger = [(7, 10_000, False, "leaf-0"), (7, 10_000, True, "leaf-1")]
    assert judged(walk, *crossing, *stranger) == Matches(matched=1, missed=0, unexpected=0)
    assert judged(walk) == Matches(matched=0, missed=1, unexpected=0)
    assert judged(a_walk(0.5, 0.6), *crossing).unexpected == 1


def test_what_a_state_older_than_the_run_makes_of_the_first_fix_does_not_count() -> None:
    assert judged(a_walk(1.5, 1.6), (1, 0, False, "leaf-0"), (1, 0, True, "leaf-1")) == Matches(
        matched=0, missed=0, unexpected=0
    )


def test_a_run_without_truth_is_judged_without_trouble() -> None:
    assert judged(np.zeros(0, TRUTH), (1, 5, True, "leaf-0")) == Matches(matched=0, missed=0, unexpected=0)


def test_a_run_begins_where_the_tracker_believes_its_terminals_to_be() -> None:
    """Else a walk that is played again in a city that remembers its end would miss what the tracker rightly passes."""
    placed = np.array([(1, "leaf-1"), (2, ""), (9, "leaf-0")], np.dtype([("terminal", "<i4"), ("grid", "U32")]))
    leaves = Leaves(a_row_of_grids())
    assert len(expected_crossings(a_walk(0.5, 1.5, 1.6), leaves, placed=placed)) == 0
    assert len(expected_crossings(a_walk(0.5, 1.5, 1.6, terminal=3), leaves, placed=placed)) == 1
    (into,) = expected_crossings(a_walk(0.5, 0.6, terminal=2), leaves, placed=placed)
    assert (int(into["from_grid"]), int(into["to_grid"]), int(into["said_ms"])) == (OUTSIDE, 0, 0)
    rows = said((1, 0, False, "leaf-1"), (1, 0, True, "leaf-0"))
    assert judge_crossings(a_walk(0.5, 0.6), rows, leaves, tolerance_s=30.0, placed=placed).matched == 1

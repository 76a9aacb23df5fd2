"""Whatever is split, merged and reshaped, the grids tile: at every level, to the lattice, with one grid a point."""

from collections.abc import Callable

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from tracker.city.generator import Sizes, generate
from tracker.city.grid_edits import merge, reshape, risen, split
from tracker.city.tiling import problems, square_metres, tiles, to_steps
from tracker.geometry.fences import OUTSIDE, Fences
from tracker.organisation.errors import Invalid

SMALL = Sizes(counties=2, grids_1=4, grids_2=9, grids_3=30, leaders=46, members=90)
WEST, EAST, NORTH, NEW = 1, 2, 3, 9
CALLED = {WEST: "the west grid", EAST: "the east grid", NORTH: "the north grid", NEW: "the new grid"}
ROUNDING = 1e-7 * 0.1  # square degrees: borders that are cut move by half a step of 1e-7, over 0.1 degree at most

Mosaic = dict[int, BaseGeometry]


def square(west: float, south: float) -> Polygon:
    """About 1 km wide; grids are squares of 0.01 degree here."""
    return box(113 + west, 34 + south, 113.01 + west, 34.01 + south)


@pytest.fixture
def two_by_one() -> Mosaic:
    return {WEST: square(0, 0), EAST: square(0.01, 0)}


@pytest.fixture(scope="module")
def small_city() -> tuple[Mosaic, dict[int, int | None], list[list[int]]]:
    """Leaves, the parent of each unit, and the units above the leaves, level by level from the lowest."""
    city = generate(3, SMALL)
    ids = {unit.code: number for number, unit in enumerate(city.units, start=1)}
    parents = {ids[unit.code]: None if unit.parent is None else ids[unit.parent] for unit in city.units}
    leaves = {ids[unit.code]: city.areas[unit.code] for unit in city.units if unit.level == "grid-3"}
    levels = [
        [ids[unit.code] for unit in city.units if unit.level == level]
        for level in ("grid-2", "grid-1", "county", "city")
    ]
    return leaves, parents, levels


def line(*points: tuple[float, float]) -> LineString:
    return LineString([(113 + lon, 34 + lat) for lon, lat in points])


def m2(area: BaseGeometry) -> float:
    return square_metres(to_steps(area))


def is_refused(edit: Callable[[], object], word: str) -> bool:
    with pytest.raises(Invalid) as refused:
        edit()
    assert refused.value.en
    assert refused.value.zh
    return refused.value.word == word


def test_a_line_from_border_to_border_makes_two_grids(two_by_one: Mosaic) -> None:
    cut = split(two_by_one, WEST, line((0.004, -0.001), (0.004, 0.011)))
    assert [round(piece.area / two_by_one[WEST].area, 6) for piece in cut.pieces] == [0.6, 0.4]
    assert cut.others == {}


def test_the_neighbour_gets_the_vertex_where_the_line_meets_its_border(two_by_one: Mosaic) -> None:
    cut = split(two_by_one, WEST, line((-0.001, 0.0033), (0.011, 0.0033)))
    assert list(cut.others) == [EAST]
    assert [113.01, 34.0033] in shapely.get_coordinates(cut.others[EAST]).tolist()
    assert tiles([*cut.pieces, cut.others[EAST]])


def test_a_neighbour_that_may_not_change_gets_no_vertex(two_by_one: Mosaic) -> None:
    bent = {
        **two_by_one,
        EAST: Polygon([(113.01, 34), (113.02, 34), (113.02, 34.01), (113.01, 34.01), (113.01, 34.004)]),
    }
    bent[WEST] = Polygon([(113, 34), (113.01, 34), (113.01, 34.004), (113.01, 34.01), (113, 34.01)])
    cut = split(bent, WEST, line((-0.001, 0.0033), (0.011, 0.0033)), fixed={EAST})
    assert cut.others == {}
    assert all([113.01, 34.004] in shapely.get_coordinates(piece).tolist() for piece in cut.pieces)


def test_a_line_that_nearly_reaches_the_border_is_drawn_on(two_by_one: Mosaic) -> None:
    cut = split(two_by_one, WEST, line((0.004, 0.0002), (0.004, 0.0099)))
    assert len(cut.pieces) == 2


def test_a_line_of_corners_makes_as_many_grids_as_it_cuts(two_by_one: Mosaic) -> None:
    zigzag = line((0.002, -0.001), (0.002, 0.011), (0.006, 0.011), (0.006, -0.001))
    assert len(split(two_by_one, WEST, zigzag).pieces) == 3


@pytest.mark.parametrize(
    ("points", "word"),
    [
        ([(0.004, 0.004), (0.005, 0.005)], "does_not_cut"),
        ([(-0.004, 0.004), (-0.002, 0.005)], "does_not_cut"),
        ([(-0.001, 0.0), (0.011, 0.0)], "does_not_cut"),
        ([(0.0, -0.001), (0.008, 0.011), (0.008, -0.001), (0.0, 0.011)], "line_crosses_itself"),
        ([(0.001, 0.001), (0.001, 0.001)], "line_crosses_itself"),
        ([(-0.001, 0.000001), (0.000001, -0.001)], "does_not_cut"),
        ([(-0.000001, 0.000006), (0.000006, -0.000001)], "piece_too_small"),
    ],
)
def test_a_line_that_does_not_cut_is_refused(two_by_one: Mosaic, points: list[tuple[float, float]], word: str) -> None:
    assert is_refused(lambda: split(two_by_one, WEST, line(*points)), word)


def test_a_part_that_the_line_does_not_touch_goes_with_the_largest_piece() -> None:
    island = box(113.02, 34, 113.021, 34.001)
    cut = split({WEST: MultiPolygon([square(0, 0), island])}, WEST, line((0.004, -0.001), (0.004, 0.011)))
    assert len(cut.pieces) == 2
    assert shapely.get_num_geometries(cut.pieces[0]) == 2


def test_merged_grids_are_one_area(two_by_one: Mosaic) -> None:
    whole = merge(two_by_one, [WEST, EAST], CALLED)
    assert whole.equals(box(113, 34, 113.02, 34.01))


def test_grids_that_share_no_border_are_not_merged(two_by_one: Mosaic) -> None:
    apart = {**two_by_one, NORTH: square(0.01, 0.01)}  # touches the west grid in a corner
    assert is_refused(lambda: merge(apart, [WEST, NORTH], CALLED), "no_shared_border")
    assert is_refused(lambda: merge(apart, [WEST, WEST], CALLED), "too_few")


def test_what_a_grid_gains_is_taken_from_its_neighbour(two_by_one: Mosaic) -> None:
    changed = reshape(two_by_one, WEST, box(113, 34, 113.012, 34.01), names=CALLED)
    assert changed[WEST].equals(box(113, 34, 113.012, 34.01))
    assert changed[EAST].equals(box(113.012, 34, 113.02, 34.01))


def test_what_a_grid_loses_goes_to_the_neighbour_with_the_longest_border(two_by_one: Mosaic) -> None:
    grids = {**two_by_one, NORTH: square(0, 0.01)}
    changed = reshape(grids, WEST, box(113, 34, 113.006, 34.01), names=CALLED)
    assert m2(changed[EAST]) == pytest.approx(m2(grids[EAST]) * 1.4, rel=1e-6)
    assert NORTH not in changed or m2(changed[NORTH]) == pytest.approx(m2(grids[NORTH]))


def test_the_city_keeps_its_border_unless_it_may_move(two_by_one: Mosaic) -> None:
    wider = box(112.99, 34, 113.012, 34.01)
    kept = reshape(two_by_one, WEST, wider, names=CALLED)
    assert kept[WEST].equals(box(113, 34, 113.012, 34.01))
    moved = reshape(two_by_one, WEST, wider, names=CALLED, may_move_border=True)
    assert moved[WEST].equals(wider)


def test_a_unit_without_an_area_gets_one_from_its_neighbours(two_by_one: Mosaic) -> None:
    changed = reshape(two_by_one, NEW, box(113.008, 34, 113.012, 34.005), names=CALLED)
    assert sorted(changed) == [WEST, EAST, NEW]
    assert tiles(list(changed.values()))


def test_a_border_drawn_beside_the_old_one_is_the_old_one(two_by_one: Mosaic) -> None:
    beside = box(113, 34, 113.010003, 34.01)  # 30 cm
    assert is_refused(lambda: reshape(two_by_one, WEST, beside, names=CALLED), "no_change")


@pytest.mark.parametrize(
    ("area", "word"),
    [
        (box(113, 34, 113.02, 34.01), "nothing_left"),
        (box(113, 34, 113.012, 34.01).union(box(113.012, 34.004, 113.02, 34.006)), "falls_apart"),
        (Polygon([(113, 34), (113.01, 34.01), (113.01, 34), (113, 34.01)]), "invalid_area"),
        (Polygon(), "invalid_area"),
    ],
)
def test_an_area_that_would_break_a_grid_is_refused(two_by_one: Mosaic, area: BaseGeometry, word: str) -> None:
    assert is_refused(lambda: reshape(two_by_one, WEST, area, names=CALLED), word)


def test_a_grid_may_fall_into_parts_where_that_is_meant(two_by_one: Mosaic) -> None:
    across = box(113, 34, 113.012, 34.01).union(box(113.012, 34.004, 113.02, 34.006))
    changed = reshape(two_by_one, WEST, across, names=CALLED, may_have_parts=True)
    assert shapely.get_num_geometries(changed[EAST]) == 2


@pytest.mark.parametrize(
    ("east", "words"),
    [
        (square(0.01, 0), []),
        (box(113.011, 34, 113.02, 34.01), ["gap"]),
        (box(113.009, 34, 113.02, 34.01), ["overlap"]),
        (box(113.01, 34, 113.021, 34.01), ["outside"]),
        (Polygon([(113.01, 34), (113.02, 34.01), (113.02, 34), (113.01, 34.01)]), ["invalid"]),
        (Polygon(), ["invalid"]),
        (Polygon([(113.01, 34), (113.02, 34), (113.02, 34.01), (113.01, 34.01), (113.01, 34.005)]), ["unmatched"] * 2),
    ],
)
def test_problems_are_named_with_their_place(two_by_one: Mosaic, east: BaseGeometry, words: list[str]) -> None:
    found = problems(two_by_one, {WEST: two_by_one[WEST], EAST: east})
    assert [problem.word for problem in found] == words
    for problem in found:
        assert problem.word in {"unmatched", "invalid"} or problem.m2 == pytest.approx(101_600, rel=0.05)


# --- any sequence of edits


def cut_across(grids: Mosaic, unit: int, numbers: list[float]) -> Mosaic:
    west, south, east, north = grids[unit].bounds
    a, b, c, d = numbers
    width, height = east - west, north - south
    ends = [(west + a * width, south - 0.001), (west + d * width, north + 0.001)]
    across = LineString([ends[0], (west + b * width, south + c * height), ends[1]])
    cut = split(grids, unit, across)
    first, *rest = cut.pieces
    new = dict(enumerate(rest, start=max(grids) + 1))
    return {**grids, **cut.others, unit: first, **new}


def join(grids: Mosaic, unit: int, numbers: list[float]) -> Mosaic:
    others = sorted(key for key, area in grids.items() if key != unit and area.touches(grids[unit]))
    other = others[int(numbers[0] * len(others)) % len(others)]
    whole = merge(grids, [unit, other], {})
    return {**{key: area for key, area in grids.items() if key != other}, unit: whole}


def push(grids: Mosaic, unit: int, numbers: list[float]) -> Mosaic:
    """Move one vertex, the way a hand drags it, perhaps over the city's border."""
    area = max(shapely.get_parts(grids[unit]), key=lambda part: part.area)
    points = shapely.get_coordinates(area.exterior)
    west, south, east, north = area.bounds
    at = int(numbers[0] * (len(points) - 1)) % (len(points) - 1)
    points[at] += [(numbers[1] - 0.5) * (east - west), (numbers[2] - 0.5) * (north - south)]
    points[-1] = points[0]
    return {**grids, **reshape(grids, unit, Polygon(points), names={})}


EDITS = (cut_across, join, push)
STEPS = st.tuples(
    st.sampled_from(EDITS), st.integers(0, 10_000), st.lists(st.floats(0.02, 0.98), min_size=4, max_size=4)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=1, max_size=8))
def test_any_sequence_of_edits_tiles_the_city_at_every_level(
    small_city: tuple[Mosaic, dict[int, int | None], list[list[int]]],
    steps: list[tuple[Callable[[Mosaic, int, list[float]], Mosaic], int, list[float]]],
) -> None:
    leaves, parents, levels = small_city
    grids, above = dict(leaves), dict(parents)
    for edit, number, numbers in steps:
        unit = sorted(grids)[number % len(grids)]
        try:
            after = edit(grids, unit, numbers)
        except Invalid:
            continue
        above.update(dict.fromkeys(after.keys() - grids.keys(), above[unit]))
        grids = after
    assert tiles(list(grids.values()))
    assert problems(leaves, grids) == []
    everything = rise_to_the_top(grids, above, levels)
    for level in levels:
        assert tiles([everything[unit] for unit in level if unit in everything])
    city = everything[levels[-1][0]]
    assert city.area == pytest.approx(sum(area.area for area in leaves.values()), abs=ROUNDING * len(steps))
    assert_one_grid_a_point(grids, above, city)


def rise_to_the_top(grids: Mosaic, above: dict[int, int | None], levels: list[list[int]]) -> Mosaic:
    children = {unit: [key for key, parent in above.items() if parent == unit] for level in levels for unit in level}
    return {**grids, **risen({}, children, grids)}


def assert_one_grid_a_point(grids: Mosaic, above: dict[int, int | None], city: BaseGeometry) -> None:
    rng = np.random.default_rng(1)
    west, south, east, north = city.bounds
    lon, lat = rng.uniform(west, east, 300), rng.uniform(south, north, 300)
    points = shapely.points(lon, lat)
    fences = Fences(units=sorted(grids), areas=[grids[unit] for unit in sorted(grids)], parents=above)
    placed = fences.place(lon, lat)
    assert ((placed != OUTSIDE) == city.intersects(points)).all()
    inside = sum(np.array(area.contains(points), int) for area in grids.values())
    assert np.max(inside) <= 1

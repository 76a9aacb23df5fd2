import hashlib
import json
from collections import Counter
from dataclasses import asdict

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from tracker.city.division import allot
from tracker.city.generator import DEMO, REFERENCE, Sizes, generate
from tracker.city.model import City, Unit
from tracker.city.tree import TreeError, intervals
from tracker.geometry.fences import OUTSIDE, Fences

SMALL = Sizes(counties=2, grids_1=4, grids_2=9, grids_3=30, leaders=46, members=90)
LEVELS = ("city", "county", "grid-1", "grid-2", "grid-3")
LEADING = ("leader", "deputy")
# Roles of which a unit with the set should have one
ROLE_SETS = {
    "3+X": ("leader", "administrator", "worker"),
    "4+6": (
        *("leader", "deputy", "administrator", "worker"),
        *("police", "firefighter", "medic", "legal", "urban", "market"),
    ),
}


@pytest.fixture(scope="module")
def demo() -> City:
    return generate(1, DEMO)


def areas(city: City, level: str) -> list[BaseGeometry]:
    return [city.areas[unit.code] for unit in city.units if unit.level == level]


def fingerprint(city: City) -> str:
    said = json.dumps([[asdict(unit) for unit in city.units], [asdict(member) for member in city.members]])
    shapes = b"".join(shapely.to_wkb(area) for area in city.areas.values())
    return hashlib.sha256(said.encode() + shapes).hexdigest()


def test_the_demonstration_city_has_the_units_and_people_asked_for(demo: City) -> None:
    assert Counter(unit.level for unit in demo.units) == {
        "city": 1,
        "county": 12,
        "grid-1": 24,
        "grid-2": 72,
        "grid-3": 204,
        "department": 2,
    }
    assert len(demo.members) == 640


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_is_a_coverage_of_whole_valid_polygons(demo: City, level: str) -> None:
    shapes = areas(demo, level)
    assert shapely.is_valid(shapes).all()
    assert all(isinstance(shape, Polygon) for shape in shapes)
    assert shapely.coverage_is_valid(shapes)


def test_the_children_of_every_unit_tile_it_exactly(demo: City) -> None:
    for parent in demo.units:
        children = [
            demo.areas[unit.code] for unit in demo.units if unit.parent == parent.code and unit.code in demo.areas
        ]
        if children:
            union = shapely.coverage_union_all(children)
            assert union.normalize() == demo.areas[parent.code].normalize()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_seed_makes_a_sound_city(seed: int) -> None:
    city = generate(seed, SMALL)
    for level in LEVELS:
        assert shapely.coverage_is_valid(areas(city, level))
    assert all(isinstance(area, Polygon) for area in city.areas.values())
    (whole,) = areas(city, "city")
    assert isinstance(whole, Polygon)
    assert not whole.interiors  # no land of nobody in the middle


def test_every_point_of_the_city_has_exactly_one_grid(demo: City) -> None:
    leaves = sorted(unit.code for unit in demo.units if unit.level == "grid-3")
    fences = Fences(units=list(range(1, len(leaves) + 1)), areas=[demo.areas[code] for code in leaves], parents={})
    outline = demo.areas["990100"]
    west, south, east, north = outline.bounds
    lon, lat = (axis.ravel() for axis in np.meshgrid(np.linspace(west, east, 200), np.linspace(south, north, 200)))
    is_inside = shapely.intersects_xy(outline, lon, lat)
    assert ((fences.place(lon, lat) != OUTSIDE) == is_inside).all()
    corners = shapely.get_coordinates(areas(demo, "grid-3"))
    placed = fences.place(corners[:, 0], corners[:, 1])
    assert (placed != OUTSIDE).all()
    lowest = {tuple(corner): unit for corner, unit in reversed(list(owners(demo, leaves)))}
    assert placed.tolist() == [lowest[tuple(corner)] for corner in corners.tolist()]


def owners(city: City, leaves: list[str]) -> list[tuple[list[float], int]]:
    """Every corner of every leaf with the leaf's number, in the order of codes."""
    return [
        (corner, number)
        for number, code in enumerate(leaves, start=1)
        for corner in shapely.get_coordinates(city.areas[code]).tolist()
    ]


def test_codes_begin_with_those_of_all_above_and_nobody_has_the_division(demo: City) -> None:
    digits = {"county": 6, "grid-1": 9, "grid-2": 12, "grid-3": 15}
    parents = {unit.code: unit.parent for unit in demo.units}
    for unit in demo.units:
        if unit.level in digits:
            assert len(unit.code) == digits[unit.level]
            assert unit.code.startswith("9901" if unit.level == "county" else str(parents[unit.code]))
    assert len(set(parents)) == len(demo.units)


def test_grids_are_numbered_without_gaps_in_each_parent(demo: City) -> None:
    for parent in demo.units:
        numbers = [int(unit.code[-3:]) for unit in demo.units if unit.parent == parent.code and len(unit.code) > 7]
        assert numbers == list(range(1, len(numbers) + 1))


def test_sibling_units_have_different_names(demo: City) -> None:
    names = Counter((unit.parent, unit.name) for unit in demo.units)
    assert set(names.values()) == {1}


def test_every_unit_has_a_leader_and_every_leaf_somebody_beside(demo: City) -> None:
    posts = Counter((post.unit, post.role == "leader") for member in demo.members for post in member.posts[:1])
    for unit in demo.units:
        assert unit.level == "department" or posts[unit.code, True] == 1
        assert unit.level != "grid-3" or posts[unit.code, False] >= 1


def test_some_people_work_in_a_neighbouring_grid_too(demo: City) -> None:
    parents = {unit.code: unit.parent for unit in demo.units}
    doubled = [member.posts for member in demo.members if len(member.posts) > 1]
    assert 5 <= len(doubled) <= 40
    for first, second in doubled:
        assert first.unit != second.unit
        assert (parents[first.unit], first.role) == (parents[second.unit], second.role)
        assert first.role not in LEADING


def test_nobody_can_be_telephoned(demo: City) -> None:
    phones = {member.phone for member in demo.members}
    assert len(phones) == len(demo.members)
    assert all(phone.startswith("+86100") and len(phone) == 14 for phone in phones)


def test_each_member_has_a_terminal_of_his_own(demo: City) -> None:
    terminals = {terminal.code for member in demo.members for terminal in member.terminals}
    assert terminals == {f"T{number:06d}" for number in range(1, 641)}


def test_population_adds_up(demo: City) -> None:
    def people(level: str) -> int:
        return sum(int(unit.attributes["population"]) for unit in demo.units if unit.level == level)

    assert len({people(level) for level in LEVELS}) == 1


# Minutes of a busy machine, seconds of a quiet one
@pytest.mark.timeout(600)
def test_the_city_of_ten_million_has_all_its_grids_and_people() -> None:
    city = generate(7, REFERENCE)
    levels = {level: areas(city, level) for level in LEVELS}
    assert [len(levels[level]) for level in LEVELS] == [1, 12, 198, 2_997, 17_350]
    for shapes in levels.values():
        assert shapely.is_valid(shapes).all()
        assert all(isinstance(shape, Polygon) for shape in shapes)
        assert shapely.coverage_is_valid(shapes)
    assert len(city.members) == 270_342
    assert len({terminal.code for member in city.members for terminal in member.terminals}) == 270_342
    assert len({member.phone for member in city.members}) == 270_342
    assert sum(member.posts[0].role in LEADING for member in city.members) == 85_319
    staff = Counter((member.posts[0].unit, member.posts[0].role) for member in city.members)
    for unit in city.units:
        if unit.role_set is not None:
            assert all(staff[unit.code, role] >= 1 for role in ROLE_SETS[unit.role_set])
        if unit.level in LEVELS[2:]:
            assert 4 <= sum(staff[unit.code, role] for role in LEADING) <= 5


def test_the_same_seed_makes_the_same_city() -> None:
    assert fingerprint(generate(3, SMALL)) == fingerprint(generate(3, SMALL))
    assert fingerprint(generate(3, SMALL)) != fingerprint(generate(4, SMALL))


@pytest.mark.parametrize(
    "change",
    [{"grids_1": 1}, {"grids_3": 8}, {"leaders": 45}, {"members": 60}],
    ids=["fewer streets than counties", "fewer leaves than communities", "too few leaders", "too few members"],
)
def test_sizes_that_cannot_be_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="want"):
        generate(1, Sizes(**{**asdict(SMALL), **change}))


@given(weights=st.lists(st.integers(1, 50), min_size=1, max_size=20), share=st.floats(0, 1))
def test_numbers_are_divided_whole_with_one_for_each_and_none_over_the_limit(weights: list[int], share: float) -> None:
    total = len(weights) + round(share * (sum(weights) - len(weights)))
    shares = allot(total, weights)
    assert sum(shares) == total
    assert all(1 <= part <= weight for part, weight in zip(shares, weights, strict=True))


def unit(code: str, parent: str | None) -> Unit:
    return Unit(code=code, name=code, name_en=code, level="any", parent=parent)


def test_an_interval_holds_those_of_all_below() -> None:
    nodes = intervals([unit("b", "top"), unit("a", "top"), unit("top", None), unit("b1", "b")])
    assert [(node.unit.code, node.left, node.right) for node in nodes] == [
        ("top", 1, 8),
        ("a", 2, 3),
        ("b", 4, 7),
        ("b1", 5, 6),
    ]


@pytest.mark.parametrize(
    ("units", "why"),
    [
        ([unit("a", "b"), unit("b", "a"), unit("top", None)], "circle"),
        ([unit("a", None), unit("b", None)], "no parent"),
        ([unit("a", None), unit("b", "c")], "b lies in c"),
        ([unit("a", None), unit("b", "a"), unit("b", "a")], "twice"),
    ],
)
def test_what_is_no_tree_is_refused(units: list[Unit], why: str) -> None:
    with pytest.raises(TreeError, match=why):
        intervals(units)

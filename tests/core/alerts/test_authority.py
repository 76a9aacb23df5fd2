"""Who may target whom, and in which words."""

import pytest

from alerts.core.authority import Decision, LevelName, Place, Rule, decide
from alerts.core.levels import Level
from alerts.core.words import Words


def a_place(unit: int, name: str, level: str, left: int, right: int) -> Place:
    return Place(unit=unit, name=f"{name}区", name_en=name, level=level, tree_left=left, tree_right=right)


CITY = a_place(1, "City", "city", 1, 20)
WEST = a_place(2, "West", "county", 2, 11)
EAST = a_place(3, "East", "county", 12, 19)
STREET = a_place(4, "Jinshui street", "grid-1", 3, 8)
SISTER = a_place(5, "Sister street", "grid-1", 9, 10)
COMMUNITY = a_place(6, "Community", "grid-2", 4, 7)
BLOCK = a_place(7, "Block", "grid-3", 5, 6)
FAR = a_place(8, "Far street", "grid-1", 13, 18)
DEPARTMENT = a_place(9, "Fire brigade", "department", 20, 20)

RANKS = {
    code: LevelName(code, rank, Words(code, code))
    for code, rank in (("city", 0), ("county", 1), ("department", 1), ("grid-1", 2), ("grid-2", 3), ("grid-3", 4))
}
RULES = [
    Rule("city", "grid-1", 4),
    Rule("county", "grid-1", 4),
    Rule("grid-1", "grid-2", 4),
    Rule("grid-1", "grid-3", 4),
]


def judge(issuer: Place, target: Place, level: Level = Level.YELLOW, rules: list[Rule] | None = None) -> Decision:
    return decide(issuer=issuer, target=target, level=level, rules=rules or RULES, ranks=RANKS)


@pytest.mark.parametrize(
    ("issuer", "target"),
    [(CITY, STREET), (CITY, FAR), (WEST, STREET), (WEST, SISTER), (STREET, COMMUNITY), (STREET, BLOCK)],
)
def test_a_permitted_target_is_itself(issuer: Place, target: Place) -> None:
    assert (judge(issuer, target).is_allowed, judge(issuer, target).expand_to) == (True, None)


@pytest.mark.parametrize(
    ("issuer", "target", "level"),
    [(CITY, CITY, "grid-1"), (CITY, WEST, "grid-1"), (WEST, WEST, "grid-1"), (STREET, STREET, "grid-2")],
)
def test_a_target_above_the_permitted_levels_becomes_its_grids_of_the_nearest(
    issuer: Place, target: Place, level: str
) -> None:
    assert (judge(issuer, target).is_allowed, judge(issuer, target).expand_to) == (True, level)


@pytest.mark.parametrize(
    ("issuer", "target", "why"),
    [
        (WEST, FAR, "it lies outside its own subtree"),
        (STREET, SISTER, "it lies outside its own subtree"),
        (WEST, EAST, "it lies outside its own subtree"),
        (STREET, WEST, "it stands above, and warnings go down"),
        (WEST, CITY, "it stands above, and warnings go down"),
        (CITY, COMMUNITY, "it may target grid-1, who pass it down"),
        (WEST, BLOCK, "it may target grid-1, who pass it down"),
        (COMMUNITY, BLOCK, "its level has no authority to issue alerts"),
        (DEPARTMENT, STREET, "its level has no authority to issue alerts"),
    ],
)
def test_never_sideways_never_up_never_past_the_next_in_line(issuer: Place, target: Place, why: str) -> None:
    decision = judge(issuer, target)
    assert not decision.is_allowed
    whom = "this unit" if "outside" in why else target.name_en
    assert decision.explanation.en == f"{issuer.name_en} may not issue to {whom}: {why}"


def test_a_decision_explains_itself_in_both_languages() -> None:
    words = judge(STREET, COMMUNITY).explanation
    assert words.en == "Jinshui street may issue to Community: a unit of level grid-2 in its own subtree"
    assert words.zh == "Jinshui street区可以向Community区发布预警：属本级辖区内的grid-2"


def test_an_authority_may_be_limited_to_the_lower_levels() -> None:
    rules = [Rule("grid-1", "grid-2", 2)]
    assert judge(STREET, COMMUNITY, Level.YELLOW, rules).is_allowed
    refused = judge(STREET, COMMUNITY, Level.ORANGE, rules)
    assert refused.explanation.en.endswith("its level may not issue orange alerts")

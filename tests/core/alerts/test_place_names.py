"""Names of units in what people write."""

import pytest

from alerts.core.place_names import LONGEST_NAME, NamedUnit, mentions, phrases, settle

#         city
#    jinshui      guancheng
# wenhua, lake      lake
#  1  12
JINSHUI = NamedUnit(unit=1, names=("金水区", "jinshuidistrict"), code="410105", tree_left=2, tree_right=11)
WENHUA = NamedUnit(unit=2, names=("文化社区", "wenhuacommunity"), code="410105001", tree_left=3, tree_right=8)
FIRST = NamedUnit(unit=3, names=("文化社区第1网格",), code="410105001001", tree_left=4, tree_right=5)
TWELFTH = NamedUnit(
    unit=4, names=("文化社区第12网格", "wenhuacommunity,grid12"), code="4101-12", tree_left=6, tree_right=7
)
LAKE = NamedUnit(unit=5, names=("望湖社区",), code="410105002", tree_left=9, tree_right=10)
GUANCHENG = NamedUnit(unit=6, names=("管城区",), code="410104", tree_left=12, tree_right=15)
OTHER_LAKE = NamedUnit(unit=7, names=("望湖社区",), code="410104001", tree_left=13, tree_right=14)
UNITS = (JINSHUI, WENHUA, FIRST, TWELFTH, LAKE, GUANCHENG, OTHER_LAKE)


def about(text: str) -> list[int]:
    return [mention.unit.unit for mention in settle(mentions(phrases(text), UNITS))]


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("文化社区进水了", WENHUA),
        ("我家在 文化 社区，地下室进水", WENHUA),
        ("文化社区第12网格", TWELFTH),  # and neither the community nor grid 1
        ("金水区文化社区第1网格3号楼", FIRST),  # who lies above only says where that is
        ("Wenhua Community, Grid 12: water in the cellar", TWELFTH),
        ("WENHUA COMMUNITY", WENHUA),
        ("管城区望湖社区", OTHER_LAKE),  # of two lakes the one that the district speaks for
        ("望湖社区(410105002)", LAKE),  # the code speaks for one of them
        ("网格410105001001有人受伤", FIRST),
    ],
)
def test_the_longest_name_wins_and_superiors_speak_for_those_below(text: str, unit: NamedUnit) -> None:
    assert about(text) == [unit.unit]


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("望湖社区停电", [LAKE, OTHER_LAKE]),  # there are two
        ("从文化社区到管城区的路断了", [WENHUA, GUANCHENG]),  # two places
        ("管城区 文化社区", [GUANCHENG, WENHUA]),  # which contradict each other
    ],
)
def test_several_places_are_candidates_and_no_place(text: str, candidates: list[NamedUnit]) -> None:
    assert about(text) == [unit.unit for unit in candidates]


@pytest.mark.parametrize(
    "text", ["", "进水了", "文化", "wenhuacommunityx", "4101050010019", "电话13410105001", "xwenhua community"]
)
def test_what_names_nothing_is_nowhere(text: str) -> None:
    assert about(text) == []


def test_a_long_text_has_pieces_by_its_length_and_not_by_its_square() -> None:
    assert len(phrases("水" * 10_000)) < 500 * LONGEST_NAME

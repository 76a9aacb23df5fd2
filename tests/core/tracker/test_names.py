import pytest

from tracker.organisation.names import initials_of, pinyin_of, spell


@pytest.mark.parametrize(
    ("name", "pinyin"),
    [
        ("王小红", "wang xiao hong"),
        ("单小红", "shan xiao hong"),
        ("曾志伟", "zeng zhi wei"),
        ("仇英", "qiu ying"),
        ("解晓东", "xie xiao dong"),
        ("朴树", "piao shu"),
        ("翟天临", "zhai tian lin"),
        ("区大任", "ou da ren"),
        ("单于明", "chan yu ming"),
        ("尉迟恭", "yu chi gong"),
        ("长孙无忌", "zhang sun wu ji"),
        ("欧阳修", "ou yang xiu"),
        ("诸葛亮", "zhu ge liang"),
    ],
)
def test_a_surname_is_read_as_a_surname(name: str, pinyin: str) -> None:
    assert pinyin_of(name) == pinyin


def test_the_same_character_is_read_otherwise_in_a_given_name() -> None:
    assert pinyin_of("王单") == "wang dan"


def test_initials_are_the_first_letters_of_the_syllables() -> None:
    assert [initials_of(name) for name in ("王小红", "欧阳修", "曾志伟")] == ["wxh", "oyx", "zzw"]


def test_u_with_dots_is_typed_as_v() -> None:
    assert pinyin_of("吕布") == "lv bu"


def test_names_of_other_scripts_are_kept_as_they_are_typed() -> None:
    assert spell("Maria da Silva") == ("maria da silva", "mds")
    assert spell("买买提·艾力") == ("mai mai ti ai li", "mmtal")
    assert spell(" 王 小红 ") == ("wang xiao hong", "wxh")


def test_nothing_is_spelled_as_nothing() -> None:
    assert spell("") == spell(" · ") == ("", "")

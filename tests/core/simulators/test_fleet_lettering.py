"""Columns of numbers as text: the same as formatting each, with spaces in front."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulators.fleet.lettering import joined, number_of, word_of
from simulators.fleet.wording import later

WHOLE = st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=20)


def texts(values: list[int], decimals: int = 0) -> list[str]:
    page, width = joined([number_of(np.array(values, np.int64), decimals)])
    return [page[at : at + width].decode() for at in range(0, len(page), width)]


@given(WHOLE)
def test_whole_numbers_read_as_they_were(values: list[int]) -> None:
    assert [text.lstrip(" ") for text in texts(values)] == [str(value) for value in values]


@given(WHOLE, st.integers(1, 9))
def test_digits_behind_the_point_are_the_last_of_the_units(values: list[int], decimals: int) -> None:
    for text, value in zip(texts(values, decimals), values, strict=True):
        whole, fraction = text.lstrip(" ").split(".")
        assert (int(whole + fraction), len(fraction), whole.lstrip("-") != "") == (value, decimals, True)


def test_numbers_of_a_column_are_as_wide_as_the_widest() -> None:
    assert texts([-5, 1_200_000, 34]) == ["      -5", " 1200000", "      34"]
    assert texts([-5, 1_200], 3) == ["-0.005", " 1.200"]
    assert texts([0], 0) == ["0"]


def test_columns_are_set_beside_each_other() -> None:
    assert joined([word_of(b"a=", 2), number_of(np.array([7, 10]))]) == (b"a= 7a=10", 4)


def test_a_fix_said_later_has_all_but_its_time() -> None:
    assert later(b'{"t":1795389000.250,"lon": 99.1}', 1750) == b'{"t":1795389002.000,"lon": 99.1}'

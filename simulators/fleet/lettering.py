"""Numbers as text, a column at a time: each as wide as its column's widest, spaces in front. Pure.

Writing a fix by formatting its seven numbers is the dearest step of a fleet at a city's rate; digits by numpy cost a
tenth of it. JSON allows spaces before a value, and firmware that formats with a fixed width writes them.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from simulators.movement.chance import Integers

Letters = npt.NDArray[np.uint8]  # a row a text, all of one width

_ZERO: Final = ord("0")
_SPACE: Final = ord(" ")
_MINUS: Final = ord("-")
_POINT: Final = ord(".")


def word_of(text: bytes, count: int) -> Letters:
    """Return the same text `count` times."""
    return np.broadcast_to(np.frombuffer(text, np.uint8), (count, len(text)))


def chosen_of(texts: Letters, places: Integers) -> Letters:
    return texts[places]


def number_of(values: Integers, decimals: int = 0) -> Letters:
    """Write `values`, which are counted in units of the last of `decimals` digits behind the point."""
    absolute, is_negative = np.abs(values), values < 0
    digits = max(len(str(int(absolute.max(initial=0)))), decimals + 1)
    places = 10 ** np.arange(digits - 1, -1, -1, dtype=np.int64)
    figures = absolute[:, None] // places % 10
    whole = digits - decimals
    letters = (figures + _ZERO).astype(np.uint8)
    leading = np.cumsum(figures[:, : whole - 1], axis=1) == 0
    letters[:, : whole - 1][leading] = _SPACE
    sign = np.full((len(values), 1), _SPACE, np.uint8) if is_negative.any() else np.empty((len(values), 0), np.uint8)
    signed = np.concatenate([sign, letters], axis=1)
    if sign.size:
        first = leading.sum(axis=1)  # the place before the first digit that is written
        rows = np.flatnonzero(is_negative)
        signed[rows, first[rows]] = _MINUS
    if not decimals:
        return signed
    point = np.full((len(values), 1), _POINT, np.uint8)
    return np.concatenate([signed[:, :-decimals], point, signed[:, -decimals:]], axis=1)


def joined(columns: Sequence[Letters]) -> tuple[bytes, int]:
    """Return all texts one after the other, and the width of each."""
    page = np.concatenate(columns, axis=1)
    return page.tobytes(), page.shape[1]

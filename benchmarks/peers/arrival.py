"""How long a position took from its due moment until it was in the peer's table. Pure: arrays in, figures out."""

from typing import Final

import numpy as np

from simulators.load.audit import BACKLOG, ON_PURPOSE, REPETITION, Times, keys_of
from simulators.load.witness import Rows

_LEFT_OUT: Final = BACKLOG | ON_PURPOSE | REPETITION


def arrival_us(published: Rows, arrived: Rows) -> Times:
    """Return the microseconds of each fix that was due at once and is there, counted to its first row.

    `published` is PUBLISHED, `arrived` the table's ARRIVED rows. A fix that waited for its person's signal is left out.
    """
    wanted = published[((published["flags"] & _LEFT_OUT) == 0) & (published["sent_us"] > 0)]
    if not len(wanted) or not len(arrived):
        return np.zeros(0, np.int64)
    keys = keys_of(arrived["terminal"], arrived["said_ms"])
    order = np.lexsort((arrived["at_us"], keys))
    keys, at_us = keys[order], np.asarray(arrived["at_us"])[order]
    asked = keys_of(wanted["terminal"], wanted["said_ms"])
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    is_there = keys[place] == asked
    return np.maximum(at_us[place] - np.asarray(wanted["due_us"]), 0)[is_there]

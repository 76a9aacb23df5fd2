"""When connections were missing that should have been up: then it is the system that people waited for. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulators.load.audit import Mask, Sent

_UP: Final = 0.99  # of the connections wanted: below, the system is away
_US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Instant:
    """How the fleet stood at one moment."""

    t_s: float
    connected: int
    wanted: int  # connections that people wanted up: not those who are off duty or have no battery
    lag_s: float


def away(sent: Sent, seconds: Sequence[Instant], *, starts_at: float, connect_s: float = 0.0) -> Mask:
    """Whether each row was due while the system was away: in a second without the connections, or beside one.

    Until all were connected for the first time, after `connect_s`, nothing is away: they come one after the other.
    """
    due_s = (np.asarray(sent.rows["due_us"]) - int(starts_at * _US)) // _US
    is_away = np.zeros(max(int(due_s.max(initial=0)), *(int(each.t_s) for each in seconds), 0) + 2, np.bool_)
    is_complete = False
    for each in seconds:
        is_up = each.connected >= _UP * each.wanted
        is_complete = is_complete or (is_up and each.wanted > 0 and each.t_s >= connect_s)
        if is_complete and not is_up:
            is_away[max(int(each.t_s) - 1, 0) : int(each.t_s) + 2] = True
    return is_away[np.maximum(due_s, 0)]

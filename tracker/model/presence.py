"""How fresh a terminal is, by the server's clock since its last arrival (never by the terminal's own clock)."""

from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

US: Final = 1_000_000
OFFLINE_AFTER_S: Final = 24 * 3600.0


class Presence(StrEnum):
    """In the order of their codes in `states`."""

    FRESH = "fresh"
    AGEING = "ageing"  # missed one report: shown paler, counted as on-line
    SILENT = "silent"  # missed five
    OFFLINE = "offline"  # never seen, or not for a day


ORDER: Final = tuple(Presence)
# Each state begins past max(times x interval, seconds)
AGEING_AFTER: Final = (2.0, 60.0)
SILENT_AFTER: Final = (5.0, 180.0)


def states(
    received_at_us: npt.NDArray[np.int64], interval_s: npt.NDArray[np.floating], now_us: int
) -> npt.NDArray[np.uint8]:
    """Return the code of each terminal's presence, an index of ORDER.

    `received_at_us` is the last arrival (0: never), `interval_s` the reporting interval (0: not known yet). A terminal
    is off-line after a day even if its interval is longer.
    """
    age_s = (now_us - received_at_us) / US
    state = np.zeros(len(age_s), np.uint8)
    for code, (times, least_s) in enumerate((AGEING_AFTER, SILENT_AFTER), start=1):
        state[age_s > np.maximum(times * interval_s, least_s)] = code
    state[(received_at_us == 0) | (age_s > OFFLINE_AFTER_S)] = ORDER.index(Presence.OFFLINE)
    return state

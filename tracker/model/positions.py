"""The columns of many positions at once: what ingest commits, what the bus carries, what the live map keeps.

One row is one believed fix. Units follow the database (tracker/migrations/0002): degrees are integers of 1e-7 degree,
WGS-84, longitude first; times are microseconds since 1970-01-01 UTC. UNSAID marks an optional value not said.
"""

from enum import IntFlag
from typing import Final

import numpy as np
import numpy.typing as npt

UNSAID: Final = -32768
OUTSIDE_CITY: Final = 0  # the grid of a fix that lies in none
DEGREE: Final = 10_000_000
METRES_PER_DEGREE: Final = 111_195.0  # of latitude, on the sphere of the Earth's mean radius of 6,371,008.8 m

POSITION: Final = np.dtype(
    [
        ("fixed_at_us", "<i8"),
        ("received_at_us", "<i8"),
        ("terminal", "<i4"),
        ("member", "<i4"),  # 0: carried by nobody
        ("lon", "<i4"),
        ("lat", "<i4"),
        ("grid", "<i4"),  # unit of the leaf; OUTSIDE_CITY
        ("interval_s", "<f4"),  # reporting interval: configured, else learned
        ("speed_dmps", "<i2"),
        ("heading_deg", "<i2"),
        ("accuracy_dm", "<i2"),
        ("altitude_m", "<i2"),
        ("battery_pct", "<i2"),
        ("flags", "<i2"),
        ("step_m", "<i2"),  # from the terminal's last believed fix; 0: not believed in order, or after a silence
        ("step_s", "<i2"),  # since it, on the account of `grid`; likewise
    ]
)

Positions = npt.NDArray[np.void]  # of dtype POSITION, shape (n,)


REASONS: Final = 15  # the bits of `flags` that are a Flag; above them, in the table only, 11 bits of the grid set
GRID_SET_SHIFT: Final = 4
GRID_SET_BITS: Final = 0x7FF


class Flag(IntFlag):
    """Why a position was stored without a change of live presence."""

    NONE = 0
    SUSPECT = 1  # implied speed over the limit, not yet agreed with
    LATE = 2  # older than the last accepted fix
    OLD = 4  # older than 24 h
    INACCURATE = 8  # accuracy worse than 100 m


def empty(count: int) -> Positions:
    """Return `count` zeroed rows of POSITION."""
    return np.zeros(count, POSITION)

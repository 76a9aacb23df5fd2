"""A batch as columns: from fixes in wire units to rows of tracker.model.positions.POSITION.

Nothing here judges: ingest.rules.screen does. Only rows it passed may be given to `positions` (NaN has no integer).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ingest.wire.reports import Fix
from tracker.geometry import gcj02
from tracker.model.positions import DEGREE, POSITION, UNSAID, Positions

US: Final = 1_000_000  # microseconds a second
_MOST: Final = 32_767  # what an int2 holds

REPORT: Final = np.dtype(
    [
        ("packet", "<i4"),  # place of its packet in the batch
        ("at", "<i4"),  # place in the packet
        ("terminal", "<i4"),
        ("received_at_us", "<i8"),
        ("t_s", "<f8"),
        ("lon", "<f8"),  # degrees, WGS-84 after `to_wgs84`
        ("lat", "<f8"),
        ("accuracy_m", "<f8"),  # NaN here and below: not said
        ("speed_mps", "<f8"),
        ("heading_deg", "<f8"),
        ("altitude_m", "<f8"),
        ("battery_pct", "<f8"),
        ("is_gcj02", "?"),
    ]
)
Reports = npt.NDArray[np.void]  # of dtype REPORT
# What makes two fixes of one instant the same fix.
CONTENT: Final = ("lon", "lat", "speed_dmps", "heading_deg", "accuracy_dm", "altitude_m", "battery_pct")


def reports(fixes: Sequence[Fix]) -> Reports:
    """Return the columns of `fixes`; packet, at, terminal and received_at_us are the caller's to fill."""
    rows = np.zeros(len(fixes), REPORT)
    # Written out, and arrays first: a list with None in it is no column, and getattr by name costs twice as much.
    rows["t_s"] = np.array([fix.t for fix in fixes], np.float64)
    rows["lon"] = np.array([fix.lon for fix in fixes], np.float64)
    rows["lat"] = np.array([fix.lat for fix in fixes], np.float64)
    rows["accuracy_m"] = np.array([fix.accuracy_m for fix in fixes], np.float64)  # None becomes NaN, here and below
    rows["speed_mps"] = np.array([fix.speed_mps for fix in fixes], np.float64)
    rows["heading_deg"] = np.array([fix.heading_deg for fix in fixes], np.float64)
    rows["altitude_m"] = np.array([fix.altitude_m for fix in fixes], np.float64)
    rows["battery_pct"] = np.array([fix.battery_pct for fix in fixes], np.float64)
    rows["is_gcj02"] = [fix.crs == "gcj02" for fix in fixes]
    return rows


def to_wgs84(rows: Reports) -> None:
    """Convert the rows said in GCJ-02, in place. They must be finite and in range."""
    shifted = np.flatnonzero(rows["is_gcj02"])
    if len(shifted):
        rows["lon"][shifted], rows["lat"][shifted] = gcj02.to_wgs84(rows["lon"][shifted], rows["lat"][shifted])


def positions(rows: Reports) -> Positions:
    """Return believed rows: WGS-84, integers, optional values clipped or UNSAID; grid, member and interval are 0."""
    made = np.zeros(len(rows), POSITION)
    made["fixed_at_us"] = np.rint(rows["t_s"] * US)
    made["received_at_us"] = rows["received_at_us"]
    made["terminal"] = rows["terminal"]
    made["lon"] = np.rint(rows["lon"] * DEGREE)
    made["lat"] = np.rint(rows["lat"] * DEGREE)
    made["speed_dmps"] = _optional(rows["speed_mps"], 0, np.inf, 10)
    made["heading_deg"] = _optional(rows["heading_deg"], 0, 360)
    made["accuracy_dm"] = _optional(rows["accuracy_m"], 0, np.inf, 10)
    made["altitude_m"] = _optional(rows["altitude_m"], -_MOST, np.inf)
    made["battery_pct"] = _optional(rows["battery_pct"], 0, 100)
    return made


def _optional(values: npt.NDArray[np.float64], least: float, most: float, per_unit: int = 1) -> npt.NDArray[np.int16]:
    """Scale and round; UNSAID where not said or outside [least, most]; clip to what the column holds."""
    is_said = np.isfinite(values) & (values >= least) & (values <= most)
    bound = _MOST / per_unit
    scaled = np.rint(np.clip(np.where(is_said, values, 0), -bound, bound) * per_unit)
    return np.where(is_said, scaled, UNSAID).astype(np.int16)

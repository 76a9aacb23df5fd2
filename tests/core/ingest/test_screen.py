"""What is refused, only stored, or a duplicate of its own batch."""

import math

import numpy as np
import pytest

from ingest.rules import columns, screen
from ingest.rules.columns import US
from ingest.rules.screen import CONFLICT, DUPLICATE, NEW, REASONS, Limits
from ingest.wire.reports import Fix, Reason
from tracker.geometry import gcj02
from tracker.model.positions import UNSAID, Flag

NOW_S = 1_700_000_000.0


def reports(*fixes: Fix) -> columns.Reports:
    rows = columns.reports(fixes)
    rows["terminal"], rows["received_at_us"] = 1, int(NOW_S * US)
    return rows


def a_fix(**fields: float | str) -> Fix:
    return Fix(**{"t": NOW_S, "lon": 113.6, "lat": 34.7, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"lon": math.nan}, Reason.NOT_FINITE),
        ({"lat": math.inf}, Reason.NOT_FINITE),
        ({"t": math.nan}, Reason.NOT_FINITE),
        ({"lon": 180.1}, Reason.OUT_OF_RANGE),
        ({"lat": -90.1}, Reason.OUT_OF_RANGE),
        ({"lon": 180.0, "lat": 90.0}, None),
        ({"lon": 0.0, "lat": 0.0}, Reason.NULL_ISLAND),
        ({"lon": 0.0, "lat": 51.5}, None),
        ({"t": NOW_S + 59}, None),
        ({"t": NOW_S + 61}, Reason.FROM_THE_FUTURE),
        ({"t": NOW_S * 1000}, Reason.FROM_THE_FUTURE),
        ({"t": NOW_S - 90 * 86400 + 1}, None),
        ({"t": NOW_S - 90 * 86400 - 1}, Reason.TOO_OLD),
        ({"t": 0.0}, Reason.TOO_OLD),
        ({"t": -1e300}, Reason.TOO_OLD),
    ],
)
def test_a_report_is_refused_by_the_table(fields: dict[str, float], reason: Reason | None) -> None:
    assert REASONS[screen.judge(reports(a_fix(**fields)), Limits())[0]] == reason


@pytest.mark.parametrize(
    ("fields", "flag"),
    [
        ({}, Flag.NONE),
        ({"t": NOW_S - 86401}, Flag.OLD),
        ({"accuracy_m": 101.0}, Flag.INACCURATE),
        ({"accuracy_m": 100.0}, Flag.NONE),
        ({"t": NOW_S - 86401, "accuracy_m": 500.0}, Flag.OLD | Flag.INACCURATE),
    ],
)
def test_a_report_is_only_stored_by_the_table(fields: dict[str, float], flag: Flag) -> None:
    assert screen.flags(reports(a_fix(**fields)), Limits())[0] == flag


def test_the_first_of_an_instant_wins_and_its_repeat_is_a_duplicate() -> None:
    rows = columns.positions(reports(a_fix(), a_fix(), a_fix(lon=113.7), a_fix(t=NOW_S + 1)))
    assert screen.repeats(rows[screen.by_time(rows)]).tolist() == [NEW, DUPLICATE, CONFLICT, NEW]


def test_optional_values_are_rounded_clipped_or_not_said() -> None:
    row = columns.positions(
        reports(a_fix(accuracy_m=1e308, speed_mps=-1.0, heading_deg=361.0, altitude_m=math.inf, battery_pct=55.4))
    )[0]
    names = ("accuracy_dm", "speed_dmps", "heading_deg", "altitude_m", "battery_pct")
    assert [int(row[name]) for name in names] == [32767, UNSAID, UNSAID, UNSAID, 55]


def test_gcj02_is_converted_on_entry() -> None:
    lon, lat = gcj02.to_gcj02(np.array([113.6]), np.array([34.7]))
    rows = reports(a_fix(lon=float(lon[0]), lat=float(lat[0]), crs="gcj02"), a_fix())
    columns.to_wgs84(rows)
    assert columns.positions(rows)[["lon", "lat"]].tolist() == [(1136000000, 347000000)] * 2

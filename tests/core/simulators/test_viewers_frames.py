"""Frames of the live map as the simulated viewers read them: the dashboard's encoder is the other side."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dashboard.live import frames as server
from simulators.viewers.frames import BadFrameError, Kind, decode

DEGREES: SearchStrategy[int] = st.integers(-1_800_000_000, 1_800_000_000)
WORD = st.integers(0, 2**32 - 1)
SHORT = st.integers(0, 2**16 - 1)
POINT = st.tuples(WORD, DEGREES, DEGREES, WORD, SHORT, st.integers(-1, 100), st.integers(0, 255))
COUNT = st.tuples(WORD, SHORT, SHORT, SHORT, SHORT)
POINT_NAMES = ("member", "lon", "lat", "received_at_s", "interval_s", "battery_pct", "state")
COUNT_NAMES = ("grid", "online", "silent", "total", "sos")


def columns(rows: list[tuple[int, ...]], width: int) -> list["np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    return list(np.array(rows, np.int64).reshape(-1, width).T)


def a_frame(rows: list[tuple[int, ...]], kind: server.Kind = server.Kind.DELTA) -> bytes:
    stamp = server.Stamp(kind=kind, epoch=7, tick=9, server_time_ms=1.7e12, unit=4)
    if kind is server.Kind.COUNTS:
        unit, online, silent, total, sos = columns(rows, 5)
        return server.of_counts(stamp, server.GridCounts(unit=unit, online=online, silent=silent, total=total, sos=sos))
    member, lon, lat, received_at_s, interval_s, battery_pct, state = columns(rows, 7)
    return server.of_points(
        stamp,
        server.Points(
            member=member,
            lon=lon,
            lat=lat,
            received_at_s=received_at_s,
            interval_s=interval_s,
            battery_pct=battery_pct,
            state=state,
        ),
    )


@given(rows=st.lists(POINT, max_size=9), kind=st.sampled_from((server.Kind.SNAPSHOT, server.Kind.DELTA)))
def test_points_are_read_as_the_dashboard_wrote_them(rows: list[tuple[int, ...]], kind: server.Kind) -> None:
    frame = decode(a_frame(rows, kind))
    assert (frame.kind, frame.epoch, frame.tick, frame.server_time_ms, frame.unit) == (kind, 7, 9, 1.7e12, 4)
    assert list(zip(*(frame.columns[name].tolist() for name in POINT_NAMES), strict=True)) == rows
    assert frame.rows == len(rows)


@given(rows=st.lists(COUNT, max_size=9))
def test_counts_by_grid_are_read_as_the_dashboard_wrote_them(rows: list[tuple[int, ...]]) -> None:
    frame = decode(a_frame(rows, server.Kind.COUNTS))
    assert frame.kind is Kind.SUMMARY
    assert list(zip(*(frame.columns[name].tolist() for name in COUNT_NAMES), strict=True)) == rows


@given(at=st.integers(0, 2**20), rows=st.lists(POINT, min_size=1, max_size=3))
def test_a_frame_cut_anywhere_is_none(at: int, rows: list[tuple[int, ...]]) -> None:
    whole = a_frame(rows)
    with pytest.raises(BadFrameError):
        decode(whole[: at % len(whole)])


@given(garbage=st.binary(max_size=80))
def test_garbage_is_refused_and_nothing_else_happens(garbage: bytes) -> None:
    with pytest.raises(BadFrameError):
        decode(garbage)


@pytest.mark.parametrize(
    ("at", "value"), [(0, b"X"), (4, b"\x00"), (4, b"\x04"), (5, b"\x02"), (6, b"\x01"), (24, b"\x05")]
)
def test_another_magic_type_version_or_number_of_rows_is_refused(at: int, value: bytes) -> None:
    whole = a_frame([(1, 2, 3, 4, 5, 6, 7)])
    with pytest.raises(BadFrameError):
        decode(whole[:at] + value + whole[at + 1 :])


def test_bytes_behind_the_last_column_are_refused() -> None:
    with pytest.raises(BadFrameError, match="behind the last column"):
        decode(a_frame([]) + bytes(4))

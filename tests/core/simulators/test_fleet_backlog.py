"""What a terminal keeps while it cannot send, and how reports become words and rows."""

import json

import numpy as np

from simulators.fleet.backlog import BATCH, MOST, Backlog, uploaded
from simulators.fleet.books import Books, flagged
from simulators.fleet.silence import Silence
from simulators.fleet.wording import NO_FIX, NO_SIGNAL, NOT_YET, OFF, Pen, sliced
from simulators.ledger import BACKLOG, BY_GATEWAY, PUBLISHED, SILENT
from simulators.movement.crowd import Reports
from simulators.terminals.parser import whole


def a_row(terminal: int = 0, *, due_us: int = 0, flags: int = 0) -> bytes:
    return np.array([(terminal, 0, due_us, 0, 0, 0, flags)], PUBLISHED).tobytes()


def some_reports(count: int) -> Reports:
    numbers, places = np.arange(count), np.linspace(113.1, 113.2, count)
    at_s = np.linspace(10.0, 10.0 - (count - 1), count)
    yes, no = np.ones(count, np.bool_), np.zeros(count, np.bool_)
    return Reports(
        who=numbers,
        step=numbers,
        at_s=at_s,
        lon=places + 0.123456789,
        lat=places - 80.0,
        accuracy_m=np.full(count, 5.26),
        speed_mps=np.where(numbers % 2, 1.5, 0.0),
        heading_deg=np.full(count, 359.99),
        battery_pct=np.full(count, 83.4),
        has_signal=numbers != 2,
        is_emergency=no,
        said_at_s=np.add(at_s, 0.25),
        true_lon=places,
        true_lat=places - 80.0,
        has_fix=numbers != 1,
        is_on=yes if count < 4 else numbers != 3,
    )


def test_fixes_leave_oldest_first_in_arrays_of_at_most_500() -> None:
    backlog = Backlog()
    for at in range(BATCH + 2):
        assert backlog.add(b"%d" % at, a_row(at)) == 0
    texts, rows, count = backlog.take()
    assert (count, texts[:4], len(rows)) == (BATCH, b"0,1,", BATCH * PUBLISHED.itemsize)
    assert backlog.take() == (b"500,501", a_row(500) + a_row(501), 2)
    assert backlog.fixes == 0


def test_a_message_of_several_fixes_is_never_cut_in_two() -> None:
    backlog = Backlog()
    for _ in range(BATCH // 3 + 1):
        assert backlog.add(b"1,2,3", a_row() * 3, 3) == 0
    assert [backlog.take()[2] for _ in range(2)] == [BATCH // 3 * 3, 3]


def test_a_full_backlog_gives_up_its_oldest_array_and_says_how_many() -> None:
    backlog = Backlog()
    dropped = sum(backlog.add(b"{}", a_row()) for _ in range(MOST + 1))
    assert (dropped, backlog.fixes) == (BATCH, MOST + 1 - BATCH)


def test_fixes_saved_up_for_one_upload_are_due_with_the_last() -> None:
    rows = np.frombuffer(uploaded(a_row(due_us=1) + a_row(due_us=5) + a_row(due_us=3, flags=BACKLOG)), PUBLISHED)
    assert rows["due_us"].tolist() == [5, 5, 3]


def test_what_was_being_saved_up_when_the_signal_went_is_marked_as_kept_off_line() -> None:
    backlog = Backlog()
    backlog.add(b"{}", a_row(flags=BY_GATEWAY))
    backlog.mark(BACKLOG)
    assert backlog.take()[1] == a_row(flags=BY_GATEWAY | BACKLOG)
    assert flagged(a_row(), BACKLOG) == a_row(flags=BACKLOG)
    assert flagged(a_row() + a_row(flags=BY_GATEWAY), BACKLOG) == a_row(flags=BACKLOG) + a_row(
        flags=BY_GATEWAY | BACKLOG
    )


def test_only_what_is_kept_because_of_its_person_is_marked_as_silence() -> None:
    silence = Silence()
    silence.without_signal.add(1)
    silence.broken_off.add(2)
    silence.outcasts.add(3)
    assert [silence.flags(who, is_up=True) for who in range(4)] == [0, BACKLOG | SILENT, 0, 0]
    assert [silence.flags(who, is_up=False) for who in range(4)] == [BACKLOG, *[BACKLOG | SILENT] * 3]


def test_words_and_rows_say_the_same_in_the_order_of_their_moments() -> None:
    pen = Pen(
        first=100,
        by_gateway=np.array([False, False, False, True]),
        arrival_s=np.array([11.0, 0.0, 0.0, 0.0]),
        is_faulty=np.zeros(4, np.bool_),
        sample=2,
    )
    said = sliced(*pen.write([some_reports(4)], 1_795_389_000.0))
    rows = np.frombuffer(said.rows, PUBLISHED)
    assert rows["terminal"].tolist() == [103, 102, 101, 100]
    assert said.odd == [OFF, NO_SIGNAL, NO_FIX, NOT_YET]
    assert rows["flags"].tolist() == [BY_GATEWAY, 0, 0, 0]
    for at, row in enumerate(rows):
        fix = json.loads(said.text(at))
        assert (round(fix["t"] * 1000), round(fix["lon"] * 1e7)) == (row["said_ms"], row["lon"])
        assert round(fix["lat"] * 1e7) == row["lat"]
        assert row["said_ms"] == row["due_us"] // 1000 + 250
        assert fix.get("hdg") == (359 if fix["seq"] % 2 else None)
    assert said.truth["terminal"].tolist() == [102]  # of the sample, and saying something


def test_books_without_a_folder_only_number_the_rows() -> None:
    books = Books(None)
    assert (books.enter(a_row()), books.enter(a_row() * 3, 3), books.row) == (0, 1, 4)
    books.close()


def test_a_stream_is_cut_behind_its_last_whole_packet() -> None:
    puback, long = b"\x40\x02\x00\x07", b"\x30\x80\x01" + b"x" * 128
    assert [whole(data, 0) for data in (b"", puback[:1], puback[:3], puback, puback + long[:2])] == [0, 0, 0, 4, 4]
    assert whole(puback + long + b"\x30", 0) == len(puback + long)

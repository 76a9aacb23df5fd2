"""The live board: what a frame holds for whom, by ticks. No clock, no network."""

import struct
from typing import Any

import numpy as np
import pytest

from dashboard.live.board import Board
from dashboard.live.layout import MOST_POINTS, Branch, Layout, Person, lay_out
from tracker.model.positions import POSITION, UNSAID, Positions

NOW_US = 1_800_000_000_000_000
SECOND_US = 1_000_000
CITY, EAST, WEST, EAST_LEAF, WEST_LEAF = 1, 2, 3, 4, 5
LI, WANG, ZHAO = 11, 12, 13
SOS, LEADER, REMOVED = 0x10, 0x20, 0x80
BRANCHES = (
    Branch(id=CITY, name="city", left=1, right=10, is_leaf=False, is_high=True),
    Branch(id=EAST, name="east", left=2, right=5, is_leaf=False, is_high=False),
    Branch(id=EAST_LEAF, name="east leaf", left=3, right=4, is_leaf=True, is_high=False),
    Branch(id=WEST, name="west", left=6, right=9, is_leaf=False, is_high=False),
    Branch(id=WEST_LEAF, name="west leaf", left=7, right=8, is_leaf=True, is_high=False),
)
PEOPLE = {
    LI: Person(id=LI, name="Li", left=3, is_leader=True),
    WANG: Person(id=WANG, name="Wang", left=3, is_leader=False),
    ZHAO: Person(id=ZHAO, name="Zhao", left=7, is_leader=False),
}


def a_layout(people: dict[int, Person] | None = None, branches: tuple[Branch, ...] = BRANCHES) -> Layout:
    return lay_out(branches, list((PEOPLE if people is None else people).values()))


def a_fix(member: int, *, at_s: float = 0, heard_s: float | None = None, lon: int = 0, **changed: Any) -> Positions:
    """A fix `at_s` seconds after NOW, of a terminal that reports every 10 s."""
    row = np.zeros(1, POSITION)
    row["member"], row["lon"], row["interval_s"], row["battery_pct"] = member, lon, 10, 55
    row["fixed_at_us"] = NOW_US + int(at_s * SECOND_US)
    row["received_at_us"] = NOW_US + int((at_s if heard_s is None else heard_s) * SECOND_US)
    for name, value in changed.items():
        row[name] = value
    return row


def a_board(*members: int, layout: Layout | None = None) -> Board:
    """A board at its first tick, on which `members` stand."""
    board = Board(layout or a_layout(), epoch=7)
    for member in members:
        board.apply(a_fix(member))
    board.advance(NOW_US)
    return board


def rows_of(frame: bytes) -> dict[int, tuple[int, ...]]:
    """Decode points: member -> (lon, lat, received s, interval s, battery, state)."""
    _magic, kind, _version, _zero, _epoch, _tick, _time, count, _unit = struct.unpack_from("<4sBBHIIdII", frame)
    assert kind in {1, 2}
    offset, columns = 32, list[tuple[int, ...]]()
    for code, size in (("I", 4), ("i", 4), ("i", 4), ("I", 4), ("H", 2), ("b", 1), ("B", 1)):
        columns.append(struct.unpack_from(f"<{count}{code}", frame, offset))
        offset += (count * size + 3) // 4 * 4
    assert offset == len(frame)
    return {row[0]: row[1:] for row in zip(*columns, strict=True)}


def states_of(frame: bytes) -> dict[int, int]:
    return {member: row[-1] for member, row in rows_of(frame).items()}


def counts_of(frame: bytes) -> dict[int, tuple[int, ...]]:
    """Decode counts: unit -> (online, silent, total, sos)."""
    count = struct.unpack_from("<I", frame, 24)[0]
    assert frame[4] == 3
    offset, columns = 32, list[tuple[int, ...]]()
    for code, size in (("I", 4), ("H", 2), ("H", 2), ("H", 2), ("H", 2)):
        columns.append(struct.unpack_from(f"<{count}{code}", frame, offset))
        offset += (count * size + 3) // 4 * 4
    assert offset == len(frame)
    return {row[0]: row[1:] for row in zip(*columns, strict=True)}


def test_the_header_says_what_when_and_about_which_unit() -> None:
    frame = a_board(LI).frame(EAST, 0)
    header = struct.unpack_from("<4sBBHIIdII", frame)
    assert header == (b"GWLF", 1, 1, 0, 7, 1, NOW_US / 1000, 1, EAST)


def test_a_row_says_where_when_how_often_and_in_which_state() -> None:
    board = a_board()
    board.apply(a_fix(LI, lon=-1_800_000_000, lat=345_678_901))
    board.advance(NOW_US)
    assert rows_of(board.frame(EAST, 0)) == {LI: (-1_800_000_000, 345_678_901, NOW_US // SECOND_US, 10, 55, LEADER)}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_every_column_begins_at_a_multiple_of_four_bytes(count: int) -> None:
    people = {number: Person(id=number, name="", left=3, is_leader=False) for number in range(1, count + 1)}
    board = a_board(*people, layout=a_layout(people))
    assert set(rows_of(board.frame(CITY, 0))) == set(people)


def test_values_beyond_a_column_are_clipped_and_what_is_not_said_is_minus_one() -> None:
    board = a_board()
    board.apply(a_fix(LI, battery_pct=UNSAID, interval_s=1e6))
    board.apply(a_fix(WANG, battery_pct=101, interval_s=0.4))
    board.advance(NOW_US)
    rows = rows_of(board.frame(EAST, 0))
    assert (rows[LI][3], rows[LI][4]) == (65_535, -1)
    assert (rows[WANG][3], rows[WANG][4]) == (1, 101)


def test_a_snapshot_holds_those_of_the_unit_who_have_a_position() -> None:
    board = a_board(LI, ZHAO)
    assert set(rows_of(board.frame(CITY, 0))) == {LI, ZHAO}
    assert set(rows_of(board.frame(EAST, 0))) == {LI}
    assert set(rows_of(board.frame(WEST_LEAF, 0))) == {ZHAO}


def test_a_delta_holds_who_changed_since_the_viewer_s_tick_once() -> None:
    board = a_board(LI, WANG, ZHAO)
    since = board.tick
    board.apply(a_fix(WANG, at_s=1))
    board.advance(NOW_US + SECOND_US)
    board.apply(a_fix(LI, at_s=2))
    board.apply(a_fix(LI, at_s=3, lon=9))
    board.advance(NOW_US + 3 * SECOND_US)
    assert set(rows_of(board.frame(CITY, since))) == {LI, WANG}
    assert set(rows_of(board.frame(CITY, since + 1))) == {LI}
    assert rows_of(board.frame(CITY, since))[LI][0] == 9
    assert rows_of(board.frame(CITY, board.tick)) == {}


def test_viewers_at_the_same_tick_share_one_frame() -> None:
    board = a_board(LI)
    first = board.frame(CITY, 0)
    assert board.frame(CITY, 0) is first
    board.advance(NOW_US + SECOND_US)
    assert board.frame(CITY, 0) is not first


def test_of_two_terminals_the_fresher_fix_is_shown_whatever_the_order() -> None:
    old, new = a_fix(LI, at_s=1, lon=1, terminal=1), a_fix(LI, at_s=2, lon=2, terminal=2)
    for batches in ((old, new), (new, old), (np.concatenate((new, old)),), (np.concatenate((old, new)),)):
        board = a_board()
        for batch in batches:
            board.apply(batch)
        board.advance(NOW_US)
        assert rows_of(board.frame(CITY, 0))[LI][0] == 2


def test_a_late_arrival_is_a_sign_of_life_but_no_movement() -> None:
    board = a_board()
    board.apply(a_fix(LI, at_s=0, lon=1))
    board.apply(a_fix(LI, at_s=-500, heard_s=100, lon=2))
    board.advance(NOW_US + 100 * SECOND_US)
    lon, _lat, received_s, *_rest = rows_of(board.frame(CITY, 0))[LI]
    assert (lon, received_s) == (1, NOW_US // SECOND_US + 100)


def test_strangers_and_nobody_s_terminals_are_passed_over() -> None:
    board = a_board(999, 0)
    assert rows_of(board.frame(CITY, 0)) == {}


@pytest.mark.parametrize(("age_s", "state"), [(59, 0), (61, 1), (181, 2), (24 * 3600 + 1, 3)])
def test_who_says_nothing_ages_falls_silent_and_goes_off_line(age_s: int, state: int) -> None:
    board = a_board(WANG)
    since = board.tick
    board.advance(NOW_US + age_s * SECOND_US)
    assert states_of(board.frame(CITY, 0)) == {WANG: state}
    assert states_of(board.frame(CITY, since)) == ({WANG: state} if state else {})


def test_counts_of_a_unit_add_up() -> None:
    board = a_board(LI)
    board.apply(a_fix(ZHAO, at_s=-200))
    board.set_emergencies([LI])
    board.advance(NOW_US)
    counts = board.counts(CITY)
    assert (counts.online, counts.silent, counts.offline, counts.total, counts.sos) == (1, 1, 1, 3, 1)
    assert board.counts(WEST).silent == 1
    assert board.counts(999).total == 0


def test_an_sos_is_a_bit_that_comes_and_goes() -> None:
    board = a_board(WANG)
    board.set_emergencies([WANG])
    board.advance(NOW_US)
    pressed = board.tick
    assert states_of(board.frame(CITY, pressed - 1)) == {WANG: SOS}
    board.set_emergencies([])
    board.advance(NOW_US)
    assert states_of(board.frame(CITY, pressed)) == {WANG: 0}


def test_above_street_level_only_those_with_an_sos_are_points() -> None:
    board = a_board(LI, WANG)
    since = board.tick
    board.set_emergencies([WANG])
    board.advance(NOW_US)
    assert states_of(board.sos_frame(CITY, 0)) == {WANG: SOS}
    assert states_of(board.sos_frame(CITY, since)) == {WANG: SOS}
    board.set_emergencies([])
    board.advance(NOW_US)
    assert states_of(board.sos_frame(CITY, since + 1)) == {WANG: REMOVED}
    assert states_of(board.sos_frame(CITY, 0)) == {}


def test_counts_by_grid_come_whole_and_then_as_they_change() -> None:
    board = a_board(LI, WANG)
    since = board.tick
    assert counts_of(board.counts_frame(CITY, 0)) == {EAST_LEAF: (2, 0, 2, 0), WEST_LEAF: (0, 0, 1, 0)}
    assert counts_of(board.counts_frame(EAST, 0)) == {EAST_LEAF: (2, 0, 2, 0)}
    board.apply(a_fix(ZHAO))
    board.advance(NOW_US)
    assert counts_of(board.counts_frame(CITY, since)) == {WEST_LEAF: (1, 0, 1, 0)}
    assert counts_of(board.counts_frame(CITY, board.tick)) == {}


def test_a_large_city_is_shown_as_counts_and_a_large_street_as_points() -> None:
    crowd = {number: Person(id=number, name="", left=3, is_leader=False) for number in range(1, MOST_POINTS + 2)}
    layout = a_layout(crowd)
    assert layout.is_summary(CITY)
    assert not layout.is_summary(EAST)
    assert not a_layout().is_summary(CITY)


def test_who_moves_to_another_unit_leaves_one_frame_and_enters_the_other() -> None:
    board = a_board(LI, WANG, ZHAO)
    since, epoch = board.tick, board.epoch
    board.change_layout(a_layout(PEOPLE | {LI: Person(id=LI, name="Li", left=7, is_leader=True)}), epoch=8)
    board.advance(NOW_US)
    assert board.epoch == epoch
    assert states_of(board.frame(EAST, since)) == {LI: REMOVED}
    assert states_of(board.frame(WEST, since)) == {LI: LEADER}
    assert states_of(board.frame(CITY, since)) == {LI: LEADER}
    assert states_of(board.frame(EAST, 0)) == {WANG: 0}
    assert states_of(board.frame(EAST, board.tick)) == {}


def test_who_leaves_the_city_is_removed_and_the_others_stay_where_they_were() -> None:
    board = a_board(LI, WANG, ZHAO)
    since = board.tick
    board.change_layout(a_layout({WANG: PEOPLE[WANG], ZHAO: PEOPLE[ZHAO]}), epoch=8)
    board.advance(NOW_US)
    assert states_of(board.frame(CITY, since)) == {LI: REMOVED}
    assert set(rows_of(board.frame(CITY, 0))) == {WANG, ZHAO}


def test_an_emptied_city_removes_everybody() -> None:
    board = a_board(LI)
    since = board.tick
    board.change_layout(a_layout({}), epoch=8)
    board.advance(NOW_US)
    assert LI in states_of(board.frame(CITY, since))


def test_another_tree_is_another_epoch() -> None:
    board = a_board(LI)
    branches = tuple(branch for branch in BRANCHES if branch.id != WEST_LEAF)
    board.change_layout(a_layout({LI: PEOPLE[LI]}, branches), epoch=8)
    board.advance(NOW_US)
    assert board.epoch == 8
    assert board.start_of(CITY, epoch=7, tick=1) == 0
    assert set(rows_of(board.frame(CITY, 0))) == {LI}


def test_a_viewer_resumes_only_from_a_tick_of_this_epoch_that_has_been() -> None:
    board = a_board(LI)
    board.advance(NOW_US)
    assert board.start_of(CITY, epoch=7, tick=1) == 1
    assert board.start_of(CITY, epoch=8, tick=1) == 0
    assert board.start_of(CITY, epoch=7, tick=99) == 0


def a_crowd(size: int) -> Layout:
    """So many members in one leaf: more than MOST_POINTS of them show the city as counts by grid."""
    return a_layout({number: Person(id=number, name="", left=3, is_leader=False) for number in range(1, size + 1)})


@pytest.mark.parametrize(("before", "after"), [(MOST_POINTS, MOST_POINTS + 1), (MOST_POINTS + 1, MOST_POINTS)])
def test_a_viewer_who_was_away_while_a_unit_changed_its_form_starts_anew(before: int, after: int) -> None:
    board = a_board(layout=a_crowd(before))
    board.change_layout(a_crowd(after), epoch=8)
    board.advance(NOW_US)
    assert board.start_of(CITY, epoch=7, tick=1) == 0
    assert board.start_of(CITY, epoch=7, tick=2) == 2
    assert board.start_of(EAST, epoch=7, tick=1) == 1


def test_a_form_that_changed_and_changed_back_is_not_taken_for_the_same() -> None:
    board = a_board(layout=a_crowd(MOST_POINTS))
    for size in (MOST_POINTS + 1, MOST_POINTS):
        board.change_layout(a_crowd(size), epoch=8)
        board.advance(NOW_US)
    assert [board.start_of(CITY, epoch=7, tick=tick) for tick in (1, 2, 3)] == [0, 0, 3]


def test_the_last_fix_is_told_with_its_presence() -> None:
    board = a_board(LI)
    found = board.last(LI)
    assert found is not None
    assert (int(found[0]["battery_pct"]), found[1]) == (55, "fresh")
    assert board.last(WANG) is None
    assert board.last(999) is None


def test_members_are_found_by_their_presence() -> None:
    board = a_board(LI)
    assert board.members_in(CITY, {"fresh", "ageing"}) == [LI]
    assert board.members_in(CITY, {"offline"}) == [WANG, ZHAO]

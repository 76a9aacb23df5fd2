"""Who is out of their own grids, as a function of where their terminals are confirmed, in order of time."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.rules import own_grid
from ingest.rules.columns import US
from ingest.rules.own_grid import OUTING, Assigned, Homes, Judged, Outings, homes_of, judge
from ingest.rules.tracks import Rules
from tracker.model.positions import OUTSIDE_CITY, POSITION, Positions

# A city (1) of two streets (2, 3) with two grids each (21, 22 and 31, 32), and an office (4) that has no grid.
LEFT = {1: 1, 2: 2, 21: 3, 22: 5, 3: 8, 31: 9, 32: 11, 4: 14}
RIGHT = {1: 16, 2: 7, 21: 4, 22: 6, 3: 13, 31: 10, 32: 12, 4: 15}
WALKER, OTHER, CLERK, GUEST = 101, 102, 103, 104
RULES = Rules()


def homes(*posts: tuple[int, int]) -> Homes:
    """Return the homes of (member, unit) pairs."""
    lefts = np.zeros(40, np.int32)
    lefts[list(LEFT)] = list(LEFT.values())
    assigned = Assigned(
        *(
            np.array(column, np.int32)
            for column in (
                [member for member, _ in posts],
                [unit for _, unit in posts],
                [LEFT[unit] for _, unit in posts],
                [RIGHT[unit] for _, unit in posts],
            )
        )
    )
    return homes_of(assigned, lefts, lefts[[21, 22, 31, 32]])


AT_HOME = homes((WALKER, 21), (OTHER, 2), (OTHER, 32), (CLERK, 4))


def fixes(*said: tuple[float, int], member: int = WALKER, terminal: int = 1) -> tuple[Positions, np.ndarray]:
    """Return fixes at (minute, confirmed grid), and the grids."""
    rows = np.zeros(len(said), POSITION)
    rows["member"], rows["terminal"] = member, terminal
    rows["fixed_at_us"] = [round((1000 + minute * 60) * US) for minute, _ in said]
    return rows, np.array([grid for _, grid in said], np.int32)


def nobody_out() -> Outings:
    return np.zeros(200, OUTING)


def events(judged: Judged) -> list[tuple[float, str]]:
    words = {True: "out", False: "back"}
    return [((at / US - 1000) / 60, words[is_out]) for *_, at, _, is_out in judged.moves.tolist()]


def after(outings: Outings, judged: Judged) -> Outings:
    grown = outings.copy()
    own_grid.take(grown, judged)
    return grown


def one_by_one(outings: Outings, rows: Positions, grids: np.ndarray, at: Homes) -> tuple[Outings, list[Judged]]:
    done: list[Judged] = []
    for place in range(len(rows)):
        done.append(judge(outings, rows[place : place + 1], grids[place : place + 1], at, RULES))
        outings = after(outings, done[-1])
    return outings, done


@pytest.mark.parametrize(
    ("walk", "expected"),
    [
        ([(0, 21), (9, 21)], []),
        ([(0, 22), (4, 22)], []),  # not long enough
        ([(0, 22), (5, 22)], [(5, "out")]),
        ([(0, 22), (1, 22), (2, 22), (9, 22)], [(9, "out")]),
        ([(0, OUTSIDE_CITY), (5, OUTSIDE_CITY)], [(5, "out")]),
        ([(0, 22), (3, 31), (6, OUTSIDE_CITY)], [(6, "out")]),  # wherever it is, it is outside
        ([(0, 22), (4, 21), (6, 22), (10, 22)], []),  # a fix at home clears the count
        ([(0, 22), (5, 22), (6, 22), (60, 22)], [(5, "out")]),  # one outing, one event
        ([(0, 22), (5, 22), (6, 21), (7, 21)], [(5, "out"), (6, "back")]),
        ([(0, 22), (5, 22), (6, 21), (7, 22), (12, 22)], [(5, "out"), (6, "back"), (12, "out")]),
        ([(0, 22), (600, 22)], [(600, "out")]),  # a gap clears nothing: both were confirmed
    ],
)
def test_the_rule_of_own_grids(walk: list[tuple[float, int]], expected: list[tuple[float, str]]) -> None:
    assert events(judge(nobody_out(), *fixes(*walk), AT_HOME, RULES)) == expected


def test_an_outing_says_since_when_by_which_terminal_and_where() -> None:
    moves = judge(nobody_out(), *fixes((0, 21), (1, 22), (6, 31), terminal=7), AT_HOME, RULES).moves
    assert moves.tolist() == [(WALKER, 7, 31, 1360 * US, 1060 * US, True)]


@pytest.mark.parametrize(
    ("member", "grid", "is_out"),
    [
        (WALKER, 21, False),
        (WALKER, 22, True),
        (OTHER, 21, False),  # a whole street is theirs
        (OTHER, 22, False),
        (OTHER, 32, False),  # and a grid of another one
        (OTHER, 31, True),
        (OTHER, 39, True),  # a unit that is not known yet
        (CLERK, 31, False),  # an office has no grid to be out of
        (GUEST, 31, False),  # assigned nowhere
        (5_000, 31, False),  # a member nobody told of yet
        (0, 31, False),  # a terminal carried by nobody
    ],
)
def test_who_is_out_where(member: int, grid: int, is_out: bool) -> None:  # noqa: FBT001
    rows, grids = fixes((0, grid), (9, grid), member=member)
    assert bool(events(judge(np.zeros(6_000, OUTING), rows, grids, AT_HOME, RULES))) is is_out


def test_of_two_terminals_the_fresher_counts() -> None:
    shelf, shelf_grids = fixes((0, 22), (4, 22), (9, 22), terminal=2)
    pocket, pocket_grids = fixes((2, 21), (6, 21), (8, 21), terminal=1)
    outings = after(nobody_out(), judge(nobody_out(), pocket, pocket_grids, AT_HOME, RULES))
    late = judge(outings, shelf[:2], shelf_grids[:2], AT_HOME, RULES)
    assert late.members.tolist() == []  # older than what the other one said
    both = judge(
        nobody_out(), np.concatenate([shelf, pocket]), np.concatenate([shelf_grids, pocket_grids]), AT_HOME, RULES
    )
    assert events(both) == []  # never five minutes outside without a fix inside


def test_a_terminal_that_is_handed_over_takes_no_count_along() -> None:
    outings = after(nobody_out(), judge(nobody_out(), *fixes((0, 22), (4, 22)), AT_HOME, RULES))
    assert events(judge(outings, *fixes((5, 31), member=OTHER), AT_HOME, RULES)) == []
    assert events(judge(outings, *fixes((5, 22)), AT_HOME, RULES)) == [(5, "out")]


def test_other_assignments_clear_the_count_and_end_nothing_by_themselves() -> None:
    counted = after(nobody_out(), judge(nobody_out(), *fixes((0, 22), (4, 22)), AT_HOME, RULES))
    moved = homes((WALKER, 31))
    assert events(judge(counted, *fixes((6, 22), (10, 22)), moved, RULES)) == []
    assert events(judge(counted, *fixes((6, 22), (11, 22)), moved, RULES)) == [(11, "out")]
    out = after(counted, judge(counted, *fixes((5, 22)), AT_HOME, RULES))
    assert events(judge(out, *fixes((6, 22)), moved, RULES)) == []  # still out
    assert events(judge(out, *fixes((6, 22)), homes((WALKER, 22)), RULES)) == [(6, "back")]  # at the next fix


def test_another_role_in_the_same_unit_clears_nothing() -> None:
    counted = after(nobody_out(), judge(nobody_out(), *fixes((0, 22), (4, 22)), AT_HOME, RULES))
    more = homes((WALKER, 21), (WALKER, 21), (OTHER, 3))
    assert events(judge(counted, *fixes((5, 22)), more, RULES)) == [(5, "out")]


def test_a_member_who_has_no_grid_any_more_ends_nothing_by_a_fix() -> None:
    out = after(nobody_out(), judge(nobody_out(), *fixes((0, 22), (5, 22)), AT_HOME, RULES))
    assert events(judge(out, *fixes((6, 22), (20, 22)), homes((OTHER, 2)), RULES)) == []


def test_many_members_in_one_batch_do_not_disturb_each_other() -> None:
    one, grids = fixes((0, 22), (5, 22), (6, 21))
    rows = np.concatenate([one] * 30)
    rows["member"] = np.repeat(np.arange(110, 140), 3)
    shuffled = np.random.default_rng(5).permutation(len(rows))
    everybody = homes(*((member, 21) for member in range(110, 140)))
    judged = judge(nobody_out(), rows[shuffled], np.tile(grids, 30)[shuffled], everybody, RULES)
    assert events(judged) == [(5, "out"), (6, "back")] * 30
    assert judged.moves["member"].tolist() == np.repeat(np.arange(110, 140), 2).tolist()


walks = st.lists(st.tuples(st.integers(0, 20), st.sampled_from([21, 22, 31, OUTSIDE_CITY])), max_size=12)


@settings(deadline=None)
@given(walks, walks)
def test_however_fixes_are_cut_into_batches_the_events_are_the_same(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    said = [fixes(*sorted(set(first)), member=WALKER), fixes(*sorted(set(second)), member=OTHER, terminal=2)]
    rows, grids = np.concatenate([rows for rows, _ in said]), np.concatenate([grids for _, grids in said])
    whole = judge(nobody_out(), rows, grids, AT_HOME, RULES)
    state, parts = one_by_one(nobody_out(), rows, grids, AT_HOME)
    assert np.concatenate([part.moves for part in parts] or [whole.moves]).tolist() == whole.moves.tolist()
    assert after(nobody_out(), whole).tolist() == state.tolist()


@settings(deadline=None)
@given(walks)
def test_out_and_back_take_turns_and_out_is_never_short(walk: list[tuple[int, int]]) -> None:
    moves = judge(nobody_out(), *fixes(*sorted(walk)), AT_HOME, RULES).moves
    assert all(first != second for first, second in pairwise(moves["is_out"].tolist()))
    out = moves[moves["is_out"]]
    assert (out["fixed_at_us"] - out["since_us"] >= 300 * US).all()
    assert len(moves) == 0 or moves["is_out"][0]


def test_intervals_that_lie_in_each_other_count_once() -> None:
    nested = homes((WALKER, 1), (WALKER, 21), (WALKER, 3), (OTHER, 22))
    assert len(nested.starts) == 1  # the sentinel: nobody has a second interval
    members = np.array([WALKER, WALKER, OTHER, OTHER])
    assert nested.hold(members, np.array([32, 21, 22, 21])).tolist() == [True, True, True, False]


def test_nobody_has_a_home_in_a_city_without_assignments() -> None:
    assert own_grid.nobodys().mark_of(np.array([0, 5])).tolist() == [0, 0]

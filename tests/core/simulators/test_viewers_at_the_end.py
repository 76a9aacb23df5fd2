"""The end of a run of viewers: who holds what the others hold, and whether that is what the tables say."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.ledger import FINAL
from simulators.viewers import plan as words
from simulators.viewers.gallery import Gallery
from simulators.viewers.mix import Unit, mix, read_units
from simulators.viewers.picture import NOTHING, PLACES, Picture
from simulators.viewers.plan import Counts, PlanError, ViewersPlan, read_plan
from simulators.viewers.settling import QUIET_S, Settling
from simulators.viewers.subscription import Subscription
from simulators.viewers.verdict import ALLOWED_MS, judge
from simulators.viewers.viewer import habits

UNIT = 4
LI, WANG, ZHAO = 101, 102, 103
NOW_MS = 1_700_000_000_000
NEWEST = np.dtype([("terminal", "<i4"), ("member", "<i4"), ("said_ms", "<i8"), ("lon", "<i4"), ("lat", "<i4")])


def a_picture(*lons: int) -> Picture:
    return Picture(np.array([(member, lon, 0, 0) for member, lon in enumerate(lons)], PLACES))


def a_viewer(tick: int, shown: Picture = NOTHING, *, epoch: int = 1) -> Subscription:
    viewer = Subscription(UNIT, gallery=Gallery(), counts=Counts())
    show(viewer, tick, shown, epoch=epoch)
    return viewer


def show(viewer: Subscription, tick: int, shown: Picture, *, epoch: int = 1) -> None:
    viewer.epoch, viewer.tick, viewer.picture = epoch, tick, shown


def test_viewers_settle_when_all_hold_the_same_and_nobody_moves() -> None:
    witness, other = a_viewer(5, a_picture(1)), a_viewer(5, a_picture(1))
    settling = Settling({UNIT: witness}, {1: other}, now_s=0.0)
    assert not settling.look(now_s=QUIET_S)  # what they held when it ended says nothing yet
    show(witness, 6, a_picture(1))
    show(other, 6, a_picture(1))
    assert settling.look(now_s=QUIET_S)
    assert settling.wrong == []


def test_viewers_do_not_settle_while_somebody_moves() -> None:
    witness = a_viewer(5, a_picture(1))
    settling = Settling({UNIT: witness}, {}, now_s=0.0)
    show(witness, 6, a_picture(2))
    assert not settling.look(now_s=2.0)
    show(witness, 7, a_picture(2))
    assert not settling.look(now_s=QUIET_S + 1.9)
    assert settling.look(now_s=QUIET_S + 2.0)


def test_a_viewer_who_lost_a_row_never_settles() -> None:
    witness, other = a_viewer(5, a_picture(1, 2)), a_viewer(5, a_picture(1, 1))
    settling = Settling({UNIT: witness}, {9: other}, now_s=0.0)
    for tick in range(6, 12):
        show(witness, tick, a_picture(1, 2))
        show(other, tick, a_picture(1, 1))
        assert not settling.look(now_s=float(tick))
    assert settling.wrong == [9]


def test_a_slow_viewer_is_compared_with_what_the_witness_held_at_their_tick() -> None:
    witness, slow = a_viewer(5), a_viewer(4)
    settling = Settling({UNIT: witness}, {1: slow}, now_s=0.0)
    for tick in (6, 7, 8):
        show(witness, tick, a_picture(tick))
        settling.look(now_s=float(tick))
    show(slow, 7, a_picture(7))
    settling.look(now_s=8.5)
    assert settling.wrong == []


def test_after_a_restart_ticks_of_before_are_not_waited_for() -> None:
    witness = a_viewer(500, a_picture(1))
    settling = Settling({UNIT: witness}, {}, now_s=0.0)
    show(witness, 3, a_picture(2), epoch=2)
    settling.look(now_s=1.0)
    assert settling.look(now_s=1.0 + QUIET_S)


def shown(*rows: tuple[int, int, int]) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    return np.array([(0, *row) for row in rows], FINAL)


def stored(*rows: tuple[int, int, int, int]) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    """Member, how long ago the fix was (s), where: a row a terminal."""
    return np.array([(at, who, NOW_MS - 1000 * ago, x, y) for at, (who, ago, x, y) in enumerate(rows)], NEWEST)


def test_a_map_that_shows_each_newest_fix_is_right() -> None:
    verdict = judge(
        shown((LI, 1, 2), (WANG, 3, 4)), stored((WANG, 60, 3, 4), (LI, 60, 1, 2)), everybody=True, until_ms=NOW_MS
    )
    assert (verdict.right, verdict.wrong, verdict.unjudged) == (2, (), ())


def test_a_member_shown_elsewhere_is_misplaced_and_one_not_shown_is_missing() -> None:
    newest = stored((LI, 60, 1, 2), (WANG, 60, 3, 4), (ZHAO, 60, 5, 6))
    verdict = judge(shown((LI, 1, 3), (ZHAO, 5, 6)), newest, everybody=True, until_ms=NOW_MS)
    assert (verdict.misplaced, verdict.missing, verdict.wrong) == ((LI,), (WANG,), (LI, WANG))


def test_of_two_terminals_the_fresher_fix_counts_and_of_two_equally_fresh_either() -> None:
    assert judge(shown((LI, 1, 1)), stored((LI, 60, 1, 1), (LI, 61, 2, 2)), everybody=True, until_ms=NOW_MS).wrong == ()
    assert judge(shown((LI, 2, 2)), stored((LI, 60, 1, 1), (LI, 61, 2, 2)), everybody=True, until_ms=NOW_MS).wrong == (
        LI,
    )
    for place in (1, 2):
        either = stored((LI, 60, 1, 1), (LI, 60, 2, 2))
        assert judge(shown((LI, place, place)), either, everybody=True, until_ms=NOW_MS).wrong == ()


def test_one_wrong_place_of_several_viewers_is_enough() -> None:
    verdict = judge(shown((LI, 1, 2), (LI, 7, 7)), stored((LI, 60, 1, 2)), everybody=False, until_ms=NOW_MS)
    assert (verdict.right, verdict.wrong) == (0, (LI,))


def test_who_was_moved_just_now_is_not_accused() -> None:
    ago = ALLOWED_MS // 1000 - 1
    newest = stored((LI, ago, 1, 2), (WANG, ago, 3, 4), (ZHAO, ago, 5, 6))
    verdict = judge(shown((LI, 9, 9), (ZHAO, 5, 6)), newest, everybody=True, until_ms=NOW_MS)
    assert (verdict.right, verdict.wrong, verdict.unjudged) == (1, (), (LI, WANG))


def test_viewers_of_some_units_or_of_summaries_need_not_show_everybody() -> None:
    verdict = judge(shown((LI, 1, 2)), stored((LI, 60, 1, 2), (WANG, 60, 3, 4)), everybody=False, until_ms=NOW_MS)
    assert (verdict.right, verdict.wrong) == (1, ())


def test_terminals_without_a_member_and_members_without_a_row_are_not_judged() -> None:
    verdict = judge(shown((LI, 1, 2)), stored((-1, 60, 3, 4), (0, 60, 3, 4)), everybody=True, until_ms=NOW_MS)
    assert (verdict.right, verdict.wrong, verdict.unjudged) == (0, (), ())


@given(
    places=st.dictionaries(st.integers(1, 50), st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1),
    data=st.data(),
)
def test_exactly_the_members_that_were_moved_away_are_wrong(
    places: dict[int, tuple[int, int]], data: st.DataObject
) -> None:
    moved = data.draw(st.sets(st.sampled_from(sorted(places))))
    rows = [(who, x + 100 * (who in moved), y) for who, (x, y) in places.items()]
    newest = stored(*((who, 60, x, y) for who, (x, y) in places.items()))
    assert judge(shown(*rows), newest, everybody=True, until_ms=NOW_MS).wrong == tuple(sorted(moved))


def a_tree(*, streets: int, communities: int, leaves: int) -> list[Unit]:
    units = [Unit(id=1, parent=None, members=9_000), Unit(id=2, parent=1, members=9_000)]

    def grow(parent: int, counts: Sequence[int], members: int) -> None:
        for _ in range(counts[0] if counts else 0):
            unit = Unit(id=len(units) + 1, parent=parent, members=members)
            units.append(unit)
            grow(unit.id, counts[1:], members // 10)

    grow(2, (streets, communities, leaves), 1_000)
    return units


def test_viewers_are_spread_over_the_levels_at_which_people_work() -> None:
    units = a_tree(streets=20, communities=5, leaves=5)
    chosen = mix(units, 21)
    members = [units[unit - 1].members for unit in chosen]
    assert members == [9_000] + [1_000] * 10 + [100] * 8 + [10] * 2
    assert len(set(chosen)) == 21


def test_what_a_small_city_lacks_is_filled_up_and_empty_units_are_left_out() -> None:
    units = [*a_tree(streets=1, communities=2, leaves=2), Unit(id=99, parent=2, members=1)]
    assert sorted(mix(units, 50)) == [unit.id for unit in units if unit.id != 99]
    assert mix(units, 1) == [1]
    assert mix(units, 0) == []


def test_units_are_read_as_the_dashboard_lists_them() -> None:
    answer = b'{"units":[{"id":7,"code":"x","level":"city","parent":null,"members":3,"bounds":null}]}'
    assert read_units(answer) == [Unit(id=7, parent=None, members=3)]


def a_plan(**more: object) -> bytes:
    return msgspec.json.encode(
        {"http": "http://x", "units": [1], "count": 3, "duration_s": 1, "starts_at": 0, "out": "x", **more}
    )


def test_a_plan_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(a_plan(slow_share=0.5))
    plan = read_plan(tmp_path / "plan.json")
    assert (plan.count, plan.slow_share, plan.settle_s) == (3, 0.5, 15.0)


@pytest.mark.parametrize("wrong", [b"{", b"{}", a_plan(colour=1), a_plan(units=[]), a_plan(count=0)])
def test_what_is_no_plan_is_refused_with_its_file(tmp_path: Path, wrong: bytes) -> None:
    (tmp_path / "plan.json").write_bytes(wrong)
    with pytest.raises(PlanError, match=r"plan\.json"):
        read_plan(tmp_path / "plan.json")


def test_words_are_understood_as_they_were_said() -> None:
    for event in (
        words.Ready(3),
        words.Progress(1.5, Counts(frames=7)),
        words.Said("x"),
        words.Done(counts=Counts(gaps=1), members=2, wrong_at_end=1, wrong=[5], cpu_s=1.0, rss_kb=9),
    ):
        assert words.decode(words.encode(event)) == event


def test_habits_are_those_of_the_seed_and_the_number_and_in_the_shares_wanted() -> None:
    plan = msgspec.json.decode(a_plan(slow_share=0.3, reconnect_share=0.5, seed=1), type=ViewersPlan)
    drawn = [habits(number, plan) for number in range(2_000)]
    assert drawn == [habits(number, plan) for number in range(2_000)]
    assert 0.25 < np.mean([each.pace.value > 0 for each in drawn]) < 0.35
    assert 0.45 < np.mean([each.reconnects for each in drawn]) < 0.55
    assert not any(each.switches for each in drawn)

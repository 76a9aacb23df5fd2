"""What is done to the system is a function of the seed."""

import pytest

from tests.chaos.schedule import Door, Kind, Lane, outage_s, schedule


def test_the_same_seed_gives_the_same_faults() -> None:
    assert schedule(seed=7, for_s=60, door=Door.LISTEN) == schedule(seed=7, for_s=60, door=Door.LISTEN)
    assert schedule(seed=7, for_s=60, door=Door.LISTEN) != schedule(seed=8, for_s=60, door=Door.LISTEN)


@pytest.mark.parametrize("door", Door)
def test_a_long_run_holds_every_fault_of_its_door_and_no_other(door: Door) -> None:
    kinds = {fault.kind for fault in schedule(seed=1, for_s=600, door=door)}
    assert kinds == {kind for kind in Kind if door in kind.doors}


def test_faults_of_one_lane_follow_each_other_and_end_before_the_run() -> None:
    for lane in Lane:
        faults = [fault for fault in schedule(seed=3, for_s=120, door=Door.BROKER) if fault.kind.lane is lane]
        ends_s = [fault.at_s + fault.lasts_s for fault in faults]
        assert all(end_s < after.at_s for end_s, after in zip(ends_s, faults[1:], strict=False))
        assert ends_s[-1] <= 120


def test_the_database_is_down_for_minutes_in_long_runs_and_for_seconds_in_short_ones() -> None:
    assert [outage_s(for_s) for for_s in (12, 60, 300, 3600)] == [2, 10, 120, 120]


def test_only_what_is_asked_for_is_done() -> None:
    faults = schedule(seed=1, for_s=60, door=Door.LISTEN, kinds=[Kind.SQL_CUT, Kind.BROKER_KILLED])
    assert {fault.kind for fault in faults} == {Kind.SQL_CUT}

"""What is asked of a load run, against what this machine can hold."""

from dataclasses import replace
from pathlib import Path

import pytest

from gridwarden.load_wish import LoadError, Wish, most_of_a_process, own_connections


def a_wish() -> Wish:
    return Wish(
        scenario="steady",
        terminals=39_000,
        interval_s=None,
        duration_s=60.0,
        seed=1,
        report=Path("report"),
        is_up=False,
        data=None,
        url="mqtt://127.0.0.1:1883",
        http=None,
        roster=Path("city"),
        database=None,
        redis=None,
        broker=None,
        ingests=1,
        account=None,
        password=None,
        gateway_user="gateway",
        gateway_secret=None,
        connections=None,
        workers=2,
        viewers=0,
        beside=(),
        restart_command=None,
        watch={},
        keeps_ledger=False,
        prepares=False,
        ca=None,
        client_certificate=None,
        client_key=None,
        command="",
    )


def test_against_a_system_that_runs_no_process_here_holds_more_than_a_worker() -> None:
    assert most_of_a_process(a_wish(), 39_001, workers=2) == 19_501


def test_a_system_of_our_own_that_listens_holds_them_all() -> None:
    own = replace(a_wish(), is_up=True, url=None)
    assert most_of_a_process(own, 39_001, workers=2) == 39_001
    assert most_of_a_process(replace(own, broker="mqtt://127.0.0.1"), 39_001, workers=2) == 19_501


def test_viewers_take_their_place_among_the_connections_of_a_system_of_our_own() -> None:
    own = replace(a_wish(), is_up=True, url=None, terminals=1_000_000)
    without, watched = own_connections(own, workers=2), own_connections(replace(own, viewers=300), workers=2)
    assert without - watched == 300
    assert most_of_a_process(replace(own, viewers=300), watched, workers=2) == without


def test_several_ingests_are_of_a_system_of_our_own_that_listens() -> None:
    several = replace(a_wish(), is_up=True, url=None, roster=None, redis="redis://127.0.0.1", ingests=2)
    several.check()
    for other in (
        replace(several, redis=None),
        replace(several, broker="mqtt://127.0.0.1"),
        replace(a_wish(), ingests=2),
    ):
        with pytest.raises(LoadError, match="--ingests"):
            other.check()

"""Who one process plays: one asked after the other, the people say what their crowd says in batches."""

from pathlib import Path

import numpy as np
import pytest

from simulators.movement.cast import Cast
from simulators.movement.crowd import Crowd
from simulators.movement.habits import habits_of
from simulators.roster import RosterError, read_roster
from simulators.scenario.model import Scenario
from tracker.city.files import write_city
from tracker.city.generator import Sizes, generate

SCENARIO = Scenario(interval_s=2.0)
SMALL = Sizes(counties=2, grids_1=3, grids_2=6, grids_3=14, leaders=26, members=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("city")
    city = generate(1, SMALL)
    write_city(city, path)
    rows = [f"t{number},secret,{member.code},{member.unit}" for number, member in enumerate(city.members)]
    (path / "terminals.csv").write_text("\n".join(["terminal,secret,member,unit", *rows]))
    return path


def a_cast(folder: Path, *, skip: int = 5, most: int = 20) -> Cast:
    return Cast(folder, SCENARIO, skip=skip, most=most, seed=3)


def test_each_is_played_once_and_then_nobody_is_left(folder: Path) -> None:
    cast = a_cast(folder, most=3)
    played = [cast.next_person() for _ in range(4)]
    assert [None if one is None else (one[0], one[1].credential.terminal) for one in played] == [
        (0, "t5"),
        (1, "t6"),
        (2, "t7"),
        None,
    ]


def test_another_process_plays_others(folder: Path) -> None:
    cast = a_cast(folder, most=3)
    cast.begin(2)
    found = cast.next_person()
    assert found is not None
    assert found[1].credential.terminal == "t11"


def test_more_processes_than_terminals_are_told_so(folder: Path) -> None:
    with pytest.raises(RosterError, match="none behind the first 85"):
        a_cast(folder).begin(4)


def test_asked_one_by_one_they_say_what_the_crowd_says(folder: Path) -> None:
    cast, roster = a_cast(folder), read_roster(folder)
    units = [handset.unit for handset in roster.handsets[5:25]]
    crowd = Crowd(grids=roster.grids, units=units, seed=3, interval_s=2.0, habits=habits_of(SCENARIO), first=5)
    for _ in range(20):
        cast.next_person()
    everybody = np.arange(20, dtype=np.int64)
    for _ in range(5):
        wanted = crowd.report(everybody)
        for who in (*range(10, 20), *range(10)):
            said = cast.next_report(who)
            assert said.fix is not None
            assert said.due_at == cast.started_at + wanted.at_s[who]
            assert (said.fix["lon"], said.fix["lat"], said.fix["seq"]) == (
                round(wanted.lon[who], 7),
                round(wanted.lat[who], 7),
                wanted.step[who],
            )

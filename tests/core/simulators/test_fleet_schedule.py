"""The schedule of a fleet: the same fixes whether they are put together or not, and whenever they are written."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import shapely

from simulators.fleet.books import ROW
from simulators.fleet.schedule import Schedule
from simulators.fleet.wording import Pen, Slice
from simulators.ledger import PUBLISHED
from simulators.movement.crowd import Crowd
from simulators.movement.habits import DEFAULT, Habits
from simulators.roster import Grid
from simulators.scenario.model import Handsets

STARTED_AT = 1_795_389_000.0
INTERVAL_S = 2.0
COUNT = 60
FAULTY = 7
UNTIL_S = 60.0
CALM = Handsets(signal_loss_share=0.0, sos_per_hour=0.0)
RESTLESS = Handsets(signal_loss_share=0.3, sos_per_hour=60.0)

Fix = tuple[int, int, int, int, int]  # terminal, step, ms, 1e-7 degrees


def a_city() -> Mapping[str, Grid]:
    squares = {f"g{x}": shapely.box(113.6 + 0.004 * x, 34.7, 113.604 + 0.004 * x, 34.704) for x in range(3)}
    return {code: Grid(code=code, level="grid-3", area=area) for code, area in squares.items()}


def a_schedule(together: int, handsets: Handsets = CALM) -> Schedule:
    habits = Habits(people=DEFAULT.people, handsets=handsets)
    units = [f"g{number % 3}" for number in range(COUNT)]
    crowd = Crowd(grids=a_city(), units=units, seed=5, interval_s=INTERVAL_S, habits=habits)
    pen = Pen(
        first=0,
        by_gateway=np.zeros(COUNT, np.bool_),
        arrival_s=np.zeros(COUNT),
        is_faulty=np.arange(COUNT) == FAULTY,
        sample=10,
    )
    at_first = 1 + np.arange(COUNT) % together
    schedule = Schedule(crowd, pen, at_first=at_first, together=together, interval_s=INTERVAL_S)
    schedule.begin(STARTED_AT)
    return schedule


def slices_of(schedule: Schedule, until_s: float = UNTIL_S) -> list[Slice]:
    slices: list[Slice] = []
    for now_s in np.arange(0.0, until_s, 0.1).tolist():
        while (said := schedule.next(now_s)) is not None:
            slices.append(said)
    return slices


def messages_of(slices: list[Slice]) -> list[tuple[float, int, int, list[Fix]]]:
    """(due, who, odd, fixes) of each message, in the order of saying."""
    found: list[tuple[float, int, int, list[Fix]]] = []
    for said in slices:
        for at, who in enumerate(said.who):
            fixes: list[dict[str, Any]] = json.loads(b"[%b]" % said.text(at))
            rows = np.frombuffer(said.row(at), PUBLISHED)
            assert len(fixes) == said.fixes[at] == len(said.row(at)) // ROW
            assert [round(fix["t"] * 1000) for fix in fixes] == rows["said_ms"].tolist()
            assert rows["terminal"].tolist() == [who] * len(fixes)
            assert set(rows["due_us"].tolist()) == {round((said.due_s[at] + STARTED_AT) * 1e6)}
            places = zip(fixes, rows["said_ms"].tolist(), rows["lon"].tolist(), rows["lat"].tolist(), strict=True)
            told: list[Fix] = [(who, fix["seq"], ms, lon, lat) for fix, ms, lon, lat in places]
            found.append((said.due_s[at], who, said.odd[at], told))
    return found


def fixes_of(slices: list[Slice]) -> list[Fix]:
    return [fix for _, _, _, fixes in messages_of(slices) for fix in fixes]


@pytest.mark.parametrize("handsets", [CALM, RESTLESS], ids=["calm", "restless"])
def test_put_together_or_not_the_same_fixes_are_said(handsets: Handsets) -> None:
    alone, together = fixes_of(slices_of(a_schedule(1, handsets))), fixes_of(slices_of(a_schedule(3, handsets)))
    assert len(together) == len(set(together)) > 0
    late = UNTIL_S - 3 * INTERVAL_S - 1.0  # what began before has been said whole
    assert {fix for fix in alone if fix[2] < (STARTED_AT + late) * 1000} <= set(together) <= set(alone)


@pytest.mark.parametrize("together", [1, 3])
def test_messages_come_in_the_order_of_their_moments_and_none_too_soon(together: int) -> None:
    schedule = a_schedule(together, RESTLESS)
    due_s = [due for said in slices_of(schedule) for due in said.due_s]
    assert due_s == sorted(due_s)
    assert max(due_s) <= UNTIL_S + 0.2


def test_plain_fixes_are_put_together_and_odd_ones_and_those_of_the_faulty_are_alone() -> None:
    messages = messages_of(slices_of(a_schedule(3, RESTLESS)))
    sizes = Counter(len(fixes) for _, _, _, fixes in messages)
    assert set(sizes) == {1, 2, 3}
    assert all(len(fixes) == 1 for _, who, odd, fixes in messages if odd or who == FAULTY)
    calm = messages_of(slices_of(a_schedule(3)))
    assert {who for _, who, odd, fixes in calm if len(fixes) == 1 and not odd} >= {FAULTY}


def test_a_crowd_that_saves_up_sends_as_many_messages_in_each_interval() -> None:
    sent = Counter(
        int(due_s / INTERVAL_S) for due_s, _, _, fixes in messages_of(slices_of(a_schedule(3))) if len(fixes) > 1
    )
    usual = [sent[interval] for interval in range(3, int(UNTIL_S / INTERVAL_S) - 1)]
    assert min(usual) > COUNT / 3 * 0.7
    assert max(usual) < COUNT / 3 * 1.3


@pytest.mark.parametrize("together", [1, 3])
def test_what_is_written_before_the_start_is_what_is_written_on_the_way(together: int) -> None:
    prepared = a_schedule(together, RESTLESS)
    while prepared.written_s < UNTIL_S:
        prepared.write()
    before, on_the_way = slices_of(prepared), slices_of(a_schedule(together, RESTLESS))
    assert messages_of(before) == messages_of(on_the_way)
    assert [said.truth.tolist() for said in before] == [said.truth.tolist() for said in on_the_way]

"""Many who look at one alert cost one question a second."""

import asyncio
from uuid import UUID

from alerts.core.reach import Reached
from dashboard.api.reach_board import ReachBoard

ALERT = UUID(int=1)
MOST = 64


class Table:
    """Counts how often it is asked; each time takes `cost_s` of its clock."""

    def __init__(self, cost_s: float = 0.0) -> None:
        self.now_s, self.cost_s, self.asked = 0.0, cost_s, 0

    async def read(self, _alert: UUID) -> Reached:
        self.asked += 1
        self.now_s += self.cost_s
        await asyncio.sleep(0)
        return Reached(units=[], channels=[], answers=[])

    def tick(self) -> float:
        return self.now_s


async def test_twenty_viewers_at_once_cost_one_question() -> None:
    table = Table()
    board = ReachBoard(table.read, most=MOST, tick=table.tick)
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(board.reach(ALERT))
    assert table.asked == 1


async def test_after_a_second_it_is_asked_again() -> None:
    table = Table()
    board = ReachBoard(table.read, most=MOST, tick=table.tick)
    for at_s in (0.0, 0.9, 1.0, 1.5):
        table.now_s = at_s
        await board.reach(ALERT)
    assert table.asked == 2


async def test_what_takes_long_is_kept_for_longer() -> None:
    table = Table(cost_s=0.5)
    board = ReachBoard(table.read, most=MOST, tick=table.tick)
    for at_s in (0.0, 2.4, 2.6):
        table.now_s = max(at_s, table.now_s)
        await board.reach(ALERT)
    assert table.asked == 2


async def test_two_alerts_are_two_questions_and_old_ones_are_forgotten() -> None:
    table = Table()
    board = ReachBoard(table.read, most=MOST, tick=table.tick)
    for number in range(2 * MOST):
        table.now_s += 0.001
        await board.reach(UUID(int=number))
    assert table.asked == 2 * MOST
    await board.reach(UUID(int=2 * MOST - 1))
    assert table.asked == 2 * MOST
    await board.reach(UUID(int=0))
    assert table.asked == 2 * MOST + 1


async def test_what_was_done_here_is_seen_at_once() -> None:
    table = Table()
    board = ReachBoard(table.read, most=MOST, tick=table.tick)
    await board.reach(ALERT)
    board.forget(ALERT)
    board.forget(UUID(int=2))
    await board.reach(ALERT)
    assert table.asked == 2


async def test_what_hardly_changes_is_kept_for_as_long_as_said() -> None:
    table = Table()
    board = ReachBoard(table.read, most=MOST, tick=table.tick)
    for at_s in (0.0, 29.0, 31.0):
        table.now_s = at_s
        await board.reach(ALERT, least_s=30.0)
    assert table.asked == 2

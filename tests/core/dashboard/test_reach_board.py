"""Many who look at one alert cost one question a second."""

import asyncio
from uuid import UUID

from alerts.core.reach import Reached
from dashboard.api.reach_board import MOST_KEPT, ReachBoard

ALERT = UUID(int=1)


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
    board = ReachBoard(table.read, table.tick)
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(board.reach(ALERT))
    assert table.asked == 1


async def test_after_a_second_it_is_asked_again() -> None:
    table = Table()
    board = ReachBoard(table.read, table.tick)
    for at_s in (0.0, 0.9, 1.0, 1.5):
        table.now_s = at_s
        await board.reach(ALERT)
    assert table.asked == 2


async def test_what_takes_long_is_kept_for_longer() -> None:
    table = Table(cost_s=0.5)
    board = ReachBoard(table.read, table.tick)
    for at_s in (0.0, 2.4, 2.6):
        table.now_s = max(at_s, table.now_s)
        await board.reach(ALERT)
    assert table.asked == 2


async def test_two_alerts_are_two_questions_and_old_ones_are_forgotten() -> None:
    table = Table()
    board = ReachBoard(table.read, table.tick)
    for number in range(2 * MOST_KEPT):
        table.now_s += 0.001
        await board.reach(UUID(int=number))
    assert table.asked == 2 * MOST_KEPT
    await board.reach(UUID(int=2 * MOST_KEPT - 1))
    assert table.asked == 2 * MOST_KEPT
    await board.reach(UUID(int=0))
    assert table.asked == 2 * MOST_KEPT + 1

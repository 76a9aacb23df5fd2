"""Work that is done again while the database is away, and how it ends."""

import asyncio

from tracker.database.retry import retry


async def test_a_cancellation_that_was_lost_in_the_work_ends_it_nevertheless() -> None:
    """As the pool's wait loses it in Python 3.11, when a connection comes free at the same moment."""
    begun = asyncio.Event()

    async def lose_it() -> str:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "done"
        return "never cancelled"

    async with asyncio.TaskGroup() as group:
        task = group.create_task(retry(lose_it, name="test"))
        await begun.wait()
        task.cancel()
    assert task.cancelled()


async def test_who_cleans_up_after_a_cancellation_gets_the_result() -> None:
    begun, results = asyncio.Event(), list[int]()

    async def seven() -> int:
        return 7

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            results.append(await retry(seven, name="test"))

    async with asyncio.TaskGroup() as group:
        task = group.create_task(work())
        await begun.wait()
        task.cancel()
    assert task.cancelled()
    assert results == [7]

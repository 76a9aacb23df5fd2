"""Tells every viewer the moment a grid set is made, and the moment it takes effect: their maps draw the grids again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from psycopg_pool import AsyncConnectionPool

from dashboard.live.hub import Hub, News
from dashboard.live.messages import GridSetNews, GridsNews
from dashboard.shapes import Scope, encode
from dashboard.store import grid_sets
from tracker.database.retry import retry

LOOK_AGAIN_S: Final = 10.0  # a set whose doorbell nobody heard takes effect 10 s after it was made, at the earliest
AFTERWARDS_S: Final = 0.02  # so that the database's clock is behind the moment for sure


class GridWatch:
    """`changed` is called before the viewers are told."""

    def __init__(self, pool: AsyncConnectionPool, hub: Hub, *, changed: Callable[[], Awaitable[None]]) -> None:
        self._pool = pool
        self._hub = hub
        self._changed = changed
        self._version: int | None = None
        self._newest: int | None = None
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Look at the tables again, now."""
        self._rung.set()

    async def run(self) -> None:
        while True:
            self._rung.clear()
            left_s = await retry(self._look, name="dashboard")
            await self._rest(LOOK_AGAIN_S if left_s is None else min(LOOK_AGAIN_S, left_s + AFTERWARDS_S))

    async def _look(self) -> float | None:
        """Tell when another version is in force, or the newest; return in how many seconds the next one is."""
        async with self._pool.connection() as connection:
            now = await grid_sets.moments(connection)
        if self._version not in {None, now.in_force}:
            await self._changed()
            self._hub.tell(_news(GridsNews(now.in_force)))
        if now.newest is not None and self._newest not in {None, now.newest}:
            self._hub.tell(_news(GridSetNews(now.newest)))
        self._version, self._newest = now.in_force, now.newest
        return now.next_s

    async def _rest(self, most_s: float) -> None:
        try:
            async with asyncio.timeout(most_s):
                await self._rung.wait()
        except TimeoutError:
            return


def _news(said: GridsNews | GridSetNews) -> News:
    text = encode(said).decode()
    everywhere = Scope.everywhere()
    return News(spans=((everywhere.left, everywhere.right),), is_local=False, text=lambda _scope: text)

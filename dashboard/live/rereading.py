"""Reads the last positions again from the checkpoint: what the bus did not bring comes later but surely.

Theory. All at once, 270,342 rows keep the database busy for 0.6 s, in which every terminal waits for its receipt. So a
round goes piece by piece, with pauses between. It begins at a moment (dashboard.store.lasts): what was written before
it is read in this round, whatever becomes visible after it in this one or in the next.
"""

import asyncio
import time
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from dashboard.live.board import Board
from dashboard.store import lasts

ROUND_S: Final = 10.0
SHARE: Final = 0.02  # of the time, at most: in a busy city a piece is long, and the database has more to do
LONGEST_ROUND_S: Final = 60.0  # all the same


class Rereading:
    def __init__(self, pool: AsyncConnectionPool, board: Board) -> None:
        self._pool = pool
        self._board = board
        self._read_until = lasts.BEGINNING

    def forget(self) -> None:
        """The map holds nobody any more: the next reading is of everybody."""
        self._read_until = lasts.BEGINNING

    async def at_once(self, connection: AsyncConnection[Any]) -> None:
        """Take in what was written since the last reading, and let the viewers be served between the pieces."""
        moment = await self._moment(connection)
        async for piece in lasts.since(connection, self._read_until):
            self._board.apply(piece)
            await asyncio.sleep(0)
        self._read_until = moment

    async def round(self) -> None:
        """The same, over ROUND_S or longer. A reading at once that comes between is not undone."""
        async with self._pool.connection() as connection:
            moment = await self._moment(connection)
            pieces = await lasts.pieces(connection)
        since, pause_s = self._read_until, ROUND_S
        for piece in pieces:
            await asyncio.sleep(pause_s / len(pieces))
            began_s = time.monotonic()
            async with self._pool.connection() as connection:
                self._board.apply(await lasts.piece_since(connection, since, piece))
            pause_s = min(max(ROUND_S, (time.monotonic() - began_s) / SHARE * len(pieces)), LONGEST_ROUND_S)
        if not pieces:
            await asyncio.sleep(ROUND_S)
        if self._read_until == since:
            self._read_until = moment

    async def _moment(self, connection: AsyncConnection[Any]) -> int:
        moment = await lasts.moment(connection)
        if moment < self._read_until:  # another database in its place, restored from a copy
            self.forget()
        return moment

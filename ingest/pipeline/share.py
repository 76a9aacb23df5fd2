"""Which terminals are this process's: all, or its share among several ingests, as the database had it at the last look.

The database decides (ingest.store.owners); a look that is old costs a failed commit and never more. The pipeline's turn
changes it, the door asks it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, TypeVar, cast
from uuid import UUID

import numpy as np
import numpy.typing as npt
import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from ingest.rules.packets import UNKNOWN_TERMINAL, Packet, Settler
from ingest.store import owners, sessions
from ingest.store.owners import Moves
from tracker.database.retry import retry

Ids = npt.NDArray[Any]
T = TypeVar("T")

SESSION_S: Final = 7 * 24 * 3600  # how long a session outlives the process that held it: as long as one may at all

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


@dataclass(slots=True)
class Owner:
    """What every commit checks. The epoch follows the last look."""

    run: UUID
    epoch: int = 0


class Claim(NamedTuple):
    """Who waits for a terminal: `done` hears whether it is ours."""

    terminal: int
    done: Callable[[bool], None]


class Share:
    def __init__(self, owner: Owner) -> None:
        self.wake: Final = asyncio.Event()  # there is something to claim or to look at
        self.seen = 0  # the last move that is known here
        self._owner: Final = owner
        self._is_ours: npt.NDArray[np.bool_] = np.zeros(1, np.bool_)
        self._claims: list[Claim] = []

    def owns(self, terminal: int) -> bool:
        return terminal < len(self._is_ours) and bool(self._is_ours[terminal])

    def ours(self) -> Ids:
        return np.flatnonzero(self._is_ours)

    def others(self, terminals: Ids) -> npt.NDArray[np.bool_]:
        """Whether each of `terminals` is not ours. UNKNOWN_TERMINAL is everybody's."""
        self._make_room(int(terminals.max(initial=0)))
        return ~self._is_ours[terminals] & (terminals != UNKNOWN_TERMINAL)

    def claim(self, terminal: int, done: Callable[[bool], None]) -> None:
        """Call `done` soon, when the terminal is ours and all that is known of it is here, or was lost at once."""
        self._claims.append(Claim(terminal, done))
        self.wake.set()

    def claims(self) -> list[Claim]:
        """Return those who wait, once."""
        claims, self._claims = self._claims, []
        return claims

    def apply(self, moves: Moves) -> Ids:
        """Take what moved over; return what was ours and is no more."""
        self._make_room(int(max(moves.gained.max(initial=0), moves.lost.max(initial=0))))
        lost = moves.lost[self._is_ours[moves.lost]]
        self._is_ours[moves.lost] = False
        self._is_ours[moves.gained] = True
        self._owner.epoch, self.seen = moves.epoch, moves.last
        return lost

    async def take(self, pool: AsyncConnectionPool[Any], terminals: Ids) -> int:
        """Let the database give us `terminals`; the next look finds them. Returns how many runs lost some."""
        run = self._owner.run

        async def move(connection: psycopg.AsyncConnection[Any], number: int) -> int:
            await owners.epoch_of(connection, run)
            return await owners.take(connection, run, number, terminals)

        return await moved(pool, move)

    async def take_from(self, pool: AsyncConnectionPool[Any], former: UUID, most: int) -> int:
        """Let the database give us at most `most` terminals of `former`; return how many it gave."""
        run = self._owner.run

        async def move(connection: psycopg.AsyncConnection[Any], number: int) -> int:
            await owners.epoch_of(connection, run)
            taken = await owners.take_from(connection, run, number, former, most)
            await sessions.adopt_orphans_of(connection, run, number, SESSION_S)
            return taken

        return await moved(pool, move)

    def _make_room(self, terminal: int) -> None:
        more = terminal + 1 - len(self._is_ours)
        if more > 0:
            self._is_ours = np.concatenate([self._is_ours, np.zeros(more, np.bool_)])


class Front(Protocol):
    """What sharing asks of the front door."""

    def lose(self, terminals: Collection[int]) -> None:
        """End the connections of terminals that another ingest took over, and settle nothing for them."""
        ...

    def is_gone(self, settler: Settler) -> bool:
        """Whether the connection that delivered a packet has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Sharing:
    share: Share
    front: Front

    def sift(self, packets: list[Packet]) -> tuple[list[Packet], Ids]:
        """Return the packets that may be disposed of, and the terminals that must be claimed first.

        A packet of a terminal that is not ours is thrown away when its connection has ended: what it was, its sender
        sends again. When it has not, the terminal is to be claimed: a gateway writes for many.
        """
        terminals = np.fromiter((packet.terminal for packet in packets), np.int32, len(packets))
        is_other = self.share.others(terminals)
        if not is_other.any():
            return packets, terminals[:0]
        is_kept = np.array([not self.front.is_gone(packet.settler) for packet in packets]) | ~is_other
        kept = [packet for packet, keeps in zip(packets, is_kept.tolist(), strict=True) if keeps]
        return kept, np.unique(terminals[is_other & is_kept])


async def moved(pool: AsyncConnectionPool[Any], move: Callable[[psycopg.AsyncConnection[Any], int], Awaitable[T]]) -> T:
    """Return the result of `move`, done in a transaction in which terminals move, with the number of the move.

    However long that takes: whoever stands still with a lock in hand loses its sessions.
    """

    async def once() -> T | None:
        try:
            async with pool.connection() as connection, owners.moving(connection) as number:
                return await move(connection, number)
        except psycopg.errors.LockNotAvailable:
            log.warning("ownership.waits", meaning="an ingest stands still with a lock in hand; its sessions are ended")
            return None

    while (result := await retry(once, name="ingest")) is None:
        pass
    return result

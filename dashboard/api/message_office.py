"""The desk of messages seen by one viewer at a time: rights and scope are judged here, in each transaction."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from alerts.core.records import Actor
from alerts.message_desk import MessageDesk
from dashboard.security.problems import NotFound
from dashboard.security.rights import Right, Viewer, tree_changed
from dashboard.shapes import Scope
from dashboard.store import accounts, audit, places
from tracker.bus.interface import DELIVERIES, Bus

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageOffice:
    pool: AsyncConnectionPool
    bus: Bus
    desk: MessageDesk
    clock: Callable[[], datetime]

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[Connection]:
        async with self.pool.connection() as connection, connection.transaction():
            yield connection

    async def ring(self) -> None:
        """After COMMIT: something may be queued."""
        await self.bus.publish(DELIVERIES, b"")

    async def steady(self, connection: Connection, viewer: Viewer, right: Right) -> None:
        """Raise Problem 409 when the tree is numbered otherwise than for the viewer. Of a reading the guard looks."""
        if right is not Right.LOOK and not await accounts.is_numbered(connection, viewer.numbering):
            raise tree_changed()

    async def check(
        self, connection: Connection, viewer: Viewer, right: Right, tree_left: int | None, what: str
    ) -> None:
        """Raise NotFound for what is not there (None) or not seen, Problem 403 for what the right does not cover."""
        await self.steady(connection, viewer, right)
        if tree_left is None:
            raise NotFound(what)
        viewer.check(right, tree_left, what)

    async def check_unit(self, connection: Connection, viewer: Viewer, unit: int, right: Right) -> None:
        place = await places.unit(connection, unit)
        await self.check(connection, viewer, right, None if place is None else place.tree_left, "unit")

    async def check_members(self, connection: Connection, viewer: Viewer, members: Sequence[int], right: Right) -> None:
        """Raise for the first that is not there or not theirs."""
        found = {place.id: place for place in await places.members(connection, list(members))}
        for member in members:
            place = found.get(member)
            await self.check(connection, viewer, right, None if place is None else place.tree_left, "member")

    async def scope_now(self, connection: Connection, viewer: Viewer, right: Right) -> Scope:
        """Return the subtree that the right is held for; raises Problem when the tree moved meanwhile."""
        await self.steady(connection, viewer, right)
        return viewer.scope(right)

    async def note(
        self,
        connection: Connection,
        viewer: Viewer,
        action: str,
        subject: str,
        *,
        unit: int | None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        await audit.write(
            connection, at=self.clock(), viewer=viewer, action=action, subject=subject, unit=unit, detail=detail
        )


def actor(viewer: Viewer, unit: int) -> Actor:
    return Actor(account=viewer.account.id, unit=unit, token=viewer.token, address=viewer.address)

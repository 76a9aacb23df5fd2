"""How the organisation is changed: one transaction with its checks and its audit row, and the doorbell after COMMIT.

`Change` is where every unit, member and thing that a request names is checked, before anything is done to it.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from dashboard.security.problems import NotFound
from dashboard.security.rights import Right, Viewer, tree_changed
from dashboard.store import accounts, audit, places
from dashboard.store.places import Place
from tracker.bus import messages
from tracker.bus.interface import CITY, Bus
from tracker.bus.messages import CityChanged


@dataclass(slots=True, kw_only=True)
class Change:
    """One request's change, inside its transaction. What it names must lie where the viewer administers."""

    connection: AsyncConnection[Any]
    viewer: Viewer
    at: datetime
    touched: list[int] = field(default_factory=list[int])  # told with the doorbell
    also: dict[str, list[int]] = field(default_factory=dict[str, list[int]])  # of other kinds, told as well

    async def unit(self, unit: int) -> Place:
        """Raises NotFound, or Problem 403."""
        return await self._checked(await places.unit(self.connection, unit), "unit")

    async def member(self, member: int) -> Place:
        return (await self.members([member]))[0]

    async def members(self, members: Iterable[int]) -> list[Place]:
        """Return all of them, or raise for the first that is not there or not theirs."""
        asked = list(dict.fromkeys(members))
        found = {place.id: place for place in await places.members(self.connection, asked)}
        return [await self._checked(found.get(member), "member") for member in asked]

    async def terminal(self, terminal: int) -> Place:
        return await self._checked(await places.terminal(self.connection, terminal), "terminal")

    async def team(self, team: int) -> Place:
        return await self._checked(await places.team(self.connection, team), "team")

    async def roster(self, roster: int) -> Place:
        return await self._checked(await places.roster(self.connection, roster), "roster")

    async def contact(self, contact: int) -> Place:
        return await self._checked(await places.contact(self.connection, contact), "contact")

    async def note(
        self, action: str, subject: str, *, unit: int | None, detail: Mapping[str, object] | None = None
    ) -> None:
        """Write the audit row."""
        await audit.write(
            self.connection,
            at=self.at,
            viewer=self.viewer,
            action=action,
            subject=subject,
            unit=unit,
            detail=detail,
        )

    async def steady(self) -> None:
        """Raise Problem 409 when the tree is numbered otherwise than for the viewer; after reading, before judging."""
        if not await accounts.is_numbered(self.connection, self.viewer.numbering):
            raise tree_changed()

    async def _checked(self, place: Place | None, what: str) -> Place:
        await self.steady()
        if place is None:
            raise NotFound(what)
        self.viewer.check(Right.ADMINISTER, place.tree_left, what)
        return place


@dataclass(frozen=True, slots=True, kw_only=True)
class Changing:
    """What it takes to change the city. `clock` returns the time now, aware UTC."""

    pool: AsyncConnectionPool
    bus: Bus
    clock: Callable[[], datetime]

    @asynccontextmanager
    async def begin(self, viewer: Viewer, kind: str) -> AsyncGenerator[Change]:
        """Yield a change; it is committed at the end, and told as one of `kind` (a word of CityChanged)."""
        async with self.pool.connection() as connection, connection.transaction():
            change = Change(connection=connection, viewer=viewer, at=self.clock())
            yield change
        for word, ids in {kind: change.touched, **change.also}.items():
            await self.bus.publish(CITY, messages.encode(CityChanged(word, tuple(ids))))

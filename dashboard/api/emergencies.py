"""SOS presses and border crossings: what happened among the viewer's people."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import Field

from dashboard import views
from dashboard.api.answers import Id, Limit, NotFound, Problem, answer
from dashboard.api.units import find as find_unit
from dashboard.security.rights import CurrentViewer, Dispatcher, Right, Viewer, tree_changed
from dashboard.shapes import Emergency, Scope, Whereabouts
from dashboard.store import accounts, audit, crossings, emergencies
from dashboard.store.emergencies import Connection, EmergencyRow
from tracker.bus import messages
from tracker.bus.interface import EVENTS, Bus
from tracker.bus.messages import EmergencyPressed

EmergencyId = Annotated[int, Field(ge=1, le=2**63 - 1)]


def router(
    pool: AsyncConnectionPool, bus: Bus, whereabouts: Whereabouts, *, clock: Callable[[], datetime]
) -> APIRouter:
    routes = APIRouter()
    marking = Marking(pool, bus, whereabouts, clock=clock)

    @routes.get("/api/emergencies")
    async def listing(viewer: CurrentViewer, *, open: bool = False, limit: Limit = 100) -> Response:  # noqa: A002 - the contract's word
        scope = viewer.account.scope
        async with pool.connection() as connection:
            rows = await emergencies.page(connection, scope, only_open=open, limit=limit)
            shown = await views.emergencies(connection, rows, scope, whereabouts)
        return answer({"emergencies": shown})

    @routes.post("/api/emergencies/{emergency}/take")
    async def take(viewer: Dispatcher, emergency: EmergencyId) -> Response:
        return answer(await marking.take(viewer, emergency))

    @routes.post("/api/emergencies/{emergency}/close")
    async def close(viewer: Dispatcher, emergency: EmergencyId) -> Response:
        return answer(await marking.close(viewer, emergency))

    @routes.get("/api/crossings")
    async def borders(viewer: CurrentViewer, unit: Id | None = None, limit: Limit = 50) -> Response:
        scope = viewer.account.scope
        async with pool.connection() as connection:
            row = await find_unit(connection, scope, unit or viewer.account.unit)
            within = Scope(unit=row.id, left=row.tree_left, right=row.tree_right)
            rows = await crossings.page(connection, within, limit=limit)
        return answer({"crossings": [views.crossing(crossing, scope) for crossing in rows]})

    return routes


class Marking:
    """Taking and closing an emergency: one transaction with its audit row, then the doorbell."""

    def __init__(
        self, pool: AsyncConnectionPool, bus: Bus, whereabouts: Whereabouts, *, clock: Callable[[], datetime]
    ) -> None:
        self._pool = pool
        self._bus = bus
        self._whereabouts = whereabouts
        self._clock = clock

    async def take(self, viewer: Viewer, emergency: int) -> Emergency:
        """Raises NotFound, or Problem when somebody has it already."""

        async def mark(connection: Connection, row: EmergencyRow, at: datetime) -> None:
            if not await emergencies.take(connection, row.id, account=viewer.account.id, at=at):
                raise Problem(
                    409,
                    "already_taken",
                    f"taken by {row.taken_by_name}, or closed already",
                    zh=f"已由{row.taken_by_name or '他人'}接警，或已结案",
                )

        return await self._mark(viewer, emergency, "emergency.taken", mark)

    async def close(self, viewer: Viewer, emergency: int) -> Emergency:
        """Raises NotFound, or Problem when it is closed already."""

        async def mark(connection: Connection, row: EmergencyRow, at: datetime) -> None:
            if not await emergencies.close(connection, row.id, account=viewer.account.id, at=at):
                raise Problem(
                    409,
                    "already_closed",
                    f"closed by {row.closed_by_name}",
                    zh=f"已由{row.closed_by_name or '他人'}结案",
                )

        return await self._mark(viewer, emergency, "emergency.closed", mark)

    async def _mark(
        self,
        viewer: Viewer,
        emergency: int,
        action: str,
        mark: Callable[[Connection, EmergencyRow, datetime], Awaitable[None]],
    ) -> Emergency:
        scope, now = viewer.account.scope, self._clock()
        async with self._pool.connection() as connection, connection.transaction():
            row = await emergencies.find(connection, emergency)
            if row is None or row.tree_left is None:
                raise NotFound("emergency")
            if not await accounts.is_numbered(connection, viewer.numbering):
                raise tree_changed()
            viewer.check(Right.DISPATCH, row.tree_left, "emergency")
            await mark(connection, row, now)
            await audit.write(
                connection, at=now, viewer=viewer, action=action, subject=f"emergency {emergency}", unit=row.unit
            )
            changed = await emergencies.find(connection, emergency)
            rows = [] if changed is None else [changed]
            shown = await views.emergencies(connection, rows, scope, self._whereabouts)
        event = EmergencyPressed(id=emergency, terminal=0, member=row.member or 0)
        await self._bus.publish(EVENTS, messages.encode(event))
        return shown[0]

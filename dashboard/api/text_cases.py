"""Cases made of people's texts: dispatchers take and close them, all see those of their units."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from alerts.inbox import Inbox, TextCase
from dashboard.api import inbound_shapes as shapes
from dashboard.api.answers import Limit, answer
from dashboard.api.message_office import Connection, MessageOffice, actor
from dashboard.security.rights import CurrentViewer, Dispatcher, Right, Viewer

CaseId = Annotated[int, Field(ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDesk:
    """Cases of texts seen by one viewer at a time."""

    office: MessageOffice
    inbox: Inbox

    async def held(self, connection: Connection, viewer: Viewer, case: int) -> TextCase:
        """Return a case that the viewer may dispatch. Raises NotFound or Problem 403."""
        found = await self.inbox.find_case(connection, case)
        left = None if found is None else found.row.tree_left
        await self.office.check(connection, viewer, Right.DISPATCH, left, "case")
        assert found is not None  # noqa: S101 - check has raised
        return found

    async def noted(self, connection: Connection, viewer: Viewer, found: TextCase, action: str) -> Response:
        row = found.row
        await self.office.note(connection, viewer, action, row.number, unit=row.unit, detail={"case": row.id})
        changed = await self.inbox.find_case(connection, row.id)
        return answer(shapes.text_case(changed or found, viewer.account.scope))


def router(office: MessageOffice, inbox: Inbox) -> APIRouter:
    routes = APIRouter()
    desk = CaseDesk(office=office, inbox=inbox)

    @routes.get("/api/text-cases")
    async def listing(viewer: CurrentViewer, *, open: bool = False, limit: Limit = 100) -> Response:  # noqa: A002 - as of /api/cases
        scope = viewer.account.scope
        async with office.pool.connection() as connection:
            found = await inbox.cases(connection, left=scope.left, right=scope.right, only_open=open, limit=limit)
        return answer({"cases": [shapes.text_case(each, scope) for each in found]})

    @routes.post("/api/text-cases/{text_case}/take")
    async def take(viewer: Dispatcher, text_case: CaseId) -> Response:
        async with office.begin() as connection:
            found = await desk.held(connection, viewer, text_case)
            await inbox.take(connection, found.row, actor(viewer, found.row.unit))
            return await desk.noted(connection, viewer, found, "text_case.taken")

    @routes.post("/api/text-cases/{text_case}/close")
    async def close(viewer: Dispatcher, text_case: CaseId) -> Response:
        async with office.begin() as connection:
            found = await desk.held(connection, viewer, text_case)
            await inbox.close(connection, found.row, actor(viewer, found.row.unit))
            return await desk.noted(connection, viewer, found, "text_case.closed")

    return routes

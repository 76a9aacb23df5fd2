"""Circulars: issuers preview and send them, approvers let large ones go, everybody sees those of their units."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, Field

from alerts.changes.sending import Asked
from alerts.message_desk import Progress
from dashboard.api import message_shapes as shapes
from dashboard.api.answers import Limit, answer
from dashboard.api.message_office import Connection, MessageOffice, actor
from dashboard.api.message_requests import CircularAsked, NewCircular
from dashboard.security.rights import Approver, CurrentViewer, Issuer, Right, Viewer
from dashboard.store import places

After = Annotated[int, Field(ge=0, le=2**31 - 1)]


def router(office: MessageOffice) -> APIRouter:
    routes = APIRouter()
    _add_reading(routes, office)
    _add_sending(routes, office)
    _add_deciding(routes, office)
    return routes


def _add_reading(routes: APIRouter, office: MessageOffice) -> None:
    @routes.get("/api/circulars")
    async def listing(viewer: CurrentViewer, before: AwareDatetime | None = None, limit: Limit = 50) -> Response:
        scope = viewer.account.scope
        async with office.pool.connection() as connection:
            found = await office.desk.listing(
                connection, left=scope.left, right=scope.right, before=before, limit=limit
            )
        following: datetime | None = found[-1].row.created_at if len(found) == limit else None
        return answer({"circulars": [shapes.circular(each) for each in found], "next": following})

    @routes.get("/api/circulars/{circular}")
    async def card(viewer: CurrentViewer, circular: UUID) -> Response:
        async with office.pool.connection() as connection:
            return answer(await card_of(office, connection, viewer, circular))

    @routes.get("/api/circulars/{circular}/recipients")
    async def recipients(
        viewer: CurrentViewer,
        circular: UUID,
        *,
        left_out: bool = False,
        after: After = 0,
        limit: Limit = 100,
    ) -> Response:
        async with office.pool.connection() as connection:
            await held(office, connection, viewer, circular, Right.LOOK)
            found = await office.desk.recipients(connection, circular, left_out=left_out, after=after, limit=limit)
        following = found[-1].place if len(found) == limit else None
        return answer({"recipients": [shapes.recipient(each) for each in found], "next": following})


def _add_sending(routes: APIRouter, office: MessageOffice) -> None:
    @routes.post("/api/circulars/preview")
    async def preview(viewer: Issuer, given: CircularAsked) -> Response:
        async with office.begin() as connection:
            asked = await checked(office, connection, viewer, given)
            return answer(shapes.plan(await office.desk.preview(connection, asked)))

    @routes.post("/api/circulars")
    async def send(viewer: Issuer, given: NewCircular) -> Response:
        async with office.begin() as connection:
            asked = await checked(office, connection, viewer, given)
            by = actor(viewer, given.unit)
            is_new = await office.desk.send(connection, given.id, asked, by, confirmed=given.confirmed)
            shown = await card_of(office, connection, viewer, given.id)
            if is_new:
                detail = {name: shown[name] for name in ("recipients", "left_out", "parts", "cost", "leaves_at")}
                action = "circular.submitted" if shown["state"] == "waiting" else "circular.sent"
                detail["leaves_at"] = shown["leaves_at"].isoformat()
                await office.note(connection, viewer, action, str(given.id), unit=given.unit, detail=detail)
        if is_new:
            async with office.pool.connection() as connection:
                await office.desk.tell_planner(connection, shown["recipients"])
            await office.ring()
        return answer(shown, 201 if is_new else 200)


def _add_deciding(routes: APIRouter, office: MessageOffice) -> None:
    @routes.post("/api/circulars/{circular}/release")
    async def release(viewer: Approver, circular: UUID) -> Response:
        async with office.begin() as connection:
            found = await held(office, connection, viewer, circular, Right.APPROVE)
            await office.desk.release(connection, circular, actor(viewer, found.row.unit))
            await office.note(connection, viewer, "circular.approved", str(circular), unit=found.row.unit)
            shown = await card_of(office, connection, viewer, circular)
        await office.ring()
        return answer(shown)

    @routes.post("/api/circulars/{circular}/decline")
    async def decline(viewer: Approver, circular: UUID) -> Response:
        async with office.begin() as connection:
            found = await held(office, connection, viewer, circular, Right.APPROVE)
            await office.desk.decline(connection, circular, actor(viewer, found.row.unit))
            await office.note(connection, viewer, "circular.declined", str(circular), unit=found.row.unit)
            return answer(await card_of(office, connection, viewer, circular))

    @routes.post("/api/circulars/{circular}/cancel")
    async def cancel(viewer: Issuer, circular: UUID) -> Response:
        async with office.begin() as connection:
            found = await held(office, connection, viewer, circular, Right.ISSUE)
            stopped = await office.desk.cancel(connection, circular, actor(viewer, found.row.unit))
            detail = {"messages": stopped}
            await office.note(
                connection, viewer, "circular.cancelled", str(circular), unit=found.row.unit, detail=detail
            )
            return answer(await card_of(office, connection, viewer, circular))


async def held(office: MessageOffice, connection: Connection, viewer: Viewer, circular: UUID, right: Right) -> Progress:
    """Return a circular the viewer holds `right` for. Raises NotFound or Problem 403."""
    found = await office.desk.find(connection, circular)
    await office.check(connection, viewer, right, None if found is None else found.row.tree_left, "circular")
    assert found is not None  # noqa: S101 - check has raised
    return found


async def card_of(office: MessageOffice, connection: Connection, viewer: Viewer, circular: UUID) -> dict[str, Any]:
    found = await held(office, connection, viewer, circular, Right.LOOK)
    return shapes.circular(found) | {"reasons": await office.desk.reasons(connection, circular)}


async def checked(office: MessageOffice, connection: Connection, viewer: Viewer, given: CircularAsked) -> Asked:
    """Return what is asked for, once everything it names was found to be the sender's."""
    await office.check_unit(connection, viewer, given.unit, Right.ISSUE)
    for wanted in given.units:
        await office.check_unit(connection, viewer, wanted.unit, Right.ISSUE)
    await office.check_members(connection, viewer, given.members, Right.ISSUE)
    for team in given.teams:
        place = await places.team(connection, team)
        await office.check(connection, viewer, Right.LOOK, None if place is None else place.tree_left, "team")
    for group in given.groups:
        row = await office.desk.group(connection, group)
        await office.check(connection, viewer, Right.LOOK, None if row is None else row.tree_left, "group")
    if given.template is not None:
        kept = await office.desk.template(connection, given.template)
        await office.check(connection, viewer, Right.LOOK, None if kept is None else kept.tree_left, "template")
    return given.sending(await office.scope_now(connection, viewer, Right.ISSUE))

"""Early warnings, as the desk serves them. What may be done is the desk's to judge; here it is only translated."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg_pool import AsyncConnectionPool

from alerts.core.levels import Level
from alerts.core.records import Actor, Alert
from alerts.core.states import AlertState
from alerts.desk import Desk
from dashboard.api import alert_shapes as shapes
from dashboard.api.alert_requests import Acknowledge, ChangeLevel, Draft, Edit, End, Expected, Issue, Preview
from dashboard.api.answers import Limit, Offset, answer, language_of
from dashboard.api.members import find as find_member
from dashboard.security.guard import CurrentViewer
from dashboard.security.sessions import Viewer


def actor(viewer: Viewer) -> Actor:
    account = viewer.account
    return Actor(account=account.id, unit=account.unit, may_issue=account.may_issue)


def router(pool: AsyncConnectionPool, desk: Desk) -> APIRouter:
    routes = APIRouter(prefix="/api/alerts")
    _add_reading(routes, desk)
    _add_writing(routes, desk)
    _add_acknowledging(routes, pool, desk)
    _add_moves(routes, desk)
    return routes


def _add_reading(routes: APIRouter, desk: Desk) -> None:
    @routes.get("")
    async def listing(viewer: CurrentViewer, state: AlertState | None = None, limit: Limit = 50) -> Response:
        found = await desk.list(within=viewer.account.unit, state=state, limit=limit)
        return answer({"alerts": [shapes.alert(alert) for alert in found]})

    @routes.get("/{alert}")
    async def card(viewer: CurrentViewer, alert: UUID) -> Response:
        found = await desk.get(alert, within=viewer.account.unit)
        versions = await desk.versions(alert)
        return answer(
            shapes.alert(found)
            | {"versions": [shapes.version(one) for one in versions], "audience_total": found.reach.audience}
        )

    @routes.get("/{alert}/audience")
    async def audience(viewer: CurrentViewer, alert: UUID, limit: Limit = 50, offset: Offset = 0) -> Response:
        await desk.get(alert, within=viewer.account.unit)
        found = await desk.audience(alert, within=viewer.account.unit, limit=limit, offset=offset)
        return answer({"total": found.total, "people": [shapes.person(person) for person in found.people]})


def _add_writing(routes: APIRouter, desk: Desk) -> None:
    @routes.post("")
    async def draft(viewer: CurrentViewer, given: Draft) -> Response:
        alert, is_new = await desk.draft(given.id, actor(viewer), given.content())
        return answer(shapes.alert(alert), 201 if is_new else 200)

    @routes.post("/preview")
    async def preview(request: Request, viewer: CurrentViewer, given: Preview) -> Response:
        found = await desk.preview(actor(viewer), given.content())
        return answer(shapes.preview(found, language_of(request)))

    @routes.post("/{alert}/edit")
    async def edit(viewer: CurrentViewer, alert: UUID, given: Edit) -> Response:
        return await _moved(
            desk, viewer, alert, lambda by: desk.edit(alert, by, given.expected_version, given.content())
        )


def _add_acknowledging(routes: APIRouter, pool: AsyncConnectionPool, desk: Desk) -> None:
    @routes.post("/{alert}/acknowledge")
    async def acknowledge(viewer: CurrentViewer, alert: UUID, given: Acknowledge) -> Response:
        """Note an answer given by telephone to the duty officer."""
        await desk.get(alert, within=viewer.account.unit)
        async with pool.connection() as connection:
            await find_member(connection, viewer.account.scope, given.member)
        await desk.acknowledge(alert, given.member, "desk", account=viewer.account.id)
        return answer(shapes.alert(await desk.get(alert, within=viewer.account.unit)))


def _add_moves(routes: APIRouter, desk: Desk) -> None:
    @routes.post("/{alert}/submit")
    async def submit(viewer: CurrentViewer, alert: UUID, given: Expected) -> Response:
        return await _moved(desk, viewer, alert, lambda by: desk.submit(alert, by, given.expected_version))

    @routes.post("/{alert}/approve")
    async def approve(viewer: CurrentViewer, alert: UUID, given: Expected) -> Response:
        return await _moved(desk, viewer, alert, lambda by: desk.approve(alert, by, given.expected_version))

    @routes.post("/{alert}/issue")
    async def issue(viewer: CurrentViewer, alert: UUID, given: Issue) -> Response:
        return await _moved(
            desk, viewer, alert, lambda by: desk.issue(alert, by, given.expected_version, given.override_reason)
        )

    @routes.post("/{alert}/level")
    async def change_level(viewer: CurrentViewer, alert: UUID, given: ChangeLevel) -> Response:
        async def move(by: Actor) -> Alert:
            return await desk.change_level(
                alert,
                by,
                given.expected_version,
                Level(given.level),
                note=given.note,
                override_reason=given.override_reason,
            )

        return await _moved(desk, viewer, alert, move)

    @routes.post("/{alert}/lift")
    async def lift(viewer: CurrentViewer, alert: UUID, given: End) -> Response:
        return await _moved(desk, viewer, alert, lambda by: desk.lift(alert, by, given.expected_version, given.note))

    @routes.post("/{alert}/cancel")
    async def cancel(viewer: CurrentViewer, alert: UUID, given: End) -> Response:
        return await _moved(desk, viewer, alert, lambda by: desk.cancel(alert, by, given.expected_version, given.note))


async def _moved(desk: Desk, viewer: Viewer, alert: UUID, move: Callable[[Actor], Awaitable[Alert]]) -> Response:
    """Answer with the alert after a move; what the viewer may not see is not there."""
    await desk.get(alert, within=viewer.account.unit)
    return answer(shapes.alert(await move(actor(viewer))))

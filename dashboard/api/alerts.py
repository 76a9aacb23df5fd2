"""Early warnings, as the desk serves them. What may be done is the desk's to judge; here it is only translated.

And cut: names of units outside the viewer's subtree go neither in nor out, but for those of their superiors.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg_pool import AsyncConnectionPool

from alerts.core.levels import Level
from alerts.core.records import Actor, Alert, AlertHead, Reach
from alerts.core.states import AlertState
from alerts.desk import Desk
from dashboard.api import alert_shapes as shapes
from dashboard.api.alert_requests import (
    Acknowledge,
    ChangeLevel,
    Draft,
    Edit,
    End,
    Expected,
    Issue,
    Preview,
    ProposeLevel,
)
from dashboard.api.answers import Limit, NotFound, Offset, answer, language_of
from dashboard.api.members import find as find_member
from dashboard.api.reach_board import LEAST_S, ReachBoard
from dashboard.security.rights import Approver, CurrentViewer, Dispatcher, Issuer, Right, Viewer, outside
from dashboard.shapes import Whereabouts
from dashboard.store import members

ENDED_KEPT_S: Final = 30.0  # hardly anything happens to those any more, and a list holds many
Move = Callable[[Actor], Awaitable[Alert]]


class Counter:
    """The desk seen by one viewer at a time."""

    def __init__(self, pool: AsyncConnectionPool, desk: Desk, whereabouts: Whereabouts) -> None:
        self.pool = pool
        self.desk = desk
        self._whereabouts = whereabouts
        self._reach = ReachBoard(desk.reach_total, most=1_000)

    async def find(self, viewer: Viewer, alert: UUID) -> AlertHead:
        """Return an alert the viewer may see; raises UnknownAlert."""
        return await self.desk.find(alert, within=viewer.account.unit)

    async def get(self, viewer: Viewer, alert: UUID) -> Alert:
        """Return an alert the viewer may see, with its reach counted now, for whoever looks next, too."""
        self._reach.forget(alert)
        return await self.desk.get(alert, within=viewer.account.unit)

    async def reach(self, alert: AlertHead) -> Reach:
        """Return the reach as it was a moment ago."""
        if alert.in_force is None:
            return Reach()
        return await self._reach.reach(alert.id, least_s=LEAST_S if alert.ended_at is None else ENDED_KEPT_S)

    async def move(self, viewer: Viewer, alert: UUID, move: Move, right: Right = Right.ISSUE) -> Response:
        """Answer with the alert after a move; what the viewer may not see is not there."""
        await self.find(viewer, alert)
        moved = await move(self.actor(viewer, right))
        self._reach.forget(alert)
        return answer(self.shape(viewer, moved))

    def actor(self, viewer: Viewer, right: Right = Right.ISSUE) -> Actor:
        """Return the account as acting by `right`, for the unit that it holds it for."""
        return Actor(
            account=viewer.account.id,
            unit=viewer.scope(right).unit,
            may_issue=right is Right.ISSUE,
            may_approve=right is Right.APPROVE,
            token=viewer.token,
            address=viewer.address,
            stands_in_for=viewer.stands_in_for(right),
        )

    def check_targets(self, viewer: Viewer, targets: Collection[int]) -> None:
        """Raise NotFound for a unit outside the viewer's subtree: even a draft's answer would name it."""
        if not all(self._whereabouts.is_inside(unit, viewer.account.scope) for unit in targets):
            raise NotFound("unit to warn")
        if not all(self._whereabouts.is_inside(unit, viewer.scope(Right.ISSUE)) for unit in targets):
            raise outside(Right.ISSUE)

    def shape(self, viewer: Viewer, alert: Alert) -> dict[str, Any]:
        return shapes.alert(alert, alert.reach, self.shown_to(viewer))

    async def shape_head(self, viewer: Viewer, alert: AlertHead) -> dict[str, Any]:
        return shapes.alert(alert, await self.reach(alert), self.shown_to(viewer))

    def shown_to(self, viewer: Viewer) -> Callable[[int], bool]:
        """Return whether a unit may be named to the viewer: theirs, and those above them."""
        scope = viewer.account.scope
        return lambda unit: self._whereabouts.is_inside(unit, scope) or self._whereabouts.is_above(unit, scope)

    def is_inside(self, viewer: Viewer) -> Callable[[int], bool]:
        """Return whether a unit lies in the viewer's subtree."""
        return lambda unit: self._whereabouts.is_inside(unit, viewer.account.scope)


def router(counter: Counter) -> APIRouter:
    routes = APIRouter(prefix="/api/alerts")
    _add_reading(routes, counter)
    _add_writing(routes, counter)
    _add_acknowledging(routes, counter)
    _add_moves(routes, counter)
    _add_ends(routes, counter)
    return routes


def _add_reading(routes: APIRouter, counter: Counter) -> None:
    @routes.get("")
    async def listing(viewer: CurrentViewer, state: AlertState | None = None, limit: Limit = 50) -> Response:
        found = await counter.desk.list(within=viewer.account.unit, state=state, limit=limit)
        return answer({"alerts": [await counter.shape_head(viewer, alert) for alert in found]})

    @routes.get("/{alert}")
    async def card(viewer: CurrentViewer, alert: UUID) -> Response:
        found = await counter.find(viewer, alert)
        versions = [shapes.version(one, counter.shown_to(viewer)) for one in await counter.desk.versions(alert)]
        shown_to = counter.shown_to(viewer)
        shape = await counter.shape_head(viewer, found)
        passings = [shapes.passing(one) for one in await counter.desk.passings(alert) if shown_to(one.unit.id)]
        more = {"versions": versions, "passings": passings, "audience_total": shape["reach"].audience}
        return answer(shape | more)

    @routes.get("/{alert}/audience")
    async def audience(viewer: CurrentViewer, alert: UUID, limit: Limit = 50, offset: Offset = 0) -> Response:
        await counter.find(viewer, alert)
        found = await counter.desk.audience(alert, within=viewer.account.unit, limit=limit, offset=offset)
        return answer({"total": found.total, "people": [shapes.person(person) for person in found.people]})


def _add_writing(routes: APIRouter, counter: Counter) -> None:
    @routes.post("")
    async def draft(viewer: Issuer, given: Draft) -> Response:
        counter.check_targets(viewer, given.targets)
        alert, is_new = await counter.desk.draft(given.id, counter.actor(viewer), given.content())
        return answer(counter.shape(viewer, alert), 201 if is_new else 200)

    @routes.post("/preview")
    async def preview(request: Request, viewer: Issuer, given: Preview) -> Response:
        counter.check_targets(viewer, given.targets)
        found = await counter.desk.preview(counter.actor(viewer), given.content())
        return answer(shapes.preview(found, language_of(request), counter.is_inside(viewer)))

    @routes.post("/{alert}/edit")
    async def edit(viewer: Issuer, alert: UUID, given: Edit) -> Response:
        counter.check_targets(viewer, given.targets)
        return await counter.move(
            viewer, alert, lambda by: counter.desk.edit(alert, by, given.expected_version, given.content())
        )


def _add_acknowledging(routes: APIRouter, counter: Counter) -> None:
    @routes.post("/{alert}/acknowledge")
    async def acknowledge(viewer: Dispatcher, alert: UUID, given: Acknowledge) -> Response:
        """Note an answer given by telephone to the duty officer."""
        await counter.find(viewer, alert)
        async with counter.pool.connection() as connection:
            await find_member(connection, viewer.account.scope, given.member)
            if await members.find(connection, viewer.scope(Right.DISPATCH), given.member) is None:
                raise outside(Right.DISPATCH, "member")
        await counter.desk.acknowledge(alert, given.member, "desk", account=viewer.account.id)
        return answer(counter.shape(viewer, await counter.get(viewer, alert)))


def _add_moves(routes: APIRouter, counter: Counter) -> None:
    desk = counter.desk

    @routes.post("/{alert}/submit")
    async def submit(viewer: Issuer, alert: UUID, given: Expected) -> Response:
        return await counter.move(viewer, alert, lambda by: desk.submit(alert, by, given.expected_version))

    @routes.post("/{alert}/approve")
    async def approve(viewer: Approver, alert: UUID, given: Expected) -> Response:
        return await counter.move(
            viewer, alert, lambda by: desk.approve(alert, by, given.expected_version), Right.APPROVE
        )

    @routes.post("/{alert}/decline")
    async def decline(viewer: Approver, alert: UUID, given: End) -> Response:
        return await counter.move(
            viewer, alert, lambda by: desk.decline(alert, by, given.expected_version, given.note), Right.APPROVE
        )

    @routes.post("/{alert}/issue")
    async def issue(viewer: Issuer, alert: UUID, given: Issue) -> Response:
        return await counter.move(
            viewer, alert, lambda by: desk.issue(alert, by, given.expected_version, given.override_reason)
        )


def _add_ends(routes: APIRouter, counter: Counter) -> None:
    desk = counter.desk

    @routes.post("/{alert}/level")
    async def change_level(viewer: Issuer, alert: UUID, given: ChangeLevel) -> Response:
        async def move(by: Actor) -> Alert:
            level, reason = Level(given.level), given.override_reason
            return await desk.change_level(
                alert, by, given.expected_version, level, note=given.note, override_reason=reason
            )

        return await counter.move(viewer, alert, move)

    @routes.post("/{alert}/propose")
    async def propose(viewer: Issuer, alert: UUID, given: ProposeLevel) -> Response:
        """Ask a second person for another level."""
        return await counter.move(
            viewer,
            alert,
            lambda by: desk.propose_level(alert, by, given.expected_version, Level(given.level), given.note),
        )

    @routes.post("/{alert}/lift")
    async def lift(viewer: Issuer, alert: UUID, given: End) -> Response:
        return await counter.move(viewer, alert, lambda by: desk.lift(alert, by, given.expected_version, given.note))

    @routes.post("/{alert}/cancel")
    async def cancel(viewer: Issuer, alert: UUID, given: End) -> Response:
        return await counter.move(viewer, alert, lambda by: desk.cancel(alert, by, given.expected_version, given.note))

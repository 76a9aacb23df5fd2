"""What holds for every circular of the city: read by all who see messages, changed by administrators of the whole."""

from dataclasses import replace

from fastapi import APIRouter, Response

from dashboard.api import message_shapes as shapes
from dashboard.api.answers import answer
from dashboard.api.message_office import MessageOffice
from dashboard.api.message_requests import LimitsChange
from dashboard.api.organisation_requests import said
from dashboard.security.rights import CurrentViewer, TopAdministrator


def router(office: MessageOffice) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/message-limits")
    async def read(viewer: CurrentViewer) -> Response:
        async with office.pool.connection() as connection:
            found = shapes.limits(await office.desk.limits(connection))
        # Whose telephones are tried with is nobody else's business
        return answer(found if viewer.is_top_administrator else {**found, "test_numbers": []})

    @routes.post("/api/message-limits")
    async def alter(viewer: TopAdministrator, given: LimitsChange) -> Response:
        async with office.begin() as connection:
            before = await office.desk.limits(connection)
            changes = given.given()
            if "test_numbers" in changes:
                changes["test_numbers"] = tuple(changes["test_numbers"])
            await office.desk.change_limits(connection, replace(before, **changes), revision=given.revision)
            await office.note(
                connection,
                viewer,
                "message_limits.changed",
                "message_limits",
                unit=viewer.account.unit,
                detail=said(given),
            )
            return answer(shapes.limits(await office.desk.limits(connection)))

    return routes

"""Groups of people who are written to: a list, or a rule; seen and kept like templates."""

from typing import Any

from fastapi import APIRouter, Response

from alerts.changes.sending import Asked
from alerts.store.message_groups import GroupRow
from alerts.store.recipients import Units
from dashboard.api import message_shapes as shapes
from dashboard.api.answers import Id, answer
from dashboard.api.message_office import Connection, MessageOffice
from dashboard.api.message_requests import GroupChange, GroupFields
from dashboard.api.organisation_requests import Expected, said
from dashboard.security.rights import CurrentViewer, Issuer, Right, Viewer


def router(office: MessageOffice) -> APIRouter:
    routes = APIRouter()
    _add_reading(routes, office)
    _add_changing(routes, office)
    return routes


def _add_reading(routes: APIRouter, office: MessageOffice) -> None:
    @routes.get("/api/message-groups")
    async def listing(viewer: CurrentViewer) -> Response:
        scope = viewer.account.scope
        async with office.pool.connection() as connection:
            found = await office.desk.groups(connection, left=scope.left, right=scope.right)
        return answer({"groups": [shapes.group(row) for row in found]})

    @routes.get("/api/message-groups/{group}")
    async def card(viewer: CurrentViewer, group: Id) -> Response:
        async with office.begin() as connection:
            return answer(await card_of(office, connection, viewer, group))

    @routes.post("/api/message-groups/preview")
    async def preview(viewer: Issuer, given: GroupFields) -> Response:
        """Who would be in it now."""
        async with office.begin() as connection:
            await checked(office, connection, viewer, given)
            units = (
                [Units(unit=given.within, who=given.who, at_level=given.at_level)]
                if given.kind == "rule" and given.within is not None and given.who is not None
                else []
            )
            scope = viewer.scope(Right.ISSUE)
            asked = Asked(
                unit=given.unit,
                left=scope.left,
                right=scope.right,
                units=units,
                members=given.members if given.kind == "static" else [],
                numbers=given.numbers if given.kind == "static" else [],
            )
            return answer(await who_is_in(office, connection, asked))


def _add_changing(routes: APIRouter, office: MessageOffice) -> None:
    @routes.post("/api/message-groups")
    async def add(viewer: Issuer, given: GroupFields) -> Response:
        async with office.begin() as connection:
            await checked(office, connection, viewer, given)
            scope = viewer.account.scope
            made = await office.desk.add_group(
                connection, given.group(), given.members, left=scope.left, right=scope.right
            )
            detail = {"group": made, **said(given)}
            await office.note(connection, viewer, "message_group.created", given.name, unit=given.unit, detail=detail)
            return answer(await card_of(office, connection, viewer, made), 201)

    @routes.post("/api/message-groups/{group}")
    async def alter(viewer: Issuer, group: Id, given: GroupChange) -> Response:
        async with office.begin() as connection:
            row = await held(office, connection, viewer, group, Right.ISSUE)
            await checked(office, connection, viewer, given)
            scope = viewer.account.scope
            await office.desk.change_group(
                connection,
                group,
                given.group(),
                given.members,
                revision=given.revision,
                left=scope.left,
                right=scope.right,
            )
            detail = {"group": group, **said(given)}
            await office.note(connection, viewer, "message_group.changed", row.name, unit=row.unit, detail=detail)
            return answer(await card_of(office, connection, viewer, group))

    @routes.post("/api/message-groups/{group}/delete")
    async def delete(viewer: Issuer, group: Id, given: Expected) -> Response:
        async with office.begin() as connection:
            row = await held(office, connection, viewer, group, Right.ISSUE)
            await office.desk.close_group(connection, group, revision=given.revision)
            detail = {"group": group}
            await office.note(connection, viewer, "message_group.deleted", row.name, unit=row.unit, detail=detail)
        return Response(status_code=204)


async def checked(office: MessageOffice, connection: Connection, viewer: Viewer, given: GroupFields) -> None:
    """Raise for any unit or member it names that is not the viewer's to write to."""
    await office.check_unit(connection, viewer, given.unit, Right.ISSUE)
    if given.within is not None:
        await office.check_unit(connection, viewer, given.within, Right.ISSUE)
    await office.check_members(connection, viewer, given.members, Right.ISSUE)


async def held(office: MessageOffice, connection: Connection, viewer: Viewer, group: int, right: Right) -> GroupRow:
    row = await office.desk.group(connection, group)
    await office.check(connection, viewer, right, None if row is None else row.tree_left, "group")
    assert row is not None  # noqa: S101 - check has raised
    return row


async def card_of(office: MessageOffice, connection: Connection, viewer: Viewer, group: int) -> dict[str, Any]:
    """Return a group with its people as they are now, as far as the viewer sees them."""
    row = await held(office, connection, viewer, group, Right.LOOK)
    scope = viewer.account.scope
    asked = Asked(unit=row.unit, left=scope.left, right=scope.right, groups=[group])
    members = await office.desk.group_members(connection, group, left=scope.left, right=scope.right)
    return (
        shapes.group(row)
        | {"members": [{"id": member, "name": name, "phone": phone} for member, name, phone in members]}
        | {"now": await who_is_in(office, connection, asked)}
    )


async def who_is_in(office: MessageOffice, connection: Connection, asked: Asked) -> dict[str, Any]:
    counted, people = await office.desk.who(connection, asked)
    return {
        "people": counted.recipients,
        "left_out": counted.left_out,
        "sample": [shapes.recipient(each) for each in people],
    }

"""The contact directory: seen by who sees the unit that keeps it, changed by its administrators."""

from typing import Literal

from fastapi import APIRouter, Response

from dashboard.api.answers import Id, Limit, NotFound, Offset, Words, answer
from dashboard.api.changing import Changing
from dashboard.api.organisation_requests import ContactChange, Expected, NewContact, said
from dashboard.api.units import find as find_unit
from dashboard.security.rights import Administrator, CurrentViewer
from dashboard.shapes import Scope
from dashboard.store import contacts as store
from tracker.organisation import contacts
from tracker.organisation.contacts import Contact

Kind = Literal["institution", "person"]


def router(changing: Changing) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/contacts")
    async def listing(  # noqa: PLR0917 - FastAPI passes them by keyword
        viewer: CurrentViewer,
        q: Words = "",
        unit: Id | None = None,
        kind: Kind | None = None,
        limit: Limit = 200,
        offset: Offset = 0,
    ) -> Response:
        async with changing.pool.connection() as connection:
            row = await find_unit(connection, viewer.account.scope, unit or viewer.account.unit)
            inside = Scope(unit=row.id, left=row.tree_left, right=row.tree_right)
            found, total = await store.page(connection, inside, words=q, kind=kind, limit=limit, offset=offset)
        return answer({"contacts": found, "total": total})

    @routes.post("/api/contacts")
    async def add(viewer: Administrator, given: NewContact) -> Response:
        async with changing.begin(viewer, "contacts") as change:
            await change.unit(given.unit)
            contact = await contacts.add(change.connection, Contact(**given.given()))
            detail = {"contact": contact, **said(given)}
            await change.note("contact.created", given.name, unit=given.unit, detail=detail)
            return answer(await store.find(change.connection, contact), 201)

    @routes.post("/api/contacts/{contact}")
    async def alter(viewer: Administrator, contact: Id, given: ContactChange) -> Response:
        async with changing.begin(viewer, "contacts") as change:
            await change.contact(contact)
            if "unit" in given.model_fields_set:
                await change.unit(given.unit)
            changed = await contacts.change(change.connection, contact, revision=given.revision, changes=given.given())
            detail = {"contact": contact, **said(given)}
            await change.note("contact.changed", changed.name, unit=changed.unit, detail=detail)
            shown = await store.find(change.connection, contact)
        if shown is None:
            raise NotFound("contact")
        return answer(shown)

    @routes.post("/api/contacts/{contact}/close")
    async def close(viewer: Administrator, contact: Id, given: Expected) -> Response:
        async with changing.begin(viewer, "contacts") as change:
            await change.contact(contact)
            closed = await contacts.close(change.connection, contact, revision=given.revision)
            await change.note("contact.closed", closed.name, unit=closed.unit, detail={"contact": contact})
        return Response(status_code=204)

    return routes

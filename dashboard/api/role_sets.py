"""Role sets: which roles a unit should have; kept by the whole city's administrators, looked at by everybody."""

from fastapi import APIRouter, Response

from dashboard.api.answers import Id, Limit, NotFound, Offset, answer
from dashboard.api.changing import Change, Changing
from dashboard.api.levels import CodeOf
from dashboard.api.organisation_requests import NewRoleSet, RoleSetChange, said
from dashboard.api.units import find as find_unit
from dashboard.security.rights import CurrentViewer, Right, TopAdministrator
from dashboard.store import role_sets as store
from tracker.organisation import role_sets
from tracker.organisation.role_sets import RoleSet


def router(changing: Changing) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/role-sets")
    async def listing(viewer: CurrentViewer) -> Response:
        async with changing.pool.connection() as connection:
            return answer({"role_sets": await store.listing(connection, viewer.account.scope)})

    @routes.post("/api/role-sets")
    async def add(viewer: TopAdministrator, given: NewRoleSet) -> Response:
        async with changing.begin(viewer, "roles") as change:
            saved = await role_sets.add(change.connection, RoleSet(**given.given()))
            await change.note("role_set.changed", saved.code, unit=None, detail=said(given))
            return answer(await shown(change, saved.code), 201)

    @routes.post("/api/role-sets/{code}")
    async def alter(viewer: TopAdministrator, code: CodeOf, given: RoleSetChange) -> Response:
        async with changing.begin(viewer, "roles") as change:
            changes = given.given()
            changes.pop("code", None)
            await role_sets.change(change.connection, code, changes)
            await change.note("role_set.changed", code, unit=None, detail=said(given))
            return answer(await shown(change, code))

    @routes.post("/api/role-sets/{code}/delete")
    async def delete(viewer: TopAdministrator, code: CodeOf) -> Response:
        async with changing.begin(viewer, "roles") as change:
            await role_sets.delete(change.connection, code)
            await change.note("role_set.deleted", code, unit=None)
        return Response(status_code=204)

    @routes.get("/api/role-sets/{code}/gaps")
    async def gaps(
        viewer: CurrentViewer, code: CodeOf, unit: Id | None = None, limit: Limit = 50, offset: Offset = 0
    ) -> Response:
        async with changing.pool.connection() as connection:
            within = await find_unit(connection, viewer.account.scope, unit or viewer.account.unit)
            found, total = await role_sets.gaps(
                connection, code, left=within.tree_left, right=within.tree_right, limit=limit, offset=offset
            )
            return answer({"units": await store.with_names(connection, found), "total": total})

    return routes


async def shown(change: Change, code: str) -> store.RoleSet:
    for role_set in await store.listing(change.connection, change.viewer.scope(Right.LOOK)):
        if role_set.code == code:
            return role_set
    raise NotFound("role set")

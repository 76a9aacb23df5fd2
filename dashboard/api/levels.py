"""Levels of the tree and roles of members. They are the whole city's, so its top-level administrators keep them."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from dashboard.api.answers import NO_NUL, answer
from dashboard.api.changing import Changing
from dashboard.api.organisation_requests import LevelChange, NewLevel, NewRole, RoleChange, said
from dashboard.security.rights import CurrentViewer, TopAdministrator
from tracker.organisation import levels, roles
from tracker.organisation.levels import Level
from tracker.organisation.roles import Role

CodeOf = Annotated[str, Path(max_length=64, pattern=NO_NUL)]


def router(changing: Changing) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/levels")
    async def all_levels(_viewer: CurrentViewer) -> Response:
        async with changing.pool.connection() as connection:
            return answer({"levels": await levels.levels(connection)})

    @routes.post("/api/levels")
    async def add_level(viewer: TopAdministrator, given: NewLevel) -> Response:
        async with changing.begin(viewer, "units") as change:
            level = await levels.add_level(change.connection, Level(**given.given()))
            await change.note("level.created", level.code, unit=None, detail=said(given))
        return answer(level, 201)

    @routes.post("/api/levels/{code}")
    async def alter_level(viewer: TopAdministrator, code: CodeOf, given: LevelChange) -> Response:
        async with changing.begin(viewer, "units") as change:
            level = await levels.change_level(change.connection, code, given.given())
            await change.note("level.changed", code, unit=None, detail=said(given))
        return answer(level)

    @routes.get("/api/roles")
    async def all_roles(_viewer: CurrentViewer) -> Response:
        async with changing.pool.connection() as connection:
            return answer({"roles": await roles.roles(connection)})

    @routes.post("/api/roles")
    async def add_role(viewer: TopAdministrator, given: NewRole) -> Response:
        async with changing.begin(viewer, "roles") as change:
            role = await roles.add_role(change.connection, Role(**given.given()))
            await change.note("role.created", role.code, unit=None, detail=said(given))
        return answer(role, 201)

    @routes.post("/api/roles/{code}")
    async def alter_role(viewer: TopAdministrator, code: CodeOf, given: RoleChange) -> Response:
        async with changing.begin(viewer, "roles") as change:
            role = await roles.change_role(change.connection, code, given.given())
            await change.note("role.changed", code, unit=None, detail=said(given))
        return answer(role)

    return routes

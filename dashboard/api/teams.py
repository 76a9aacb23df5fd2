"""Work teams: who sees the unit that keeps a team sees the team; who administers all its members may change it."""

from typing import Any

from fastapi import APIRouter, Response
from psycopg import AsyncConnection

from dashboard.api.answers import Id, Limit, NotFound, Offset, Words, answer
from dashboard.api.changing import Change, Changing
from dashboard.api.organisation import scope_now
from dashboard.api.organisation_requests import Expected, NewTeam, TeamChange, TeamMembers, said
from dashboard.api.units import find as find_unit
from dashboard.security.rights import Administrator, CurrentViewer
from dashboard.shapes import Scope
from dashboard.store import teams as store
from tracker.organisation import teams


def router(changing: Changing) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/teams")
    async def listing(  # noqa: PLR0917 - FastAPI passes them by keyword
        viewer: CurrentViewer,
        q: Words = "",
        unit: Id | None = None,
        closed: bool = False,  # noqa: FBT001, FBT002 - FastAPI passes it by keyword
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> Response:
        async with changing.pool.connection() as connection:
            row = await find_unit(connection, viewer.account.scope, unit or viewer.account.unit)
            inside = Scope(unit=row.id, left=row.tree_left, right=row.tree_right)
            found, total = await store.page(connection, inside, words=q, closed=closed, limit=limit, offset=offset)
        return answer({"teams": found, "total": total})

    @routes.get("/api/teams/{team}")
    async def card(viewer: CurrentViewer, team: Id) -> Response:
        async with changing.pool.connection() as connection:
            return answer(await card_of(connection, viewer.account.scope, team))

    @routes.post("/api/teams")
    async def add(viewer: Administrator, given: NewTeam) -> Response:
        async with changing.begin(viewer, "members") as change:
            await change.unit(given.unit)
            await check_people(change, given.leader, [each.member for each in given.members])
            fields = given.given() | {"starts_at": given.starts_at or change.at}
            fields["members"] = [each.joining() for each in given.members]
            team = await teams.add(change.connection, teams.NewTeam(**fields))
            await tell(change, "team.created", team, said(given))
            return answer(await card_of(change.connection, await scope_now(change), team.id), 201)

    @routes.post("/api/teams/{team}")
    async def alter(viewer: Administrator, team: Id, given: TeamChange) -> Response:
        async with changing.begin(viewer, "members") as change:
            await change.team(team)
            if "unit" in given.model_fields_set:
                await change.unit(given.unit)
            await check_people(change, given.leader, [])
            changed = await teams.change(change.connection, team, revision=given.revision, changes=given.given())
            await tell(change, "team.changed", changed, said(given))
            return answer(await card_of(change.connection, await scope_now(change), team))

    @routes.post("/api/teams/{team}/members")
    async def alter_members(viewer: Administrator, team: Id, given: TeamMembers) -> Response:
        async with changing.begin(viewer, "members") as change:
            await change.team(team)
            await check_people(change, None, [each.member for each in given.add])
            changed = await teams.change_members(
                change.connection, team, joining=[each.joining() for each in given.add], leaving=given.remove
            )
            await tell(change, "team.changed", changed, said(given))
            return answer(await card_of(change.connection, await scope_now(change), team))

    @routes.post("/api/teams/{team}/close")
    async def close(viewer: Administrator, team: Id, given: Expected) -> Response:
        async with changing.begin(viewer, "members") as change:
            await change.team(team)
            await tell(change, "team.closed", await teams.close(change.connection, team, revision=given.revision), {})
        return Response(status_code=204)

    return routes


async def card_of(connection: AsyncConnection[Any], scope: Scope, team: int) -> store.TeamCard:
    """Raises NotFound."""
    found = await store.find(connection, scope, team)
    if found is None:
        raise NotFound("team")
    return found


async def check_people(change: Change, leader: int | None, members: list[int]) -> None:
    """Raise for anybody who is not the administrator's. Whoever leaves need not be: a team may be cleared out."""
    await change.members(members if leader is None else [leader, *members])


async def tell(change: Change, action: str, team: teams.Team, detail: dict[str, Any]) -> None:
    await change.note(action, team.name, unit=team.unit, detail={"team": team.id, **detail})

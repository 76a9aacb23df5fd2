"""Rosters: seen by who sees the unit that keeps one, changed by who administers it and all who are on it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from psycopg import AsyncConnection

from dashboard.api.answers import Id, Limit, NotFound, Offset, answer
from dashboard.api.changing import Change, Changing
from dashboard.api.organisation import scope_now
from dashboard.api.organisation_requests import Day, Expected, NewRoster, RosterChange, said
from dashboard.api.units import find as find_unit
from dashboard.security.rights import Administrator, CurrentViewer, Right
from dashboard.shapes import Named, Scope
from dashboard.store import places
from dashboard.store import rosters as store
from tracker.model.duty import MIDNIGHT, TEMPLATES, Follower, Roster, Turn, moment_of
from tracker.organisation import duty, rosters
from tracker.organisation.rosters import Kept, RosterChanges

MOST_DAYS: Final = 62


def router(changing: Changing) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/rosters")
    async def listing(
        viewer: CurrentViewer, unit: Id | None = None, limit: Limit = 100, offset: Offset = 0
    ) -> Response:
        async with changing.pool.connection() as connection:
            row = await find_unit(connection, viewer.account.scope, unit or viewer.account.unit)
            inside = Scope(unit=row.id, left=row.tree_left, right=row.tree_right)
            found, total = await store.page(connection, inside, limit=limit, offset=offset)
        return answer({"rosters": found, "total": total})

    @routes.get("/api/rosters/templates")
    async def templates(_viewer: CurrentViewer) -> Response:
        return answer({"templates": [template_of(code) for code in TEMPLATES]})

    @routes.get("/api/rosters/{roster}")
    async def card(viewer: CurrentViewer, roster: Id) -> Response:
        async with changing.pool.connection() as connection:
            return answer(await card_of(connection, viewer.account.scope, roster))

    @routes.get("/api/rosters/{roster}/calendar")
    async def calendar(
        viewer: CurrentViewer,
        roster: Id,
        since: Annotated[Day, Query(alias="from")],
        days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 14,
    ) -> Response:
        async with changing.pool.connection() as connection, connection.transaction():
            await card_of(connection, viewer.account.scope, roster)
            kept = await rosters.find(connection, roster)
            zone = rosters.zone_of(kept.timezone)
            plan = Roster(
                zone=zone,
                anchor=kept.anchor,
                cycle_days=kept.cycle_days,
                shifts=kept.shifts,
                followers=kept.members,
            )
            begin, end = (moment_of(datetime.combine(since + timedelta(days=day), MIDNIGHT), zone) for day in (0, days))
            turns = await duty.turns(connection, plan, begin, end)
            names = await store.names(connection, viewer.account.scope, [each.member for each in kept.members])
        shown = [since + timedelta(days=day) for day in range(days)]
        return answer({"days": [day_of(day, turns, names) for day in shown]})

    @routes.post("/api/rosters")
    async def add(viewer: Administrator, given: NewRoster) -> Response:
        async with changing.begin(viewer, "members") as change:
            await change.unit(given.unit)
            await change.members(each.member for each in given.members)
            roster = await rosters.add(change.connection, Kept(**given.given()))
            detail = {"roster": roster, **said(given)}
            await change.note("roster.created", given.name, unit=given.unit, detail=detail)
            return answer(await card_of(change.connection, await scope_now(change), roster), 201)

    @routes.post("/api/rosters/{roster}")
    async def alter(viewer: Administrator, roster: Id, given: RosterChange) -> Response:
        async with changing.begin(viewer, "members") as change:
            await change.roster(roster)
            if "unit" in given.model_fields_set:
                await change.unit(given.unit)
            await change.members(each.member for each in given.members)
            changes: RosterChanges = given.given()
            if "members" in changes:
                changes["members"] = [*changes["members"], *await kept_members(change, roster)]
            changed = await rosters.change(change.connection, roster, revision=given.revision, changes=changes)
            detail = {"roster": roster, **said(given)}
            await change.note("roster.changed", changed.name, unit=changed.unit, detail=detail)
            return answer(await card_of(change.connection, await scope_now(change), roster))

    @routes.post("/api/rosters/{roster}/close")
    async def close(viewer: Administrator, roster: Id, given: Expected) -> Response:
        async with changing.begin(viewer, "members") as change:
            await change.roster(roster)
            closed = await rosters.close(change.connection, roster, revision=given.revision)
            await change.note("roster.closed", closed.name, unit=closed.unit, detail={"roster": roster})
        return Response(status_code=204)

    return routes


async def card_of(connection: AsyncConnection[Any], scope: Scope, roster: int) -> store.RosterCard:
    """Raises NotFound."""
    found = await store.find(connection, scope, roster)
    if found is None:
        raise NotFound("roster")
    return found


async def kept_members(change: Change, roster: int) -> list[Follower]:
    """Return who is on the roster and not the administrator's: a whole new list of one's own must not touch them."""
    scope = change.viewer.scope(Right.ADMINISTER)
    followers = (await rosters.find(change.connection, roster)).members
    found = await places.members(change.connection, [each.member for each in followers])
    await change.steady()
    foreign = {place.id for place in found if not scope.holds(place.tree_left)}
    return [each for each in followers if each.member in foreign]


def day_of(day: Any, turns: list[Turn], names: Mapping[int, Named]) -> dict[str, Any]:
    return {
        "date": day,
        "shifts": [
            {
                "name": turn.shift.name,
                "starts_at": turn.starts_at,
                "ends_at": turn.ends_at,
                "members": [names[member] for member in turn.members if member in names],
            }
            for turn in turns
            if turn.day == day
        ],
    }


def template_of(code: str) -> dict[str, Any]:
    template = TEMPLATES[code]
    shifts = [
        store.Shift(shift.number, shift.name, shift.day, store.clock(shift.starts), store.clock(shift.ends))
        for shift in template.shifts
    ]
    return {
        "code": code,
        "name_zh": template.name_zh,
        "name_en": template.name_en,
        "cycle_days": template.cycle_days,
        "shifts": shifts,
        "offsets": template.offsets,
    }

"""Who is on duty now or at a moment, and each member's leave and calls."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from dashboard.api.answers import Id, Limit, Offset, answer
from dashboard.api.changing import Changing
from dashboard.api.organisation_requests import DutyException, DutyExceptionKey, Moment, said
from dashboard.api.units import find as find_unit
from dashboard.security.rights import Administrator, CurrentViewer
from dashboard.shapes import Named, Scope, Whereabouts
from dashboard.store import duty_exceptions
from dashboard.store import members as people
from tracker.organisation import duty, rosters
from tracker.organisation.duty import OnDuty


def router(changing: Changing, whereabouts: Whereabouts) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/duty")
    async def on_duty(
        viewer: CurrentViewer,
        unit: Id | None = None,
        at: Annotated[Moment | None, Query()] = None,
        limit: Limit = 200,
        offset: Offset = 0,
    ) -> Response:
        """At another time than now only rosters, leave and calls can say it: nobody knows who will be on-line."""
        moment = at or changing.clock()
        async with changing.pool.connection() as connection:
            row = await find_unit(connection, viewer.account.scope, unit or viewer.account.unit)
            if at is None:
                ids = whereabouts.on_duty_in(row.id)
                page = ids[offset : offset + limit]
                planned = await duty.on_duty(connection, moment, left=row.tree_left, right=row.tree_right, among=page)
            else:
                planned = await duty.on_duty(connection, moment, left=row.tree_left, right=row.tree_right)
                ids = [each.member for each in planned]
                page = ids[offset : offset + limit]
            inside = Scope(unit=row.id, left=row.tree_left, right=row.tree_right)
            found = await people.page(connection, inside, words="", among=page, limit=len(page), offset=0)
        online = set(whereabouts.members_in(row.id, ("fresh", "ageing")))
        by_member = {each.member: each for each in planned}
        listed = [shown(who, by_member.get(who.id), is_online=who.id in online) for who in found]
        return answer({"at": moment, "on_duty": listed, "total": len(ids)})

    @routes.get("/api/duty/exceptions")
    async def exceptions(
        *,
        viewer: CurrentViewer,
        unit: Id | None = None,
        since: Annotated[Moment | None, Query(alias="from")] = None,
        until: Annotated[Moment | None, Query(alias="to")] = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> Response:
        """Without `from`: those that are not over."""
        async with changing.pool.connection() as connection:
            row = await find_unit(connection, viewer.account.scope, unit or viewer.account.unit)
            inside = Scope(unit=row.id, left=row.tree_left, right=row.tree_right)
            found, total = await duty_exceptions.page(
                connection, inside, since=since or changing.clock(), until=until, limit=limit, offset=offset
            )
        return answer({"exceptions": found, "total": total})

    @routes.post("/api/duty/exceptions")
    async def add(viewer: Administrator, given: DutyException) -> Response:
        async with changing.begin(viewer, "members") as change:
            place = await change.member(given.member)
            await rosters.add_exception(change.connection, **given.model_dump())
            await change.note("duty.added", place.name, unit=place.unit, detail=said(given))
        return Response(status_code=204)

    @routes.post("/api/duty/exceptions/delete")
    async def delete(viewer: Administrator, given: DutyExceptionKey) -> Response:
        async with changing.begin(viewer, "members") as change:
            place = await change.member(given.member)
            await rosters.delete_exception(change.connection, given.member, starts_at=given.starts_at)
            await change.note("duty.deleted", place.name, unit=place.unit, detail=said(given))
        return Response(status_code=204)

    return routes


def shown(who: people.MemberRow, planned: OnDuty | None, *, is_online: bool) -> dict[str, Any]:
    roster = None if planned is None or planned.roster is None else Named(planned.roster, planned.roster_name or "")
    return {
        "member": Named(who.id, who.name),
        "unit": Named(who.unit, who.unit_name, who.unit_name_en),
        "roster": roster,
        "shift": None if planned is None else planned.shift,
        "until": None if planned is None else planned.until,
        "is_online": is_online,
    }

"""One member: who, where, and where they were."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from msgspec import structs
from psycopg_pool import AsyncConnectionPool
from pydantic import AwareDatetime

from dashboard import views
from dashboard.api.answers import Id, NotFound, Problem, answer
from dashboard.security.rights import CurrentViewer
from dashboard.shapes import MemberCard, Scope, Whereabouts
from dashboard.store import audit, members

USUAL: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=7)
MOST_POINTS: Final = 20_000  # of a week at one fix in 30 s; the newest are kept


def router(pool: AsyncConnectionPool, whereabouts: Whereabouts, *, clock: Callable[[], datetime]) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/members/{member}")
    async def card(viewer: CurrentViewer, member: Id) -> Response:
        scope = viewer.account.scope
        async with pool.connection() as connection:
            row = await find(connection, scope, member)
            assignments = await members.assignments(connection, scope, member)
        shape = structs.asdict(views.member(row, scope, whereabouts))
        return answer(MemberCard(**shape, assignments=assignments))

    @routes.get("/api/members/{member}/track")
    async def track(
        viewer: CurrentViewer,
        member: Id,
        since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    ) -> Response:
        end = until or clock()
        begin = since or end - USUAL
        if not timedelta(0) <= end - begin <= LONGEST:
            raise Problem(422, "bad_request", f"`from` must lie before `to`, by {LONGEST.days} days at most")
        async with pool.connection() as connection:
            row = await find(connection, viewer.account.scope, member)
            points = await members.track(connection, member, since=begin, until=end, limit=MOST_POINTS)
            await audit.write(
                connection,
                at=clock(),
                viewer=viewer,
                action="member.track_viewed",
                subject=f"member {member} {row.name}",
                unit=row.unit,
                detail={"from": begin.isoformat(), "to": end.isoformat(), "points": len(points)},
            )
        return answer({"points": points})

    return routes


async def find(connection: members.Connection, scope: Scope, member: int) -> members.MemberRow:
    """Return a member of the scope; raises NotFound."""
    row = await members.find(connection, scope, member)
    if row is None:
        raise NotFound("member")
    return row

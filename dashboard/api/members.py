"""One member: who, where, and where they were."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from msgspec import structs
from psycopg_pool import AsyncConnectionPool
from pydantic import AwareDatetime

from dashboard import views
from dashboard.api.answers import Id, Limit, NotFound, Offset, Problem, Words, answer
from dashboard.api.member_cards import card_of
from dashboard.api.units import find as find_unit
from dashboard.security.rights import CurrentViewer
from dashboard.shapes import MemberListed, Scope, Whereabouts
from dashboard.store import audit, member_cards, members, presence_events
from tracker.store.search import MOST

USUAL: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=7)
MOST_POINTS: Final = 20_000  # of a week at one fix in 30 s; the newest are kept


def router(pool: AsyncConnectionPool, whereabouts: Whereabouts, *, clock: Callable[[], datetime]) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/members")
    async def listing(  # noqa: PLR0917 - FastAPI passes them by keyword
        viewer: CurrentViewer,
        q: Words = "",
        unit: Id | None = None,
        role: Words | None = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        scope = viewer.account.scope
        async with pool.connection() as connection:
            row = await find_unit(connection, scope, unit or viewer.account.unit)
            inside = Scope(unit=row.id, left=row.tree_left, right=row.tree_right)
            total = await members.count(connection, inside, words=q, among=None, role=role)
            rows = await members.page(connection, inside, words=q, among=None, role=role, limit=limit, offset=offset)
            assigned = await member_cards.assignments(connection, scope, [row.id for row in rows])
        is_capped = bool(q.strip()) and total > MOST
        shown = [
            MemberListed(**structs.asdict(views.member(row, scope, whereabouts)), assignments=assigned.get(row.id, []))
            for row in rows
        ]
        return answer({"total": MOST if is_capped else total, "is_capped": is_capped, "members": shown})

    @routes.get("/api/members/{member}")
    async def card(viewer: CurrentViewer, member: Id) -> Response:
        async with pool.connection() as connection:
            return answer(await card_of(connection, viewer.account.scope, whereabouts, member, at=clock()))

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
            raise Problem(
                422,
                "bad_request",
                f"`from` must lie before `to`, by {LONGEST.days} days at most",
                zh=f"开始时间须早于结束时间，最长 {LONGEST.days} 天",
            )
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

    @routes.get("/api/members/{member}/presence")
    async def presence(viewer: CurrentViewer, member: Id, limit: Limit = 50) -> Response:
        scope = viewer.account.scope
        async with pool.connection() as connection:
            await find(connection, scope, member)
            rows = await presence_events.page(connection, member, limit=limit)
        return answer({"events": [views.presence_event(row, scope) for row in rows]})

    return routes


async def find(connection: members.Connection, scope: Scope, member: int) -> members.MemberRow:
    """Return a member of the scope; raises NotFound."""
    row = await members.find(connection, scope, member)
    if row is None:
        raise NotFound("member")
    return row

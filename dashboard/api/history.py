"""What was: who was in an area, and a member's day by the hour."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Self

import psycopg
from fastapi import APIRouter, Query, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import AwareDatetime, Field, model_validator

from dashboard import views
from dashboard.api.alert_requests import Asked, Polygon
from dashboard.api.answers import Id, Limit, Offset, Problem, answer
from dashboard.api.members import find as find_member
from dashboard.api.units import find as find_unit
from dashboard.security.rights import CurrentViewer
from dashboard.shapes import HourInGrid, Named, Sample, Scope, Visitor, Whereabouts
from dashboard.store import audit, hours, members, visits
from dashboard.store.units import UnitRow
from dashboard.store.visits import Span, Stay, TooManyError
from tracker.geometry.cover import Cover, cover

LONGEST: Final = timedelta(days=7)
LONGEST_BY_HOUR: Final = timedelta(days=31)
MOST_FIXES: Final = 500_000  # a street of 88 grids in which 1,400 terminals speak every 30 s, for three hours
DAY: Final = timedelta(days=1)


class AreaAsked(Asked):
    """`unit` or `area`: whose grids, or which part of the map."""

    unit: Id | None = None
    area: Polygon | None = None
    since: Annotated[AwareDatetime, Field(alias="from")]
    until: Annotated[AwareDatetime, Field(alias="to")]
    limit: Limit = 100
    offset: Offset = 0

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.unit is None) == (self.area is None):
            raise ValueError("say `unit` or `area`, one of them")
        return self


def router(pool: AsyncConnectionPool, whereabouts: Whereabouts, *, clock: Callable[[], datetime]) -> APIRouter:
    routes = APIRouter()

    @routes.post("/api/history/area")
    async def who_was_here(viewer: CurrentViewer, asked: AreaAsked) -> Response:
        scope, span = viewer.account.scope, _span(asked.since, asked.until, LONGEST)
        async with pool.connection() as connection, connection.transaction():
            unit = None if asked.unit is None else await find_unit(connection, scope, asked.unit)
            found = await _stays(connection, asked, unit, span)
            ours = await visits.in_scope(connection, scope, [stay.member for stay in found])
            found = [stay for stay in found if stay.member in ours]
            shown = found[asked.offset : asked.offset + asked.limit]
            people = await _visitors(connection, scope, whereabouts, shown, span)
            await audit.write(
                connection,
                at=clock(),
                viewer=viewer,
                action="area.searched",
                subject="drawn area" if unit is None else f"unit {unit.code} {unit.name}",
                unit=viewer.account.unit if unit is None else unit.id,
                detail={"from": asked.since.isoformat(), "to": asked.until.isoformat(), "people": len(found)},
            )
        return answer({"total": len(found), "fixes": sum(stay.fixes for stay in found), "people": people})

    @routes.get("/api/members/{member}/hours")
    async def by_hour(
        viewer: CurrentViewer,
        member: Id,
        since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    ) -> Response:
        end = until or clock()
        span = _span(since or end - DAY, end, LONGEST_BY_HOUR)
        async with pool.connection() as connection:
            row = await find_member(connection, viewer.account.scope, member)
            found = await hours.of_member(connection, viewer.account.scope, member, span)
            await audit.write(
                connection,
                at=clock(),
                viewer=viewer,
                action="member.hours_viewed",
                subject=f"member {member} {row.name}",
                unit=row.unit,
                detail={"from": span.since.isoformat(), "to": span.until.isoformat()},
            )
        return answer({"hours": [_hour(one) for one in found]})

    return routes


def _span(since: datetime, until: datetime, longest: timedelta) -> Span:
    if not timedelta(0) < until - since <= longest:
        raise Problem(
            422,
            "bad_request",
            f"`from` must lie before `to`, by {longest.days} days at most",
            zh=f"开始时间须早于结束时间，最长 {longest.days} 天",
        )
    return Span(since.astimezone(UTC), until.astimezone(UTC))


async def _stays(connection: visits.Connection, asked: AreaAsked, unit: UnitRow | None, span: Span) -> list[Stay]:
    """Raises Problem when that is too much to look at."""
    area = None if asked.area is None else asked.area.drawn()
    if unit is not None:
        below = Scope(unit=unit.id, left=unit.tree_left, right=unit.tree_right)
        covered = Cover(tuple(await visits.leaves_of(connection, below, span)), ())
    elif area is not None:
        covered = cover(area, await visits.leaves_near(connection, area, span))
    else:
        covered = Cover((), ())
    try:
        return await visits.stays(connection, covered, span, area=area, most=MOST_FIXES)
    except (TooManyError, psycopg.errors.QueryCanceled) as much:
        raise Problem(
            422,
            "too_much",
            f"more than {MOST_FIXES:,} fixes, or too slow: choose a smaller unit or area, or a shorter time",
            zh=f"超过 {MOST_FIXES:,} 个位置点，或查询过慢：请选择更小的组织、区域或更短的时间",
        ) from much


async def _visitors(
    connection: visits.Connection, scope: Scope, whereabouts: Whereabouts, shown: Sequence[Stay], span: Span
) -> list[Visitor]:
    """Return who they are, in the same order, with where they were first and last."""
    if not shown:
        return []
    ids = [stay.member for stay in shown]
    rows = await members.page(connection, scope, words="", among=ids, limit=len(ids), offset=0)
    known = {row.id: views.member(row, scope, whereabouts) for row in rows}
    ends = [end for stay in shown for end in dict.fromkeys((stay.first, stay.last))]
    spots = await visits.places(connection, ends, span)
    return [
        Visitor(
            id=stay.member,
            code=known[stay.member].code,
            name=known[stay.member].name,
            unit=known[stay.member].unit,
            role=known[stay.member].role,
            first_at=_moment(stay.first[0]),
            last_at=_moment(stay.last[0]),
            fixes=stay.fixes,
            samples=[
                Sample(_moment(end[0]), *spots[end]) for end in dict.fromkeys((stay.first, stay.last)) if end in spots
            ],
        )
        for stay in shown
        if stay.member in known
    ]


def _moment(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC) + timedelta(microseconds=at_us % 1_000_000)


def _hour(row: hours.HourRow) -> Any:
    grid = None if row.grid is None else Named(row.grid, row.name or "", row.name_en)
    return HourInGrid(hour=row.hour, grid=grid, fixes=row.fixes, distance_m=row.distance_m, in_grid_s=row.in_grid_s)

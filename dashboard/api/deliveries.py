"""Messages that were sent, archived or deleted: searched, looked into, moved between folders, exported."""

from collections.abc import AsyncGenerator, Awaitable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar
from uuid import UUID

import psycopg
from fastapi import APIRouter, Depends, Query, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import AwareDatetime, Field
from starlette.responses import StreamingResponse

from alerts.core.states import DeliveryState
from dashboard.api import message_shapes as shapes
from dashboard.api.answers import Id, Limit, Problem, Words, answer
from dashboard.api.audit import BATCH, BYTE_ORDER_MARK, line
from dashboard.api.circulars import held as held_circular
from dashboard.api.message_office import Connection, MessageOffice
from dashboard.api.message_requests import Folder, MoveDeliveries
from dashboard.api.units import find as find_unit
from dashboard.security.rights import CurrentViewer, Dispatcher, Right, Viewer
from dashboard.shapes import Scope
from dashboard.store import deliveries, units
from dashboard.store.deliveries import DeliveryRow, Search

Before = Annotated[int, Field(ge=1, le=2**63 - 1)]
Kind = Literal["telling", "passed_down", "follow_up", "reminder", "digest", "manual"]
Channel = Literal["sms", "outbox", "terminal", "push", "none"]
COLUMNS: Final = (
    "id", "queued_at", "sent_at", "settled_at", "kind", "channel", "state", "folder", "member", "unit", "address",
    "body", "attempts", "provider", "detail", "possible_duplicate", "alert", "circular",
)  # fmt: skip
Page = TypeVar("Page")
DONE: Final = {"archived": "message.archived", "deleted": "message.deleted", "sent": "message.restored"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    folder: str | None
    state: str | None
    kind: str | None
    channel: str | None
    circular: UUID | None
    words: str
    unit: int | None
    since: datetime | None
    until: datetime | None


def asked(
    *,
    folder: Folder | None = None,
    state: DeliveryState | None = None,
    kind: Kind | None = None,
    channel: Channel | None = None,
    circular: UUID | None = None,
    q: Words = "",
    unit: Id | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
) -> Asked:
    return Asked(
        folder=folder,
        state=state,
        kind=kind,
        channel=channel,
        circular=circular,
        words=q.strip(),
        unit=unit,
        since=since,
        until=until,
    )


Wanted = Annotated[Asked, Depends(asked)]


def router(office: MessageOffice) -> APIRouter:
    routes = APIRouter()
    _add_reading(routes, office)
    _add_moving(routes, office)
    return routes


def _add_reading(routes: APIRouter, office: MessageOffice) -> None:
    @routes.get("/api/deliveries")
    async def rows(viewer: CurrentViewer, wanted: Wanted, before: Before | None = None, limit: Limit = 100) -> Response:
        async with office.begin() as connection:
            what = await search_of(connection, viewer, wanted)
            found = await in_time(deliveries.page(connection, what, before=before, limit=limit))
        following = found[-1].id if len(found) == limit else None
        return answer({"deliveries": [shapes.delivery(row) for row in found], "next": following})

    @routes.get("/api/deliveries.csv")
    async def export(viewer: CurrentViewer, wanted: Wanted) -> Response:
        async with office.begin() as connection:
            what = await search_of(connection, viewer, wanted)
            await office.note(connection, viewer, "message.exported", "messages", unit=what.scope.unit)
        return StreamingResponse(
            lines(office.pool, what),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="gridwarden-messages.csv"'},
        )

    @routes.get("/api/deliveries/{delivery}")
    async def card(viewer: CurrentViewer, delivery: Before) -> Response:
        async with office.pool.connection() as connection:
            row = await held(office, connection, viewer, delivery)
            tried = await deliveries.attempts(connection, delivery)
        return answer(shapes.delivery(row) | {"log": [shapes.attempt(each) for each in tried]})


def _add_moving(routes: APIRouter, office: MessageOffice) -> None:
    @routes.post("/api/deliveries/move")
    async def move(viewer: Dispatcher, given: MoveDeliveries) -> Response:
        """Move some, or all of a circular; what is still queued is sent all the same, and the log keeps everything."""
        async with office.begin() as connection:
            moved, unit = 0, viewer.account.unit
            if given.circular is not None:
                found = await held_circular(office, connection, viewer, given.circular, Right.DISPATCH)
                unit = found.row.unit
                moved += await deliveries.move_circular(connection, given.circular, given.folder)
            places = {row.id: row.tree_left for row in await deliveries.these(connection, given.ids)}
            for each in given.ids:
                await office.check(connection, viewer, Right.DISPATCH, places.get(each), "message")
            moved += await deliveries.move(connection, given.ids, given.folder)
            detail: dict[str, Any] = {"messages": moved}
            if given.circular is not None:
                detail["circular"] = str(given.circular)
            subject = str(given.ids[0]) if len(given.ids) == 1 else "messages"
            await office.note(connection, viewer, DONE[given.folder], subject, unit=unit, detail=detail)
        return answer({"moved": moved})


async def held(office: MessageOffice, connection: Connection, viewer: Viewer, delivery: int) -> DeliveryRow:
    row = await deliveries.find(connection, delivery)
    await office.check(connection, viewer, Right.LOOK, None if row is None else row.tree_left, "message")
    assert row is not None  # noqa: S101 - check has raised
    return row


async def search_of(connection: Connection, viewer: Viewer, wanted: Asked) -> Search:
    """Return what to look for, cut to the viewer's units; words that are digits look for a number."""
    scope = await scope_of(connection, viewer, wanted.unit)
    number = number_in(wanted.words)
    return Search(
        scope=scope,
        folder=wanted.folder,
        state=wanted.state,
        kind=wanted.kind,
        channel=wanted.channel,
        circular=wanted.circular,
        words="" if number else wanted.words,
        number=number,
        since=wanted.since,
        until=wanted.until,
    )


async def scope_of(connection: Connection, viewer: Viewer, unit: int | None) -> Scope:
    """Return the subtree of a unit of the viewer's, or all they see. Raises NotFound."""
    if unit is None:
        return viewer.account.scope
    row = await find_unit(connection, viewer.account.scope, unit)
    return Scope(unit=row.id, left=row.tree_left, right=row.tree_right)


def number_in(words: str) -> str:
    """Return the beginning of an E.164 number that these words are; empty when they are none."""
    digits = "".join(each for each in words if each not in " -()")
    bare = digits.removeprefix("+").removeprefix("00")
    if not bare.isascii() or not bare.isdigit() or len(bare) < 3:  # noqa: PLR2004 - fewer digits name nobody
        return ""
    return f"+{bare}" if digits.startswith(("+", "00", "86")) else f"+86{bare.removeprefix('0')}"


async def in_time(reading: Awaitable[Page]) -> Page:
    """Await a search; raises Problem 503 when it was given up."""
    try:
        return await reading
    except psycopg.errors.QueryCanceled as slow:
        raise Problem(
            503,
            "too_slow",
            "this search takes too long: give a shorter time, or a state, or a number",
            zh="搜索耗时过长：请缩短时间范围，或指定状态或号码",
        ) from slow


async def lines(pool: AsyncConnectionPool, what: Search) -> AsyncGenerator[str]:
    """Yield the file in pieces, the newest message first; no connection is held while a slow reader takes them."""
    yield BYTE_ORDER_MARK + line(COLUMNS)
    before: int | None = None
    while True:
        async with pool.connection() as connection, connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            numbered = await numbered_now(connection, what.scope)
            found = await deliveries.page(connection, replace(what, scope=numbered), before=before, limit=BATCH)
        yield "".join(line(cells(row)) for row in found)
        if len(found) < BATCH:
            return
        before = found[-1].id


async def numbered_now(connection: Connection, scope: Scope) -> Scope:
    """Return the scope with its unit's interval of now: the tree may change while a slow reader takes a file."""
    row = await units.find(connection, Scope.everywhere(), scope.unit)
    if row is None:
        return Scope(unit=scope.unit, left=0, right=-1)
    return Scope(unit=row.id, left=row.tree_left, right=row.tree_right)


def cells(row: DeliveryRow) -> list[object]:
    moments = [_moment(at) for at in (row.queued_at, row.sent_at, row.settled_at)]
    shown = shapes.delivery(row)
    return [
        row.id,
        *moments,
        row.kind,
        row.channel,
        row.state,
        row.folder,
        row.member_name or "",
        row.unit_name,
        row.address,
        shown["body"],
        row.attempts,
        row.provider or "",
        row.detail,
        row.is_possible_duplicate,
        row.alert or "",
        row.circular or "",
    ]


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()

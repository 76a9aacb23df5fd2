"""Texts that came in: searched, looked into, exported; made cases of, and a number's STOP lifted."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import AwareDatetime
from starlette.responses import StreamingResponse

from alerts.inbox import Inbox
from dashboard.api import inbound_shapes as shapes
from dashboard.api.answers import Id, Limit, Problem, Words, answer
from dashboard.api.audit import BATCH, BYTE_ORDER_MARK, line
from dashboard.api.deliveries import Before, in_time, number_in, numbered_now, scope_of
from dashboard.api.message_office import Connection, MessageOffice, actor
from dashboard.api.organisation_requests import Asked as Body
from dashboard.security.rights import Administrator, CurrentViewer, Dispatcher, Right, Viewer
from dashboard.store import inbound
from dashboard.store.inbound import InboundRow, InboundSearch

Kind = Literal["acknowledgement", "stop", "start", "text"]
ROUTES: Final = {"text": "resident"}
COLUMNS: Final = (
    "id", "at", "kind", "number", "member", "unit", "text", "gateway", "destination", "alert", "place", "place_by",
    "lon", "lat", "case", "stopped",
)  # fmt: skip


class CaseAsked(Body):
    """Where the case is: a unit that the dispatcher chose, or the one that was found."""

    unit: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    kind: str | None
    words: str
    unit: int | None
    since: datetime | None
    until: datetime | None


def asked(
    *,
    kind: Kind | None = None,
    q: Words = "",
    unit: Id | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
) -> Asked:
    return Asked(kind=kind, words=q.strip(), unit=unit, since=since, until=until)


Wanted = Annotated[Asked, Depends(asked)]


def router(office: MessageOffice, inbox: Inbox) -> APIRouter:
    routes = APIRouter()
    _add_reading(routes, office)
    _add_doing(routes, office, inbox)
    return routes


def _add_reading(routes: APIRouter, office: MessageOffice) -> None:
    @routes.get("/api/inbound")
    async def rows(viewer: CurrentViewer, wanted: Wanted, before: Before | None = None, limit: Limit = 100) -> Response:
        async with office.begin() as connection:
            what = await search_of(connection, viewer, wanted)
            found: list[InboundRow] = await in_time(inbound.page(connection, what, before=before, limit=limit))
            known = await shapes.names(connection, found, viewer.account.scope)
        following = found[-1].id if len(found) == limit else None
        return answer({"inbound": [shapes.inbound(row, known) for row in found], "next": following})

    @routes.get("/api/inbound.csv")
    async def export(viewer: CurrentViewer, wanted: Wanted) -> Response:
        async with office.begin() as connection:
            what = await search_of(connection, viewer, wanted)
            await office.note(connection, viewer, "message.exported", "received", unit=what.scope.unit)
        return StreamingResponse(
            lines(office.pool, what, viewer),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="gridwarden-received.csv"'},
        )

    @routes.get("/api/inbound/{inbound}")
    async def card(viewer: CurrentViewer, inbound: Before) -> Response:
        async with office.pool.connection() as connection:
            row = await held(office, connection, viewer, inbound, Right.LOOK)
            return answer(shapes.inbound(row, await shapes.names(connection, [row], viewer.account.scope)))


def _add_doing(routes: APIRouter, office: MessageOffice, inbox: Inbox) -> None:
    @routes.post("/api/inbound/{inbound}/case")
    async def open_case(viewer: Dispatcher, inbound: Before, given: CaseAsked) -> Response:
        """Make a case of a text, in a unit of the dispatcher's."""
        async with office.begin() as connection:
            row = await held(office, connection, viewer, inbound, Right.DISPATCH)
            await office.check_unit(connection, viewer, given.unit, Right.DISPATCH)
            if row.route != "resident":
                raise Problem(422, "no_text", "only texts become cases", zh="只有来信可以转为事件")
            by = actor(viewer, given.unit)
            case = await inbox.open_case(connection, by, message=row.id, number=row.number, unit=given.unit)
            detail = {"case": case, "message": row.id}
            await office.note(connection, viewer, "text_case.opened", row.number, unit=given.unit, detail=detail)
            return await _card(office, connection, viewer, inbound)

    @routes.post("/api/inbound/{inbound}/lift")
    async def lift(viewer: Administrator, inbound: Before) -> Response:
        """Let circulars reach this text's number again."""
        async with office.begin() as connection:
            row = await held(office, connection, viewer, inbound, Right.ADMINISTER)
            unit = row.unit or viewer.account.unit
            await inbox.lift(connection, actor(viewer, unit), number=row.number)
            detail = {"message": row.id}
            await office.note(connection, viewer, "sms_stop.lifted", row.number, unit=unit, detail=detail)
            return await _card(office, connection, viewer, inbound)


async def _card(office: MessageOffice, connection: Connection, viewer: Viewer, message: int) -> Response:
    row = await held(office, connection, viewer, message, Right.LOOK)
    return answer(shapes.inbound(row, await shapes.names(connection, [row], viewer.account.scope)))


async def held(office: MessageOffice, connection: Connection, viewer: Viewer, message: int, right: Right) -> InboundRow:
    """Return a text that the viewer holds `right` for. Raises NotFound or Problem 403."""
    row = await inbound.find(connection, message)
    await office.check(connection, viewer, right, None if row is None else row.tree_left, "message")
    assert row is not None  # noqa: S101 - check has raised
    return row


async def search_of(connection: Connection, viewer: Viewer, wanted: Asked) -> InboundSearch:
    """Return what to look for, cut to the viewer's units; words that are digits look for a number."""
    number = number_in(wanted.words)
    return InboundSearch(
        scope=await scope_of(connection, viewer, wanted.unit),
        kind=ROUTES.get(wanted.kind, wanted.kind) if wanted.kind is not None else None,
        words="" if number else wanted.words,
        number=number,
        since=wanted.since,
        until=wanted.until,
    )


async def lines(pool: AsyncConnectionPool, what: InboundSearch, viewer: Viewer) -> AsyncGenerator[str]:
    """Yield the file in pieces, the newest text first; no connection is held while a slow reader takes them."""
    yield BYTE_ORDER_MARK + line(COLUMNS)
    before: int | None = None
    while True:
        async with pool.connection() as connection, connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            numbered = await numbered_now(connection, what.scope)
            seen = await numbered_now(connection, viewer.account.scope)
            found = await inbound.page(connection, replace(what, scope=numbered), before=before, limit=BATCH)
            known = await shapes.names(connection, found, seen)
        yield "".join(line(cells(row, known)) for row in found)
        if len(found) < BATCH:
            return
        before = found[-1].id


def cells(row: InboundRow, known: shapes.Names) -> list[object]:
    place = known.get(row.place or 0)
    return [
        row.id,
        row.at.isoformat(),
        shapes.KINDS.get(row.route, row.route),
        row.number,
        row.member_name or "",
        row.unit_name or "",
        row.text,
        row.provider,
        row.destination,
        row.alert or "",
        "" if place is None else place.name,
        row.place_by or "",
        "" if row.lon is None else row.lon,
        "" if row.lat is None else row.lat,
        row.text_case or "",
        row.is_stopped,
    ]

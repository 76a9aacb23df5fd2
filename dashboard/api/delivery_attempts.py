"""The log: every attempt to send a message with the provider's words, searched and exported."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import AwareDatetime, Field
from starlette.responses import StreamingResponse

from dashboard.api import message_shapes as shapes
from dashboard.api.answers import NO_NUL, Id, Limit, Problem, Words, answer
from dashboard.api.audit import BATCH, BYTE_ORDER_MARK, line
from dashboard.api.deliveries import in_time, number_in, numbered_now, scope_of
from dashboard.api.message_office import Connection, MessageOffice
from dashboard.security.rights import CurrentViewer, Viewer
from dashboard.store import delivery_attempts
from dashboard.store.delivery_attempts import LogRow, LogSearch, Mark

Cursor = Annotated[str, Field(max_length=200, pattern=NO_NUL)]
COLUMNS: Final = (
    "at", "delivery", "attempt", "provider", "outcome", "detail", "kind", "channel", "address", "member",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    provider: str
    outcome: str
    words: str
    unit: int | None
    since: datetime | None
    until: datetime | None


def asked(
    *,
    provider: Words = "",
    outcome: Words = "",
    q: Words = "",
    unit: Id | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
) -> Asked:
    return Asked(provider=provider, outcome=outcome, words=q.strip(), unit=unit, since=since, until=until)


Wanted = Annotated[Asked, Depends(asked)]


def router(office: MessageOffice) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/delivery-attempts")
    async def rows(viewer: CurrentViewer, wanted: Wanted, before: Cursor = "", limit: Limit = 100) -> Response:
        async with office.begin() as connection:
            what, mark = await search_of(connection, viewer, wanted), mark_of(before)
            found: list[LogRow] = await in_time(delivery_attempts.page(connection, what, before=mark, limit=limit))
        following = said(found[-1]) if len(found) == limit else None
        return answer({"attempts": [shapes.log_line(row) for row in found], "next": following})

    @routes.get("/api/delivery-attempts.csv")
    async def export(viewer: CurrentViewer, wanted: Wanted) -> Response:
        async with office.begin() as connection:
            what = await search_of(connection, viewer, wanted)
            await office.note(connection, viewer, "message.exported", "log", unit=what.scope.unit)
        return StreamingResponse(
            lines(office.pool, what),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="gridwarden-message-log.csv"'},
        )

    return routes


async def search_of(connection: Connection, viewer: Viewer, wanted: Asked) -> LogSearch:
    number = number_in(wanted.words)
    if wanted.words and not number:
        raise Problem(422, "bad_request", "the log is searched by telephone number", zh="日志按手机号码搜索")
    return LogSearch(
        scope=await scope_of(connection, viewer, wanted.unit),
        provider=wanted.provider,
        outcome=wanted.outcome,
        number=number,
        since=wanted.since,
        until=wanted.until,
    )


def said(row: LogRow) -> str:
    """Return the key of a row, as a page's end is said and read again."""
    return f"{row.at.isoformat()}~{row.delivery}~{row.attempt}~{row.outcome}"


def mark_of(text: str) -> Mark | None:
    """Raises Problem 422 for what no page has said."""
    if not text:
        return None
    try:
        at, delivery, attempt, outcome = text.split("~")
        mark = Mark(datetime.fromisoformat(at), int(delivery), int(attempt), outcome)
    except ValueError as wrong:
        raise Problem(422, "bad_request", "before: take `next` of the page before", zh="翻页参数无效") from wrong
    if mark.at.tzinfo is None or abs(mark.delivery) >= 2**63 or abs(mark.attempt) >= 2**15:
        raise Problem(422, "bad_request", "before: take `next` of the page before", zh="翻页参数无效")
    return mark


async def lines(pool: AsyncConnectionPool, what: LogSearch) -> AsyncGenerator[str]:
    """Yield the file in pieces, the newest attempt first."""
    yield BYTE_ORDER_MARK + line(COLUMNS)
    mark: Mark | None = None
    while True:
        async with pool.connection() as connection, connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            numbered = replace(what, scope=await numbered_now(connection, what.scope))
            found = await delivery_attempts.page(connection, numbered, before=mark, limit=BATCH)
        yield "".join(line(cells(row)) for row in found)
        if len(found) < BATCH:
            return
        mark = mark_of(said(found[-1]))


def cells(row: LogRow) -> list[object]:
    return [
        row.at.isoformat(),
        row.delivery,
        row.attempt,
        row.provider,
        row.outcome,
        row.detail,
        row.kind,
        row.channel,
        row.address,
        row.member_name or "",
    ]

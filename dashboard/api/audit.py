"""Who looked at whom and who changed what: searched and exported by administrators, edited by nobody."""

import csv
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from io import StringIO
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import AwareDatetime, Field
from starlette.responses import StreamingResponse

from dashboard.api.answers import Id, Limit, Words, answer
from dashboard.api.units import find as find_unit
from dashboard.security.rights import Administrator, Right, Viewer
from dashboard.shapes import Named, Scope
from dashboard.store import audit, units
from dashboard.store.audit import AuditRow, Search

Before = Annotated[int, Field(ge=1, le=2**63 - 1)]

BATCH: Final = 1_000  # rows read at once; no connection is held while a slow reader takes them
COLUMNS: Final = ("id", "at", "account", "action", "subject", "unit", "address", "token", "detail")
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets take a cell that begins so for a formula
BYTE_ORDER_MARK: Final = "\ufeff"  # without it spreadsheets read Chinese in the encoding of their country


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    account: str
    action: str
    subject: str
    unit: int | None
    since: datetime | None
    until: datetime | None


def asked(
    *,
    account: Words = "",
    action: Words = "",
    subject: Words = "",
    unit: Id | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
) -> Asked:
    return Asked(account=account, action=action, subject=subject, unit=unit, since=since, until=until)


Wanted = Annotated[Asked, Depends(asked)]


def router(pool: AsyncConnectionPool, *, clock: Callable[[], datetime]) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/audit")
    async def rows(viewer: Administrator, wanted: Wanted, before: Before | None = None, limit: Limit = 100) -> Response:
        async with pool.connection() as connection:
            what = await search_of(connection, viewer, wanted)
            found = await audit.search(connection, what, before=before, limit=limit)
        following = found[-1].id if len(found) == limit else None
        return answer({"rows": [shape(row) for row in found], "next": following})

    @routes.get("/api/audit.csv")
    async def export(viewer: Administrator, wanted: Wanted) -> Response:
        async with pool.connection() as connection, connection.transaction():
            what = await search_of(connection, viewer, wanted)
            await audit.write(
                connection,
                at=clock(),
                viewer=viewer,
                action="audit.exported",
                subject="audit",
                unit=what.scope.unit,
            )
        return StreamingResponse(
            lines(pool, what),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="gridwarden-audit.csv"'},
        )

    return routes


async def search_of(connection: audit.Connection, viewer: Viewer, wanted: Asked) -> Search:
    """Return what to look for, cut to the viewer's units; raises NotFound or Problem 403 for another unit."""
    scope, with_system = viewer.scope(Right.ADMINISTER), viewer.is_top_administrator
    if wanted.unit is not None:
        row = await find_unit(connection, viewer.account.scope, wanted.unit)
        viewer.check(Right.ADMINISTER, row.tree_left)
        scope, with_system = Scope(unit=row.id, left=row.tree_left, right=row.tree_right), False
    return Search(
        scope=scope,
        with_system=with_system,
        account=wanted.account,
        action=wanted.action,
        subject=wanted.subject,
        since=wanted.since,
        until=wanted.until,
    )


async def lines(pool: AsyncConnectionPool, what: Search) -> AsyncGenerator[str]:
    """Yield the file in pieces, the newest row first."""
    yield BYTE_ORDER_MARK + line(COLUMNS)
    before: int | None = None
    while True:
        async with pool.connection() as connection, connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            found = await audit.search(connection, await _numbered_now(connection, what), before=before, limit=BATCH)
        yield "".join(line(cells(row)) for row in found)
        if len(found) < BATCH:
            return
        before = found[-1].id


async def _numbered_now(connection: audit.Connection, what: Search) -> Search:
    """Return the search with its unit's interval of now: the tree may change while a slow reader takes the file."""
    row = await units.find(connection, Scope.everywhere(), what.scope.unit)
    scope = Scope(unit=what.scope.unit, left=0, right=-1)
    return replace(what, scope=scope if row is None else Scope(unit=row.id, left=row.tree_left, right=row.tree_right))


def cells(row: AuditRow) -> list[object]:
    detail = json.dumps(row.detail, ensure_ascii=False)
    account, unit = row.account_name or "", row.unit_name or ""
    return [row.id, row.at.isoformat(), account, row.action, row.subject, unit, row.address, row.token or "", detail]


def line(values: list[object] | tuple[str, ...]) -> str:
    written = StringIO()
    csv.writer(written).writerow([safe(str(value)) for value in values])
    return written.getvalue()


def safe(cell: str) -> str:
    """Return a cell that no spreadsheet computes."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def shape(row: AuditRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": row.at,
        "account": None if row.account is None else Named(row.account, row.account_name or ""),
        "action": row.action,
        "subject": row.subject,
        "unit": None if row.unit is None else Named(row.unit, row.unit_name or "", row.unit_name_en),
        "address": row.address,
        "token": row.token,
        "detail": row.detail,
    }

"""Terminals to look at: a list to search in, and one with all who carried it."""

from typing import Any, Literal

from fastapi import APIRouter, Response
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from dashboard.api.answers import Id, Limit, NotFound, Offset, Words, answer
from dashboard.api.units import find as find_unit
from dashboard.security.rights import CurrentViewer
from dashboard.shapes import Scope
from dashboard.store import terminals as store

State = Literal["in_use", "spare", "lost", "revoked", "retired"]


def router(pool: AsyncConnectionPool) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/terminals")
    async def listing(  # noqa: PLR0917 - FastAPI passes them by keyword
        viewer: CurrentViewer,
        q: Words = "",
        unit: Id | None = None,
        state: State | None = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        async with pool.connection() as connection:
            row = await find_unit(connection, viewer.account.scope, unit or viewer.account.unit)
            inside = Scope(unit=row.id, left=row.tree_left, right=row.tree_right)
            total = await store.count(connection, inside, words=q, state=state)
            rows = await store.page(connection, inside, words=q, state=state, limit=limit, offset=offset)
        return answer({"total": total, "terminals": rows})

    @routes.get("/api/terminals/{terminal}")
    async def card(viewer: CurrentViewer, terminal: Id) -> Response:
        async with pool.connection() as connection:
            return answer(await card_of(connection, viewer.account.scope, terminal))

    return routes


async def card_of(connection: AsyncConnection[Any], scope: Scope, terminal: int) -> store.TerminalCard:
    """Raises NotFound."""
    found = await store.find(connection, scope, terminal)
    if found is None:
        raise NotFound("terminal")
    return found

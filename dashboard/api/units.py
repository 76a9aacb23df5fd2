"""The organisation tree, a unit's card and its people."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from msgspec import structs
from psycopg_pool import AsyncConnectionPool

from dashboard import views
from dashboard.api.answers import Id, Limit, NotFound, Offset, Words, answer
from dashboard.security.rights import CurrentViewer
from dashboard.shapes import Scope, Staffed, UnitCard, Whereabouts
from dashboard.store import members, units
from tracker.organisation import role_sets
from tracker.store.search import MOST

PresenceWord = Literal["fresh", "ageing", "silent", "offline", "online"]
MOST_FOUND = 20


def router(pool: AsyncConnectionPool, whereabouts: Whereabouts) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/units")
    async def tree(viewer: CurrentViewer, *, closed: bool = False) -> Response:
        async with pool.connection() as connection:
            rows = await units.subtree(connection, viewer.account.scope, closed=closed)
        return answer({"units": [views.unit(row, whereabouts) for row in rows]})

    @routes.get("/api/units/{unit}")
    async def card(viewer: CurrentViewer, unit: Id) -> Response:
        async with pool.connection() as connection:
            return answer(await card_of(connection, viewer.account.scope, whereabouts, unit))

    @routes.get("/api/units/{unit}/members")
    async def people(  # noqa: PLR0917 - FastAPI passes them by keyword
        viewer: CurrentViewer,
        unit: Id,
        q: Words = "",
        state: Annotated[list[PresenceWord] | None, Query()] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        async with pool.connection() as connection:
            row = await find(connection, viewer.account.scope, unit)
            within = Scope(unit=unit, left=row.tree_left, right=row.tree_right)
            among = None if state is None else whereabouts.members_in(unit, presence_of(state))
            total = await members.count(connection, within, words=q, among=among)
            rows = await members.page(connection, within, words=q, among=among, limit=limit, offset=offset)
        is_capped = bool(q.strip()) and total > MOST
        shown = [views.member(who, viewer.account.scope, whereabouts) for who in rows]
        return answer({"total": MOST if is_capped else total, "is_capped": is_capped, "members": shown})

    @routes.get("/api/search")
    async def search(viewer: CurrentViewer, q: Words) -> Response:
        scope, words = viewer.account.scope, q.strip()
        if not words:
            return answer({"members": [], "units": []})
        async with pool.connection() as connection:
            people = await members.page(connection, scope, words=words, among=None, limit=MOST_FOUND, offset=0)
            places = await units.search(connection, scope, words, MOST_FOUND)
        return answer(
            {
                "members": [views.member(who, scope, whereabouts) for who in people],
                "units": [views.unit(place, whereabouts) for place in places],
            }
        )

    return routes


async def card_of(connection: units.Connection, scope: Scope, whereabouts: Whereabouts, unit: int) -> UnitCard:
    """Return a unit's card, of a closed one too; raises NotFound."""
    row = await units.find(connection, scope, unit, closed=True)
    if row is None:
        raise NotFound("unit")
    leaders = await members.leaders(connection, scope, unit)
    return UnitCard(
        **structs.asdict(views.unit(row, whereabouts)),
        attributes=row.attributes,
        leaders=[views.member(who, scope, whereabouts) for who in leaders],
        revision=row.revision,
        role_set=row.role_set,
        role_set_of_level=row.role_set_of_level,
        staffing=[Staffed(**post._asdict()) for post in await role_sets.staffing(connection, unit)],
    )


def presence_of(words: list[PresenceWord]) -> set[str]:
    """Return the states meant; `online` is what the counts call so."""
    return {state for word in words for state in (("fresh", "ageing") if word == "online" else (word,))}


async def find(connection: units.Connection, scope: Scope, unit: int) -> units.UnitRow:
    """Return a unit of the scope; raises NotFound."""
    row = await units.find(connection, scope, unit)
    if row is None:
        raise NotFound("unit")
    return row

"""Changing the tree: units are added, changed, moved and closed by administrators of where they lie."""

from fastapi import APIRouter, Response

from dashboard.api.answers import Id, answer
from dashboard.api.changing import Change, Changing
from dashboard.api.organisation_requests import NewUnit, UnitChange, UnitClose, UnitMove, said
from dashboard.api.units import card_of
from dashboard.security.rights import Administrator, Right
from dashboard.shapes import Scope, UnitCard, Whereabouts
from dashboard.store import units as store
from tracker.city import grid_moves
from tracker.organisation import unit_closing, units


def router(changing: Changing, whereabouts: Whereabouts) -> APIRouter:
    routes = APIRouter()

    @routes.post("/api/units")
    async def add(viewer: Administrator, given: NewUnit) -> Response:
        async with changing.begin(viewer, "units") as change:
            await change.unit(given.parent)
            unit = await units.add(change.connection, units.NewUnit(**given.given()))
            change.touched.append(unit.id)
            await change.note("unit.created", unit.name, unit=unit.id, detail=said(given))
            return answer(await card(change, unit.id), 201)

    @routes.post("/api/units/{unit}")
    async def alter(viewer: Administrator, unit: Id, given: UnitChange) -> Response:
        async with changing.begin(viewer, "units") as change:
            await change.unit(unit)
            changed = await units.change(change.connection, unit, revision=given.revision, changes=given.given())
            change.touched.append(unit)
            await change.note("unit.changed", changed.name, unit=unit, detail=said(given))
            return answer(await card(change, unit))

    @routes.post("/api/units/{unit}/move")
    async def move(viewer: Administrator, unit: Id, given: UnitMove) -> Response:
        async with changing.begin(viewer, "units") as change:
            await change.unit(unit)
            to = await change.unit(given.parent)
            moved = await grid_moves.move(
                change.connection, unit, revision=given.revision, parent=to.id, made_by=viewer.account.id
            )
            change.touched.append(unit)
            detail = {"parent": to.id, "to": to.name, "grid_set": moved.version}
            await change.note("unit.moved", moved.unit.name, unit=unit, detail=detail)
            if moved.version is not None:
                change.also["grid_sets"] = [moved.version]
            return answer(await card(change, unit))

    @routes.post("/api/units/{unit}/close")
    async def close(viewer: Administrator, unit: Id, given: UnitClose) -> Response:
        async with changing.begin(viewer, "units") as change:
            await change.unit(unit)
            if given.members_to is not None:
                await change.unit(given.members_to)
            closed = await unit_closing.close(
                change.connection, unit, revision=given.revision, members_to=given.members_to
            )
            change.touched.append(unit)
            taken = {"members": len(closed.members), "terminals": closed.terminals}
            await change.note("unit.closed", closed.unit.name, unit=unit, detail=said(given) | taken)
            return answer(await card(change, unit))

    async def card(change: Change, unit: int) -> UnitCard:
        """Return the card as it is now: the tree's numbers may be others than the viewer's scope was read by."""
        scope = await scope_now(change)
        return await card_of(change.connection, scope, whereabouts, unit)

    return routes


async def scope_now(change: Change) -> Scope:
    scope = change.viewer.scope(Right.LOOK)
    top = await store.find(change.connection, Scope.everywhere(), scope.unit)
    return scope if top is None else Scope(unit=scope.unit, left=top.tree_left, right=top.tree_right)

"""Terminals through their lives. A secret is shown once, in the answer to whoever asked for it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Response

from dashboard.api.answers import Id, answer
from dashboard.api.changing import Change, Changing
from dashboard.api.organisation import scope_now
from dashboard.api.organisation_requests import Expected, NewTerminal, TerminalChange, TerminalHand, said
from dashboard.api.terminals import card_of
from dashboard.security.rights import Administrator
from tracker.organisation import terminals
from tracker.organisation.errors import Conflict
from tracker.organisation.provisioning import Credential, PublicDoor, issue
from tracker.organisation.terminals import Terminal

Step = Callable[..., Awaitable[Terminal]]

STEPS: Final[Mapping[str, tuple[str, Step]]] = {
    "lost": ("terminal.lost", terminals.lose),
    "found": ("terminal.found", terminals.find_again),
    "revoke": ("terminal.revoked", terminals.revoke),
    "retire": ("terminal.retired", terminals.retire),
}


def router(changing: Changing, *, door: PublicDoor) -> APIRouter:
    """`door` is where terminals connect, as they see it from outside."""
    routes = APIRouter()
    for word, (action, step) in STEPS.items():
        add_step(routes, changing, word, action, step)

    @routes.post("/api/terminals")
    async def add(viewer: Administrator, given: NewTerminal) -> Response:
        async with changing.begin(viewer, "terminals") as change:
            await change.unit(given.unit)
            if given.member is not None:
                await change.member(given.member)
            terminal = await terminals.add(change.connection, terminals.NewTerminal(**given.given()))
            credential = await issue(change.connection, terminal.code, door=door, interval_s=terminal.interval_s)
            await tell(change, "terminal.added", terminal, said(given))
            return answer(await issued(change, terminal, credential), 201)

    @routes.post("/api/terminals/{terminal}")
    async def alter(viewer: Administrator, terminal: Id, given: TerminalChange) -> Response:
        async with changing.begin(viewer, "terminals") as change:
            await change.terminal(terminal)
            if given.unit is not None:
                await change.unit(given.unit)
            changed = await terminals.change(
                change.connection, terminal, revision=given.revision, changes=given.given()
            )
            await tell(change, "terminal.changed", changed, said(given))
            return answer(await card_of(change.connection, await scope_now(change), terminal))

    @routes.post("/api/terminals/{terminal}/hand")
    async def hand(viewer: Administrator, terminal: Id, given: TerminalHand) -> Response:
        async with changing.begin(viewer, "terminals") as change:
            await change.terminal(terminal)
            if given.member is not None:
                await change.member(given.member)
            handed = await terminals.hand(change.connection, terminal, revision=given.revision, member=given.member)
            await tell(change, "terminal.handed", handed, said(given))
            return answer(await card_of(change.connection, await scope_now(change), terminal))

    @routes.post("/api/terminals/{terminal}/rotate")
    async def rotate(viewer: Administrator, terminal: Id, given: Expected) -> Response:
        async with changing.begin(viewer, "terminals") as change:
            await change.terminal(terminal)
            found = await terminals.in_service(change.connection, terminal, given.revision)
            if found.state == "lost":
                raise Conflict("it is lost: report it found first", "终端已挂失，请先解除挂失", "is_lost")
            credential = await issue(change.connection, found.code, door=door, interval_s=found.interval_s)
            await tell(change, "terminal.rotated", found, {})
            return answer(await issued(change, found, credential))

    return routes


def add_step(routes: APIRouter, changing: Changing, word: str, action: str, step: Step) -> None:
    """Add the route of one step of a terminal's life."""

    @routes.post(f"/api/terminals/{{terminal}}/{word}", name=word)
    async def take(viewer: Administrator, terminal: Id, given: Expected) -> Response:
        async with changing.begin(viewer, "terminals") as change:
            await change.terminal(terminal)
            taken = await step(change.connection, terminal, revision=given.revision)
            await tell(change, action, taken, {})
            return answer(await card_of(change.connection, await scope_now(change), terminal))


async def issued(change: Change, terminal: Terminal, credential: Credential) -> dict[str, Any]:
    card = await card_of(change.connection, await scope_now(change), terminal.id)
    return {"terminal": card, "credential": credential}


async def tell(change: Change, action: str, terminal: Terminal, detail: dict[str, Any]) -> None:
    change.touched.append(terminal.id)
    await change.note(action, terminal.code, unit=terminal.unit, detail={"terminal": terminal.id, **detail})

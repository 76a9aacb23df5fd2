"""The page behind a signed link: a leader acknowledges without logging in.

Looking never acknowledges: the previews of message apps and virus scanners open links too. Only the button does, and
all it can do is this one answer, so the form needs no other proof of who pressed it.
"""

from fastapi import APIRouter, Request, Response

from alerts.core.errors import Refusal
from alerts.core.links import BadLink, Link
from alerts.core.records import OwnWarning
from alerts.core.states import AlertState
from dashboard.api import phone_words as said
from dashboard.api.phone import Reception


def router(at: Reception) -> APIRouter:
    routes = APIRouter()

    @routes.get("/ack/{token}")
    async def show(request: Request, token: str) -> Response:
        return await _answer(at, request, token, is_pressed=False)

    @routes.post("/ack/{token}")
    async def acknowledge(request: Request, token: str) -> Response:
        return await _answer(at, request, token, is_pressed=True)

    return routes


async def _answer(at: Reception, request: Request, token: str, *, is_pressed: bool) -> Response:
    pages = at.pages(request)
    try:
        link = at.link(token)
    except BadLink as bad:
        return at.refused_link(request, bad)
    try:
        one = await _pressed(at, link) if is_pressed else await at.phones.read(link.member, link.alert)
    except Refusal:
        return pages.problem(said.BAD_LINK, said.BAD_LINK_HOW, status=404)
    # One thing at a time: the rest is offered when this one is answered, or needs no answer
    is_waiting = one.state is AlertState.ISSUED and one.acknowledged_at is None
    tail = "" if is_waiting else pages.opening(token)
    return pages.warning(one, confirm=f"/ack/{token}", tail=tail, thanks=is_pressed)


async def _pressed(at: Reception, link: Link) -> OwnWarning:
    await at.desk.acknowledge(link.alert, link.member, "link")
    return await at.phones.read(link.member, link.alert)

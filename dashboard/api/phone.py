"""The page of a member's own phone, without an account: list, read, acknowledge, pass down, be pushed to.

A signed link opens it, once, by a tap; from then on the browser shows a cookie that only it has. Looking changes
nothing, whatever the address; each change is a form or a script of our own page.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from alerts.core import links, webpush
from alerts.core.errors import Refusal, UnknownAlert
from alerts.core.links import BadLink, LinkExpired
from alerts.desk import Desk
from alerts.phones import LIFETIME, Phones
from alerts.store.phones import Phone
from dashboard.api import phone_words as said
from dashboard.api.answers import NO_NUL, language_of
from dashboard.api.phone_pages import Pages
from dashboard.security.guard import address_in
from dashboard.security.problems import Problem
from dashboard.security.throttle import Throttle

COOKIE: Final = "gw_phone"
PATH: Final = "/my"
MOST_FORM_BYTES: Final = 8_192
MOST_FIELDS: Final = 10
OURS: Final = frozenset({"same-origin", "none"})  # of Sec-Fetch-Site; browsers too old to send it have SameSite

Text = Annotated[str, Field(max_length=2_000, pattern=NO_NUL)]


class Keys(BaseModel):
    model_config = ConfigDict(extra="ignore")
    p256dh: Text
    auth: Text


class Subscribed(BaseModel):
    """PushSubscription.toJSON() of a browser, which says more than we ask."""

    model_config = ConfigDict(extra="ignore")
    endpoint: Text
    keys: Keys


class Shown(BaseModel):
    """A push that a service worker has shown."""

    model_config = ConfigDict(extra="forbid")
    delivery: Annotated[int, Field(ge=1, le=2**63 - 1)]


class Reception:
    """Who comes with what: links, cookies, forms."""

    def __init__(self, phones: Phones, desk: Desk, *, secret: bytes, clock: Callable[[], datetime]) -> None:
        self.phones = phones
        self.desk = desk
        self._secret = secret
        self._clock = clock
        self._throttle = Throttle()

    def pages(self, request: Request) -> Pages:
        return Pages(language_of(request), self.phones.policy.timezone)

    def link(self, token: str) -> links.Link:
        """Raises BadLink."""
        return links.read(token, secret=self._secret, now=self._clock())

    async def phone(self, request: Request) -> Phone | None:
        token = request.cookies.get(COOKIE, "")
        return await self.phones.find(token) if token else None

    async def needed(self, request: Request) -> Phone:
        """Return the phone of a script's request; raises Problem."""
        check_ours(request)
        found = await self.phone(request)
        if found is None:
            raise Problem(401, "phone_not_open", said.NOT_OPEN.en, zh=said.NOT_OPEN.zh)
        return found

    def refused_link(self, request: Request, bad: BadLink) -> Response:
        """Answer a link that is none. What was never ours counts: who guesses waits. Good links are never held up."""
        pages, address, now_s = self.pages(request), address_in(request.scope), self._clock().timestamp()
        wait_s = self._throttle.wait_s(name="", address=address, now_s=now_s)
        if wait_s > 0:
            answer = pages.problem(said.TOO_OFTEN, None, status=429)
            answer.headers["Retry-After"] = str(int(wait_s) + 1)
            return answer
        if not isinstance(bad, LinkExpired):
            self._throttle.failed(name=address, address=address, now_s=now_s)
        return pages.problem(said.BAD_LINK, said.BAD_LINK_HOW, status=404)


def router(reception: Reception) -> APIRouter:
    routes = APIRouter(prefix=PATH)
    _add_opening(routes, reception)
    _add_reading(routes, reception)
    _add_passing(routes, reception)
    _add_pushing(routes, reception)
    return routes


def _add_opening(routes: APIRouter, at: Reception) -> None:
    @routes.post("/open")
    async def open_phone(request: Request) -> Response:
        """Open the page on this phone by a link. Who has it open already needs no new one."""
        pages = at.pages(request)
        try:
            check_ours(request)
            token = (await form_of(request)).get("token", "")
            link = at.link(token)
        except BadLink as bad:
            return at.refused_link(request, bad)
        except Problem as refused:
            return pages.problem(refused.words, None, status=refused.status)
        known = await at.phone(request)
        if known is not None and known.member == link.member:
            return RedirectResponse(f"{PATH}/", 303)
        opened = await at.phones.open(link, user_agent=request.headers.get("user-agent", "").replace("\0", ""))
        if opened is None:
            return pages.problem(said.OPENED_BEFORE, said.OPENED_BEFORE_HOW, status=409, back=f"/ack/{token}")
        answer = RedirectResponse(f"{PATH}/", 303)
        keep(answer, opened, request)
        return answer

    @routes.post("/close")
    async def close(request: Request) -> Response:
        async def done(phone: Phone) -> Response:
            await at.phones.close(phone)
            answer = at.pages(request).problem(said.CLOSED, said.NOT_OPEN_HOW, status=200)
            answer.delete_cookie(COOKIE, path=PATH)
            return answer

        return await _changed(at, request, done)

    @routes.post("/close-others")
    async def close_others(request: Request) -> Response:
        async def done(phone: Phone) -> Response:
            await at.phones.close_others(phone)
            return RedirectResponse(f"{PATH}/", 303)

        return await _changed(at, request, done)


def _add_reading(routes: APIRouter, at: Reception) -> None:
    @routes.get("")
    async def to_the_list() -> Response:
        return RedirectResponse(f"{PATH}/", 308)

    @routes.get("/")
    async def listing(request: Request) -> Response:
        phone, pages = await at.phone(request), at.pages(request)
        if phone is None:
            return pages.problem(said.NOT_OPEN, said.NOT_OPEN_HOW, status=401)
        answer = pages.list(phone, await at.phones.list(phone.member), push=at.phones.push)
        keep(answer, request.cookies[COOKIE], request)
        return answer

    @routes.get("/alerts/{alert}")
    async def read(request: Request, alert: UUID) -> Response:
        phone, pages = await at.phone(request), at.pages(request)
        if phone is None:
            return pages.problem(said.NOT_OPEN, said.NOT_OPEN_HOW, status=401)
        try:
            one = await at.phones.read(phone.member, alert)
        except UnknownAlert:
            return pages.problem(said.NO_SUCH, said.NO_SUCH_HOW, status=404, back=f"{PATH}/")
        confirm = f"{PATH}/alerts/{alert}/confirm"
        return pages.warning(one, confirm=confirm, tail=pages.passing_link(one), back=f"{PATH}/")

    @routes.post("/alerts/{alert}/confirm")
    async def confirm(request: Request, alert: UUID) -> Response:
        async def done(phone: Phone) -> Response:
            await at.phones.read(phone.member, alert)  # of others' warnings nothing is said, not even that there is one
            await at.desk.acknowledge(alert, phone.member, "phone")
            return RedirectResponse(f"{PATH}/alerts/{alert}", 303)

        return await _changed(at, request, done)


def _add_passing(routes: APIRouter, at: Reception) -> None:
    @routes.get("/alerts/{alert}/pass")
    async def form(request: Request, alert: UUID) -> Response:
        phone, pages = await at.phone(request), at.pages(request)
        if phone is None:
            return pages.problem(said.NOT_OPEN, said.NOT_OPEN_HOW, status=401)
        try:
            one = await at.phones.read(phone.member, alert)
        except UnknownAlert:
            return pages.problem(said.NO_SUCH, said.NO_SUCH_HOW, status=404, back=f"{PATH}/")
        if one.may_tell == 0:
            return RedirectResponse(f"{PATH}/alerts/{alert}", 303)
        return pages.passing(one, passing=uuid4())

    @routes.post("/alerts/{alert}/pass")
    async def pass_down(request: Request, alert: UUID) -> Response:
        async def done(phone: Phone) -> Response:
            given = await form_of(request)
            passing, words = uuid_in(given.get("passing", "")), given.get("words", "")
            try:
                await at.phones.pass_down(phone.member, alert, passing_id=passing, words=words)
            except UnknownAlert:
                raise
            except Refusal as refused:
                one = await at.phones.read(phone.member, alert)
                return at.pages(request).passing(one, passing=passing, words=words, problem=refused.reason)
            return RedirectResponse(f"{PATH}/alerts/{alert}", 303)

        return await _changed(at, request, done)


def _add_pushing(routes: APIRouter, at: Reception) -> None:
    @routes.post("/push")
    async def subscribe(request: Request, given: Subscribed) -> Response:
        phone = await at.needed(request)
        if at.phones.push is None:
            raise Problem(404, "no_push", "this installation does not push", zh="本平台未启用推送")
        to = webpush.subscription(
            endpoint=given.endpoint,
            p256dh=given.keys.p256dh,
            auth=given.keys.auth,
            services=at.phones.push.services,
        )
        await at.phones.subscribe(phone, to)
        return Response(status_code=204)

    @routes.post("/push/off")
    async def unsubscribe(request: Request) -> Response:
        await at.phones.unsubscribe(await at.needed(request))
        return Response(status_code=204)

    @routes.post("/push/shown")
    async def shown(request: Request, given: Shown) -> Response:
        """A service worker says that a push arrived."""
        await at.phones.shown(await at.needed(request), given.delivery)
        return Response(status_code=204)

    @routes.post("/push/confirm")
    async def confirm(request: Request, given: Shown) -> Response:
        """The button of a notification was tapped."""
        phone = await at.needed(request)
        alert = await at.phones.shown(phone, given.delivery)
        await at.desk.acknowledge(alert, phone.member, "push")
        return Response(status_code=204)


async def _changed(at: Reception, request: Request, change: Callable[[Phone], Awaitable[Response]]) -> Response:
    """Answer a form of our own page, in HTML whatever comes of it."""
    pages = at.pages(request)
    try:
        check_ours(request)
        phone = await at.phone(request)
        if phone is None:
            return pages.problem(said.NOT_OPEN, said.NOT_OPEN_HOW, status=401)
        return await change(phone)
    except UnknownAlert:
        return pages.problem(said.NO_SUCH, said.NO_SUCH_HOW, status=404, back=f"{PATH}/")
    except Refusal as refused:
        return pages.problem(refused.reason, None, status=409, back=f"{PATH}/")
    except Problem as refused:
        return pages.problem(refused.words, None, status=refused.status, back=f"{PATH}/")


def keep(answer: Response, token: str, request: Request) -> None:
    """Let the browser keep the phone's token; the tap on a link in another app must bring it along: lax, not strict."""
    answer.set_cookie(
        COOKIE,
        token,
        max_age=int(LIFETIME.total_seconds()),
        path=PATH,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def check_ours(request: Request) -> None:
    """Raise Problem for what another site's page sends."""
    if request.headers.get("sec-fetch-site", "none") not in OURS:
        raise Problem(403, "not_our_page", said.FOREIGN.en, zh=said.FOREIGN.zh)


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form; raises Problem for one that is too long."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_FORM_BYTES:
            raise Problem(413, "too_long", said.TOO_LONG.en, zh=said.TOO_LONG.zh)
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as many:
        raise Problem(413, "too_long", said.TOO_LONG.en, zh=said.TOO_LONG.zh) from many


def uuid_in(text: str) -> UUID:
    """Return the id that came with a form; a new one for a form that was tampered with."""
    try:
        return UUID(text)
    except ValueError:
        return uuid4()

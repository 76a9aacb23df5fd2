"""What stands before every request under /api: who asks, and whether our own page sent it.

An unsafe method must carry the header `X-Requested-With: gridwarden`: a form or an image of a foreign page cannot set
it, and a script of one is stopped by the browser's preflight, which nobody here answers. A program with an API token
needs no such mark: no browser adds the header Authorization by itself.
"""

from functools import partial
from http.cookies import CookieError, SimpleCookie
from typing import Final

import psycopg
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.security.problems import Problem
from dashboard.security.rights import Viewer
from dashboard.security.sessions import COOKIE, Sessions
from dashboard.security.steady import Steady

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# These need no session; those that change something need the header all the same.
OPEN: Final = frozenset(
    {"/api/login", "/api/login/options", "/api/login/oidc", "/api/login/oidc/callback", "/api/login/oidc/code"}
)
OF_BROKERS: Final = frozenset({"/api/broker/auth", "/api/broker/acl"})  # show a secret of their own
MARK: Final = "gridwarden"
MOST_LOOKS: Final = 5


def refusal(status: int, error: str, message: str, *, field: str = "") -> JSONResponse:
    """`field` is the one of a form that is wrong, where it is a single one."""
    said = {"error": error, "message": message} | ({"field": field} if field else {})
    return JSONResponse(said, status, headers={"Cache-Control": "no-store"})


NOT_OURS: Final = (403, "not_our_page", "send the header X-Requested-With: gridwarden")
NOT_LOGGED_IN: Final = (401, "not_logged_in", "log in first")
TREE_CHANGES: Final = (503, "tree_changed", "units are being moved or renamed: try again")
NO_DATABASE: Final = (503, "database_away", "the database is away: try again in a few seconds")


class Guard:
    """ASGI middleware; puts the Viewer into the request's state."""

    def __init__(self, app: ASGIApp, *, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        refused = await self._judge(scope)
        if refused is not None:
            await refusal(*refused)(scope, receive, send)
        elif "viewer" not in scope.get("state", {}):
            await self._app(scope, receive, send)
        elif scope["method"] in SAFE:
            await self._look(scope, receive, send)
        else:
            await self._app(scope, self._judging_again(scope, receive), send)

    async def _look(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from one numbering of the tree: what was read under two of them may be somebody else's."""
        for _ in range(MOST_LOOKS):
            steady = Steady(send, partial(self._sessions.holds_still, scope["state"]["viewer"]))
            await self._app({**scope, "state": {**scope["state"]}}, receive, steady)
            if not steady.is_stale:
                return
            refused = await self._judge(scope)
            if refused is not None:
                await refusal(*refused)(scope, receive, send)
                return
        await refusal(*TREE_CHANGES)(scope, receive, send)

    def _judging_again(self, scope: Scope, receive: Receive) -> Receive:
        """Return `receive`, which reads the viewer afresh when a body is whole: a slow one must not keep old rights."""

        async def received() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                refused = await self._judge(scope)
                if refused is not None:
                    scope["state"]["refused"] = Problem(*refused)
            return message

        return received

    async def _judge(self, scope: Scope) -> tuple[int, str, str] | None:
        """Return why the request is refused; None when it may pass."""
        headers, path = Headers(scope=scope), scope["path"]
        if path in OF_BROKERS:
            return None
        if scope["method"] not in SAFE and bearer_in(headers) is None and headers.get("x-requested-with") != MARK:
            return NOT_OURS
        if path in OPEN:
            return None
        try:
            viewer = await viewer_of(self._sessions, scope)
        except psycopg.OperationalError:
            return NO_DATABASE
        if viewer is None:
            return NOT_LOGGED_IN
        scope.setdefault("state", {})["viewer"] = viewer
        return None


async def viewer_of(sessions: Sessions, scope: Scope) -> Viewer | None:
    """Return who makes a request or opens a WebSocket: by an API token if there is one, else by the cookie."""
    headers, address = Headers(scope=scope), address_in(scope)
    token = bearer_in(headers)
    if token is None:
        return await sessions.find(cookie_in(headers), address=address)
    return await sessions.find_bearer(token, address=address)


def bearer_in(headers: Headers) -> str | None:
    """Return the API token; None when no credentials are brought, empty for those of another kind."""
    given = headers.get("authorization")
    if given is None:
        return None
    scheme, _, token = given.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def cookie_in(headers: Headers) -> str:
    """Return the session's token; empty when there is none."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value


def address_in(scope: Scope) -> str:
    """Return where a connection comes from, as the audit notes it."""
    client: tuple[str, int] | None = scope.get("client")
    return "" if client is None else client[0]

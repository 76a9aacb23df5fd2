"""To the identity provider and back. Whatever goes wrong ends at the log-in page, with a word that it explains."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final

import msgspec
import structlog
from fastapi import APIRouter, Request, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse

from dashboard.api.answers import NO_NUL, Problem, answer
from dashboard.api.session import Introduction, caller_of, code_needed, set_session, too_many, wrong_password
from dashboard.security.sessions import CodeNeeded, Sessions, TooManyTries, WrongPassword
from dashboard.security.single_sign_on import LIFETIME, Identity, NotBelieved, Provider, ProviderAway
from dashboard.store import accounts, audit
from dashboard.store.accounts import Credentials

COOKIE: Final = "gw_oidc"
PATH: Final = "/api/login/oidc"
CODE_PENDING: Final = "single sign-on, code pending"

log = structlog.get_logger()


class Code(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: Annotated[str, Field(min_length=6, max_length=40, pattern=NO_NUL)]


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody the provider has vouched for, who has yet to show our second factor."""

    account: int
    name: str
    until: float  # seconds since 1970


class Reception:
    """Receives who comes back from the provider."""

    def __init__(self, pool: AsyncConnectionPool, sessions: Sessions, *, clock: Callable[[], datetime]) -> None:
        self._pool = pool
        self._sessions = sessions
        self._clock = clock

    async def admit(self, identity: Identity, request: Request) -> Response:
        account = await self._account_of(identity, request)
        if account is None:
            return to_login_page("oidc_unknown")
        if account.has_totp and not identity.has_second_factor:
            return self._ask_for_code(account, request)
        factor = "oidc" if identity.has_second_factor else None
        token = await self._sessions.begin(
            account.id, account.name, caller_of(request), via="oidc", factor=factor, unit=account.unit
        )
        response = _redirect("/")
        set_session(response, token, request)
        _forget(response)
        return response

    async def open_with_code(self, request: Request, code: str) -> str:
        """Return a session's token; raises Problem."""
        pending = self._pending(request)
        if pending is None:
            raise Problem(401, "not_logged_in", "start the single sign-on again", zh="请重新进行单点登录")
        try:
            return await self._sessions.open_with_code(
                account=pending.account, name=pending.name, code=code, caller=caller_of(request), via="oidc"
            )
        except WrongPassword as gone:
            raise wrong_password() from gone
        except CodeNeeded as needed:
            raise code_needed(needed) from needed
        except TooManyTries as many:
            raise too_many(many) from many

    async def _account_of(self, identity: Identity, request: Request) -> Credentials | None:
        """Return the account bound to the identity, or bind one that was invited; None for anybody else."""
        now, address = self._clock(), caller_of(request).address
        async with self._pool.connection() as connection, connection.transaction():
            found = await accounts.of_identity(connection, issuer=identity.issuer, subject=identity.subject)
            if found is None and identity.name is not None:
                found = await accounts.bind_identity(
                    connection, issuer=identity.issuer, subject=identity.subject, name=identity.name
                )
                if found is not None:
                    await audit.write(
                        connection,
                        at=now,
                        account=found.id,
                        address=address,
                        action="account.bound",
                        subject=found.name,
                        unit=found.unit,
                        detail={"issuer": identity.issuer, "subject": identity.subject},
                    )
        if found is None:
            await self._sessions.note_stranger(identity.name or identity.subject, caller_of(request))
        return found

    def _ask_for_code(self, account: Credentials, request: Request) -> Response:
        pending = Pending(account=account.id, name=account.name, until=(self._clock() + LIFETIME).timestamp())
        sealed = self._sessions.seal.close(msgspec.json.encode(pending), purpose=CODE_PENDING)
        response = to_login_page("oidc_code")
        _remember(response, base64.urlsafe_b64encode(sealed).decode(), request)
        return response

    def _pending(self, request: Request) -> Pending | None:
        try:
            sealed = base64.urlsafe_b64decode(request.cookies.get(COOKIE, ""))
        except ValueError:
            return None
        plain = self._sessions.seal.open(sealed, purpose=CODE_PENDING)
        if plain is None:
            return None
        pending = msgspec.json.decode(plain, type=Pending)
        return pending if pending.until > self._clock().timestamp() else None


def router(provider: Provider, reception: Reception, introduction: Introduction, sessions: Sessions) -> APIRouter:
    routes = APIRouter(prefix=PATH)

    @routes.get("")
    async def go(request: Request) -> Response:
        try:
            address, cookie = await provider.begin()
        except ProviderAway as away:
            log.warning("single_sign_on.away", reason=str(away))
            return to_login_page("oidc_away")
        response = _redirect(address)
        _remember(response, cookie, request)
        return response

    @routes.get("/callback")
    async def come_back(request: Request, code: str = "", state: str = "", error: str = "") -> Response:
        if error or not code:
            return to_login_page("oidc_failed")
        try:
            identity = await provider.finish(cookie=request.cookies.get(COOKIE, ""), state=state, code=code)
        except ProviderAway as away:
            log.warning("single_sign_on.away", reason=str(away))
            return to_login_page("oidc_away")
        except NotBelieved as wrong:
            log.warning("single_sign_on.refused", reason=str(wrong))
            return to_login_page("oidc_failed")
        return await reception.admit(identity, request)

    @routes.post("/code")
    async def send_code(request: Request, given: Code) -> Response:
        token = await reception.open_with_code(request, given.code)
        viewer = await sessions.find(token)
        if viewer is None:
            raise wrong_password()
        response = answer(await introduction.of(viewer))
        set_session(response, token, request)
        _forget(response)
        return response

    return routes


def to_login_page(word: str) -> Response:
    response = _redirect(f"/?login={word}")
    _forget(response)
    return response


def _redirect(address: str) -> Response:
    return RedirectResponse(address, 302, headers={"Cache-Control": "no-store"})


def _remember(response: Response, value: str, request: Request) -> None:
    """Set the cookie of the way there and back. Lax, because the way back begins at the provider's page."""
    response.set_cookie(
        COOKIE,
        value,
        max_age=int(LIFETIME.total_seconds()),
        path=PATH,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def _forget(response: Response) -> None:
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax")

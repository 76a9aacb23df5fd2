"""Logging in and out, and what a screen needs to know first."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, ConfigDict, Field

from dashboard import views
from dashboard.api.answers import NO_NUL, NotFound, Problem, answer
from dashboard.security.guard import address_in
from dashboard.security.rights import STRONG, CurrentViewer, Right, Viewer
from dashboard.security.sessions import COOKIE, LIFETIME, Caller, CodeNeeded, Sessions, TooManyTries, WrongPassword
from dashboard.shapes import Named, Unit, Whereabouts
from dashboard.store import accounts, city, factors, units
from dashboard.store import sessions as session_table

LONGEST_AGENT = 200  # of what a browser calls itself


class LogIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
    password: Annotated[str, Field(min_length=1, max_length=1000)]
    code: Annotated[str, Field(max_length=40, pattern=NO_NUL)] | None = None  # six digits, or a recovery code


class SecondFactorShape(Struct, frozen=True):
    is_on: bool
    is_required: bool
    recovery_codes_left: int


class AccountShape(Struct, frozen=True, kw_only=True):
    id: int
    name: str
    display_name: str
    may_issue: bool
    member: int | None
    roles: Mapping[str, Named]
    second_factor: SecondFactorShape
    must_change_password: bool
    via: str  # password, oidc or token


class CityShape(Struct, frozen=True, kw_only=True):
    name: str
    name_en: str | None
    bounds: list[float] | None


class Me(Struct, frozen=True, kw_only=True):
    account: AccountShape
    unit: Unit
    city: CityShape
    server_time: datetime
    settings: Mapping[str, Any]
    levels: list[dict[str, Any]]
    roles: list[dict[str, Any]]


class Introduction:
    """Tells a screen who is before it."""

    def __init__(
        self,
        pool: AsyncConnectionPool,
        whereabouts: Whereabouts,
        *,
        settings: Mapping[str, Any],
        clock: Callable[[], datetime],
    ) -> None:
        self._pool = pool
        self._whereabouts = whereabouts
        self._settings = settings
        self._clock = clock

    async def of(self, viewer: Viewer) -> Me:
        account = viewer.account
        async with self._pool.connection() as connection:
            unit = await units.find(connection, account.scope, account.unit)
            if unit is None:
                raise NotFound("unit")
            city_name, city_name_en = await city.names(connection)
            return Me(
                account=await account_shape(connection, viewer),
                unit=views.unit(unit, self._whereabouts),
                city=CityShape(name=city_name, name_en=city_name_en, bounds=unit.bounds),
                server_time=self._clock(),
                settings=self._settings,
                levels=[row._asdict() for row in await city.levels(connection)],
                roles=[row._asdict() for row in await city.roles(connection)],
            )


def router(
    sessions: Sessions, introduction: Introduction, *, hang_up: Callable[[bytes], None], single_sign_on: str | None
) -> APIRouter:
    """`hang_up` ends the live connections of a session; `single_sign_on` is what the provider is called."""
    routes = APIRouter()

    @routes.get("/api/login/options")
    async def options() -> Response:
        return answer({"oidc": None if single_sign_on is None else {"name": single_sign_on}})

    @routes.post("/api/login")
    async def log_in(request: Request, given: LogIn) -> Response:
        token = await opened(sessions, given, caller_of(request))
        viewer = await sessions.find(token)
        if viewer is None:
            raise wrong_password()
        response = answer(await introduction.of(viewer))
        set_session(response, token, request)
        return response

    @routes.post("/api/logout")
    async def log_out(viewer: CurrentViewer) -> Response:
        await sessions.close(viewer)
        hang_up(viewer.session)
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    @routes.get("/api/me")
    async def me(viewer: CurrentViewer) -> Response:
        return answer(await introduction.of(viewer))

    return routes


async def account_shape(connection: accounts.Connection, viewer: Viewer) -> AccountShape:
    account = viewer.account
    roles = await accounts.role_units(connection, account.grants)
    factor = await factors.find(connection, account.id)
    via = await session_table.via(connection, token_hash=viewer.session)
    return AccountShape(
        id=account.id,
        name=account.name,
        display_name=account.display_name,
        may_issue=viewer.may(Right.ISSUE),
        member=account.member,
        roles={role: unit for role, unit in roles.items() if viewer.may(Right(role))},
        second_factor=SecondFactorShape(
            is_on=account.has_totp,
            is_required=viewer.needs_second_factor and any(viewer.may(right) for right in STRONG),
            recovery_codes_left=0 if factor is None else factor.recovery_codes_left,
        ),
        must_change_password=account.must_change_password,
        via=via or "token",
    )


async def opened(sessions: Sessions, given: LogIn, caller: Caller) -> str:
    """Return a new session's token; raises Problem."""
    try:
        return await sessions.open(name=given.name, password=given.password, code=given.code, caller=caller)
    except WrongPassword as wrong:
        raise wrong_password() from wrong
    except CodeNeeded as needed:
        raise code_needed(needed) from needed
    except TooManyTries as many:
        raise too_many(many) from many


def wrong_password() -> Problem:
    return Problem(401, "wrong_password", "unknown name or wrong password", zh="账号不存在或密码错误")


def code_needed(needed: CodeNeeded) -> Problem:
    if needed.is_wrong:
        return Problem(
            401,
            "second_factor",
            "this code is wrong or was used before: wait for the next one",
            zh="验证码错误或已使用，请等待下一个验证码",
        )
    return Problem(
        401,
        "second_factor",
        "send the code of your authenticator app, or a recovery code",
        zh="请输入验证器中的验证码，或一个恢复码",
    )


def too_many(many: TooManyTries) -> Problem:
    return Problem(
        429,
        "too_many_tries",
        str(many),
        zh=f"密码或验证码错误次数过多，请在 {many.wait_s:.0f} 秒后再试",
        retry_after_s=many.wait_s,
    )


def set_session(response: Response, token: str, request: Request) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def caller_of(request: Request) -> Caller:
    agent = request.headers.get("user-agent", "").replace("\0", "")
    return Caller(address=address_in(request.scope), user_agent=agent[:LONGEST_AGENT])

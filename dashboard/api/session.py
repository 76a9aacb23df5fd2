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
from dashboard.security.rights import CurrentViewer, Right, Viewer
from dashboard.security.sessions import COOKIE, LIFETIME, Sessions, TooManyTries, WrongPassword
from dashboard.shapes import Unit, Whereabouts
from dashboard.store import city, units


class LogIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
    password: Annotated[str, Field(min_length=1, max_length=1000)]


class AccountShape(Struct, frozen=True):
    id: int
    name: str
    may_issue: bool
    member: int | None


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


def router(
    pool: AsyncConnectionPool,
    sessions: Sessions,
    whereabouts: Whereabouts,
    *,
    hang_up: Callable[[bytes], None],
    settings: Mapping[str, Any],
    clock: Callable[[], datetime],
) -> APIRouter:
    """`hang_up` ends the live connections of a session."""
    routes = APIRouter()

    async def me_of(viewer: Viewer) -> Me:
        account = viewer.account
        async with pool.connection() as connection:
            unit = await units.find(connection, account.scope, account.unit)
            if unit is None:
                raise NotFound("unit")
            city_name, city_name_en = await city.names(connection)
            return Me(
                account=AccountShape(account.id, account.name, viewer.may(Right.ISSUE), account.member),
                unit=views.unit(unit, whereabouts),
                city=CityShape(name=city_name, name_en=city_name_en, bounds=unit.bounds),
                server_time=clock(),
                settings=settings,
                levels=[row._asdict() for row in await city.levels(connection)],
                roles=[row._asdict() for row in await city.roles(connection)],
            )

    @routes.post("/api/login")
    async def log_in(request: Request, given: LogIn) -> Response:
        token = await open_session(sessions, given, address_of(request))
        viewer = await sessions.find(token)
        if viewer is None:
            raise Problem(401, "wrong_password", "unknown name or wrong password")
        response = answer(await me_of(viewer))
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(LIFETIME.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
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
        return answer(await me_of(viewer))

    return routes


async def open_session(sessions: Sessions, given: LogIn, address: str) -> str:
    try:
        return await sessions.open(name=given.name, password=given.password, address=address)
    except WrongPassword as wrong:
        raise Problem(401, "wrong_password", "unknown name or wrong password") from wrong
    except TooManyTries as many:
        raise Problem(429, "too_many_tries", str(many), retry_after_s=many.wait_s) from many


def address_of(request: Request) -> str:
    return "" if request.client is None else request.client.host

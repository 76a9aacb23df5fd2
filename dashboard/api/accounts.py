"""The accounts of others, for administrators of a subtree."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, ConfigDict, Field

from dashboard.api.answers import NO_NUL, Id, Limit, Offset, Words, answer
from dashboard.security.rights import Administrator, Right, Viewer
from dashboard.security.staff import Changes, Connection, Done, NewAccount, Staff
from dashboard.shapes import Named
from dashboard.store import staff as staff_table
from dashboard.store.staff import StaffRow

# No blanks and no signs that spreadsheets, shells or log lines take for their own.
AccountName = Annotated[str, Field(min_length=2, max_length=100, pattern=r"^[\w][\w.@+-]*$")]
DisplayName = Annotated[str, Field(max_length=100, pattern=NO_NUL)]
Roles = Annotated[dict[Right, Id], Field(max_length=len(Right))]
Subject = Annotated[str, Field(min_length=1, max_length=255, pattern=NO_NUL)]


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MakeAccount(Asked):
    name: AccountName
    display_name: DisplayName = ""
    unit: Id
    roles: Roles
    password: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    oidc: bool = False
    oidc_subject: Subject | None = None


class ChangeAccount(Asked):
    revision: Annotated[int, Field(ge=1, le=2**31 - 1)]
    display_name: DisplayName | None = None
    unit: Id | None = None
    roles: Roles | None = None
    oidc: bool | None = None
    oidc_subject: Subject | None = None


class Office:
    """Does one thing to one account, in one transaction, and ends the connections that must end."""

    def __init__(self, pool: AsyncConnectionPool, staff: Staff, *, hang_up: Callable[[bytes], None]) -> None:
        self.pool = pool
        self.staff = staff
        self._hang_up = hang_up

    async def do(self, work: Callable[[Connection], Awaitable[Done]]) -> tuple[Done, StaffRow]:
        async with self.pool.connection() as connection, connection.transaction():
            done = await work(connection)
            row = await staff_table.find(connection, done.account)
        assert row is not None  # noqa: S101 - accounts are closed, never deleted
        for session in done.ended:
            self._hang_up(session)
        return done, row


def router(office: Office) -> APIRouter:
    routes = APIRouter(prefix="/api/accounts")
    _add_reading(routes, office)
    _add_changing(routes, office)
    _add_closing(routes, office)
    return routes


def _add_reading(routes: APIRouter, office: Office) -> None:
    @routes.get("")
    async def listing(
        viewer: Administrator,
        *,
        q: Words = "",
        closed: bool = False,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        scope, words = viewer.scope(Right.ADMINISTER), q.strip()
        async with office.pool.connection() as connection:
            total = await staff_table.count(connection, scope, words=words, closed=closed)
            rows = await staff_table.page(connection, scope, words=words, closed=closed, limit=limit, offset=offset)
        return answer({"total": total, "accounts": [shape(row) for row in rows]})

    @routes.get("/{account}")
    async def card(viewer: Administrator, account: Id) -> Response:
        async with office.pool.connection() as connection:
            row = await office.staff.find(connection, viewer, account)
        return answer(shape(row))


def _add_changing(routes: APIRouter, office: Office) -> None:
    staff = office.staff

    @routes.post("")
    async def make(viewer: Administrator, given: MakeAccount) -> Response:
        new = NewAccount(**given.model_dump(exclude={"roles"}), roles=plain(given.roles))
        done, row = await office.do(lambda connection: staff.add(connection, viewer, new))
        return answer({"account": shape(row), "password": done.password}, 201)

    @routes.post("/{account}")
    async def change(viewer: Administrator, account: Id, given: ChangeAccount) -> Response:
        roles = None if given.roles is None else plain(given.roles)
        changes = Changes(**given.model_dump(exclude={"roles", "revision"}), roles=roles)
        _done, row = await office.do(
            lambda connection: staff.change(connection, viewer, account, changes, revision=given.revision)
        )
        return answer(shape(row))

    @routes.post("/{account}/password")
    async def renew_password(viewer: Administrator, account: Id) -> Response:
        done, _row = await office.do(lambda connection: staff.renew_password(connection, viewer, account))
        return answer({"password": done.password})

    @routes.post("/{account}/totp/reset")
    async def reset_second_factor(viewer: Administrator, account: Id) -> Response:
        return await _moved(office, viewer, account, staff.reset_second_factor)


def _add_closing(routes: APIRouter, office: Office) -> None:
    @routes.post("/{account}/close")
    async def close(viewer: Administrator, account: Id) -> Response:
        return await _moved(office, viewer, account, office.staff.close)

    @routes.post("/{account}/reopen")
    async def reopen(viewer: Administrator, account: Id) -> Response:
        return await _moved(office, viewer, account, office.staff.reopen)


Move = Callable[[Connection, Viewer, int], Awaitable[Done]]


async def _moved(office: Office, viewer: Viewer, account: int, move: Move) -> Response:
    _done, row = await office.do(lambda connection: move(connection, viewer, account))
    return answer(shape(row))


def plain(roles: dict[Right, int]) -> dict[str, int]:
    return {right.value: unit for right, unit in roles.items()}


def shape(row: StaffRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "display_name": row.display_name,
        "unit": Named(row.unit, row.unit_name, row.unit_name_en),
        "roles": {role: Named(held.id, held.name, held.name_en) for role, held in row.roles.items()},
        "second_factor": row.second_factor,
        "last_login_at": row.last_login_at,
        "closed_at": row.closed_at,
        "revision": row.revision,
        "oidc": row.oidc_issuer is not None,
    }

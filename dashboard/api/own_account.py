"""What people do with their own account: password, second factor, sessions. An API token may do none of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, ConfigDict, Field

from dashboard.api.answers import NO_NUL, NotFound, Problem, answer
from dashboard.api.session import code_needed, too_many
from dashboard.security.passwords import check_strength
from dashboard.security.rights import Person, Viewer
from dashboard.security.sessions import CodeNeeded, Sessions, TooManyTries
from dashboard.store import accounts, audit, factors
from dashboard.store import sessions as session_table

Password = Annotated[str, Field(min_length=1, max_length=1000)]
Code = Annotated[str, Field(min_length=6, max_length=40, pattern=NO_NUL)]
SessionId = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChangePassword(Asked):
    old: Password
    new: Password


class Confirm(Asked):
    code: Code


class Remove(Asked):
    password: Password
    code: Code


class Own:
    """One person's account, and the proofs it asks for again."""

    def __init__(
        self,
        pool: AsyncConnectionPool,
        sessions: Sessions,
        *,
        hang_up: Callable[[bytes], None],
        clock: Callable[[], datetime],
    ) -> None:
        self.pool = pool
        self.sessions = sessions
        self.hang_up = hang_up
        self.clock = clock

    def count_try(self, viewer: Viewer) -> None:
        """Guessing is slowed here as at log-in: a session left open must not be worth a password."""
        try:
            self.sessions.count_try(viewer.account.name, viewer.address)
        except TooManyTries as many:
            raise too_many(many) from many

    def passed(self, viewer: Viewer) -> None:
        self.sessions.throttle.succeeded(name=viewer.account.name, address=viewer.address)

    async def check_password(self, viewer: Viewer, password: str) -> None:
        """Raises Problem unless it is the account's password."""
        self.count_try(viewer)
        async with self.pool.connection() as connection:
            found = await accounts.credentials_of(connection, viewer.account.name)
        if found is None or not await self.sessions.passwords.is_right(password, found.password_hash):
            raise Problem(422, "wrong_password", "this is not your password", zh="当前密码不正确")
        # The tries before stay counted: a known password must not make guessing codes free.
        self.sessions.throttle.forgive(name=viewer.account.name, address=viewer.address)

    async def write(self, connection: accounts.Connection, viewer: Viewer, action: str) -> None:
        await audit.write(
            connection,
            at=self.clock(),
            viewer=viewer,
            action=action,
            subject=viewer.account.name,
            unit=viewer.account.unit,
        )


def router(own: Own) -> APIRouter:
    routes = APIRouter(prefix="/api/me")
    _add_password(routes, own)
    _add_second_factor(routes, own)
    _add_sessions(routes, own)
    return routes


def _add_password(routes: APIRouter, own: Own) -> None:
    @routes.post("/password")
    async def change_password(viewer: Person, given: ChangePassword) -> Response:
        account = viewer.account
        await own.check_password(viewer, given.old)
        check_strength(given.new, name=account.name)
        if given.new == given.old:
            raise Problem(422, "weak_password", "choose a new password", zh="新密码不能与当前密码相同")
        hashed = await own.sessions.passwords.hash(given.new)
        async with own.pool.connection() as connection, connection.transaction():
            await accounts.set_password(connection, account.id, password_hash=hashed, must_change=False)
            ended = await session_table.close_others(connection, account.id, keep=viewer.session)
            await own.write(connection, viewer, "account.password_changed")
        for session in ended:
            own.hang_up(session)
        return answer({"sessions_ended": len(ended)})


def _add_second_factor(routes: APIRouter, own: Own) -> None:
    factor = own.sessions.second_factor

    @routes.post("/totp")
    async def offer_totp(viewer: Person) -> Response:
        async with own.pool.connection() as connection, connection.transaction():
            offer = await factor.offer(connection, viewer.account.id, name=viewer.account.name)
        return answer({"secret": offer.secret, "uri": offer.uri, "qr_svg": offer.qr_svg})

    @routes.post("/totp/confirm")
    async def confirm_totp(viewer: Person, given: Confirm) -> Response:
        own.count_try(viewer)
        now = own.clock()
        async with own.pool.connection() as connection, connection.transaction():
            codes = await factor.confirm(connection, viewer.account.id, given.code, at=now)
            if codes is None:
                raise _wrong_code()
            await session_table.mark_second_factor(connection, token_hash=viewer.session, at=now)
            await own.write(connection, viewer, "account.second_factor_added")
        own.passed(viewer)
        return answer({"recovery_codes": codes})

    @routes.post("/totp/remove")
    async def remove_totp(viewer: Person, given: Remove) -> Response:
        await own.check_password(viewer, given.password)
        own.count_try(viewer)
        async with own.pool.connection() as connection, connection.transaction():
            kind = await factor.accept(connection, viewer.account.id, given.code, at=own.clock())
            if kind is not None:
                await factors.remove(connection, viewer.account.id)
                await own.write(connection, viewer, "account.second_factor_removed")
        if kind is None:
            raise _wrong_code()
        own.passed(viewer)
        return Response(status_code=204)


def _add_sessions(routes: APIRouter, own: Own) -> None:
    @routes.get("/sessions")
    async def own_sessions(viewer: Person) -> Response:
        async with own.pool.connection() as connection:
            rows = await session_table.of_account(connection, viewer.account.id, now=own.clock())
        here = viewer.session.hex()
        return answer({"sessions": [row._asdict() | {"is_this": row.id == here} for row in rows]})

    @routes.post("/sessions/{session}/close")
    async def close_session(viewer: Person, session: SessionId) -> Response:
        token_hash = bytes.fromhex(session)
        async with own.pool.connection() as connection, connection.transaction():
            if not await session_table.close_own(connection, viewer.account.id, token_hash=token_hash):
                raise NotFound("session")
            await own.write(connection, viewer, "account.session_closed")
        own.hang_up(token_hash)
        return Response(status_code=204)


def _wrong_code() -> Problem:
    problem = code_needed(CodeNeeded(is_wrong=True))
    return Problem(422, "wrong_code", problem.words.en, zh=problem.words.zh)

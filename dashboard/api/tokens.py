"""API tokens of one's own account: made in person, shown once, revoked at once."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dashboard.api.answers import NO_NUL, Id, NotFound, Problem, answer
from dashboard.security.rights import Person, Right
from dashboard.security.sessions import MARK_OF_PROGRAMS, hash_of
from dashboard.store import audit, tokens
from dashboard.store.tokens import TokenRow

LONGEST: Final = timedelta(days=366)
MOST: Final = 50  # living tokens of one account


class NewToken(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=100, pattern=NO_NUL)]
    roles: Annotated[list[Right], Field(max_length=len(Right))]
    expires_at: AwareDatetime


def router(pool: AsyncConnectionPool, *, hang_up: Callable[[bytes], None], clock: Callable[[], datetime]) -> APIRouter:
    routes = APIRouter(prefix="/api/me/tokens")

    @routes.get("")
    async def own_tokens(viewer: Person) -> Response:
        async with pool.connection() as connection:
            rows = await tokens.of_account(connection, viewer.account.id)
        return answer({"tokens": [shape(row) for row in rows]})

    @routes.post("")
    async def make_token(viewer: Person, given: NewToken) -> Response:
        now = clock()
        check_lifetime(given.expires_at, now)
        for right in given.roles:
            viewer.scope(right)  # raises for a role that the account does not hold, or may not use now
        token = MARK_OF_PROGRAMS + secrets.token_urlsafe(32)
        async with pool.connection() as connection, connection.transaction():
            if await tokens.count_living(connection, viewer.account.id, now=now) >= MOST:
                raise Problem(409, "too_many_tokens", f"revoke one first: {MOST} are the most", zh="令牌过多，请先吊销")
            row = await tokens.add(
                connection,
                account=viewer.account.id,
                name=given.name,
                token_hash=hash_of(token),
                roles=sorted({Right.LOOK, *given.roles}),  # who may do something may look at it
                at=now,
                expires_at=given.expires_at,
                second_factor_at=now if viewer.has_second_factor else None,
            )
            await audit.write(
                connection,
                at=now,
                viewer=viewer,
                action="token.created",
                subject=f"token {row.id} {row.name}",
                unit=viewer.account.unit,
                detail={"roles": row.roles, "expires_at": row.expires_at.isoformat()},
            )
        return answer(shape(row) | {"token": token}, 201)

    @routes.post("/{token}/revoke")
    async def revoke_token(viewer: Person, token: Id) -> Response:
        now = clock()
        async with pool.connection() as connection, connection.transaction():
            ended = await tokens.revoke(connection, account=viewer.account.id, token=token, at=now)
            if ended is None:
                raise NotFound("token")
            name, token_hash = ended
            await audit.write(
                connection,
                at=now,
                viewer=viewer,
                action="token.revoked",
                subject=f"token {token} {name}",
                unit=viewer.account.unit,
            )
        hang_up(bytes(token_hash))
        return Response(status_code=204)

    return routes


def check_lifetime(expires_at: datetime, now: datetime) -> None:
    """Raises Problem."""
    if not now < expires_at <= now + LONGEST:
        raise Problem(
            422,
            "bad_expiry",
            f"choose an end between now and {LONGEST.days} days from now",
            zh=f"有效期必须在 {LONGEST.days} 天以内",
        )


def shape(row: TokenRow) -> dict[str, Any]:
    return row._asdict()

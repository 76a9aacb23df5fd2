"""What EMQX asks: may this client log in, may it use this topic. It shows a secret of its own in a header.

Source: EMQX 5 documentation, "Use HTTP Service" of authentication and of authorization. There a status that is not 200
counts as `ignore`, so that a broker without our answer must deny by its own setting (docs/operations.md).
"""

import hmac
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, Field

from dashboard.api.answers import answer
from dashboard.security.problems import Problem
from tracker.organisation import brokers
from tracker.organisation.brokers import Action

HEADER: Final = "X-Gridwarden-Broker"
ALLOW: Final = {"result": "allow"}
DENY: Final = {"result": "deny"}
IGNORE: Final = {"result": "ignore"}  # no terminal: a user of the broker's own, whom its next rule knows

Text = Annotated[str, Field(max_length=4_096)]


class LogIn(BaseModel):
    username: Text = ""
    password: Text = ""


class Use(BaseModel):
    username: Text = ""
    action: Action
    topic: Text


def router(pool: AsyncConnectionPool[Any], *, secret: str) -> APIRouter:
    def is_broker(shown: Annotated[str, Header(alias=HEADER)] = "") -> None:
        if not hmac.compare_digest(shown.encode(), secret.encode()):
            raise Problem(401, "not_the_broker", f"send the broker's secret in the header {HEADER}")

    routes = APIRouter(prefix="/api/broker", dependencies=[Depends(is_broker)])

    @routes.post("/auth")
    async def auth(asked: LogIn) -> Response:
        async with pool.connection() as connection:
            is_known = await brokers.knows(connection, asked.username, asked.password)
        if is_known is None:
            return answer(IGNORE)
        if not is_known:
            return answer(DENY)
        return answer({**ALLOW, "is_superuser": False, "acl": brokers.emqx_rules(asked.username)})

    @routes.post("/acl")
    async def acl(asked: Use) -> Response:
        async with pool.connection() as connection:
            is_admitted = await brokers.is_admitted(connection, asked.username)
        if is_admitted is None:
            return answer(IGNORE)
        # A terminal that was revoked may sit in a session of its own for weeks: it is asked about each time.
        is_granted = is_admitted and brokers.may(asked.username, asked.action, asked.topic)
        return answer(ALLOW if is_granted else DENY)

    return routes

"""Roles lent for a period: by who holds them, in person, to an account that sees the unit; taken back at any time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dashboard.api.answers import NO_NUL, Id, NotFound, Problem, answer
from dashboard.api.units import find as find_unit
from dashboard.security.rights import Person, Right, Viewer
from dashboard.shapes import Named
from dashboard.store import audit, delegations
from dashboard.store.delegations import DelegationRow

LONGEST: Final = timedelta(days=31)
AHEAD: Final = timedelta(days=366)
SHOWN: Final = timedelta(days=30)  # after the end

Lent = Literal["issuer", "approver"]


class NewDelegation(BaseModel):
    model_config = ConfigDict(extra="forbid")
    role: Lent
    unit: Id
    account: Id
    starts_at: AwareDatetime | None = None  # now
    ends_at: AwareDatetime
    reason: Annotated[str, Field(max_length=200, pattern=NO_NUL)] = ""


def router(pool: AsyncConnectionPool, *, clock: Callable[[], datetime]) -> APIRouter:
    routes = APIRouter(prefix="/api/me/delegations")

    @routes.get("")
    async def own_delegations(viewer: Person) -> Response:
        async with pool.connection() as connection:
            rows = await delegations.of_account(connection, viewer.account.id, since=clock() - SHOWN)
        return answer({"delegations": [shape(row) for row in rows]})

    @routes.get("/candidates")
    async def candidates(viewer: Person, unit: Id) -> Response:
        """Who could stand in for the viewer at `unit`."""
        async with pool.connection() as connection:
            await find_unit(connection, viewer.account.scope, unit)
            found = await delegations.candidates(
                connection, unit, within=viewer.account.scope, without=viewer.account.id
            )
        return answer({"accounts": found})

    @routes.post("")
    async def lend(viewer: Person, given: NewDelegation) -> Response:
        now = clock()
        right = Right(given.role)
        starts_at = given.starts_at or now
        check_lendable(viewer, right)
        check_period(starts_at, given.ends_at, now)
        async with pool.connection() as connection, connection.transaction():
            unit = await find_unit(connection, viewer.account.scope, given.unit)
            viewer.check(right, unit.tree_left)
            able = await delegations.candidates(
                connection, unit.id, within=viewer.account.scope, without=viewer.account.id
            )
            if given.account not in {one.id for one in able}:
                raise NotFound("account that sees this unit")
            row = await delegations.add(
                connection,
                role=given.role,
                unit=unit.id,
                lender=viewer.account.id,
                account=given.account,
                starts_at=starts_at,
                ends_at=given.ends_at,
                reason=given.reason.strip(),
                at=now,
            )
            detail = {"role": row.role, "starts_at": row.starts_at.isoformat(), "ends_at": row.ends_at.isoformat()}
            await audit.write(
                connection,
                at=now,
                viewer=viewer,
                action="delegation.given",
                subject=row.account_name,
                unit=row.unit,
                detail=detail | {"reason": row.reason},
            )
        return answer(shape(row), 201)

    @routes.post("/{delegation}/end")
    async def end(viewer: Person, delegation: Id) -> Response:
        """Take back what was lent, or give it back."""
        now = clock()
        async with pool.connection() as connection, connection.transaction():
            row = await delegations.end(connection, delegation, account=viewer.account.id, at=now)
            if row is None:
                raise NotFound("delegation")
            await audit.write(
                connection,
                at=now,
                viewer=viewer,
                action="delegation.ended",
                subject=row.account_name,
                unit=row.unit,
                detail={"role": row.role, "lender": row.lender_name},
            )
        return Response(status_code=204)

    return routes


def check_lendable(viewer: Viewer, right: Right) -> None:
    """Raises Problem for a role that is not held now, or is itself lent."""
    viewer.scope(right)
    if viewer.stands_in_for(right) is not None:
        raise Problem(
            403,
            "not_lent_on",
            "you hold this role for somebody else: it cannot be lent on",
            zh="此角色由他人委托给您，不能再转委托",
        )


def check_period(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Raises Problem."""
    if not now < ends_at or not starts_at < ends_at <= starts_at + LONGEST or starts_at > now + AHEAD:
        raise Problem(
            422,
            "bad_period",
            f"choose an end in the future and at most {LONGEST.days} days after the start",
            zh=f"结束时间须晚于现在和开始时间，且委托不超过 {LONGEST.days} 天",
        )


def shape(row: DelegationRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "role": row.role,
        "unit": Named(row.unit, row.unit_name, row.unit_name_en),
        "lender": Named(row.lender, row.lender_name),
        "account": Named(row.account, row.account_name),
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "ended_at": row.ended_at,
        "reason": row.reason,
    }

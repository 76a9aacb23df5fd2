"""Automatic rules and their cases: administrators make rules, dispatchers take cases, all see those of their units."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from pydantic import Field

from alerts.core.records import Actor
from alerts.core.rules import Does
from alerts.rule_desk import RuleDesk, Standing
from alerts.store.case_reading import CaseRow
from dashboard.api import rule_shapes as shapes
from dashboard.api.answers import Id, Limit, NotFound, answer
from dashboard.api.organisation_requests import Expected, said
from dashboard.api.rule_requests import AskTrial, NewRule, RuleChange, Switch
from dashboard.security.rights import Administrator, CurrentViewer, Dispatcher, Right, Viewer, tree_changed
from dashboard.store import accounts, audit, places

Connection = AsyncConnection[Any]
CaseId = Annotated[int, Field(ge=1, le=2**63 - 1)]

MOST_SUBJECTS: Final = 200  # of one case, by name


class Rulebook:
    """The desk of rules seen by one viewer at a time: rights and scope are judged here, in each transaction."""

    def __init__(self, pool: AsyncConnectionPool, desk: RuleDesk, clock: Callable[[], datetime]) -> None:
        self.pool = pool
        self.desk = desk
        self._clock = clock

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[Connection]:
        async with self.pool.connection() as connection, connection.transaction():
            yield connection

    async def find(self, connection: Connection, viewer: Viewer, rule: int, right: Right = Right.LOOK) -> Standing:
        """Return a rule the viewer holds `right` for. Raises NotFound or Problem 403."""
        found = await self.desk.find(connection, rule)
        await self._steady(connection, viewer, right)
        if found is None:
            raise NotFound("rule")
        viewer.check(right, found.row.tree_left, "rule")
        return found

    async def find_case(self, connection: Connection, viewer: Viewer, case: int, right: Right = Right.LOOK) -> CaseRow:
        found = await self.desk.find_case(connection, case)
        await self._steady(connection, viewer, right)
        if found is None:
            raise NotFound("case")
        viewer.check(right, found.tree_left, "case")
        return found

    async def check_unit(self, connection: Connection, viewer: Viewer, unit: int, right: Right) -> None:
        place = await places.unit(connection, unit)
        await self._steady(connection, viewer, right)
        if place is None:
            raise NotFound("unit")
        viewer.check(right, place.tree_left)

    async def note(
        self,
        connection: Connection,
        viewer: Viewer,
        action: str,
        subject: str,
        *,
        unit: int,
        detail: dict[str, Any] | None = None,
    ) -> None:
        await audit.write(
            connection, at=self._clock(), viewer=viewer, action=action, subject=subject, unit=unit, detail=detail
        )

    async def card(self, connection: Connection, viewer: Viewer, rule: int) -> dict[str, Any]:
        """Return a rule with its versions, as it is now."""
        standing = await self.find(connection, viewer, rule)
        found = await self.desk.versions(connection, rule)
        names = await shapes.names(connection, shapes.named_in([standing], found), viewer.account.scope)
        return shapes.rule(standing, names) | {"versions": [shapes.version(row, names) for row in found]}

    async def case_card(self, connection: Connection, viewer: Viewer, case: int) -> dict[str, Any]:
        row, scope = await self.find_case(connection, viewer, case), viewer.account.scope
        subjects = await self.desk.subjects(connection, case, left=scope.left, right=scope.right, limit=MOST_SUBJECTS)
        return shapes.case(row, scope) | {"subjects": [shapes.subject(each) for each in subjects]}

    async def _steady(self, connection: Connection, viewer: Viewer, right: Right) -> None:
        """Of a reading the guard looks itself."""
        if right is not Right.LOOK and not await accounts.is_numbered(connection, viewer.numbering):
            raise tree_changed()


def actor(viewer: Viewer, unit: int) -> Actor:
    return Actor(account=viewer.account.id, unit=unit, token=viewer.token, address=viewer.address)


def router(pool: AsyncConnectionPool, desk: RuleDesk, *, clock: Callable[[], datetime]) -> APIRouter:
    routes = APIRouter()
    book = Rulebook(pool, desk, clock)
    _add_reading(routes, book)
    _add_changing(routes, book)
    _add_switching(routes, book)
    _add_cases(routes, book)
    return routes


def _add_reading(routes: APIRouter, book: Rulebook) -> None:
    @routes.get("/api/rules")
    async def listing(viewer: CurrentViewer) -> Response:
        scope = viewer.account.scope
        async with book.pool.connection() as connection:
            found = await book.desk.listing(connection, left=scope.left, right=scope.right)
            names = await shapes.names(connection, shapes.named_in(found), scope)
        return answer({"rules": [shapes.rule(each, names) for each in found]})

    @routes.get("/api/rules/{rule}")
    async def card(viewer: CurrentViewer, rule: Id) -> Response:
        async with book.pool.connection() as connection:
            return answer(await book.card(connection, viewer, rule))


def _add_changing(routes: APIRouter, book: Rulebook) -> None:
    @routes.post("/api/rules")
    async def add(viewer: Administrator, given: NewRule) -> Response:
        async with book.begin() as connection:
            await book.check_unit(connection, viewer, given.unit, Right.ADMINISTER)
            made = await book.desk.add(connection, given.rule(), actor(viewer, given.unit))
            await book.note(connection, viewer, "rule.created", given.name, unit=given.unit, detail=said(given))
            return answer(await book.card(connection, viewer, made), 201)

    @routes.post("/api/rules/{rule}")
    async def alter(viewer: Administrator, rule: Id, given: RuleChange) -> Response:
        async with book.begin() as connection:
            found = await book.find(connection, viewer, rule, Right.ADMINISTER)
            if "unit" in given.model_fields_set:
                await book.check_unit(connection, viewer, given.unit, Right.ADMINISTER)
            by = actor(viewer, found.row.unit)
            await book.desk.change(connection, rule, by, revision=given.revision, changes=given.given())
            detail = {"rule": rule, **said(given)}
            await book.note(connection, viewer, "rule.changed", found.row.name, unit=found.row.unit, detail=detail)
            return answer(await book.card(connection, viewer, rule))

    @routes.post("/api/rules/{rule}/delete")
    async def delete(viewer: Administrator, rule: Id, given: Expected) -> Response:
        async with book.begin() as connection:
            row = (await book.find(connection, viewer, rule, Right.ADMINISTER)).row
            await book.desk.delete(connection, rule, actor(viewer, row.unit), revision=given.revision)
            await book.note(connection, viewer, "rule.deleted", row.name, unit=row.unit, detail={"rule": rule})
        return Response(status_code=204)


def _add_switching(routes: APIRouter, book: Rulebook) -> None:
    @routes.post("/api/rules/{rule}/switch")
    async def switch(viewer: Administrator, rule: Id, given: Switch) -> Response:
        async with book.begin() as connection:
            row = (await book.find(connection, viewer, rule, Right.ADMINISTER)).row
            if given.is_on and row.does == Does.ISSUE:
                viewer.check(Right.ISSUE, row.tree_left, "rule")
            await book.desk.switch(
                connection, rule, actor(viewer, row.unit), revision=given.revision, is_on=given.is_on
            )
            action = "rule.switched_on" if given.is_on else "rule.switched_off"
            await book.note(connection, viewer, action, row.name, unit=row.unit, detail={"rule": rule})
            return answer(await book.card(connection, viewer, rule))

    @routes.post("/api/rules/{rule}/trial")
    async def try_it(viewer: Administrator, rule: Id, given: AskTrial) -> Response:
        async with book.begin() as connection:
            row = (await book.find(connection, viewer, rule, Right.ADMINISTER)).row
            await book.desk.ask_trial(connection, rule, actor(viewer, row.unit), days=given.days)
            detail = {"rule": rule, "days": given.days}
            await book.note(connection, viewer, "rule.tried", row.name, unit=row.unit, detail=detail)
            return answer(await book.card(connection, viewer, rule), 202)


def _add_cases(routes: APIRouter, book: Rulebook) -> None:
    @routes.get("/api/cases")
    async def listing(
        viewer: CurrentViewer,
        *,
        open: bool = False,  # noqa: A002 - the word of /api/emergencies
        rule: Id | None = None,
        limit: Limit = 100,
    ) -> Response:
        scope = viewer.account.scope
        async with book.pool.connection() as connection:
            found = await book.desk.cases(
                connection, left=scope.left, right=scope.right, only_open=open, rule=rule, limit=limit
            )
        return answer({"cases": [shapes.case(row, scope) for row in found]})

    @routes.get("/api/cases/{case}")
    async def card(viewer: CurrentViewer, case: CaseId) -> Response:
        async with book.pool.connection() as connection:
            return answer(await book.case_card(connection, viewer, case))

    @routes.post("/api/cases/{case}/take")
    async def take(viewer: Dispatcher, case: CaseId) -> Response:
        async with book.begin() as connection:
            row = await book.find_case(connection, viewer, case, Right.DISPATCH)
            await book.desk.take(connection, row, actor(viewer, row.unit))
            await book.note(connection, viewer, "case.taken", row.rule_name, unit=row.unit, detail={"case": case})
            return answer(await book.case_card(connection, viewer, case))

    @routes.post("/api/cases/{case}/close")
    async def close(viewer: Dispatcher, case: CaseId) -> Response:
        async with book.begin() as connection:
            row = await book.find_case(connection, viewer, case, Right.DISPATCH)
            await book.desk.close(connection, row, actor(viewer, row.unit))
            await book.note(connection, viewer, "case.closed", row.rule_name, unit=row.unit, detail={"case": case})
            return answer(await book.case_card(connection, viewer, case))

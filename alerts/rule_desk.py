"""The desk of rules: what people do with rules and their cases. Each method that changes something is one transaction.

Who may do it is the dashboard's to judge; what can be done is judged here. It never runs a rule: the rule watch does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from alerts.changes import ruling
from alerts.core.records import Actor
from alerts.core.rules import Rule
from alerts.store import case_reading, rule_cases, rules, trials
from alerts.store.case_reading import CaseRow
from alerts.store.rule_cases import SubjectName
from alerts.store.rules import RuleRow
from alerts.store.trials import TrialRow
from tracker.organisation.errors import Conflict

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A rule with what came of it."""

    row: RuleRow
    last_fired_at: datetime | None
    open_cases: int
    trial: TrialRow | None  # the newest, of whatever revision


class RuleDesk:
    """Works inside the caller's transaction, in which the caller has judged the rights. `clock` returns aware UTC."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    async def listing(self, connection: Connection, *, left: int, right: int) -> list[Standing]:
        return await self._standing(connection, await rules.within(connection, left=left, right=right))

    async def find(self, connection: Connection, rule: int) -> Standing | None:
        row = await rules.find(connection, rule)
        return None if row is None else (await self._standing(connection, [row]))[0]

    async def versions(self, connection: Connection, rule: int) -> list[tuple[Any, ...]]:
        """Return (revision, content, account, its name, when), the newest first."""
        return await rules.versions(connection, rule)

    async def add(self, connection: Connection, rule: Rule, by: Actor) -> int:
        return await ruling.add(connection, rule, by=by, now=self._clock())

    async def change(
        self, connection: Connection, rule: int, by: Actor, *, revision: int, changes: Mapping[str, Any]
    ) -> None:
        await ruling.change(connection, rule, revision=revision, changes=changes, by=by, now=self._clock())

    async def switch(self, connection: Connection, rule: int, by: Actor, *, revision: int, is_on: bool) -> None:
        await ruling.switch(connection, rule, revision=revision, is_on=is_on, by=by, now=self._clock())

    async def delete(self, connection: Connection, rule: int, by: Actor, *, revision: int) -> None:
        await ruling.delete(connection, rule, revision=revision, by=by, now=self._clock())

    async def ask_trial(self, connection: Connection, rule: int, by: Actor, *, days: int) -> None:
        await ruling.ask_trial(connection, rule, days=days, by=by, now=self._clock())

    async def cases(
        self, connection: Connection, *, left: int, right: int, only_open: bool, rule: int | None, limit: int
    ) -> list[CaseRow]:
        return await case_reading.page(connection, left=left, right=right, only_open=only_open, rule=rule, limit=limit)

    async def find_case(self, connection: Connection, case: int) -> CaseRow | None:
        return await case_reading.find(connection, case)

    async def subjects(
        self, connection: Connection, case: int, *, left: int, right: int, limit: int
    ) -> list[SubjectName]:
        return await rule_cases.subjects(connection, case, left=left, right=right, limit=limit)

    async def take(self, connection: Connection, case: CaseRow, by: Actor) -> None:
        """Raises Conflict when somebody has it already, or it has ended."""
        if not await case_reading.take(connection, case.id, account=by.account, at=self._clock()):
            raise Conflict(
                f"taken by {case.taken_by_name}, or over already",
                f"已由{case.taken_by_name or '他人'}接手，或已结案",
                "already_taken",
            )

    async def close(self, connection: Connection, case: CaseRow, by: Actor) -> None:
        """End a case that its condition may outlast: it is not told of again before it was over once."""
        if not await case_reading.close(connection, case.id, account=by.account, at=self._clock()):
            raise Conflict("it was over already", "该事件已结束", "already_closed")

    async def _standing(self, connection: Connection, rows: list[RuleRow]) -> list[Standing]:
        ids = [row.id for row in rows]
        fired = await case_reading.last_fired(connection, ids)
        tried = await trials.newest(connection, ids)
        return [
            Standing(
                row=row,
                last_fired_at=fired[row.id][0] if row.id in fired else None,
                open_cases=fired[row.id][1] if row.id in fired else 0,
                trial=tried.get(row.id),
            )
            for row in rows
        ]

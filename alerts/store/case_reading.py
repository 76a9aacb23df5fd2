"""Cases of rules as people see them, cut to a subtree; taken and closed by one of them."""

from datetime import datetime
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

Connection = AsyncConnection[Any]


class CaseRow(NamedTuple):
    id: int
    rule: int
    rule_name: str
    rule_left: int  # of the rule's unit
    kind: str
    measure: str | None
    is_below: bool
    bound: int
    level: str
    unit: int
    unit_name: str
    unit_name_en: str | None
    tree_left: int
    member: int | None
    member_name: str | None
    member_phone: str | None
    opened_at: datetime
    seen_at: datetime
    subjects: int
    taken_at: datetime | None
    taken_by: int | None
    taken_by_name: str | None
    ended_at: datetime | None
    ended_by: int | None
    ended_by_name: str | None
    alert: UUID | None
    alert_state: str | None
    trouble: str


_CASE: LiteralString = """
    SELECT rule_case.id, rule.id AS rule, rule.name AS rule_name, keeper.tree_left AS rule_left, kind, measure,
        is_below, bound, rule_case.level, unit.id AS unit, unit.name AS unit_name, unit.name_en AS unit_name_en,
        unit.tree_left, member.id AS member, member.name AS member_name, member.phone AS member_phone,
        opened_at, seen_at, subjects, taken_at, taken_by, taker.name AS taken_by_name,
        rule_case.ended_at, ended_by, closer.name AS ended_by_name, alert.id AS alert, alert.state AS alert_state,
        trouble
    FROM rule_case
    JOIN rule ON rule.id = rule_case.rule
    JOIN unit keeper ON keeper.id = rule.unit
    JOIN unit ON unit.id = rule_case.unit
    LEFT JOIN member ON member.id = rule_case.member
    LEFT JOIN account taker ON taker.id = taken_by
    LEFT JOIN account closer ON closer.id = ended_by
    LEFT JOIN alert ON alert.id = rule_case.alert
"""


async def page(
    connection: Connection, *, left: int, right: int, only_open: bool, rule: int | None, limit: int
) -> list[CaseRow]:
    """Return cases of a subtree: the open ones first, the worst and newest of them on top."""
    async with connection.cursor(row_factory=class_row(CaseRow)) as cursor:
        await cursor.execute(
            _CASE
            + """
            WHERE unit.tree_left BETWEEN %(left)s AND %(right)s
                AND (rule_case.ended_at IS NULL OR NOT %(only_open)s)
                AND (%(rule)s::integer IS NULL OR rule.id = %(rule)s)
            ORDER BY rule_case.ended_at IS NOT NULL,
                CASE WHEN rule_case.ended_at IS NULL
                    THEN array_position(ARRAY['red', 'orange', 'yellow', 'blue'], rule_case.level) END,
                opened_at DESC
            LIMIT %(limit)s
            """,
            {"left": left, "right": right, "only_open": only_open, "rule": rule, "limit": limit},
        )
        return await cursor.fetchall()


async def find(connection: Connection, case: int) -> CaseRow | None:
    """Return one case, wherever it is: the caller compares `tree_left`."""
    async with connection.cursor(row_factory=class_row(CaseRow)) as cursor:
        await cursor.execute(_CASE + " WHERE rule_case.id = %(case)s", {"case": case})
        return await cursor.fetchone()


async def last_fired(connection: Connection, rules: list[int]) -> dict[int, tuple[datetime, int]]:
    """Return when each rule opened its last case, and how many are open."""
    cursor = await connection.execute(
        """
        SELECT rule, max(opened_at), count(*) FILTER (WHERE ended_at IS NULL)
        FROM rule_case WHERE rule = ANY(%(rules)s) GROUP BY 1
        """,
        {"rules": rules},
    )
    return {rule: (opened_at, count) for rule, opened_at, count in await cursor.fetchall()}


async def take(connection: Connection, case: int, *, account: int, at: datetime) -> bool:
    """Mark it as being seen to; False when somebody has it already or it has ended."""
    done = await connection.execute(
        """
        UPDATE rule_case SET taken_at = %(at)s, taken_by = %(account)s
        WHERE id = %(case)s AND taken_at IS NULL AND ended_at IS NULL
        """,
        {"case": case, "account": account, "at": at},
    )
    return done.rowcount == 1


async def close(connection: Connection, case: int, *, account: int, at: datetime) -> bool:
    """End it; False when it has ended already."""
    done = await connection.execute(
        "UPDATE rule_case SET ended_at = %(at)s, ended_by = %(account)s WHERE id = %(case)s AND ended_at IS NULL",
        {"case": case, "account": account, "at": at},
    )
    return done.rowcount == 1

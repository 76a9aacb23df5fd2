"""Tables rule and rule_version: rules as people keep them, and which of them are due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from alerts.core.levels import Level
from alerts.core.rules import Does, Kind, Measure, Rule

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """A rule with where it stands. `tree_left` and `tree_right` are its unit's."""

    id: int
    unit: int
    unit_name: str
    unit_name_en: str | None
    tree_left: int
    tree_right: int
    name: str
    kind: str
    measure: str | None
    is_below: bool
    bound: int
    at_level: str | None
    together: str | None
    on_duty_only: bool
    level: str
    does: str
    hold_min: int
    clear_min: int
    rest_min: int
    quiet_from: time | None
    quiet_to: time | None
    instruction: str
    revision: int
    is_on: bool
    switched_by: int | None
    switched_at: datetime | None
    ran_at: datetime | None

    @property
    def rule(self) -> Rule:
        return Rule(
            unit=self.unit,
            name=self.name,
            kind=Kind(self.kind),
            level=Level(self.level),
            does=Does(self.does),
            measure=None if self.measure is None else Measure(self.measure),
            is_below=self.is_below,
            bound=self.bound,
            at_level=self.at_level,
            together=self.together,
            on_duty_only=self.on_duty_only,
            hold_min=self.hold_min,
            clear_min=self.clear_min,
            rest_min=self.rest_min,
            quiet_from=self.quiet_from,
            quiet_to=self.quiet_to,
            instruction=self.instruction,
        )


_RULE: LiteralString = """
    SELECT rule.id, rule.unit, unit.name AS unit_name, unit.name_en AS unit_name_en, tree_left, tree_right,
        rule.name, kind, measure, is_below, bound, at_level, together, on_duty_only, rule.level, does,
        hold_min, clear_min, rest_min, quiet_from, quiet_to, instruction, rule.revision, is_on,
        switched_by, switched_at, ran_at
    FROM rule JOIN unit ON unit.id = rule.unit
    WHERE rule.closed_at IS NULL
"""


async def within(connection: Connection, *, left: int, right: int) -> list[RuleRow]:
    """Return the rules of a subtree, those that are on first."""
    async with connection.cursor(row_factory=class_row(RuleRow)) as cursor:
        await cursor.execute(
            _RULE + " AND tree_left BETWEEN %(left)s AND %(right)s ORDER BY is_on DESC, rule.name, rule.id",
            {"left": left, "right": right},
        )
        return await cursor.fetchall()


async def find(connection: Connection, rule: int) -> RuleRow | None:
    async with connection.cursor(row_factory=class_row(RuleRow)) as cursor:
        await cursor.execute(_RULE + " AND rule.id = %(rule)s", {"rule": rule})
        return await cursor.fetchone()


async def lock(connection: Connection, rule: int) -> RuleRow | None:
    """Read a rule and keep everybody else from changing or running it until the transaction ends."""
    await connection.execute("SELECT FROM rule WHERE id = %(rule)s FOR NO KEY UPDATE", {"rule": rule})
    return await find(connection, rule)


async def due(connection: Connection, now: datetime, every: Mapping[Kind, timedelta]) -> list[int]:
    """Return the rules that are on and want to be run, who waited longest first."""
    cursor = await connection.execute(
        """
        SELECT rule.id FROM rule
        JOIN unit ON unit.id = rule.unit AND unit.closed_at IS NULL
        JOIN unnest(%(kinds)s::text[], %(every)s::interval[]) AS pace (kind, every) ON pace.kind = rule.kind
        WHERE is_on AND rule.closed_at IS NULL AND (ran_at IS NULL OR ran_at + pace.every <= %(now)s)
        ORDER BY ran_at NULLS FIRST, rule.id
        """,
        {"kinds": [kind.value for kind in every], "every": list(every.values()), "now": now},
    )
    return [row[0] for row in await cursor.fetchall()]


async def claim(connection: Connection, rule: int, now: datetime) -> RuleRow | None:
    """Hold a rule for a run of `now`; None when another program runs it, ran it, or it was switched off meanwhile."""
    cursor = await connection.execute(
        """
        SELECT ran_at FROM rule
        WHERE id = %(rule)s AND is_on AND closed_at IS NULL AND coalesce(ran_at < %(now)s, true)
        FOR NO KEY UPDATE SKIP LOCKED
        """,
        {"rule": rule, "now": now},
    )
    return await find(connection, rule) if await cursor.fetchone() is not None else None


async def ran(connection: Connection, rule: int, at: datetime) -> None:
    await connection.execute("UPDATE rule SET ran_at = %(at)s WHERE id = %(rule)s", {"rule": rule, "at": at})


async def add(connection: Connection, rule: Rule) -> int:
    """Return the id of the new rule, which is off."""
    cursor = await connection.execute(
        """
        INSERT INTO rule (unit, name, kind, measure, is_below, bound, at_level, together, on_duty_only, level, does,
            hold_min, clear_min, rest_min, quiet_from, quiet_to, instruction)
        VALUES (%(unit)s, %(name)s, %(kind)s, %(measure)s, %(is_below)s, %(bound)s, %(at_level)s, %(together)s,
            %(on_duty_only)s, %(level)s, %(does)s, %(hold_min)s, %(clear_min)s, %(rest_min)s, %(quiet_from)s,
            %(quiet_to)s, %(instruction)s)
        RETURNING id
        """,
        content_of(rule),
    )
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def change(connection: Connection, rule: int, after: Rule) -> None:
    """Write a changed rule, and switch it off: somebody must want it on as it is now."""
    await connection.execute(
        """
        UPDATE rule SET unit = %(unit)s, name = %(name)s, kind = %(kind)s, measure = %(measure)s,
            is_below = %(is_below)s, bound = %(bound)s, at_level = %(at_level)s, together = %(together)s,
            on_duty_only = %(on_duty_only)s, level = %(level)s, does = %(does)s, hold_min = %(hold_min)s,
            clear_min = %(clear_min)s, rest_min = %(rest_min)s, quiet_from = %(quiet_from)s, quiet_to = %(quiet_to)s,
            instruction = %(instruction)s, revision = revision + 1, is_on = false, ran_at = NULL
        WHERE id = %(rule)s
        """,
        {**content_of(after), "rule": rule},
    )


async def note_version(connection: Connection, rule: int, content: Rule, *, account: int, at: datetime) -> None:
    """Keep what the rule says at its revision of now."""
    await connection.execute(
        """
        INSERT INTO rule_version (rule, revision, content, made_by, made_at)
        SELECT id, revision, %(content)s, %(account)s, %(at)s FROM rule WHERE id = %(rule)s
        """,
        {"rule": rule, "content": Jsonb(plain(content)), "account": account, "at": at},
    )


async def switch(connection: Connection, rule: int, *, is_on: bool, account: int, at: datetime) -> None:
    await connection.execute(
        """
        UPDATE rule SET is_on = %(is_on)s, switched_by = %(account)s, switched_at = %(at)s, ran_at = NULL
        WHERE id = %(rule)s
        """,
        {"rule": rule, "is_on": is_on, "account": account, "at": at},
    )


async def close(connection: Connection, rule: int, *, at: datetime) -> None:
    await connection.execute(
        "UPDATE rule SET is_on = false, closed_at = %(at)s, revision = revision + 1 WHERE id = %(rule)s",
        {"rule": rule, "at": at},
    )


async def versions(connection: Connection, rule: int) -> list[tuple[Any, ...]]:
    """Return (revision, content, account, its name, when), the newest first."""
    cursor = await connection.execute(
        """
        SELECT rule_version.revision, content, account.id, account.name, made_at
        FROM rule_version JOIN account ON account.id = made_by
        WHERE rule = %(rule)s ORDER BY rule_version.revision DESC LIMIT 50
        """,
        {"rule": rule},
    )
    return await cursor.fetchall()


async def may_issue(connection: Connection, *, account: int, unit: int) -> bool:
    """Whether an account that is not closed holds the right to issue for the unit, by its role and what it sees."""
    cursor = await connection.execute(
        """
        SELECT FROM account
        JOIN unit seen ON seen.id = account.unit
        JOIN account_role ON account_role.account = account.id AND role = 'issuer'
        JOIN unit held ON held.id = account_role.unit
        JOIN unit ON unit.id = %(unit)s
        WHERE account.id = %(account)s AND account.closed_at IS NULL
            AND unit.tree_left BETWEEN held.tree_left AND held.tree_right
            AND unit.tree_left BETWEEN seen.tree_left AND seen.tree_right
        """,
        {"account": account, "unit": unit},
    )
    return await cursor.fetchone() is not None


def content_of(rule: Rule) -> dict[str, Any]:
    return {
        "unit": rule.unit,
        "name": rule.name.strip(),
        "kind": rule.kind.value,
        "measure": None if rule.measure is None else rule.measure.value,
        "is_below": rule.is_below,
        "bound": rule.bound,
        "at_level": rule.at_level,
        "together": rule.together,
        "on_duty_only": rule.on_duty_only,
        "level": rule.level.value,
        "does": rule.does.value,
        "hold_min": rule.hold_min,
        "clear_min": rule.clear_min,
        "rest_min": rule.rest_min,
        "quiet_from": rule.quiet_from,
        "quiet_to": rule.quiet_to,
        "instruction": rule.instruction.strip(),
    }


def plain(rule: Rule) -> dict[str, Any]:
    """Return what a rule says as JSON holds it."""
    return {name: f"{value:%H:%M}" if isinstance(value, time) else value for name, value in content_of(rule).items()}

"""Rules as people make and change them. A rule that is changed is off until somebody wants it on as it is now."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from alerts.changes import targets
from alerts.core.records import Actor
from alerts.core.rules import Does, Rule, fault_of
from alerts.store import authority, rule_cases, rules, trials
from alerts.store.rules import RuleRow
from tracker.organisation.errors import Conflict, Invalid, Unknown

Connection = AsyncConnection[Any]

MOST_DAYS: Final = 31  # of a trial


async def held(connection: Connection, rule: int, revision: int) -> RuleRow:
    """Return the rule, locked. Raises Unknown, or Conflict when somebody saved first."""
    found = await rules.lock(connection, rule)
    if found is None:
        raise Unknown(f"there is no rule {rule}, or it was deleted", "没有该规则，或已删除")
    if found.revision != revision:
        raise Conflict
    return found


async def add(connection: Connection, rule: Rule, *, by: Actor, now: datetime) -> int:
    """Return the id of the new rule, which is off. Raises Invalid."""
    await _check(connection, rule)
    made = await rules.add(connection, rule)
    await rules.note_version(connection, made, rule, account=by.account, at=now)
    return made


async def change(
    connection: Connection, rule: int, *, revision: int, changes: Mapping[str, Any], by: Actor, now: datetime
) -> None:
    """Write what was changed, as a new version; its open cases end. Raises Invalid, Unknown or Conflict."""
    before = (await held(connection, rule, revision)).rule
    after = replace(before, **changes)
    await _check(connection, after)
    await rules.change(connection, rule, after)
    await rules.note_version(connection, rule, after, account=by.account, at=now)
    await rule_cases.forget(connection, rule, at=now, account=by.account)


async def switch(connection: Connection, rule: int, *, revision: int, is_on: bool, by: Actor, now: datetime) -> None:
    """Switch it on or off. One that issues by itself wants `by` to issue for its unit; raises NotAllowed else."""
    row = await held(connection, rule, revision)
    if row.is_on == is_on:
        return
    if is_on and row.rule.does is Does.ISSUE:
        await targets.permitted(connection, issuer=row.unit, targets=(row.unit,), level=row.rule.level)
    await rules.switch(connection, rule, is_on=is_on, account=by.account, at=now)
    if not is_on:
        await rule_cases.forget(connection, rule, at=now, account=by.account)


async def delete(connection: Connection, rule: int, *, revision: int, by: Actor, now: datetime) -> None:
    """Its cases and versions stay."""
    await held(connection, rule, revision)
    await rules.close(connection, rule, at=now)
    await rule_cases.forget(connection, rule, at=now, account=by.account)


async def ask_trial(connection: Connection, rule: int, *, days: int, by: Actor, now: datetime) -> None:
    """Have the rule, as it is now, run over the last `days`."""
    row = await rules.lock(connection, rule)
    if row is None:
        raise Unknown(f"there is no rule {rule}, or it was deleted", "没有该规则，或已删除")
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(f"days: 1 to {MOST_DAYS}", f"须为1至{MOST_DAYS}天", field="days")
    await trials.ask(
        connection,
        rule,
        revision=row.revision,
        since=now - timedelta(days=days),
        until=now,
        account=by.account,
        at=now,
    )


async def _check(connection: Connection, rule: Rule) -> None:
    fault = fault_of(rule)
    if fault is not None:
        raise Invalid(fault.words.en, fault.words.zh, field=fault.field)
    levels = await authority.levels(connection)
    for name, level in (("at_level", rule.at_level), ("together", rule.together)):
        if level is not None and level not in levels:
            raise Invalid(f"{name}: there is no level {level}", f"没有该层级：{level}", field=name)
    at, together = levels.get(rule.at_level or ""), levels.get(rule.together or "")
    if at is not None and together is not None and together.rank > at.rank:
        raise Invalid(
            "together: cases are made by units at or above those that are counted",
            "合并层级不能低于统计层级",
            field="together",
        )

"""What a case proposes: a draft, or an issued alert where the rule is trusted. Once a case, whoever runs the rule.

The alert's id is made of the rule and the case, so that a second try makes no second alert. As long as nobody touched
a draft it follows its case: it names who joins, and is withdrawn when the case is over. An issued alert is a person's
to lift.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from psycopg import AsyncConnection

from alerts.changes import drafting, ending, issuing, targets
from alerts.core import rule_texts
from alerts.core.cases import Outcome, Subject
from alerts.core.errors import Refusal
from alerts.core.policy import Policy
from alerts.core.records import Actor, Content
from alerts.core.rule_texts import Named
from alerts.core.rules import Does, Rule
from alerts.core.states import AlertMove, AlertState
from alerts.store import alerts, authority, rule_cases, rules
from alerts.store.rule_cases import LeftDraft, OpenCase, SubjectName
from alerts.store.rules import RuleRow

Connection = AsyncConnection[Any]

SPACE: Final = UUID("6f1c2f5e-7d0b-4c39-9a52-0f6f3b7c1d21")  # of the ids that rules make
NO_RIGHT: Final = "no_right"  # who switched it on may not issue any more; drafted instead
REFUSED: Final = "refused"


async def follow(
    connection: Connection, row: RuleRow, outcome: Outcome, *, policy: Policy, now: datetime
) -> list[UUID]:
    """Do for the cases of a present outcome what the rule does; return the alerts that were made or changed."""
    if row.rule.does is Does.CASE or row.switched_by is None:
        return []
    by = Actor(account=row.switched_by, unit=row.unit)
    made: list[UUID] = []
    for case in outcome.opened:
        made += await _propose(connection, row, case.group, by=by, policy=policy, now=now)
    for case in outcome.grown:
        made += await _name_who_joined(connection, row, case.group, by=by, now=now)
    return made


async def withdraw(connection: Connection, left: LeftDraft, *, policy: Policy, now: datetime) -> bool:
    """Take back the untouched draft of a case that has ended; False when somebody was faster."""
    by = Actor(account=left.account, unit=left.unit)
    try:
        async with connection.transaction():
            await ending.end(
                connection,
                left.alert,
                move=AlertMove.CANCEL,
                by=by,
                expected_version=left.version,
                note="",
                policy=policy,
                now=now,
            )
    except Refusal:
        return False
    return True


async def _propose(
    connection: Connection, row: RuleRow, group: Subject, *, by: Actor, policy: Policy, now: datetime
) -> list[UUID]:
    case = await rule_cases.open_case(connection, row.id, group)
    if case is None:
        return []
    alert = uuid5(SPACE, f"{row.id} {case.id}")
    content = await content_of(connection, row.rule, case)
    try:
        async with connection.transaction():
            await drafting.draft(connection, alert, by=by, content=content, now=now)
    except Refusal as refused:
        await rule_cases.in_trouble(connection, case.id, f"{REFUSED}: {refused.reason.en}")
        return []
    trouble, is_issued = await _issue(connection, row, alert, by=by, policy=policy, now=now)
    await rule_cases.proposed(connection, case.id, alert=alert, version=2 if is_issued else 1, trouble=trouble)
    return [alert]


async def _issue(
    connection: Connection, row: RuleRow, alert: UUID, *, by: Actor, policy: Policy, now: datetime
) -> tuple[str, bool]:
    """Issue a draft if the rule is trusted with it; return what was in the way, and whether it is issued."""
    if row.rule.does is not Does.ISSUE:
        return "", False
    if not await rules.may_issue(connection, account=by.account, unit=row.unit):
        return NO_RIGHT, False
    try:
        async with connection.transaction():
            await issuing.issue(
                connection, alert, by=by, expected_version=1, override_reason=None, policy=policy, now=now
            )
    except Refusal as refused:
        return f"{REFUSED}: {refused.reason.en}", False
    return "", True


async def _name_who_joined(
    connection: Connection, row: RuleRow, group: Subject, *, by: Actor, now: datetime
) -> list[UUID]:
    case = await rule_cases.open_case(connection, row.id, group)
    if case is None or case.alert is None or case.alert_version is None or not await _is_untouched(connection, case):
        return []
    content = await content_of(connection, row.rule, case)
    try:
        async with connection.transaction():
            await drafting.edit(
                connection, case.alert, by=by, expected_version=case.alert_version, content=content, now=now
            )
    except Refusal as refused:
        await rule_cases.in_trouble(connection, case.id, f"{REFUSED}: {refused.reason.en}")
        return []
    await rule_cases.proposed(connection, case.id, alert=case.alert, version=case.alert_version + 1, trouble="")
    return [case.alert]


async def _is_untouched(connection: Connection, case: OpenCase) -> bool:
    """Whether the case's alert is still the draft that the rule wrote."""
    head = None if case.alert is None else await alerts.lock(connection, case.alert)
    return head is not None and head.alert_state is AlertState.DRAFT and head.version == case.alert_version


async def content_of(connection: Connection, rule: Rule, case: OpenCase) -> Content:
    """Return what the alert of a case says: to the unit it is about, in the rule's name."""
    names = await rule_cases.subjects(connection, case.id, limit=1_000)
    found = (await authority.places(connection, [case.unit])).get(case.unit)
    place = Named("", "") if found is None else Named(found.words.zh, found.words.en)
    content = Content(
        level=rule.level,
        event=rule.name,
        headline=rule_texts.headline(rule, place),
        description=rule_texts.description(rule, place, [_named(name) for name in names], len(names)),
        instruction=rule.instruction,
        targets=(await _target(connection, rule, case.unit),),
    )
    return replace(content, description=content.description[:5_000])


async def _target(connection: Connection, rule: Rule, unit: int) -> int:
    """Return whom to warn: the case's unit, or the nearest above it that the rule's unit may warn."""
    for above in await authority.way_up(connection, unit=unit, top=rule.unit):
        judged = await targets.aim(connection, issuer=rule.unit, targets=(above,), level=rule.level)
        if judged.is_allowed:
            return above
    return unit


def _named(name: SubjectName) -> Named:
    if name.member_name is not None:
        return Named(name.member_name, name.member_name)
    return Named(name.unit_name, name.unit_name_en or name.unit_name)

"""Timers that are due: remind the person, tell the superior in one digest, tell the issuer, let the alert expire.

Each firing is one transaction under the alert's lock: timers claimed, messages queued, the next timers set, audited. So
it happens once, whoever else is looking, and in order of the due dates after an outage.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from alerts.changes import ending, telling
from alerts.changes.telling import Telling
from alerts.core import escalation, texts
from alerts.core.escalation import Step
from alerts.core.policy import Policy
from alerts.core.states import AlertState
from alerts.core.texts import Kind
from alerts.store import alerts, answers, audit, deliveries, timers
from alerts.store.alerts import Head
from alerts.store.answers import Silence
from alerts.store.deliveries import Digest
from alerts.store.timers import Due

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    alert: UUID
    step: Step
    timers: int
    messages: int


async def fire(connection: Connection, due: Due, *, policy: Policy, now: datetime) -> Fired:
    """Do what one group of due timers asks for. Nothing, when somebody else did or the version is not in force."""
    head = await alerts.lock(connection, due.alert)
    claimed = await timers.claim(connection, due, now)
    step, messages = Step(due.kind), 0
    if claimed and head is not None and head.alert_state is AlertState.ISSUED and head.in_force == due.version:
        messages = await _act(connection, head, step, claimed, policy=policy, now=now)
        await audit.record(
            connection,
            at=now,
            account=None,
            action="timer.fired",
            subject=str(due.alert),
            step=step.value,
            timers=len(claimed),
            messages=messages,
        )
    return Fired(alert=due.alert, step=step, timers=len(claimed), messages=messages)


async def _act(
    connection: Connection, head: Head, step: Step, claimed: Sequence[int | None], *, policy: Policy, now: datetime
) -> int:
    if step is Step.EXPIRE:
        await ending.expire(connection, head.id, now=now)
        return 0
    if step is Step.ISSUER:
        told = await answers.issuer_of(connection, alert=head.id, version=head.version)
        return await _digest(connection, head, told, policy=policy, now=now)
    if policy.acknowledge_within[head.alert_level] is None:
        return 0
    people = [member for member in claimed if member is not None]
    silent = await answers.silent_among(connection, alert=head.id, version=head.version, members=people)
    if not silent:
        return 0
    await _set_next(connection, head, step, silent, policy=policy, now=now)
    if step is Step.REMIND:
        said = await _telling(connection, head, Kind.REMIND, policy=policy, now=now)
        return await telling.remind(connection, said, policy=policy, members=silent)
    told = await answers.superiors_of(connection, alert=head.id, members=silent)
    return await _digest(connection, head, told, policy=policy, now=now)


async def _set_next(
    connection: Connection, head: Head, step: Step, silent: Sequence[int], *, policy: Policy, now: datetime
) -> None:
    within = policy.acknowledge_within[head.alert_level]
    if within is None:
        return
    timer = escalation.following(step, fired_at=now, in_force_since=head.made_at, within=within)
    if timer is None:
        return
    if timer.step in escalation.TIMER_OF_ALERT:
        await timers.set_for_alert(
            connection, alert=head.id, version=head.version, kind=timer.step, due_at=timer.due_at
        )
        return
    await timers.set_for_members(
        connection, alert=head.id, version=head.version, members=silent, kind=timer.step, due_at=timer.due_at
    )


async def _digest(connection: Connection, head: Head, told: Sequence[Silence], *, policy: Policy, now: datetime) -> int:
    """Queue one message for each superior, whatever the number of their silent people."""
    said = await _telling(connection, head, Kind.DIGEST, policy=policy, now=now)
    mailing = telling.mailing_of(said, kind="digest", wants_answer=False, policy=policy)
    mailing = replace(mailing, occasion=f"{Kind.DIGEST.value} {now:%Y%m%dT%H%M%S}")
    return await deliveries.enqueue_digests(connection, mailing, [_worded(said, one, policy) for one in told])


def _worded(said: Telling, silence: Silence, policy: Policy) -> Digest:
    note = texts.digest_note(count=silence.people, names=silence.names, language=silence.language)
    notice = replace(said.notice, note=note)
    body = texts.body(notice, language=silence.language, signature=policy.signature, timezone=policy.timezone)
    return Digest(member=silence.member, phone=silence.phone, language=silence.language, body=body)


async def _telling(connection: Connection, head: Head, kind: Kind, *, policy: Policy, now: datetime) -> Telling:
    notice = await telling.notice_of(connection, head, kind=kind, level=head.alert_level, now=now)
    expires_at = head.expires_at or now + policy.valid_for
    return Telling(head=head, version=head.version, notice=notice, expires_at=expires_at)

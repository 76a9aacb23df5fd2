"""One version told: bodies written once in each language, rows made for everybody by SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg import AsyncConnection

from alerts.core import payloads, pushes, texts
from alerts.core.levels import Level, priority
from alerts.core.policy import Policy
from alerts.core.texts import Kind, Notice
from alerts.core.words import Words
from alerts.store import authority, deliveries, mailings, timers
from alerts.store.alerts import Head
from alerts.store.deliveries import Mailing

Connection = AsyncConnection[Any]

AT_ONCE: Final = 1_000  # SMS of a telling; behind more of them the other channels follow in a transaction of their own


class Told(NamedTuple):
    messages: int
    is_whole: bool  # else the rest follows behind `finish`


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What is said now about an alert, and until when it is worth saying."""

    head: Head
    version: int
    notice: Notice
    expires_at: datetime


async def notice_of(
    connection: Connection, head: Head, *, kind: Kind, level: Level, now: datetime, note: str = ""
) -> Notice:
    """Return what the bodies are made of."""
    places = await authority.places(connection, [head.unit])
    return Notice(
        kind=kind,
        level=level,
        event=head.event,
        headline=head.headline,
        description=head.description,
        instruction=head.instruction,
        issuer=places[head.unit].words if head.unit in places else Words("", ""),
        made_at=now,
        is_drill=head.is_drill,
        note=note,
    )


def payload_of(telling: Telling) -> str:
    return payloads.terminal(
        telling.notice,
        alert=telling.head.id,
        version=telling.version,
        expires_at=telling.expires_at,
        wants_answer=True,
    )


async def tell(
    connection: Connection, telling: Telling, *, policy: Policy, members: Sequence[int] | None = None
) -> Told:
    """Queue the first telling of a version for the audience, or for `members` of it.

    A large one's SMS are queued now, so that they leave at once; `finish` queues the rest.
    """
    mailing = mailing_of(telling, kind="telling", wants_answer=True, policy=policy, members=members)
    made = await deliveries.enqueue_sms(connection, mailing)
    if members is None and made > AT_ONCE:
        await mailings.put_off(connection, mailing)
        return Told(made, is_whole=False)
    return Told(made + await _queue_others(connection, mailing), is_whole=True)


async def queue(connection: Connection, mailing: Mailing) -> int:
    """Queue a mailing on every channel that reaches its people, and say of whom none does; return the rows made."""
    return await deliveries.enqueue_sms(connection, mailing) + await _queue_others(connection, mailing)


async def finish(connection: Connection) -> Mailing | None:
    """Queue what a large mailing left for later; return it, None when nothing waits."""
    mailing = await mailings.take(connection)
    if mailing is not None:
        await _queue_others(connection, mailing)
    return mailing


async def _queue_others(connection: Connection, mailing: Mailing) -> int:
    made = await deliveries.enqueue_terminals(connection, mailing)
    made += await deliveries.enqueue_pushes(connection, mailing)
    unreachable = await deliveries.record_unreachable(connection, mailing)
    if unreachable:
        await timers.tell_superiors(connection, deliveries=unreachable, now=mailing.queued_at)
    return made + len(unreachable)


async def remind(connection: Connection, telling: Telling, *, policy: Policy, members: Sequence[int]) -> int:
    """Queue a reminder for `members`; return the rows made."""
    mailing = mailing_of(telling, kind="reminder", wants_answer=True, policy=policy, members=members)
    made = await deliveries.enqueue_sms(connection, mailing)
    made += await deliveries.enqueue_terminals(connection, mailing)
    return made + await deliveries.enqueue_pushes(connection, mailing)


async def follow_up(connection: Connection, telling: Telling, *, policy: Policy) -> int:
    """Queue the end of the alert for everybody who had been told, and nobody else; return the rows made."""
    mailing = mailing_of(telling, kind="follow_up", wants_answer=False, policy=policy)
    return await deliveries.enqueue_follow_up(connection, mailing)


def mailing_of(
    telling: Telling,
    *,
    kind: str,
    wants_answer: bool,
    policy: Policy,
    members: Sequence[int] | None = None,
    topic: str | None = None,
) -> Mailing:
    """`topic`: under which pushes replace each other; None: that of the alert."""
    notice = telling.notice
    zh, en = (
        texts.body(notice, language=language, signature=policy.signature, timezone=policy.timezone)
        for language in ("zh", "en")
    )
    push_zh, push_en = (
        pushes.message(
            notice,
            alert=telling.head.id,
            topic=topic or pushes.topic(telling.head.id),
            wants_answer=wants_answer,
            language=language,
        )
        for language in ("zh", "en")
    )
    return Mailing(
        alert=telling.head.id,
        version=telling.version,
        kind=kind,
        occasion=notice.kind.value,
        zh=zh,
        en=en,
        payload=payload_of(telling),
        push_zh=push_zh,
        push_en=push_en,
        wants_answer=wants_answer,
        priority=priority(notice.level, is_chasing=kind in ("reminder", "digest"), is_drill=notice.is_drill),
        queued_at=notice.made_at,
        expires_at=telling.expires_at,
        sms="outbox" if notice.is_drill and not policy.sends_drill_sms else "sms",
        members=members,
    )

"""A leader passes a warning in force down, with own words: in one transaction the record, the audience, the messages.

It is no version: level, text and end stay the issuer's. Its reach is the leader's own units as far as they were warned,
and nothing beside or above them.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from alerts.changes import telling
from alerts.changes.telling import Telling
from alerts.core import pushes, texts
from alerts.core.errors import BadContent, IllegalMove, NotAllowed, UnknownAlert
from alerts.core.policy import Policy
from alerts.core.states import AlertState
from alerts.core.texts import Kind
from alerts.core.words import Words
from alerts.store import alerts, audience, audit, passings
from alerts.store.alerts import Head
from alerts.store.deliveries import Mailing

Connection = AsyncConnection[Any]

MOST_CHARACTERS: Final = 200  # of own words: three parts of an SMS more
MOST_PASSINGS: Final = 5  # of one warning by one leader: each is an SMS to all their leaders

NOT_IN_FORCE: Final = Words("预警已结束，无需再转达", "this warning is over: there is nothing to pass down any more")
NOBODY_BELOW: Final = Words(
    "您的网格下没有收到此预警的下级网格，或其中没有网格长，无法转达",
    "you lead no grid with leaders below it that this warning is about, so there is nobody to pass it down to",
)
TOO_OFTEN: Final = Words(
    f"此预警您已转达{MOST_PASSINGS}次；如有新情况，请直接打电话",
    f"you have passed this warning down {MOST_PASSINGS} times already: telephone if there is more to say",
)
NO_WORDS: Final = Words("请写一句您自己的话再转达", "write a sentence of your own, then pass it down")
TOO_LONG: Final = Words(
    f"最多{MOST_CHARACTERS}个字，请写短一些", f"at most {MOST_CHARACTERS} characters: say it in fewer words"
)
NOT_YOURS: Final = Words("请从预警页面重新打开转达", "open the form again from the warning's page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """`is_repeat`: the same form sent again; nobody is told twice."""

    people: int
    is_repeat: bool = False


async def pass_down(
    connection: Connection,
    alert: UUID,
    *,
    passing: UUID,
    member: int,
    words: str,
    policy: Policy,
    now: datetime,
) -> Passed:
    """Tell the leaders below, each once; raises UnknownAlert, IllegalMove, BadContent or NotAllowed with words."""
    said = spoken(words)
    head = await alerts.lock(connection, alert)
    if head is None or not await audience.has(connection, alert=alert, member=member):
        raise UnknownAlert(alert)
    author = await passings.author(connection, passing)
    if author is not None:
        if author != (alert, member):
            raise BadContent(NOT_YOURS)
        return Passed(people=0, is_repeat=True)
    if head.alert_state is not AlertState.ISSUED:
        raise IllegalMove(NOT_IN_FORCE)
    if await passings.of_member(connection, alert=alert, member=member) >= MOST_PASSINGS:
        raise NotAllowed(TOO_OFTEN)
    below = await passings.below(connection, member=member, grids=head.grids)
    told: Sequence[int] = ()
    if below is not None:
        told = await passings.admit(connection, alert=alert, version=head.version, member=member, units=below.units)
    if below is None or not told:
        raise NotAllowed(NOBODY_BELOW)
    await passings.add(
        connection,
        passing,
        alert=alert,
        version=head.version,
        member=member,
        unit=below.unit,
        words=said,
        told=told,
        now=now,
    )
    name = await audience.name_of(connection, member)
    mailing = await _mailing(
        connection, head, passing, name=name, unit=below.words, words=said, told=told, policy=policy, now=now
    )
    await telling.queue(connection, mailing)
    await audit.record(
        connection,
        at=now,
        account=None,
        action="alert.passed_down",
        subject=str(alert),
        member=member,
        unit=below.unit,
        passing=str(passing),
        words=said,
        people=len(told),
    )
    return Passed(people=len(told))


def spoken(words: str) -> str:
    """Return a leader's own words in one line; raises BadContent. Control characters have no place in an SMS."""
    kept = "".join(" " if unicodedata.category(one) == "Cc" else one for one in words)
    said = " ".join(kept.split())
    if not said:
        raise BadContent(NO_WORDS)
    if len(said) > MOST_CHARACTERS:
        raise BadContent(TOO_LONG)
    return said


async def _mailing(
    connection: Connection,
    head: Head,
    passing: UUID,
    *,
    name: str,
    unit: Words,
    words: str,
    told: Sequence[int],
    policy: Policy,
    now: datetime,
) -> Mailing:
    """Return the messages: who said it is named in the reader's language."""
    notice = await telling.notice_of(connection, head, kind=Kind.PASSED_DOWN, level=head.alert_level, now=now)
    ends_at = head.expires_at or now + policy.valid_for
    topic = pushes.topic(head.id, passing=str(passing))
    zh, en = (
        telling.mailing_of(
            Telling(
                head=head,
                version=head.version,
                notice=replace(notice, note=texts.passed_note(name=name, unit=unit, words=words, language=language)),
                expires_at=ends_at,
            ),
            kind="passed_down",
            wants_answer=True,
            policy=policy,
            members=told,
            topic=topic,
        )
        for language in ("zh", "en")
    )
    return replace(zh, en=en.en, push_en=en.push_en, occasion=f"{Kind.PASSED_DOWN.value} {passing}")

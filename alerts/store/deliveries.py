"""Table delivery, the writing side: one row per person and channel, made by INSERT ... SELECT.

Alert, version, member, kind, occasion, channel and address make each idempotent. Rows of a person whom no channel can
reach are made failed at once: nobody in an audience is silently dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from alerts.core.states import TOLD, DeliveryMove, delivery_pairs

Connection = AsyncConnection[Any]
_TOLD = [state.value for state in TOLD]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """One message to many. `members` None: the whole audience."""

    alert: UUID
    version: int
    kind: str  # telling, passed_down, follow_up, reminder
    occasion: str
    zh: str
    en: str
    payload: str  # for terminals
    push_zh: str  # for service workers of phones
    push_en: str
    wants_answer: bool
    priority: int
    queued_at: datetime
    expires_at: datetime
    sms: str = "sms"  # the channel of its SMS: who sends them takes nothing of another one
    members: Sequence[int] | None = None

    @property
    def values(self) -> dict[str, object]:
        return {
            "alert": self.alert,
            "version": self.version,
            "kind": self.kind,
            "occasion": self.occasion,
            "zh": self.zh,
            "en": self.en,
            "payload": self.payload,
            "push_zh": self.push_zh,
            "push_en": self.push_en,
            "wants_answer": self.wants_answer,
            "priority": self.priority,
            "queued_at": self.queued_at,
            "expires_at": self.expires_at,
            "sms": self.sms,
            "members": None if self.members is None else list(self.members),
        }


async def enqueue_sms(connection: Connection, mailing: Mailing) -> int:
    """Queue one SMS for everybody in the audience who has a phone; return how many."""
    cursor = await connection.execute(
        """
        INSERT INTO delivery (alert, version, member, kind, occasion, channel, address, language, body, wants_answer,
                              priority, state, queued_at, expires_at)
        SELECT alert, %(version)s, member, %(kind)s, %(occasion)s, %(sms)s, phone, language,
               CASE WHEN language LIKE 'zh%%' THEN %(zh)s ELSE %(en)s END,
               %(wants_answer)s, %(priority)s, 'queued', %(queued_at)s, %(expires_at)s
        FROM audience
        WHERE alert = %(alert)s AND phone IS NOT NULL
          AND (%(members)s::integer[] IS NULL OR member = ANY(%(members)s::integer[]))
        ORDER BY member
        ON CONFLICT DO NOTHING
        """,
        mailing.values,
    )
    return cursor.rowcount


async def enqueue_terminals(connection: Connection, mailing: Mailing) -> int:
    """Queue one message for each terminal that somebody in the audience carries; return how many."""
    cursor = await connection.execute(
        """
        INSERT INTO delivery (alert, version, member, kind, occasion, channel, address, language, body, priority,
                              state, queued_at, expires_at)
        SELECT a.alert, %(version)s, a.member, %(kind)s, %(occasion)s, 'terminal', t.code, a.language, %(payload)s,
               %(priority)s, 'queued', %(queued_at)s, %(expires_at)s
        FROM audience a JOIN terminal t ON t.member = a.member AND t.closed_at IS NULL
        WHERE a.alert = %(alert)s
          AND (%(members)s::integer[] IS NULL OR a.member = ANY(%(members)s::integer[]))
        ORDER BY a.member
        ON CONFLICT DO NOTHING
        """,
        mailing.values,
    )
    return cursor.rowcount


async def enqueue_pushes(connection: Connection, mailing: Mailing) -> int:
    """Queue one message for each phone that somebody in the audience is pushed to; return how many."""
    cursor = await connection.execute(
        """
        INSERT INTO delivery (alert, version, member, kind, occasion, channel, address, language, body, priority,
                              state, queued_at, expires_at)
        SELECT a.alert, %(version)s, a.member, %(kind)s, %(occasion)s, 'push', p.id::text, a.language,
               CASE WHEN a.language LIKE 'zh%%' THEN %(push_zh)s ELSE %(push_en)s END, %(priority)s,
               'queued', %(queued_at)s, %(expires_at)s
        FROM push_subscription s
        JOIN phone p ON p.id = s.phone AND p.closed_at IS NULL AND p.expires_at > %(queued_at)s
        JOIN member m ON m.id = p.member AND m.closed_at IS NULL AND m.phone IS NOT DISTINCT FROM p.number
        JOIN audience a ON a.member = p.member AND a.alert = %(alert)s
        WHERE (%(members)s::integer[] IS NULL OR a.member = ANY(%(members)s::integer[]))
        ORDER BY a.member, p.id
        ON CONFLICT DO NOTHING
        """,
        mailing.values,
    )
    return cursor.rowcount


async def record_unreachable(connection: Connection, mailing: Mailing) -> list[int]:
    """Write a failed row for everybody who has neither phone, terminal nor push; return the rows.

    Made last: whom a row of this mailing is queued for is reached, by whatever channel.
    """
    cursor = await connection.execute(
        """
        INSERT INTO delivery (alert, version, member, kind, occasion, channel, address, language, body, priority,
                              state, detail, queued_at, settled_at)
        SELECT a.alert, %(version)s, a.member, %(kind)s, %(occasion)s, 'none', '', a.language, '', %(priority)s,
               'failed', 'no phone number and no terminal', %(queued_at)s, %(queued_at)s
        FROM audience a
        WHERE a.alert = %(alert)s AND a.phone IS NULL
          AND NOT EXISTS (SELECT 1 FROM terminal t WHERE t.member = a.member AND t.closed_at IS NULL)
          AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.member = a.member AND d.alert = a.alert
                          AND d.version = %(version)s AND d.channel = 'push')
          AND (%(members)s::integer[] IS NULL OR a.member = ANY(%(members)s::integer[]))
        ON CONFLICT DO NOTHING
        RETURNING id
        """,
        mailing.values,
    )
    return [row[0] for row in await cursor.fetchall()]


async def enqueue_follow_up(connection: Connection, mailing: Mailing) -> int:
    """Queue one message over every channel and address that anybody was told on; return how many.

    Told: claimed, sent, delivered, unknown, or perhaps sent before a lease was lost.
    """
    cursor = await connection.execute(
        """
        INSERT INTO delivery (alert, version, member, kind, occasion, channel, address, language, body, priority,
                              state, queued_at, expires_at)
        SELECT alert, %(version)s, member, %(kind)s, %(occasion)s, channel, address, language,
               CASE WHEN channel = 'terminal' THEN %(payload)s
                    WHEN channel = 'push' AND language LIKE 'zh%%' THEN %(push_zh)s
                    WHEN channel = 'push' THEN %(push_en)s
                    WHEN language LIKE 'zh%%' THEN %(zh)s ELSE %(en)s END,
               %(priority)s, 'queued', %(queued_at)s, %(expires_at)s
        FROM (
            SELECT DISTINCT alert, member, channel, address, language FROM delivery
            WHERE alert = %(alert)s AND version < %(version)s AND (state = ANY(%(told)s) OR is_possible_duplicate)
        ) AS told
        ORDER BY member
        ON CONFLICT DO NOTHING
        """,
        {**mailing.values, "told": _TOLD},
    )
    return cursor.rowcount


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One superior's own message."""

    member: int
    phone: str
    language: str
    body: str


async def enqueue_digests(connection: Connection, mailing: Mailing, digests: Sequence[Digest]) -> int:
    """Queue the digests, each with its own body, at the mailing's priority and occasion; return how many."""
    cursor = await connection.execute(
        """
        INSERT INTO delivery (alert, version, member, kind, occasion, channel, address, language, body, priority,
                              state, queued_at, expires_at)
        SELECT %(alert)s, %(version)s, d.member, %(kind)s, %(occasion)s, %(sms)s, d.phone, d.language, d.body,
               %(priority)s, 'queued', %(queued_at)s, %(expires_at)s
        FROM unnest(%(to)s::integer[], %(phones)s::text[], %(languages)s::text[], %(bodies)s::text[])
             AS d(member, phone, language, body)
        ON CONFLICT DO NOTHING
        """,
        {
            **mailing.values,
            "to": [digest.member for digest in digests],
            "phones": [digest.phone for digest in digests],
            "languages": [digest.language for digest in digests],
            "bodies": [digest.body for digest in digests],
        },
    )
    return cursor.rowcount


async def confirm_push(connection: Connection, delivery: int, *, phone: int, now: datetime) -> UUID | None:
    """Settle a push that its phone says it has shown; return the alert, whether or not this was the first time."""
    before, after = delivery_pairs(DeliveryMove.CONFIRMED)
    await connection.execute(
        """
        UPDATE delivery d
        SET state = moves.after, settled_at = %(now)s, sent_at = coalesce(d.sent_at, %(now)s), lease_until = NULL
        FROM unnest(%(before)s::text[], %(after)s::text[]) AS moves(before, after)
        WHERE d.id = %(delivery)s AND d.channel = 'push' AND d.address = %(phone)s::text AND d.state = moves.before
        """,
        {"delivery": delivery, "phone": phone, "now": now, "before": before, "after": after},
    )
    cursor = await connection.execute(
        "SELECT alert FROM delivery WHERE id = %s AND channel = 'push' AND address = %s", [delivery, str(phone)]
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def supersede(connection: Connection, alert: UUID, *, before_version: int, now: datetime) -> int:
    """Expire what has not left yet of older versions; what is claimed stays and counts as told."""
    cursor = await connection.execute(
        """
        UPDATE delivery SET state = 'expired', settled_at = %(now)s, not_before = NULL,
                            detail = 'superseded by version ' || %(version)s
        WHERE alert = %(alert)s AND version < %(version)s AND state = 'queued'
        """,
        {"alert": alert, "version": before_version, "now": now},
    )
    return cursor.rowcount


async def hush(connection: Connection, *, alert: UUID, member: int, now: datetime) -> int:
    """Expire the reminders still waiting to go to somebody who has answered."""
    cursor = await connection.execute(
        """
        UPDATE delivery SET state = 'expired', settled_at = %(now)s, detail = 'acknowledged'
        WHERE alert = %(alert)s AND member = %(member)s AND kind = 'reminder' AND state = 'queued'
        """,
        {"alert": alert, "member": member, "now": now},
    )
    return cursor.rowcount


async def analyze(connection: Connection) -> None:
    """Refresh the planner's statistics after a bulk insert: without them a claim may read the whole table."""
    await connection.execute("ANALYZE delivery, audience")

"""Table circular, and the deliveries that come of one: made from its frozen recipients in the same transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from alerts.core.circulars import PRIORITY
from alerts.core.states import DeliveryMove, delivery_pairs

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A circular as it is written down."""

    id: UUID
    unit: int
    state: str
    asked: Mapping[str, Any]
    text_zh: str
    text_en: str
    pattern_zh: str
    pattern_en: str
    template: int | None
    template_version: int | None
    recipients: int
    left_out: int
    parts: int
    price: Decimal
    currency: str
    due_at: datetime | None
    leaves_at: datetime
    created_by: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CircularRow:
    id: UUID
    unit: int
    unit_name: str
    unit_name_en: str | None
    tree_left: int
    state: str
    asked: Mapping[str, Any]
    text_zh: str
    text_en: str
    pattern_zh: str
    pattern_en: str
    template: int | None
    template_version: int | None
    template_name: str | None
    recipients: int
    left_out: int
    parts: int
    price: Decimal
    currency: str
    due_at: datetime | None
    leaves_at: datetime
    created_by: int
    created_by_name: str
    created_at: datetime
    decided_by: int | None
    decided_by_name: str | None
    decided_at: datetime | None


_CIRCULAR: LiteralString = """
    SELECT c.id, c.unit, u.name AS unit_name, u.name_en AS unit_name_en, u.tree_left, c.state, c.asked, c.text_zh,
        c.text_en, c.pattern_zh, c.pattern_en, c.template, c.template_version, t.name AS template_name, c.recipients,
        c.left_out, c.parts, c.price, c.currency, c.due_at, c.leaves_at, c.created_by, maker.name AS created_by_name,
        c.created_at, c.decided_by, decider.name AS decided_by_name, c.decided_at
    FROM circular c
    JOIN unit u ON u.id = c.unit
    JOIN account maker ON maker.id = c.created_by
    LEFT JOIN account decider ON decider.id = c.decided_by
    LEFT JOIN message_template t ON t.id = c.template
"""


async def find(connection: Connection, circular: UUID) -> CircularRow | None:
    async with connection.cursor(row_factory=class_row(CircularRow)) as cursor:
        await cursor.execute(_CIRCULAR + " WHERE c.id = %(circular)s", {"circular": circular})
        return await cursor.fetchone()


async def lock(connection: Connection, circular: UUID) -> CircularRow | None:
    """Read a circular and keep everybody else from deciding about it until the transaction ends."""
    await connection.execute("SELECT FROM circular WHERE id = %(circular)s FOR NO KEY UPDATE", {"circular": circular})
    return await find(connection, circular)


async def page(
    connection: Connection, *, left: int, right: int, before: datetime | None, limit: int
) -> list[CircularRow]:
    """Return the circulars of a subtree's units made before `before`, the newest first."""
    async with connection.cursor(row_factory=class_row(CircularRow)) as cursor:
        await cursor.execute(
            _CIRCULAR
            + """
            WHERE u.tree_left BETWEEN %(left)s AND %(right)s
              AND (%(before)s::timestamptz IS NULL OR c.created_at < %(before)s)
            ORDER BY c.created_at DESC, c.id LIMIT %(limit)s
            """,
            {"left": left, "right": right, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def add(connection: Connection, draft: Draft) -> None:
    await connection.execute(
        """
        INSERT INTO circular (id, unit, state, asked, text_zh, text_en, pattern_zh, pattern_en, template,
            template_version, recipients, left_out, parts, price, currency, due_at, leaves_at, created_by, created_at)
        VALUES (%(id)s, %(unit)s, %(state)s, %(asked)s, %(text_zh)s, %(text_en)s, %(pattern_zh)s, %(pattern_en)s,
            %(template)s, %(template_version)s, %(recipients)s, %(left_out)s, %(parts)s, %(price)s, %(currency)s,
            %(due_at)s, %(leaves_at)s, %(created_by)s, %(created_at)s)
        """,
        {name: getattr(draft, name) for name in Draft.__slots__} | {"asked": Jsonb(dict(draft.asked))},
    )


async def decide(connection: Connection, circular: UUID, *, state: str, account: int, at: datetime) -> None:
    await connection.execute(
        """
        UPDATE circular SET state = %(state)s, decided_by = %(account)s, decided_at = %(at)s WHERE id = %(circular)s
        """,
        {"circular": circular, "state": state, "account": account, "at": at},
    )


async def put_off(connection: Connection, circular: UUID, leaves_at: datetime) -> None:
    await connection.execute(
        "UPDATE circular SET leaves_at = %(at)s WHERE id = %(circular)s", {"circular": circular, "at": leaves_at}
    )


async def enqueue(
    connection: Connection,
    circular: CircularRow,
    *,
    now: datetime,
    not_before: datetime | None,
    expires_at: datetime,
) -> int:
    """Queue one SMS for each recipient; return how many. What waits for later is out of the claim index till then."""
    cursor = await connection.execute(
        """
        INSERT INTO delivery (circular, member, kind, channel, address, language, body, priority, state, queued_at,
                              not_before, expires_at)
        SELECT r.circular, r.member, 'manual', 'sms', r.number, r.language,
               CASE WHEN %(pattern_en)s = '' OR (r.language LIKE 'zh%%' AND %(pattern_zh)s <> '')
                    THEN format(%(pattern_zh)s, r.name, coalesce(u.name, ''))
                    ELSE format(%(pattern_en)s, r.name, coalesce(u.name_en, u.name, '')) END,
               %(priority)s, 'queued', %(now)s, %(not_before)s, %(expires_at)s
        FROM circular_recipient r LEFT JOIN unit u ON u.id = r.unit
        WHERE r.circular = %(circular)s AND r.left_out IS NULL
        ORDER BY r.place
        ON CONFLICT DO NOTHING
        """,
        {
            "circular": circular.id,
            "pattern_zh": circular.pattern_zh,
            "pattern_en": circular.pattern_en,
            "priority": PRIORITY,
            "now": now,
            "not_before": not_before,
            "expires_at": expires_at,
        },
    )
    return cursor.rowcount


async def stop(connection: Connection, circular: UUID, *, why: str, now: datetime) -> int:
    """Expire what has not left yet; return how many. What a sender has claimed may still leave."""
    before, after = delivery_pairs(DeliveryMove.SUPERSEDED)
    cursor = await connection.execute(
        """
        UPDATE delivery d SET state = moves.after, settled_at = %(now)s, not_before = NULL, detail = %(why)s
        FROM unnest(%(before)s::text[], %(after)s::text[]) AS moves(before, after)
        WHERE d.circular = %(circular)s AND d.state = 'queued' AND d.state = moves.before
        """,
        {"circular": circular, "why": why, "now": now, "before": before, "after": after},
    )
    return cursor.rowcount


async def withdraw(connection: Connection, *, number: str, why: str, now: datetime) -> int:
    """Expire what circulars have queued for a number; return how many."""
    before, after = delivery_pairs(DeliveryMove.SUPERSEDED)
    cursor = await connection.execute(
        """
        UPDATE delivery d SET state = moves.after, settled_at = %(now)s, not_before = NULL, detail = %(why)s
        FROM unnest(%(before)s::text[], %(after)s::text[]) AS moves(before, after)
        WHERE d.address = %(number)s AND d.circular IS NOT NULL AND d.state = 'queued' AND d.state = moves.before
        """,
        {"number": number, "why": why, "now": now, "before": before, "after": after},
    )
    return cursor.rowcount


async def withdraw_unlisted(connection: Connection, *, listed: Sequence[str], why: str, now: datetime) -> int:
    """Expire what circulars have queued for all numbers but those listed; return how many."""
    before, after = delivery_pairs(DeliveryMove.SUPERSEDED)
    cursor = await connection.execute(
        """
        UPDATE delivery d SET state = moves.after, settled_at = %(now)s, not_before = NULL, detail = %(why)s
        FROM unnest(%(before)s::text[], %(after)s::text[]) AS moves(before, after)
        WHERE d.circular IS NOT NULL AND d.address <> ALL(%(listed)s::text[]) AND d.state = 'queued'
          AND d.state = moves.before
        """,
        {"listed": list(listed), "why": why, "now": now, "before": before, "after": after},
    )
    return cursor.rowcount


async def hold(connection: Connection, *, until: datetime, valid_until: datetime) -> int:
    """Keep everything of circulars that is still queued from leaving before quiet hours end; return how many."""
    cursor = await connection.execute(
        """
        UPDATE delivery SET not_before = %(until)s, expires_at = greatest(expires_at, %(valid_until)s)
        WHERE kind = 'manual' AND state = 'queued' AND priority = %(priority)s AND channel = 'sms'
          AND not_before IS NULL
        """,
        {"until": until, "valid_until": valid_until, "priority": PRIORITY},
    )
    return cursor.rowcount


async def progress(connection: Connection, circulars: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """Return how many messages of each circular are in which state."""
    cursor = await connection.execute(
        """
        SELECT circular, state, count(*) FROM delivery WHERE circular = ANY(%(circulars)s) GROUP BY circular, state
        """,
        {"circulars": list(circulars)},
    )
    found: dict[UUID, dict[str, int]] = {}
    async for circular, state, count in cursor:
        found.setdefault(circular, {})[state] = count
    return found


async def analyze(connection: Connection) -> None:
    """Refresh the planner's statistics after a bulk insert."""
    await connection.execute("ANALYZE delivery, circular_recipient")

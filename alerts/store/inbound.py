"""Table sms_inbound: what people write back, a row for each part, and what became of the whole."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]


class Part(NamedTuple):
    """One received segment. `reference` is None for a message of one.

    `operator_id` is the operator's own name for it, where it gives one: what comes twice is kept once.
    """

    source: str
    destination: str
    body: str
    reference: int | None = None
    part: int = 1
    parts: int = 1
    operator_id: str | None = None


class Group(NamedTuple):
    """The parts of one message, as far as they came: ids and texts in order of the parts, and how many there are."""

    ids: list[int]
    source: str
    bodies: list[str]
    numbers: list[int]
    parts: int
    first_at: datetime


class Told(NamedTuple):
    """The alert that a number was told last."""

    alert: UUID
    member: int


async def keep(connection: Connection, parts: Sequence[Part], *, provider: str, now: datetime) -> int:
    """Return how many were new."""
    cursor = await connection.execute(
        """
        INSERT INTO sms_inbound (provider, source, destination, body, reference, part, parts, operator_id, received_at)
        SELECT %(provider)s, source, destination, body, reference, part, parts, operator_id, %(now)s
        FROM unnest(%(sources)s::text[], %(destinations)s::text[], %(bodies)s::text[], %(references)s::integer[],
                    %(numbers)s::smallint[], %(parts)s::smallint[], %(operator_ids)s::text[])
             AS p(source, destination, body, reference, part, parts, operator_id)
        ON CONFLICT (provider, operator_id) WHERE operator_id IS NOT NULL DO NOTHING
        """,
        {
            "provider": provider,
            "now": now,
            "sources": [each.source for each in parts],
            "destinations": [each.destination for each in parts],
            "bodies": [each.body for each in parts],
            "references": [each.reference for each in parts],
            "numbers": [each.part for each in parts],
            "parts": [each.parts for each in parts],
            "operator_ids": [each.operator_id for each in parts],
        },
    )
    return cursor.rowcount


async def lock_new(connection: Connection, *, incomplete_before: datetime, limit: int) -> list[Group]:
    """Hold messages that nobody has looked at: whole ones, and those whose parts have not come for long enough.

    A part that came twice counts once, and both rows go with the message.
    """
    cursor = await connection.execute(
        """
        WITH picked AS (
            SELECT id, source, body, provider, destination, reference, part, parts, received_at FROM sms_inbound
            WHERE route IS NULL ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        )
        SELECT array_agg(id ORDER BY part, id), source, array_agg(body ORDER BY part, id),
               array_agg(part::integer ORDER BY part, id), max(parts)::integer, min(received_at)
        FROM picked
        GROUP BY provider, source, destination, parts, reference, CASE WHEN reference IS NULL THEN id END
        HAVING count(DISTINCT part) >= max(parts) OR min(received_at) < %(incomplete_before)s
        ORDER BY min(id)
        """,
        {"incomplete_before": incomplete_before, "limit": limit},
    )
    return [Group(*row) for row in await cursor.fetchall()]


async def route(
    connection: Connection, ids: Sequence[int], *, to: str, text: str, told: Told | None, now: datetime
) -> None:
    """Write what became of a message into its first row; the others point to it."""
    await connection.execute(
        """
        UPDATE sms_inbound
        SET route = CASE WHEN id = %(first)s THEN %(to)s ELSE 'part' END, routed_at = %(now)s,
            whole = CASE WHEN id <> %(first)s THEN %(first)s END,
            text = CASE WHEN id = %(first)s THEN %(text)s END,
            alert = CASE WHEN id = %(first)s THEN %(alert)s::uuid END,
            member = CASE WHEN id = %(first)s THEN %(member)s::integer END
        WHERE id = ANY(%(ids)s)
        """,
        {
            "first": ids[0],
            "ids": list(ids),
            "to": to,
            "text": text,
            "now": now,
            "alert": None if told is None else told.alert,
            "member": None if told is None else told.member,
        },
    )


async def last_told(connection: Connection, *, number: str, identifier: str | None) -> Told | None:
    """Return the alert most recently told to a number by SMS, or the one of `identifier` if it was told of that one."""
    cursor = await connection.execute(
        """
        SELECT d.alert, d.member
        FROM member m
        JOIN delivery d ON d.member = m.id
        JOIN alert a ON a.id = d.alert
        WHERE m.phone = %(number)s AND d.address = m.phone AND d.alert IS NOT NULL AND d.sent_at IS NOT NULL
          AND (%(identifier)s::text IS NULL OR lower(a.identifier) = lower(%(identifier)s))
        ORDER BY d.sent_at DESC LIMIT 1
        """,
        {"number": number, "identifier": identifier},
    )
    row = await cursor.fetchone()
    return None if row is None else Told(*row)

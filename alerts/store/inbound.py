"""Table sms_inbound: what people write back, a row for each part, and what became of the whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where a text is about. Without a unit: nowhere, outside all grids (then it has a point), or in one of several."""

    unit: int | None = None
    by: str | None = None  # coordinates, name, code, person
    said: str = ""  # the words that say it
    lon: float | None = None  # degrees, WGS-84
    lat: float | None = None
    candidates: tuple[int, ...] = ()


NOWHERE: Final = Located()


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
    connection: Connection,
    ids: Sequence[int],
    *,
    to: str,
    text: str,
    alert: UUID | None,
    member: int | None,
    located: Located,
    now: datetime,
) -> None:
    """Write what became of a message into its first row; the others point to it."""
    first, *others = ids
    await connection.execute(
        """
        UPDATE sms_inbound
        SET route = %(to)s, routed_at = %(now)s, text = %(text)s, alert = %(alert)s, member = %(member)s,
            place = %(place)s, place_by = %(by)s, place_said = %(said)s, candidates = %(candidates)s,
            lon = (%(lon)s::float8 * 1e7)::integer, lat = (%(lat)s::float8 * 1e7)::integer
        WHERE id = %(first)s
        """,
        {
            "first": first,
            "to": to,
            "text": text,
            "now": now,
            "alert": alert,
            "member": member,
            "place": located.unit,
            "by": located.by,
            "said": located.said,
            "candidates": list(located.candidates),
            "lon": located.lon,
            "lat": located.lat,
        },
    )
    if others:
        await connection.execute(
            """
            UPDATE sms_inbound SET route = 'part', routed_at = %(now)s, whole = %(first)s WHERE id = ANY(%(others)s)
            """,
            {"first": first, "others": others, "now": now},
        )


async def owner(connection: Connection, number: str) -> int | None:
    """Return the member whose number it is; of several the one who was there first."""
    cursor = await connection.execute(
        "SELECT id FROM member WHERE phone = %(number)s AND closed_at IS NULL ORDER BY id LIMIT 1", {"number": number}
    )
    row = await cursor.fetchone()
    return None if row is None else int(row[0])


async def lock_case(connection: Connection, inbound: int) -> int | None:
    """Return the case that a text is in, and keep others from putting it into one until the transaction ends."""
    cursor = await connection.execute(
        "SELECT text_case FROM sms_inbound WHERE id = %(inbound)s FOR NO KEY UPDATE", {"inbound": inbound}
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def place(connection: Connection, inbound: int, unit: int) -> None:
    """Keep the place that a person gave a text."""
    await connection.execute(
        "UPDATE sms_inbound SET place = %(unit)s, place_by = 'person' WHERE id = %(inbound)s AND place IS NULL",
        {"inbound": inbound, "unit": unit},
    )


async def last_told(
    connection: Connection, *, number: str, identifier: str | None, ended_after: datetime, now: datetime
) -> Told | None:
    """Return the alert most recently told to a number by SMS, or the one of `identifier` if it was told of that one.

    Without an identifier: None when that alert had ended by `ended_after`, or a circular left to the number behind it,
    or may have: then nobody knows what is answered.
    """
    cursor = await connection.execute(
        """
        WITH told AS (
            SELECT d.alert, d.member, d.sent_at, coalesce(a.ended_at, a.expires_at) AS ended_at
            FROM member m
            JOIN delivery d ON d.member = m.id
            JOIN alert a ON a.id = d.alert
            WHERE m.phone = %(number)s AND d.address = m.phone AND d.alert IS NOT NULL AND d.sent_at IS NOT NULL
              AND (%(identifier)s::text IS NULL OR lower(a.identifier) = lower(%(identifier)s))
            ORDER BY d.sent_at DESC LIMIT 1
        )
        SELECT alert, member FROM told
        WHERE %(identifier)s::text IS NOT NULL
           OR (ended_at > %(ended_after)s AND NOT EXISTS (
                -- One batch is settled at one moment, and in it circulars left behind the warnings
                SELECT FROM delivery c
                WHERE c.address = %(number)s AND c.circular IS NOT NULL
                  AND (c.sent_at IS NOT NULL OR c.state = 'sending' OR c.is_possible_duplicate)
                  AND coalesce(c.sent_at, c.settled_at, %(now)s) >= told.sent_at))
        """,
        {"number": number, "identifier": identifier, "ended_after": ended_after, "now": now},
    )
    row = await cursor.fetchone()
    return None if row is None else Told(*row)

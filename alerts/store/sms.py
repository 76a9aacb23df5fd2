"""Tables sms_segment and sms_receipt: what operators took, what they said of it, and how both find each other.

Joins are planned each time: a plan kept from when the tables were empty reads all of them a minute later. Columns of
text go as binary arrays (`%b`): as text psycopg looks at each element for what must be quoted.

A receipt finds its segment from either side: `match` runs after segments were written, and after receipts were. Of two
transactions that do not see each other's rows neither matches; a later look over all that waits does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerts.core.states import DELIVERY_MOVES, DeliveryMove

LAST_WORDS: Final = frozenset({DeliveryMove.CONFIRMED, DeliveryMove.LOST, DeliveryMove.TIMED_OUT})

Connection = AsyncConnection[Any]


class Taken(NamedTuple):
    """One segment that an operator took."""

    delivery: int
    attempt: int
    part: int
    parts: int
    operator_id: str
    address: str


class Said(NamedTuple):
    """What an operator said of one segment."""

    operator_id: str
    state: str
    word: str


class Met(NamedTuple):
    """A receipt, and the segment that it speaks of."""

    receipt: int
    state: str
    word: str
    delivery: int
    attempt: int
    part: int


class Unheard(NamedTuple):
    """A segment that no receipt came for."""

    delivery: int
    attempt: int
    part: int
    operator_id: str
    ask_at: datetime
    is_open: bool  # whether its delivery still waits


@dataclass(frozen=True, slots=True)
class Settled:
    delivery: int
    move: str
    before: str


async def keep_segments(
    connection: Connection, taken: Sequence[Taken], *, provider: str, now: datetime, ask_after: timedelta | None
) -> None:
    """`ask_after`: when the operator is to be asked what became of them; None: it cannot be asked."""
    await connection.execute(
        """
        INSERT INTO sms_segment (delivery, attempt, part, parts, provider, operator_id, address, taken_at, ask_at)
        SELECT delivery, attempt, part, parts, %(provider)s, operator_id, address, %(now)s,
               %(now)s::timestamptz + %(ask_after)s::interval
        FROM unnest(%(deliveries)b::bigint[], %(attempts)b::smallint[], %(numbers)b::smallint[], %(parts)b::smallint[],
                    %(operator_ids)b::text[], %(addresses)b::text[])
             AS t(delivery, attempt, part, parts, operator_id, address)
        ON CONFLICT DO NOTHING
        """,
        {
            "provider": provider,
            "now": now,
            "ask_after": ask_after,
            "deliveries": [each.delivery for each in taken],
            "attempts": [each.attempt for each in taken],
            "numbers": [each.part for each in taken],
            "parts": [each.parts for each in taken],
            "operator_ids": [each.operator_id for each in taken],
            "addresses": [each.address for each in taken],
        },
    )


async def keep_receipts(
    connection: Connection, said: Sequence[Said], *, provider: str, source: str, now: datetime
) -> None:
    await connection.execute(
        """
        INSERT INTO sms_receipt (provider, operator_id, state, word, source, received_at)
        SELECT %(provider)s, operator_id, state, word, %(source)s, %(now)s
        FROM unnest(%(operator_ids)b::text[], %(states)b::text[], %(words)b::text[]) AS r(operator_id, state, word)
        """,
        {
            "provider": provider,
            "source": source,
            "now": now,
            "operator_ids": [each.operator_id for each in said],
            "states": [each.state for each in said],
            "words": [each.word for each in said],
        },
    )


async def by_key(connection: Connection) -> None:
    """Tell the planner, until the transaction ends, that all is looked up by key.

    Of a table that has just begun to fill it believes that reading all is cheaper, and goes on to do so for each commit
    while the table grows.
    """
    await connection.execute("SET LOCAL enable_seqscan = off")


async def met(connection: Connection, *, provider: str, operator_ids: Sequence[str]) -> list[Met]:
    """Return the waiting receipts whose segment is there, and hold the deliveries that they speak of.

    Two who each hear of one part must not both wait for more; and a sender that settles at this moment would change the
    state under a move that was judged by the one before, which then would be lost. So deliveries are held before their
    states are read. Operators give an id again after some weeks: the newest segment of it is meant.
    """
    cursor = await connection.execute(
        """
        WITH said AS MATERIALIZED (
            SELECT r.id, r.state, r.word, g.delivery, g.attempt, g.part
            FROM sms_receipt r
            CROSS JOIN LATERAL (
                SELECT s.delivery, s.attempt, s.part FROM sms_segment s
                WHERE (s.provider, s.operator_id) = (r.provider, r.operator_id)
                ORDER BY s.taken_at DESC LIMIT 1
            ) g
            WHERE r.fate = 'waiting' AND r.provider = %(provider)s AND r.operator_id = ANY(%(ids)b::text[])
        )
        SELECT said.* FROM delivery d JOIN said ON said.delivery = d.id ORDER BY d.id FOR UPDATE OF d
        """,
        {"provider": provider, "ids": list(operator_ids)},
        prepare=False,
    )
    return [Met(*row) for row in await cursor.fetchall()]


async def apply_receipts(connection: Connection, met: Sequence[Met], *, now: datetime) -> list[int]:
    """Let receipts change their segments, each once; return the deliveries whose segments changed.

    Of several receipts for a segment a last word goes before one under way, and of last words the first counts. What
    another transaction applied since `met` read it stays as that left it.
    """
    meant: dict[tuple[int, int, int], Met] = {}
    for each in sorted(met, key=lambda each: (each.state == "under_way", each.receipt)):
        meant.setdefault((each.delivery, each.attempt, each.part), each)
    cursor = await connection.execute(
        """
        WITH spoken_of AS (
            -- With the state among the conditions the planner guesses one row, and compares all with all
            UPDATE sms_segment s
            SET state = CASE WHEN s.state = 'under_way' THEN m.state ELSE s.state END,
                word = CASE WHEN s.state = 'under_way' THEN m.word ELSE s.word END,
                settled_at = CASE WHEN s.state = 'under_way' AND m.state <> 'under_way' THEN %(now)s::timestamptz
                                  ELSE s.settled_at END
            FROM unnest(%(receipts)b::bigint[], %(states)b::text[], %(words)b::text[], %(deliveries)b::bigint[],
                        %(attempts)b::smallint[], %(parts)b::smallint[])
                 AS m(id, state, word, delivery, attempt, part)
            WHERE s.delivery = ANY(%(deliveries)b::bigint[])  -- said again: else all of the index may be read
              AND (s.delivery, s.attempt, s.part) = (m.delivery, m.attempt, m.part)
            RETURNING m.id, s.delivery, old.state = 'under_way' AS is_moved
        ), moved AS (
            SELECT id, delivery FROM spoken_of WHERE is_moved
        ), spent AS (
            UPDATE sms_receipt r
            -- IN is a hash; as EXISTS or a join, whose rows the planner guesses to be one, all are compared with all
            SET fate = CASE WHEN r.id IN (SELECT id FROM moved) THEN 'applied' ELSE 'repeated' END
            WHERE r.id = ANY(%(all)b::bigint[])
              AND r.fate NOT IN ('applied', 'repeated', 'unmatched')  -- as = 'waiting' it drew in the index of those
        )
        SELECT DISTINCT delivery FROM moved
        """,
        {
            "now": now,
            "receipts": [each.receipt for each in meant.values()],
            "states": [each.state for each in meant.values()],
            "words": [each.word for each in meant.values()],
            "deliveries": [each.delivery for each in meant.values()],
            "attempts": [each.attempt for each in meant.values()],
            "parts": [each.part for each in meant.values()],
            "all": [each.receipt for each in met],
        },
        prepare=False,
    )
    return [row[0] for row in await cursor.fetchall()]


async def settle_deliveries(connection: Connection, deliveries: Sequence[int], *, now: datetime) -> list[Settled]:
    """Move the deliveries whose segments have their last word, by the table; write the attempts' log.

    Delivered: all segments of one attempt are. Failed or expired: one segment of the newest attempt is.
    """
    moves = [
        (move.value, before.value, after.value)
        for before, row in DELIVERY_MOVES.items()
        for move, after in row.items()
        if move in LAST_WORDS
    ]
    async with connection.cursor(row_factory=class_row(Settled)) as cursor:
        await cursor.execute(
            """
            WITH attempt AS (
                SELECT s.delivery, s.attempt, count(*) FILTER (WHERE s.state = 'delivered') = max(s.parts) AS is_whole,
                       bool_or(s.state = 'failed') AS has_failed, bool_or(s.state = 'expired') AS has_expired,
                       max(s.word) FILTER (WHERE s.state <> 'under_way') AS word, max(s.provider) AS provider
                FROM sms_segment s WHERE s.delivery = ANY(%(ids)s)
                GROUP BY s.delivery, s.attempt
            ), verdict AS (
                SELECT DISTINCT ON (d.id) d.id, d.state AS before, a.attempt, a.word, a.provider,
                       CASE WHEN a.is_whole THEN 'confirmed' WHEN a.has_failed THEN 'lost' ELSE 'timed_out' END AS move
                FROM delivery d JOIN attempt a ON a.delivery = d.id
                WHERE d.id = ANY(%(ids)s)  -- said again: else the planner, whose guess of `attempt` is large, reads all
                  AND (a.is_whole
                       OR (a.attempt = d.attempts AND d.state <> 'queued' AND (a.has_failed OR a.has_expired)))
                ORDER BY d.id, a.is_whole DESC, a.attempt
            ), moved AS (
                UPDATE delivery d
                SET state = t.after, detail = v.word, settled_at = %(now)s, not_before = NULL, lease_until = NULL,
                    sent_at = coalesce(d.sent_at, %(now)s)
                FROM verdict v
                JOIN unnest(%(moves)s::text[], %(befores)s::text[], %(afters)s::text[]) AS t(move, before, after)
                     ON (t.move, t.before) = (v.move, v.before)
                WHERE d.id = v.id AND d.state = v.before
                RETURNING d.id, v.move, v.before, v.attempt, v.provider, v.word
            ), logged AS (
                INSERT INTO delivery_attempt (delivery, attempt, at, provider, outcome, detail)
                SELECT id, attempt, %(now)s, provider, move, word FROM moved
                ON CONFLICT DO NOTHING
            )
            SELECT id AS delivery, move, before FROM moved
            """,
            {
                "ids": list(deliveries),
                "now": now,
                "moves": [move for move, _, _ in moves],
                "befores": [before for _, before, _ in moves],
                "afters": [after for _, _, after in moves],
            },
            prepare=False,
        )
        return await cursor.fetchall()


async def waiting_ids(connection: Connection, *, provider: str, limit: int) -> list[str]:
    """Return the ids of receipts that wait for a segment which is there by now."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT r.operator_id FROM sms_receipt r
        WHERE r.fate = 'waiting' AND r.provider = %(provider)s
          AND EXISTS (SELECT 1 FROM sms_segment s
                      WHERE (s.provider, s.operator_id) = (r.provider, r.operator_id))
        LIMIT %(limit)s
        """,
        {"provider": provider, "limit": limit},
    )
    return [row[0] for row in await cursor.fetchall()]


async def give_up_receipts(connection: Connection, *, provider: str, before: datetime) -> int:
    """Keep, and look at no more, what speaks of no segment of ours; return how many."""
    cursor = await connection.execute(
        """
        UPDATE sms_receipt SET fate = 'unmatched'
        WHERE fate = 'waiting' AND provider = %(provider)s AND received_at < %(before)s
        """,
        {"provider": provider, "before": before},
    )
    return cursor.rowcount


async def unheard(
    connection: Connection, *, provider: str, since: datetime, now: datetime, limit: int
) -> list[Unheard]:
    """Return segments to ask the operator about, whose turn came after `since`, oldest first.

    Those of deliveries that are settled are asked about no more.
    """
    cursor = await connection.execute(
        """
        WITH due AS (
            SELECT s.delivery, s.attempt, s.part, s.operator_id, s.taken_at, s.ask_at, d.state = 'sent' AS is_open
            FROM sms_segment s JOIN delivery d ON d.id = s.delivery
            WHERE s.provider = %(provider)s AND s.ask_at > %(since)s AND s.ask_at <= %(now)s AND s.state = 'under_way'
            ORDER BY s.ask_at LIMIT %(limit)s
        ), asked AS (
            -- Each time it has waited for twice as long
            UPDATE sms_segment s SET ask_at = CASE WHEN due.is_open THEN %(now)s + (%(now)s - due.taken_at) END
            FROM due WHERE (s.delivery, s.attempt, s.part) = (due.delivery, due.attempt, due.part)
        )
        SELECT delivery, attempt, part, operator_id, ask_at, is_open FROM due ORDER BY ask_at
        """,
        {"provider": provider, "since": since, "now": now, "limit": limit},
    )
    return [Unheard(*row) for row in await cursor.fetchall()]

"""Table delivery, the sending side: claimed with SKIP LOCKED under a lease, settled by the table of moves.

Whoever settles names the attempt: a sender that lost its lease and wakes up late changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerts.core.circulars import UNLISTED
from alerts.core.states import DELIVERY_MOVES, DeliveryMove, DeliveryState, delivery_pairs

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    id: int
    attempt: int
    alert: UUID | None
    member: int | None
    kind: str
    address: str
    language: str
    body: str
    wants_answer: bool
    priority: int
    expires_at: datetime | None
    is_possible_duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of one attempt. `not_before` only with DEFERRED and UNANSWERED."""

    id: int
    attempt: int
    move: DeliveryMove
    detail: str = ""
    provider_id: str | None = None
    not_before: datetime | None = None


async def claim(
    connection: Connection, *, channel: str, provider: str, limit: int, lease_until: datetime
) -> list[Claimed]:
    """Take up to `limit` deliveries of the channel, most urgent first; nobody else sees them until the lease ends."""
    async with connection.cursor(row_factory=class_row(Claimed)) as cursor:
        await cursor.execute(
            """
            WITH picked AS (
                SELECT id FROM delivery
                WHERE channel = %(channel)s AND state = 'queued' AND not_before IS NULL
                ORDER BY priority, id
                LIMIT %(limit)s
                FOR UPDATE SKIP LOCKED
            )
            UPDATE delivery d
            SET state = 'sending', attempts = d.attempts + 1, provider = %(provider)s, lease_until = %(lease_until)s
            FROM picked WHERE d.id = picked.id
            RETURNING d.id, d.attempts AS attempt, d.alert, d.member, d.kind, d.address, d.language, d.body,
                      d.wants_answer, d.priority, d.expires_at, d.is_possible_duplicate
            """,
            {"channel": channel, "provider": provider, "limit": limit, "lease_until": lease_until},
        )
        return sorted(await cursor.fetchall(), key=lambda row: (row.priority, row.id))


async def pointless(connection: Connection, ids: Sequence[int], *, now: datetime) -> dict[int, tuple[str, str]]:
    """Look once more before submitting: return (move, why) of those that must not leave any more.

    A telling, reminder or digest of a version that is no longer in force; a reminder to somebody who has answered;
    in test mode a circular's to a number off the list, which was under way when that was switched on; anything past
    its validity.
    """
    cursor = await connection.execute(
        """
        SELECT d.id,
               CASE WHEN d.expires_at <= %(now)s THEN 'timed_out' ELSE 'superseded' END,
               CASE WHEN d.expires_at <= %(now)s THEN 'its validity ended before it left'
                    WHEN k.member IS NOT NULL THEN 'acknowledged'
                    WHEN d.circular IS NOT NULL THEN %(unlisted)s
                    ELSE 'the alert is ' || a.state || ', version ' || a.version END
        FROM delivery d
        LEFT JOIN alert a ON a.id = d.alert
        LEFT JOIN acknowledgement k
               ON (k.alert, k.version, k.member) = (d.alert, d.version, d.member) AND d.kind = 'reminder'
        LEFT JOIN message_limits l ON l.is_test AND d.circular IS NOT NULL
        WHERE d.id = ANY(%(ids)s)
          AND (d.expires_at <= %(now)s OR k.member IS NOT NULL OR d.address <> ALL(l.test_numbers)
               OR (d.kind IN ('telling', 'passed_down', 'reminder', 'digest')
                   AND (a.state <> 'issued' OR a.in_force <> d.version)))
        """,
        {"ids": list(ids), "unlisted": UNLISTED, "now": now},
    )
    return {row[0]: (row[1], row[2]) for row in await cursor.fetchall()}


async def crowded(
    connection: Connection, ids: Sequence[int], *, provider: str, limits: Sequence[tuple[int, timedelta]], now: datetime
) -> dict[int, datetime]:
    """Return those whose numbers have had as many from this provider as `limits` allow, and until when that is so.

    `limits`: how many within which period. What is claimed counts as sent; of several claimed the first may leave.
    So does each attempt that may have left, although nobody answered for it: the operator may have counted it.
    """
    cursor = await connection.execute(
        """
        SELECT d.id, max(last.at + cap.period)
        FROM delivery d
        CROSS JOIN unnest(%(counts)s::integer[], %(periods)s::interval[]) AS cap(count, period)
        CROSS JOIN LATERAL (
            SELECT coalesce(o.sent_at, %(now)s) AS at FROM delivery o
            WHERE o.address = d.address AND o.channel = d.channel AND o.provider = %(provider)s AND o.id <> d.id
              AND (o.sent_at > %(now)s - cap.period
                   OR (o.state = 'sending' AND (o.lease_until, o.priority, o.id) < (d.lease_until, d.priority, d.id)))
            UNION ALL
            -- Its own, too; not the last one of what a receipt has confirmed since: that one is counted above
            SELECT tried.at FROM delivery o JOIN delivery_attempt tried ON tried.delivery = o.id
            WHERE o.address = d.address AND o.channel = d.channel AND o.is_possible_duplicate
              AND tried.provider = %(provider)s AND tried.outcome IN ('unanswered', 'lease_lost')
              AND tried.at > %(now)s - cap.period AND (o.sent_at IS NULL OR tried.attempt < o.attempts)
            ORDER BY 1 DESC OFFSET cap.count - 1 LIMIT 1
        ) AS last
        WHERE d.id = ANY(%(ids)s)
        GROUP BY d.id
        """,
        {
            "ids": list(ids),
            "provider": provider,
            "counts": [count for count, _ in limits],
            "periods": [period for _, period in limits],
            "now": now,
        },
    )
    return dict(await cursor.fetchall())


async def settle(connection: Connection, outcomes: Sequence[Settled], *, now: datetime) -> list[int]:
    """Move each delivery by the table, if it is still ours; return the ids that moved."""
    before = DeliveryState.SENDING
    moves = [(move.value, after.value) for move, after in DELIVERY_MOVES[before].items()]
    cursor = await connection.execute(
        """
        UPDATE delivery d
        SET state = t.after, detail = o.detail, provider_id = coalesce(o.provider_id, d.provider_id),
            not_before = o.not_before, lease_until = NULL,
            is_possible_duplicate = d.is_possible_duplicate OR o.move = 'unanswered',
            sent_at = CASE WHEN t.after IN ('sent', 'delivered') THEN coalesce(d.sent_at, %(now)s) ELSE d.sent_at END,
            settled_at = CASE WHEN t.after IN ('delivered', 'failed', 'expired', 'unknown') THEN %(now)s END
        FROM unnest(%(ids)b::bigint[], %(attempts)b::integer[], %(moves)b::text[], %(details)b::text[],
                    %(provider_ids)s::text[], %(not_befores)b::timestamptz[])
                 AS o(id, attempt, move, detail, provider_id, not_before)
        JOIN unnest(%(table_moves)s::text[], %(befores)s::text[], %(afters)s::text[]) AS t(move, before, after)
             ON t.move = o.move
        WHERE d.id = o.id AND d.attempts = o.attempt AND d.state = t.before
        RETURNING d.id
        """,
        {
            "now": now,
            **_columns(outcomes),
            "table_moves": [move for move, _ in moves],
            "befores": [before.value] * len(moves),  # as a constant it drew the planner to the index of leases
            "afters": [after for _, after in moves],
        },
    )
    return [row[0] for row in await cursor.fetchall()]


async def log_attempts(connection: Connection, outcomes: Sequence[Settled], *, provider: str, now: datetime) -> None:
    """Write what was tried; the log outlives the message."""
    await connection.execute(
        """
        INSERT INTO delivery_attempt (delivery, attempt, at, provider, outcome, detail)
        SELECT id, attempt, %(now)s, %(provider)s, move, detail
        FROM unnest(%(ids)b::bigint[], %(attempts)b::integer[], %(moves)b::text[], %(details)b::text[])
             AS o(id, attempt, move, detail)
        ON CONFLICT DO NOTHING
        """,
        {"now": now, "provider": provider, **_columns(outcomes)},
    )


def _columns(outcomes: Sequence[Settled]) -> dict[str, list[Any]]:
    return {
        "ids": [outcome.id for outcome in outcomes],
        "attempts": [outcome.attempt for outcome in outcomes],
        "moves": [outcome.move.value for outcome in outcomes],
        "details": [outcome.detail for outcome in outcomes],
        "provider_ids": [outcome.provider_id for outcome in outcomes],
        "not_befores": [outcome.not_before for outcome in outcomes],
    }


async def recover_leases(connection: Connection, now: datetime) -> int:
    """Queue again, flagged as possible duplicates, what a sender claimed and never settled; return how many."""
    before, after = delivery_pairs(DeliveryMove.LEASE_LOST)
    cursor = await connection.execute(
        """
        WITH lost AS (
            UPDATE delivery d
            SET state = moves.after, is_possible_duplicate = true, lease_until = NULL, not_before = NULL
            FROM unnest(%(before)s::text[], %(after)s::text[]) AS moves(before, after)
            WHERE d.state = 'sending' AND d.lease_until < %(now)s AND d.state = moves.before
            RETURNING d.id, d.attempts, d.provider
        )
        INSERT INTO delivery_attempt (delivery, attempt, at, provider, outcome, detail)
        SELECT id, attempts, %(now)s, coalesce(provider, ''), 'lease_lost', 'its sender died; it may have left'
        FROM lost
        ON CONFLICT DO NOTHING
        """,
        {"before": before, "after": after, "now": now},
    )
    return cursor.rowcount


async def end_leases(connection: Connection, claimed: Sequence[Claimed], *, now: datetime) -> None:
    """Let the leases of these attempts be over, where they are not settled yet; `recover_leases` does the rest."""
    await connection.execute(
        """
        UPDATE delivery d SET lease_until = %(now)s::timestamptz - interval '1 microsecond'
        FROM unnest(%(ids)b::bigint[], %(attempts)b::integer[]) AS c(id, attempt)
        WHERE d.id = c.id AND d.attempts = c.attempt AND d.state = 'sending'
        """,
        {"ids": [row.id for row in claimed], "attempts": [row.attempt for row in claimed], "now": now},
    )


async def wake(connection: Connection, now: datetime) -> int:
    """Put what has waited out its backoff into the claim index again; return how many."""
    cursor = await connection.execute(
        "UPDATE delivery SET not_before = NULL WHERE state = 'queued' AND not_before <= %s", [now]
    )
    return cursor.rowcount


async def time_out(connection: Connection, now: datetime) -> list[int]:
    """Expire what could not leave in time; what left without a receipt is unknown (a terminal's: never fetched).

    Returns those that expired.
    """
    cursor = await connection.execute(
        """
        UPDATE delivery
        SET state = CASE WHEN state = 'sent' AND channel <> 'terminal' THEN 'unknown' ELSE 'expired' END,
            detail = CASE WHEN state = 'queued' THEN 'its validity ended before it left'
                          WHEN channel = 'terminal' THEN 'the terminal did not come for it in time'
                          ELSE 'no receipt came in time' END,
            settled_at = %(now)s, not_before = NULL
        WHERE state IN ('queued', 'sent') AND expires_at <= %(now)s
        RETURNING id, state
        """,
        {"now": now},
    )
    return [row[0] for row in await cursor.fetchall() if row[1] == "expired"]

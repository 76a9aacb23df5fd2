"""Tables phone and push_subscription: browsers that show one member's warnings, and where they are pushed to.

A phone lives until its time is over, it is closed, its member leaves, or the member's number becomes another one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerts.core.webpush import Subscription

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A living one, as its own page sees it."""

    id: int
    member: int
    name: str  # of the member
    seen_at: datetime
    is_pushed_to: bool
    others: int  # living phones of the same member


async def open_one(
    connection: Connection,
    *,
    member: int,
    alert: UUID,
    token_hash: bytes,
    user_agent: str,
    now: datetime,
    expires_at: datetime,
) -> bool:
    """Write a phone of somebody in the alert's audience; False when the link has opened one before, or they left."""
    cursor = await connection.execute(
        """
        INSERT INTO phone (member, token_hash, alert, number, user_agent, opened_at, seen_at, expires_at)
        SELECT m.id, %(token_hash)s, a.alert, m.phone, %(user_agent)s, %(now)s, %(now)s, %(expires_at)s
        FROM member m JOIN audience a ON a.member = m.id AND a.alert = %(alert)s
        WHERE m.id = %(member)s AND m.closed_at IS NULL
        ON CONFLICT (alert, member) DO NOTHING
        """,
        {
            "member": member,
            "alert": alert,
            "token_hash": token_hash,
            "user_agent": user_agent,
            "now": now,
            "expires_at": expires_at,
        },
    )
    return cursor.rowcount == 1


async def find(connection: Connection, token_hash: bytes, *, now: datetime) -> Phone | None:
    """Return the living phone of a token."""
    async with connection.cursor(row_factory=class_row(Phone)) as cursor:
        await cursor.execute(
            """
            SELECT p.id, p.member, m.name, p.seen_at,
                   EXISTS (SELECT 1 FROM push_subscription s WHERE s.phone = p.id) AS is_pushed_to,
                   (SELECT count(*) FROM phone o
                    WHERE o.member = p.member AND o.id <> p.id AND o.closed_at IS NULL AND o.expires_at > %(now)s
                      AND o.number IS NOT DISTINCT FROM m.phone) AS others
            FROM phone p JOIN member m ON m.id = p.member AND m.closed_at IS NULL
            WHERE p.token_hash = %(token_hash)s AND p.closed_at IS NULL AND p.expires_at > %(now)s
              AND p.number IS NOT DISTINCT FROM m.phone
            """,
            {"token_hash": token_hash, "now": now},
        )
        return await cursor.fetchone()


async def touch(connection: Connection, phone: int, *, now: datetime, expires_at: datetime) -> None:
    await connection.execute(
        "UPDATE phone SET seen_at = %s, expires_at = %s WHERE id = %s AND closed_at IS NULL", [now, expires_at, phone]
    )


async def close(connection: Connection, phone: int, *, now: datetime) -> None:
    await _close(connection, [phone], now)


async def close_others(connection: Connection, *, member: int, keep: int, newest: int, now: datetime) -> int:
    """Close the member's phones but `keep`, and but the `newest` so many of the others; return how many."""
    cursor = await connection.execute(
        """
        SELECT id FROM phone WHERE member = %s AND id <> %s AND closed_at IS NULL
        ORDER BY seen_at DESC, id DESC OFFSET %s
        """,
        [member, keep, newest],
    )
    found = [row[0] for row in await cursor.fetchall()]
    await _close(connection, found, now)
    return len(found)


async def _close(connection: Connection, phones: Sequence[int], now: datetime) -> None:
    await connection.execute("DELETE FROM push_subscription WHERE phone = ANY(%s)", [list(phones)])
    await connection.execute(
        "UPDATE phone SET closed_at = %s WHERE id = ANY(%s) AND closed_at IS NULL", [now, list(phones)]
    )


async def subscribe(connection: Connection, phone: int, to: Subscription, *, now: datetime) -> None:
    """Keep where a phone is pushed to. A browser that changed hands leaves the phone it belonged to before."""
    await connection.execute("DELETE FROM push_subscription WHERE endpoint = %s AND phone <> %s", [to.endpoint, phone])
    await connection.execute(
        """
        INSERT INTO push_subscription (phone, endpoint, p256dh, auth, subscribed_at) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (phone) DO UPDATE SET endpoint = excluded.endpoint, p256dh = excluded.p256dh,
                                          auth = excluded.auth, subscribed_at = excluded.subscribed_at
        """,
        [phone, to.endpoint, to.p256dh, to.auth, now],
    )


async def unsubscribe(connection: Connection, phone: int) -> None:
    await connection.execute("DELETE FROM push_subscription WHERE phone = %s", [phone])


async def forget(connection: Connection, ended: Sequence[tuple[int, str]]) -> None:
    """Remove (phone, endpoint) that the push service knows no more; a newer subscription of the phone stays."""
    await connection.execute(
        """
        DELETE FROM push_subscription s USING unnest(%s::integer[], %s::text[]) AS gone(phone, endpoint)
        WHERE s.phone = gone.phone AND s.endpoint = gone.endpoint
        """,
        [[phone for phone, _ in ended], [endpoint for _, endpoint in ended]],
    )


async def subscriptions(connection: Connection, phones: Sequence[int], *, now: datetime) -> dict[int, Subscription]:
    """Return where the living ones among `phones` are pushed to."""
    cursor = await connection.execute(
        """
        SELECT s.phone, s.endpoint, s.p256dh, s.auth
        FROM push_subscription s
        JOIN phone p ON p.id = s.phone AND p.closed_at IS NULL AND p.expires_at > %(now)s
        JOIN member m ON m.id = p.member AND m.closed_at IS NULL AND m.phone IS NOT DISTINCT FROM p.number
        WHERE s.phone = ANY(%(phones)s)
        """,
        {"phones": list(phones), "now": now},
    )
    return {
        phone: Subscription(endpoint=endpoint, p256dh=p256dh, auth=auth)
        for phone, endpoint, p256dh, auth in await cursor.fetchall()
    }

"""Tables cap_feed and cap_link: how the fetching of each feed stands, and what of it was fetched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerts.core.cap_feeds import Link
from alerts.core.words import Words

Connection = AsyncConnection[Any]
NO_TROUBLE = Words("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """`failures`: tries in a row that failed. `refused`: entries that led to what was refused."""

    address: str
    etag: str
    last_modified: str
    next_at: datetime
    fetched_at: datetime | None
    failures: int
    trouble_zh: str
    trouble_en: str
    refused: int
    refused_zh: str | None
    refused_en: str | None

    @property
    def trouble(self) -> Words | None:
        return Words(self.trouble_zh, self.trouble_en) if self.trouble_en else None

    @property
    def last_refusal(self) -> Words | None:
        return Words(self.refused_zh or "", self.refused_en) if self.refused_en else None


async def keep(connection: Connection, addresses: Sequence[str], *, now: datetime) -> None:
    """Make the table hold the addresses that are set, and no others."""
    await connection.execute("DELETE FROM cap_feed WHERE address <> ALL(%s::text[])", [list(addresses)])
    await connection.execute(
        "INSERT INTO cap_feed (address, next_at) SELECT unnest(%s::text[]), %s ON CONFLICT DO NOTHING",
        [list(addresses), now],
    )


async def feeds(connection: Connection) -> list[FeedRow]:
    async with connection.cursor(row_factory=class_row(FeedRow)) as cursor:
        await cursor.execute(
            """
            SELECT f.address, f.etag, f.last_modified, f.next_at, f.fetched_at, f.failures, f.trouble_zh, f.trouble_en,
                   coalesce(r.refused, 0)::integer AS refused, r.trouble_zh AS refused_zh, r.trouble_en AS refused_en
            FROM cap_feed f
            LEFT JOIN LATERAL (
                SELECT count(*) OVER () AS refused, l.trouble_zh, l.trouble_en
                FROM cap_link l WHERE l.feed = f.address AND l.trouble_en <> ''
                ORDER BY l.seen_at DESC LIMIT 1
            ) AS r ON true
            ORDER BY f.address
            """
        )
        return await cursor.fetchall()


async def claim(connection: Connection, *, now: datetime, until: datetime) -> FeedRow | None:
    """Take the feed that is due longest, until a moment by which it is done; None when none is due."""
    cursor = await connection.execute(
        """
        UPDATE cap_feed SET next_at = %(until)s
        WHERE address = (
            SELECT address FROM cap_feed WHERE next_at <= %(now)s ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        RETURNING address
        """,
        {"now": now, "until": until},
    )
    taken = await cursor.fetchone()
    return None if taken is None else next(row for row in await feeds(connection) if row.address == taken[0])


async def answered(
    connection: Connection, address: str, *, etag: str, last_modified: str, now: datetime, next_at: datetime
) -> None:
    await connection.execute(
        """
        UPDATE cap_feed
        SET etag = %s, last_modified = %s, fetched_at = %s, next_at = %s, failures = 0, trouble_zh = '', trouble_en = ''
        WHERE address = %s
        """,
        [etag, last_modified, now, next_at, address],
    )


async def failed(connection: Connection, address: str, *, trouble: Words, next_at: datetime) -> None:
    await connection.execute(
        """
        UPDATE cap_feed SET failures = failures + 1, trouble_zh = %s, trouble_en = %s, next_at = %s WHERE address = %s
        """,
        [trouble.zh, trouble.en, next_at, address],
    )


async def unseen(connection: Connection, feed: str, links: Sequence[Link], *, limit: int) -> list[Link]:
    """Return the first of the links that were never fetched, in the feed's order."""
    cursor = await connection.execute(
        """
        SELECT given.address, given.updated
        FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS given (address, updated, number)
        WHERE NOT EXISTS (
            SELECT FROM cap_link l WHERE (l.feed, l.address, l.updated) = (%s, given.address, given.updated)
        )
        ORDER BY given.number LIMIT %s
        """,
        [[link.address for link in links], [link.updated for link in links], feed, limit],
    )
    return [Link(address, updated) for address, updated in await cursor.fetchall()]


async def seen(connection: Connection, feed: str, link: Link, *, trouble: Words | None, now: datetime) -> None:
    said = trouble or NO_TROUBLE
    await connection.execute(
        """
        INSERT INTO cap_link (feed, address, updated, seen_at, trouble_zh, trouble_en)
        SELECT address, %s, %s, %s, %s, %s FROM cap_feed WHERE address = %s
        ON CONFLICT DO NOTHING
        """,
        [link.address, link.updated, now, said.zh, said.en, feed],
    )


async def forget(connection: Connection, feed: str, links: Sequence[Link], *, before: datetime) -> None:
    """Drop what was seen long ago and is in the feed no more."""
    await connection.execute(
        """
        DELETE FROM cap_link l
        WHERE l.feed = %s AND l.seen_at < %s AND NOT (l.address = ANY(%s::text[]))
        """,
        [feed, before, [link.address for link in links]],
    )

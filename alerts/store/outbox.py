"""Where messages go: table outbox_message, and table downlink of the terminals."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from alerts.core.states import DeliveryMove, delivery_pairs

Connection = AsyncConnection[Any]


async def keep(
    connection: Connection, *, deliveries: Sequence[int], addresses: Sequence[str], bodies: Sequence[str], now: datetime
) -> None:
    """Write what would have left the building."""
    await connection.execute(
        """
        INSERT INTO outbox_message (delivery, address, body, accepted_at)
        SELECT delivery, address, body, %(now)s
        FROM unnest(%(deliveries)s::bigint[], %(addresses)s::text[], %(bodies)s::text[])
             AS message(delivery, address, body)
        """,
        {"deliveries": list(deliveries), "addresses": list(addresses), "bodies": list(bodies), "now": now},
    )


class Written(NamedTuple):
    """A row of table downlink, and the terminal that it is for."""

    id: int
    terminal: int


async def send_down(
    connection: Connection,
    *,
    codes: Sequence[str],
    payloads: Sequence[bytes],
    expire: Sequence[datetime | None],
    now: datetime,
) -> list[Written | None]:
    """Write one downlink row per terminal code; return them in order, None where no such terminal lives."""
    cursor = await connection.execute(
        """
        WITH message AS (
            SELECT m.place, t.id AS terminal, t.code, m.payload, m.expires_at,
                   row_number() OVER (PARTITION BY t.id ORDER BY m.place) AS nth
            FROM unnest(%(codes)s::text[], %(payloads)s::bytea[], %(expire)s::timestamptz[])
                 WITH ORDINALITY AS m(code, payload, expires_at, place)
            JOIN terminal t ON t.code = m.code AND t.closed_at IS NULL
        ), written AS (
            INSERT INTO downlink (terminal, topic, payload, created_at, expires_at)
            SELECT terminal, 'gw/v1/t/' || code || '/alert', payload, %(now)s, expires_at FROM message ORDER BY place
            RETURNING id, terminal
        ), numbered AS (
            SELECT id, terminal, row_number() OVER (PARTITION BY terminal ORDER BY id) AS nth FROM written
        )
        SELECT message.place, numbered.id, terminal FROM message JOIN numbered USING (terminal, nth)
        """,
        {"codes": list(codes), "payloads": list(payloads), "expire": list(expire), "now": now},
    )
    written = {place: Written(row, terminal) for place, row, terminal in await cursor.fetchall()}
    return [written.get(place) for place in range(1, len(codes) + 1)]


async def withdraw_older(connection: Connection, *, deliveries: Sequence[int], now: datetime) -> None:
    """Take back what the terminals of these deliveries were never handed of older versions of the same alerts.

    A terminal that comes back would hear of a warning that is over, and then that it is over.
    """
    before, after = delivery_pairs(DeliveryMove.TIMED_OUT)
    await connection.execute(
        """
        WITH taken AS (
            UPDATE downlink w SET expires_at = %(now)s
            FROM delivery n
            JOIN delivery d ON d.address = n.address AND d.channel = 'terminal' AND d.alert = n.alert
                 AND d.version < n.version AND d.provider_id IS NOT NULL
            WHERE n.id = ANY(%(deliveries)s)
              -- Other channels' ids are no numbers, and the planner may come to them first
              AND w.id = CASE WHEN d.channel = 'terminal' THEN d.provider_id::bigint END
              AND w.sent_at IS NULL AND w.delivered_at IS NULL
            RETURNING d.id
        )
        UPDATE delivery d
        SET state = moves.after, settled_at = %(now)s, detail = 'a newer version came before the terminal did'
        FROM taken, unnest(%(before)s::text[], %(after)s::text[]) AS moves(before, after)
        WHERE d.id = taken.id AND d.state = 'sent' AND d.state = moves.before
        """,
        {"deliveries": list(deliveries), "now": now, "before": before, "after": after},
    )


async def confirm_terminals(connection: Connection) -> int:
    """Settle what front doors have delivered since; return how many."""
    before, after = delivery_pairs(DeliveryMove.CONFIRMED)
    cursor = await connection.execute(
        """
        UPDATE delivery d SET state = moves.after, settled_at = w.delivered_at
        FROM downlink w, unnest(%(before)s::text[], %(after)s::text[]) AS moves(before, after)
        WHERE d.channel = 'terminal' AND d.state IN ('sent', 'unknown') AND d.provider_id IS NOT NULL
          AND w.id = d.provider_id::bigint AND w.delivered_at IS NOT NULL AND d.state = moves.before
        """,
        {"before": before, "after": after},
    )
    return cursor.rowcount

"""Messages of earlier days, as they lie in the database: delivered, with attempts, segment and receipt."""

from datetime import datetime, timedelta
from typing import Any, Final

import psycopg

CITY: Final = 85_319  # one warning to every leader
AGO: Final = timedelta(days=3)


async def fill(connection: psycopg.AsyncConnection[Any], count: int, *, text: str, now: datetime) -> None:
    """Add `count` delivered messages, each to a number of its own."""
    at = now - AGO
    parameters = {"count": count, "text": text, "at": at, "settled": at + timedelta(seconds=2)}
    async with connection.transaction():
        await connection.execute(
            """
            CREATE TEMPORARY TABLE earlier ON COMMIT DROP AS
            WITH made AS (
                INSERT INTO delivery (kind, channel, address, body, priority, state, attempts, provider, provider_id,
                                      detail, queued_at, sent_at, settled_at, expires_at)
                SELECT 'manual', 'sms', '+86136' || lpad(n::text, 8, '0'), %(text)s, 4, 'delivered', 1, 'operator',
                       'earlier' || n, 'DELIVRD', %(at)s, %(at)s, %(settled)s, %(settled)s
                FROM generate_series(1, %(count)s) n
                RETURNING id, address
            )
            SELECT id, address FROM made
            """,
            parameters,
        )
        await connection.execute(
            """
            INSERT INTO delivery_attempt (delivery, attempt, at, provider, outcome, detail)
            SELECT id, 1, at, 'operator', outcome, ''
            FROM earlier, (VALUES ('accepted', %(at)s::timestamptz), ('confirmed', %(settled)s)) AS outcome(outcome, at)
            """,
            parameters,
        )
        await connection.execute(
            """
            INSERT INTO sms_segment (delivery, attempt, part, parts, provider, operator_id, address, state, word,
                                     taken_at, settled_at, ask_at)
            SELECT id, 1, 1, 1, 'operator', 'earlier' || id, address, 'delivered', 'DELIVRD', %(at)s, %(settled)s,
                   %(at)s::timestamptz + interval '5 minutes'
            FROM earlier
            """,
            parameters,
        )
        await connection.execute(
            """
            INSERT INTO sms_receipt (provider, operator_id, state, word, source, received_at, fate)
            SELECT 'operator', 'earlier' || id, 'delivered', 'DELIVRD', 'receipt', %(settled)s, 'applied' FROM earlier
            """,
            parameters,
        )
    await connection.execute(
        "VACUUM ANALYZE delivery, delivery_attempt, sms_segment, sms_receipt"
    )  # as autovacuum does

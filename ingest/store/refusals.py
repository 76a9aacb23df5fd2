"""What was refused: counted for ever by day and reason, kept for a while to be looked at."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import psycopg

Connection = psycopg.AsyncConnection[Any]

KEPT: Final = 10_000  # newest rows of refused_report
KEPT_BYTES: Final = 4096  # of a payload


class RefusedRow(NamedTuple):
    received_at_us: int
    terminal: int  # 0: unknown
    topic: str
    reason: str
    detail: str
    payload: bytes


async def keep(connection: Connection, rows: Sequence[RefusedRow]) -> None:
    newest = rows[-KEPT:]
    times, terminals, topics, reasons, details, payloads = zip(*newest, strict=True)
    await connection.execute(
        """
        INSERT INTO refused_report (received_at, terminal, topic, reason, detail, payload)
        SELECT timestamptz 'epoch' + at_us * interval '1 microsecond', nullif(terminal, 0), topic, reason, detail,
               payload
        FROM unnest(%(times)s::bigint[], %(terminals)s::integer[], %(topics)s::text[], %(reasons)s::text[],
                    %(details)s::text[], %(payloads)s::bytea[]) AS row (at_us, terminal, topic, reason, detail, payload)
        """,
        {
            "times": list(times),
            "terminals": list(terminals),
            "topics": [_storable(topic) for topic in topics],
            "reasons": list(reasons),
            "details": [_storable(detail)[:500] for detail in details],
            "payloads": [payload[:KEPT_BYTES] for payload in payloads],
        },
    )


async def count(connection: Connection, day: date, reports: Mapping[str, int]) -> None:
    await connection.execute(
        """
        INSERT INTO refusal_count (day, reason, reports)
        SELECT %(day)s, reason, reports FROM unnest(%(reasons)s::text[], %(reports)s::bigint[]) AS row (reason, reports)
        ORDER BY reason
        ON CONFLICT (day, reason) DO UPDATE SET reports = refusal_count.reports + excluded.reports
        """,
        {"day": day, "reasons": list(reports), "reports": list(reports.values())},
    )


async def forget_oldest(connection: Connection) -> None:
    """Keep the newest KEPT rows. Identities may have gaps: then fewer are kept."""
    await connection.execute(
        "DELETE FROM refused_report WHERE id <= (SELECT max(id) FROM refused_report) - %(kept)s", {"kept": KEPT}
    )


def _storable(text: str) -> str:
    """PostgreSQL's text takes neither NUL nor lone surrogates."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()

"""Table text_case: cases that people's texts made, cut to a subtree; opened, joined, taken and closed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

Connection = AsyncConnection[Any]


class TextCaseRow(NamedTuple):
    id: int
    number: str
    unit: int
    unit_name: str
    unit_name_en: str | None
    tree_left: int
    member: int | None  # of the last text
    member_name: str | None
    member_left: int | None  # of their primary unit
    lon: float | None  # degrees, of the last text that has some
    lat: float | None
    texts: int
    opened_at: datetime
    opened_by: int | None
    opened_by_name: str | None
    heard_at: datetime
    taken_at: datetime | None
    taken_by: int | None
    taken_by_name: str | None
    ended_at: datetime | None
    ended_by: int | None
    ended_by_name: str | None


class TextRow(NamedTuple):
    """One text of a case."""

    text_case: int
    id: int
    at: datetime
    text: str


_CASE: LiteralString = """
    SELECT c.id, c.number, unit.id AS unit, unit.name AS unit_name, unit.name_en AS unit_name_en, unit.tree_left,
        member.id AS member, member.name AS member_name, home.tree_left AS member_left,
        spot.lon / 1e7::float8 AS lon, spot.lat / 1e7::float8 AS lat, c.texts, c.opened_at, c.opened_by,
        opener.name AS opened_by_name, c.heard_at, c.taken_at, c.taken_by, taker.name AS taken_by_name,
        c.ended_at, c.ended_by, closer.name AS ended_by_name
    FROM text_case c
    JOIN unit ON unit.id = c.unit
    LEFT JOIN LATERAL (
        SELECT i.member FROM sms_inbound i WHERE i.text_case = c.id ORDER BY i.id DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN LATERAL (
        SELECT i.lon, i.lat FROM sms_inbound i WHERE i.text_case = c.id AND i.lon IS NOT NULL ORDER BY i.id DESC LIMIT 1
    ) AS spot ON true
    LEFT JOIN member ON member.id = last.member
    LEFT JOIN assignment ON assignment.member = member.id AND assignment.is_primary
    LEFT JOIN unit home ON home.id = assignment.unit
    LEFT JOIN account opener ON opener.id = c.opened_by
    LEFT JOIN account taker ON taker.id = c.taken_by
    LEFT JOIN account closer ON closer.id = c.ended_by
"""


async def join(connection: Connection, *, number: str, unit: int, inbound: int, at: datetime, by: int | None) -> int:
    """Put a text into its sender's open case of the unit, or into a new one; return the case.

    `by`: who opened it; None: it did by itself.
    """
    cursor = await connection.execute(
        """
        INSERT INTO text_case AS known (unit, number, opened_at, opened_by, heard_at, texts)
        VALUES (%(unit)s, %(number)s, %(at)s, %(by)s, %(at)s, 1)
        ON CONFLICT (number, unit) WHERE ended_at IS NULL
            DO UPDATE SET heard_at = excluded.heard_at, texts = known.texts + 1
        RETURNING id
        """,
        {"unit": unit, "number": number, "at": at, "by": by},
    )
    case = int((await cursor.fetchone() or (0,))[0])
    await connection.execute(
        "UPDATE sms_inbound SET text_case = %(case)s WHERE id = %(inbound)s", {"case": case, "inbound": inbound}
    )
    return case


async def page(connection: Connection, *, left: int, right: int, only_open: bool, limit: int) -> list[TextCaseRow]:
    """Return cases of a subtree: the open ones first, those that were heard of last on top."""
    async with connection.cursor(row_factory=class_row(TextCaseRow)) as cursor:
        await cursor.execute(
            _CASE
            + """
            WHERE unit.tree_left BETWEEN %(left)s AND %(right)s AND (c.ended_at IS NULL OR NOT %(only_open)s)
            ORDER BY c.ended_at IS NOT NULL, c.heard_at DESC, c.id DESC LIMIT %(limit)s
            """,
            {"left": left, "right": right, "only_open": only_open, "limit": limit},
        )
        return await cursor.fetchall()


async def find(connection: Connection, case: int) -> TextCaseRow | None:
    """Return one case, wherever it is: the caller compares `tree_left`."""
    async with connection.cursor(row_factory=class_row(TextCaseRow)) as cursor:
        await cursor.execute(_CASE + " WHERE c.id = %(case)s", {"case": case})
        return await cursor.fetchone()


async def texts(connection: Connection, cases: Sequence[int], *, each: int) -> list[TextRow]:
    """Return the last texts of each case, the newest first."""
    async with connection.cursor(row_factory=class_row(TextRow)) as cursor:
        await cursor.execute(
            """
            SELECT c.id AS text_case, i.id, i.received_at AS at, coalesce(i.text, i.body) AS text
            FROM unnest(%(cases)s::bigint[]) AS c(id)
            CROSS JOIN LATERAL (
                SELECT * FROM sms_inbound WHERE text_case = c.id ORDER BY id DESC LIMIT %(each)s
            ) AS i
            ORDER BY c.id, i.id DESC
            """,
            {"cases": list(cases), "each": each},
        )
        return await cursor.fetchall()


async def take(connection: Connection, case: int, *, account: int, at: datetime) -> bool:
    """Mark it as being seen to; False when somebody has it already or it has ended."""
    done = await connection.execute(
        """
        UPDATE text_case SET taken_at = %(at)s, taken_by = %(account)s
        WHERE id = %(case)s AND taken_at IS NULL AND ended_at IS NULL
        """,
        {"case": case, "account": account, "at": at},
    )
    return done.rowcount == 1


async def close(connection: Connection, case: int, *, account: int, at: datetime) -> bool:
    """End it; False when it has ended already."""
    done = await connection.execute(
        "UPDATE text_case SET ended_at = %(at)s, ended_by = %(account)s WHERE id = %(case)s AND ended_at IS NULL",
        {"case": case, "account": account, "at": at},
    )
    return done.rowcount == 1

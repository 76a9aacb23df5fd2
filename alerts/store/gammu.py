"""The tables of gammu-smsd, in its own database: outbox and outbox_multipart, sentitems, inbox, phones.

Its times are the server's own, without a zone: what is compared is compared there.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]


class Part(NamedTuple):
    """One part for the outbox; `header` is the user data header in hexadecimal, None for a message of one."""

    text: str
    coding: str
    header: str | None


class Sent(NamedTuple):
    message: int
    part: int
    status: str
    error: int


class Received(NamedTuple):
    message: int
    sender: str
    text: str
    header: str
    received_at: str
    recipient: str


class State(NamedTuple):
    """`is_alive`: a smsd was heard lately; `waiting`: our messages that have not left."""

    is_alive: bool
    waiting: int


async def state(connection: Connection, *, creator: str) -> State:
    cursor = await connection.execute(
        """
        SELECT EXISTS (SELECT 1 FROM phones WHERE "TimeOut" >= localtimestamp - interval '3 minutes' AND "Send"),
               (SELECT count(*)::integer FROM outbox WHERE "CreatorID" LIKE %(creator)s || ' %%')
        """,
        {"creator": creator},
    )
    row = await cursor.fetchone()
    return State(is_alive=False, waiting=0) if row is None else State(*row)


async def put(connection: Connection, parts: Sequence[Part], *, number: str, creator: str, validity: int) -> int:
    """Put a message into the outbox; return its id. A report is asked for."""
    cursor = await connection.execute(
        """
        INSERT INTO outbox ("DestinationNumber", "TextDecoded", "Coding", "UDH", "MultiPart", "Class",
                            "RelativeValidity", "DeliveryReport", "CreatorID")
        VALUES (%(number)s, %(text)s, %(coding)s, %(header)s, %(is_long)s, -1, %(validity)s, 'yes', %(creator)s)
        RETURNING "ID"
        """,
        {
            "number": number,
            "text": parts[0].text,
            "coding": parts[0].coding,
            "header": parts[0].header,
            "is_long": len(parts) > 1,
            "validity": validity,
            "creator": creator,
        },
    )
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 - INSERT ... RETURNING of one row
    message: int = row[0]
    await connection.cursor().executemany(
        """
        INSERT INTO outbox_multipart ("ID", "SequencePosition", "TextDecoded", "Coding", "UDH", "Class")
        VALUES (%(message)s, %(part)s, %(text)s, %(coding)s, %(header)s, -1)
        """,
        [
            {"message": message, "part": number, "text": part.text, "coding": part.coding, "header": part.header}
            for number, part in enumerate(parts[1:], start=2)
        ],
    )
    return message


async def known(connection: Connection, *, creator: str, delivery: int) -> int | None:
    """Return the id of a delivery's message that is in the outbox, or left: what did not leave may go again."""
    cursor = await connection.execute(
        """
        SELECT "ID" FROM outbox WHERE "CreatorID" LIKE %(creator)s || ' ' || %(delivery)s::text || ' %%'
        UNION ALL
        SELECT "ID" FROM sentitems WHERE "CreatorID" LIKE %(creator)s || ' ' || %(delivery)s::text || ' %%'
        GROUP BY "ID" HAVING NOT bool_or("Status" IN ('SendingError', 'Error'))
        LIMIT 1
        """,
        {"creator": creator, "delivery": delivery},
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def sent(connection: Connection, messages: Sequence[int]) -> list[Sent]:
    """Return what became of messages, part by part."""
    cursor = await connection.execute(
        """
        SELECT "ID", "SequencePosition", "Status", "StatusError" FROM sentitems
        WHERE "ID" = ANY(%(messages)s) ORDER BY "ID", "SequencePosition"
        """,
        {"messages": list(messages)},
    )
    return [Sent(*row) for row in await cursor.fetchall()]


async def withdraw(connection: Connection, *, creator: str, now: datetime) -> list[int]:
    """Take back from the outbox what has no point any more; return the messages' ids."""
    cursor = await connection.execute(
        """
        DELETE FROM outbox
        WHERE "CreatorID" LIKE %(creator)s || ' %%'
          AND split_part("CreatorID", ' ', 4)::bigint BETWEEN 1 AND extract(epoch FROM %(now)s::timestamptz)::bigint
        RETURNING "ID"
        """,
        {"creator": creator, "now": now},
    )
    messages = [row[0] for row in await cursor.fetchall()]
    if messages:
        await connection.execute('DELETE FROM outbox_multipart WHERE "ID" = ANY(%(messages)s)', {"messages": messages})
    return messages


async def received(connection: Connection, *, limit: int) -> list[Received]:
    """Return what came in and was not taken yet, the oldest first."""
    cursor = await connection.execute(
        """
        SELECT "ID", "SenderNumber", "TextDecoded", "UDH", "ReceivingDateTime"::text, "RecipientID"
        FROM inbox WHERE NOT "Processed" ORDER BY "ID" LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [Received(*row) for row in await cursor.fetchall()]


async def taken(connection: Connection, messages: Sequence[int]) -> None:
    """Mark what came in as taken."""
    await connection.execute(
        'UPDATE inbox SET "Processed" = true WHERE "ID" = ANY(%(messages)s)', {"messages": list(messages)}
    )

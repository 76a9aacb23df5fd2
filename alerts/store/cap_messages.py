"""Table cap_message: messages of other services as they came, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerts.core.cap_states import MessageState

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """The columns of a message that comes in."""

    unit: int
    sender: str
    identifier: str
    sent_at: datetime
    kind: str
    refers_to: Sequence[str]
    headline: str
    level: str | None
    is_drill: bool
    document: bytes
    source: str
    signature: str
    signer: str
    received_at: datetime
    received_by: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """A message as lists show it. `account_name`: who brought it; None: a feed."""

    id: int
    unit: int
    tree_left: int
    unit_name: str
    unit_name_en: str | None
    unit_level: str
    sender: str
    identifier: str
    sent_at: datetime
    kind: str
    refers_to: list[str]
    headline: str
    level: str | None
    is_drill: bool
    source: str
    signature: str
    signer: str
    state: str
    received_at: datetime
    received_by: int | None
    account_name: str | None
    alert: UUID | None
    overtaken_by: int | None
    reason: str
    settled_at: datetime | None
    settler: int | None
    settler_name: str | None

    @property
    def message_state(self) -> MessageState:
        return MessageState(self.state)


async def serialise(connection: Connection) -> None:
    """Let in one message at a time: of two that refer to each other neither would see the other."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('cap_message'))")


async def add(connection: Connection, row: NewMessage) -> int | None:
    """Insert a waiting message; None when the unit has it already."""
    cursor = await connection.execute(
        """
        INSERT INTO cap_message (unit, sender, identifier, sent_at, kind, refers_to, headline, level, is_drill,
                                 document, source, signature, signer, state, received_at, received_by)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'waiting', %s, %s)
        ON CONFLICT (unit, sender, identifier) DO NOTHING
        RETURNING id
        """,
        [
            row.unit,
            row.sender,
            row.identifier,
            row.sent_at,
            row.kind,
            list(row.refers_to),
            row.headline,
            row.level,
            row.is_drill,
            row.document,
            row.source,
            row.signature,
            row.signer,
            row.received_at,
            row.received_by,
        ],
    )
    found = await cursor.fetchone()
    return None if found is None else int(found[0])


async def known(connection: Connection, *, unit: int, sender: str, identifier: str) -> tuple[int, bytes] | None:
    """Return the id and the document of a message that the unit has."""
    cursor = await connection.execute(
        "SELECT id, document FROM cap_message WHERE (unit, sender, identifier) = (%s, %s, %s)",
        [unit, sender, identifier],
    )
    found = await cursor.fetchone()
    return None if found is None else (int(found[0]), bytes(found[1]))


async def newer_than(connection: Connection, *, unit: int, key: str) -> int | None:
    """Return the newest message of the unit that refers to the one of this key."""
    cursor = await connection.execute(
        "SELECT id FROM cap_message WHERE unit = %s AND refers_to @> ARRAY[%s] ORDER BY sent_at DESC, id DESC LIMIT 1",
        [unit, key],
    )
    found = await cursor.fetchone()
    return None if found is None else int(found[0])


async def overtake(connection: Connection, *, unit: int, keys: Sequence[str], by: int, now: datetime) -> list[int]:
    """Move the waiting ones among those of `keys` out of the way of message `by`; return them."""
    cursor = await connection.execute(
        """
        UPDATE cap_message SET state = 'overtaken', overtaken_by = %(by)s, settled_at = %(now)s
        WHERE unit = %(unit)s AND state = 'waiting' AND id <> %(by)s
          AND sender || ',' || identifier = ANY(%(keys)s::text[])
        RETURNING id
        """,
        {"by": by, "now": now, "unit": unit, "keys": list(keys)},
    )
    return sorted(row[0] for row in await cursor.fetchall())


async def lock(connection: Connection, message: int) -> MessageRow | None:
    """Read a message and keep everybody else from settling it until the transaction ends."""
    await connection.execute("SELECT FROM cap_message WHERE id = %s FOR NO KEY UPDATE", [message])
    return await find(connection, message)


async def find(connection: Connection, message: int) -> MessageRow | None:
    found = await _select(connection, only=message)
    return found[0] if found else None


async def within(
    connection: Connection, *, left: int, right: int, state: str | None = None, limit: int
) -> list[MessageRow]:
    """Return messages brought to units whose place in the tree lies in an interval, the last to come first."""
    return await _select(connection, left=left, right=right, state=state, limit=limit)


async def of_keys(connection: Connection, *, unit: int, keys: Sequence[str]) -> list[MessageRow]:
    """Return the unit's messages of these keys, the last sent first."""
    found = await _select(connection, unit=unit, keys=keys)
    return sorted(found, key=lambda row: (row.sent_at, row.id), reverse=True)


async def document(connection: Connection, message: int) -> bytes:
    """Return a message as it came; empty where there is none."""
    cursor = await connection.execute("SELECT document FROM cap_message WHERE id = %s", [message])
    found = await cursor.fetchone()
    return bytes(found[0]) if found else b""


async def settle(
    connection: Connection,
    message: int,
    *,
    state: str,
    now: datetime,
    by: int | None,
    alert: UUID | None = None,
    reason: str = "",
) -> None:
    """Move a message to a state; one that waits again is settled by nobody."""
    await connection.execute(
        """
        UPDATE cap_message
        SET state = %(state)s, alert = %(alert)s, reason = %(reason)s,
            settled_at = CASE WHEN %(state)s <> 'waiting' THEN %(now)s::timestamptz END,
            settled_by = CASE WHEN %(state)s <> 'waiting' THEN %(by)s::integer END
        WHERE id = %(id)s
        """,
        {"id": message, "state": state, "alert": alert, "reason": reason, "now": now, "by": by},
    )


async def _select(
    connection: Connection,
    *,
    only: int | None = None,
    unit: int | None = None,
    left: int | None = None,
    right: int | None = None,
    state: str | None = None,
    keys: Sequence[str] | None = None,
    limit: int = 500,
) -> list[MessageRow]:
    async with connection.cursor(row_factory=class_row(MessageRow)) as cursor:
        await cursor.execute(
            """
            SELECT m.id, m.unit, u.tree_left, u.name AS unit_name, u.name_en AS unit_name_en, u.level AS unit_level,
                   m.sender, m.identifier, m.sent_at, m.kind, m.refers_to, m.headline, m.level, m.is_drill, m.source,
                   m.signature, m.signer, m.state, m.received_at, m.received_by, a.name AS account_name, m.alert,
                   m.overtaken_by, m.reason, m.settled_at, s.id AS settler, s.name AS settler_name
            FROM cap_message m
            JOIN unit u ON u.id = m.unit
            LEFT JOIN account a ON a.id = m.received_by
            LEFT JOIN account s ON s.id = m.settled_by
            WHERE (%(only)s::integer IS NULL OR m.id = %(only)s)
              AND (%(unit)s::integer IS NULL OR m.unit = %(unit)s)
              AND (%(left)s::integer IS NULL OR u.tree_left BETWEEN %(left)s AND %(right)s::integer)
              AND (%(state)s::text IS NULL OR m.state = %(state)s)
              AND (%(keys)s::text[] IS NULL OR m.sender || ',' || m.identifier = ANY(%(keys)s))
            ORDER BY m.received_at DESC, m.id DESC
            LIMIT %(limit)s
            """,
            {
                "only": only,
                "unit": unit,
                "left": left,
                "right": right,
                "state": state,
                "keys": None if keys is None else list(keys),
                "limit": limit,
            },
        )
        return await cursor.fetchall()

"""SQL of the listening door: MQTT sessions, what waits for terminals, and retained messages.

A session belongs to (terminal, client id). Only sessions that outlive their connection have a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import class_row

from ingest.mqtt.packets import Subscription

Connection = psycopg.AsyncConnection[Any]

_subscriptions: Final = msgspec.json.Decoder(tuple[Subscription, ...])


@dataclass(frozen=True, slots=True)
class Stored:
    """What is remembered of a session beside its key."""

    subscriptions: tuple[Subscription, ...] = ()
    qos2_received: tuple[int, ...] = ()  # packet identifiers between PUBREC and PUBREL


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of table downlink that nobody acknowledged; `is_repeat`: it was sent before."""

    id: int
    terminal: int
    topic: str
    payload: bytes
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class Retained:
    topic: str
    payload: bytes
    changed_at: datetime


async def resume(connection: Connection, terminal: int, client_id: str) -> Stored | None:
    """Return a living session and keep it from expiring; None when there is none."""
    cursor = await connection.execute(
        """
        UPDATE mqtt_session SET expires_at = NULL, changed_at = now()
        WHERE terminal = %(terminal)s AND client_id = %(client_id)s AND (expires_at IS NULL OR expires_at > now())
        RETURNING subscriptions::text, qos2_received
        """,
        {"terminal": terminal, "client_id": client_id},
    )
    row = await cursor.fetchone()
    return None if row is None else Stored(_subscriptions.decode(row[0]), tuple(row[1]))


async def discard(connection: Connection, terminal: int, client_id: str) -> None:
    await connection.execute(
        "DELETE FROM mqtt_session WHERE terminal = %(terminal)s AND client_id = %(client_id)s",
        {"terminal": terminal, "client_id": client_id},
    )


async def create(connection: Connection, terminal: int, client_id: str) -> None:
    """Make an empty session, in place of an expired one too."""
    await connection.execute(
        """
        INSERT INTO mqtt_session (terminal, client_id) VALUES (%(terminal)s, %(client_id)s)
        ON CONFLICT (terminal, client_id) DO UPDATE
        SET subscriptions = DEFAULT, qos2_received = DEFAULT, expires_at = NULL, changed_at = now()
        """,
        {"terminal": terminal, "client_id": client_id},
    )


async def subscribe(
    connection: Connection, terminal: int, client_id: str, subscriptions: Sequence[Subscription]
) -> None:
    """Replace the session's subscriptions."""
    await connection.execute(
        """
        UPDATE mqtt_session SET subscriptions = %(subscriptions)s::jsonb, changed_at = now()
        WHERE terminal = %(terminal)s AND client_id = %(client_id)s
        """,
        {
            "terminal": terminal,
            "client_id": client_id,
            "subscriptions": msgspec.json.encode(subscriptions).decode(),
        },
    )


async def remember(connection: Connection, terminal: int, client_id: str, packet_id: int) -> None:
    """Note a QoS 2 packet as received, so that its repetition is not received again."""
    await connection.execute(
        """
        UPDATE mqtt_session SET qos2_received = array_append(qos2_received, %(packet_id)s), changed_at = now()
        WHERE terminal = %(terminal)s AND client_id = %(client_id)s AND %(packet_id)s <> ALL(qos2_received)
        """,
        {"terminal": terminal, "client_id": client_id, "packet_id": packet_id},
    )


async def forget(connection: Connection, terminal: int, client_id: str, packet_id: int) -> None:
    """Free a QoS 2 packet identifier: PUBREL came."""
    await connection.execute(
        """
        UPDATE mqtt_session SET qos2_received = array_remove(qos2_received, %(packet_id)s), changed_at = now()
        WHERE terminal = %(terminal)s AND client_id = %(client_id)s
        """,
        {"terminal": terminal, "client_id": client_id, "packet_id": packet_id},
    )


async def leave(connection: Connection, terminal: int, client_id: str, expiry_s: int) -> None:
    """The connection ended: the session lives on for `expiry_s`."""
    await connection.execute(
        """
        UPDATE mqtt_session SET expires_at = now() + make_interval(secs => %(expiry_s)s), changed_at = now()
        WHERE terminal = %(terminal)s AND client_id = %(client_id)s
        """,
        {"terminal": terminal, "client_id": client_id, "expiry_s": expiry_s},
    )


async def expire(connection: Connection) -> None:
    await connection.execute("DELETE FROM mqtt_session WHERE expires_at < now()")


async def adopt_orphans(connection: Connection, expiry_s: int) -> None:
    """Let sessions expire that no process saw leave, because it was killed. For the start, before anybody connects."""
    await connection.execute(
        "UPDATE mqtt_session SET expires_at = now() + make_interval(secs => %(expiry_s)s) WHERE expires_at IS NULL",
        {"expiry_s": expiry_s},
    )


async def terminals_with_waiting(connection: Connection) -> list[int]:
    """Return the terminals that something waits for: no cursor, so a row that commits late is not skipped."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT terminal FROM downlink
        WHERE delivered_at IS NULL AND (expires_at IS NULL OR expires_at > now())
        """
    )
    return [row[0] for row in await cursor.fetchall()]


async def waiting(connection: Connection, terminals: Sequence[int], limit: int) -> list[Waiting]:
    """Return at most `limit` rows for each terminal, oldest first."""
    async with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        await cursor.execute(
            """
            SELECT d.id, d.terminal, d.topic, d.payload, d.sent_at IS NOT NULL AS is_repeat
            FROM unnest(%(terminals)s::integer[]) AS wanted (terminal)
            CROSS JOIN LATERAL (
                SELECT * FROM downlink
                WHERE terminal = wanted.terminal AND delivered_at IS NULL
                    AND (expires_at IS NULL OR expires_at > now())
                ORDER BY id
                LIMIT %(limit)s
            ) AS d
            ORDER BY d.terminal, d.id
            """,
            {"terminals": list(terminals), "limit": limit},
        )
        return await cursor.fetchall()


async def mark_sent(connection: Connection, rows: Sequence[int]) -> None:
    """Note before the first sending that it may have happened: every later one carries DUP."""
    await connection.execute(
        "UPDATE downlink SET sent_at = now() WHERE id = ANY(%(rows)s) AND sent_at IS NULL", {"rows": list(rows)}
    )


async def mark_delivered(connection: Connection, rows: Sequence[int]) -> None:
    await connection.execute(
        "UPDATE downlink SET delivered_at = now() WHERE id = ANY(%(rows)s) AND delivered_at IS NULL",
        {"rows": list(rows)},
    )


async def retained(connection: Connection, topics: Sequence[str]) -> list[Retained]:
    """Return the retained messages of `topics`; an empty payload clears."""
    async with connection.cursor(row_factory=class_row(Retained)) as cursor:
        await cursor.execute(
            "SELECT topic, payload, changed_at FROM retained WHERE topic = ANY(%(topics)s)", {"topics": list(topics)}
        )
        return await cursor.fetchall()


async def retained_of_late(connection: Connection, within_s: float) -> list[Retained]:
    async with connection.cursor(row_factory=class_row(Retained)) as cursor:
        await cursor.execute(
            """
            SELECT topic, payload, changed_at FROM retained
            WHERE changed_at > now() - make_interval(secs => %(within_s)s)
            """,
            {"within_s": within_s},
        )
        return await cursor.fetchall()

"""SQL of the listening door: MQTT sessions, what waits for terminals, and retained messages.

A session belongs to (terminal, client id). Only sessions that outlive their connection have a row.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import class_row

from ingest.mqtt.packets import Subscription

Connection = psycopg.AsyncConnection[Any]

_subscriptions: Final = msgspec.json.Decoder(tuple[Subscription, ...])


class Key(NamedTuple):
    """Whose a session is: a client id alone takes nobody's session over."""

    terminal: int
    client_id: str


class Opening(NamedTuple):
    key: Key
    is_clean: bool  # begin anew, whatever there was
    is_kept: bool  # it outlives its connection


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


async def open_all(connection: Connection, wanted: Sequence[Opening]) -> dict[Key, Stored]:
    """Resume or begin sessions, each named once; return those that were living. One statement, however many.

    Who asks for a clean session, or has none that lives, begins an empty one; it has a row only when it is to be kept.
    """
    cursor = await connection.execute(
        """
        WITH wanted AS (
            SELECT * FROM unnest(
                %(terminals)s::integer[], %(client_ids)s::text[], %(clean)s::boolean[], %(kept)s::boolean[]
            ) AS w (terminal, client_id, is_clean, is_kept)
        ), resumed AS (
            UPDATE mqtt_session AS s SET expires_at = NULL, changed_at = now() FROM wanted AS w
            WHERE s.terminal = w.terminal AND s.client_id = w.client_id AND NOT w.is_clean
                AND (s.expires_at IS NULL OR s.expires_at > now())
            RETURNING s.terminal, s.client_id, s.subscriptions::text AS subscriptions, s.qos2_received
        ), anew AS (
            SELECT * FROM wanted
            WHERE NOT EXISTS (
                SELECT FROM resumed
                WHERE resumed.terminal = wanted.terminal AND resumed.client_id = wanted.client_id
            )
        ), made AS (
            INSERT INTO mqtt_session (terminal, client_id) SELECT terminal, client_id FROM anew WHERE is_kept
            ON CONFLICT (terminal, client_id) DO UPDATE
            SET subscriptions = DEFAULT, qos2_received = DEFAULT, expires_at = NULL, changed_at = now()
        ), dropped AS (
            DELETE FROM mqtt_session AS s USING anew
            WHERE s.terminal = anew.terminal AND s.client_id = anew.client_id AND NOT anew.is_kept
        )
        SELECT terminal, client_id, subscriptions, qos2_received FROM resumed
        """,
        {
            **_keys([opening.key for opening in wanted]),
            "clean": [opening.is_clean for opening in wanted],
            "kept": [opening.is_kept for opening in wanted],
        },
    )
    found = await cursor.fetchall()
    return {Key(row[0], row[1]): Stored(_subscriptions.decode(row[2]), tuple(row[3])) for row in found}


async def discard_all(connection: Connection, keys: Sequence[Key]) -> None:
    await connection.execute(
        """
        DELETE FROM mqtt_session AS s USING unnest(%(terminals)s::integer[], %(client_ids)s::text[])
            AS w (terminal, client_id)
        WHERE s.terminal = w.terminal AND s.client_id = w.client_id
        """,
        _keys(keys),
    )


async def subscribe_all(connection: Connection, wanted: Mapping[Key, Sequence[Subscription]]) -> None:
    """Replace the subscriptions of each session."""
    await connection.execute(
        """
        UPDATE mqtt_session AS s SET subscriptions = w.subscriptions::jsonb, changed_at = now()
        FROM unnest(%(terminals)s::integer[], %(client_ids)s::text[], %(subscriptions)s::text[])
            AS w (terminal, client_id, subscriptions)
        WHERE s.terminal = w.terminal AND s.client_id = w.client_id
        """,
        {
            **_keys(wanted),
            "subscriptions": [msgspec.json.encode(subscriptions).decode() for subscriptions in wanted.values()],
        },
    )


async def remember_all(connection: Connection, received: Sequence[tuple[Key, int]]) -> None:
    """Note QoS 2 packets as received, several of a session too, so that their repetition is not received again."""
    await connection.execute(
        """
        UPDATE mqtt_session AS s SET qos2_received = s.qos2_received || w.packet_ids, changed_at = now()
        FROM (
            SELECT terminal, client_id, array_agg(DISTINCT packet_id) AS packet_ids
            FROM unnest(%(terminals)s::integer[], %(client_ids)s::text[], %(packet_ids)s::integer[])
                AS w (terminal, client_id, packet_id)
            GROUP BY terminal, client_id
        ) AS w
        WHERE s.terminal = w.terminal AND s.client_id = w.client_id
        """,
        {**_keys([key for key, _ in received]), "packet_ids": [packet_id for _, packet_id in received]},
    )


async def forget_all(connection: Connection, released: Sequence[tuple[Key, int]]) -> None:
    """Free QoS 2 packet identifiers: their PUBREL came."""
    await connection.execute(
        """
        UPDATE mqtt_session AS s
        SET qos2_received = ARRAY(SELECT id FROM unnest(s.qos2_received) AS id WHERE id <> ALL (w.packet_ids)),
            changed_at = now()
        FROM (
            SELECT terminal, client_id, array_agg(packet_id) AS packet_ids
            FROM unnest(%(terminals)s::integer[], %(client_ids)s::text[], %(packet_ids)s::integer[])
                AS w (terminal, client_id, packet_id)
            GROUP BY terminal, client_id
        ) AS w
        WHERE s.terminal = w.terminal AND s.client_id = w.client_id
        """,
        {**_keys([key for key, _ in released]), "packet_ids": [packet_id for _, packet_id in released]},
    )


async def leave_all(connection: Connection, left: Mapping[Key, int]) -> None:
    """The connections ended: each session lives on for so many seconds."""
    await connection.execute(
        """
        UPDATE mqtt_session AS s SET expires_at = now() + make_interval(secs => w.expiry_s), changed_at = now()
        FROM unnest(%(terminals)s::integer[], %(client_ids)s::text[], %(expiries_s)s::integer[])
            AS w (terminal, client_id, expiry_s)
        WHERE s.terminal = w.terminal AND s.client_id = w.client_id
        """,
        {**_keys(left), "expiries_s": list(left.values())},
    )


def _keys(keys: Collection[Key]) -> dict[str, list[Any]]:
    """The columns that name sessions; who has none to name asks nothing."""
    return {"terminals": [key.terminal for key in keys], "client_ids": [key.client_id for key in keys]}


async def expire(connection: Connection, most: int) -> None:
    """Drop what expired, and of each terminal all but its `most` newest sessions that nobody is connected to."""
    await connection.execute(
        """
        DELETE FROM mqtt_session AS s USING (
            SELECT terminal, client_id, expires_at,
                row_number() OVER (PARTITION BY terminal ORDER BY expires_at DESC) AS place
            FROM mqtt_session
            WHERE expires_at IS NOT NULL
        ) AS old
        WHERE s.terminal = old.terminal AND s.client_id = old.client_id AND s.expires_at = old.expires_at
            AND (old.expires_at < now() OR old.place > %(most)s)
        """,
        {"most": most},
    )


async def adopt_orphans(connection: Connection, expiry_s: int) -> None:
    """Let sessions expire that no process saw leave, because it was killed. For the start, before anybody connects."""
    await connection.execute(
        "UPDATE mqtt_session SET expires_at = now() + make_interval(secs => %(expiry_s)s) WHERE expires_at IS NULL",
        {"expiry_s": expiry_s},
    )


async def adopt_orphans_of(connection: Connection, run: UUID, move: int, expiry_s: int) -> None:
    """The same for the sessions of terminals that came to `run` by a move, from a run that is no more."""
    await connection.execute(
        """
        UPDATE mqtt_session SET expires_at = now() + make_interval(secs => %(expiry_s)s)
        FROM terminal_owner
        WHERE expires_at IS NULL AND mqtt_session.terminal = terminal_owner.terminal
            AND terminal_owner.run = %(run)s AND terminal_owner.moved = %(move)s
        """,
        {"run": run, "move": move, "expiry_s": expiry_s},
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


async def retained_of_late(connection: Connection, within_s: float) -> dict[str, datetime]:
    """Return when each message was set, of those set within the last `within_s` seconds."""
    cursor = await connection.execute(
        "SELECT topic, changed_at FROM retained WHERE changed_at > now() - make_interval(secs => %(within_s)s)",
        {"within_s": within_s},
    )
    return dict(await cursor.fetchall())

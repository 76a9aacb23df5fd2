"""How the service is doing: ingest's runs, what left (or would have left) the building."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.shapes import Scope
from dashboard.store.units import within

Connection = AsyncConnection[Any]
ALIVE_S: Final = 10  # ingest says every second or two that it lives


class IngestRow(NamedTuple):
    """The sum over living ingest programs."""

    programs: int
    connections: int
    packets: int
    positions_stored: int
    duplicates: int
    refused: int
    has_gateway: bool  # one of them takes the load-only gateway


NOBODY: Final = IngestRow(0, 0, 0, 0, 0, 0, has_gateway=False)


class RunRow(NamedTuple):
    id: UUID
    name: str
    started_at: datetime
    heartbeat_at: datetime
    stopped_at: datetime | None
    packets: int
    positions_stored: int
    duplicates: int
    refused: int
    connections: int


class OutboxRow(NamedTuple):
    id: int
    address: str
    body: str
    accepted_at: datetime
    delivery: int
    state: str
    kind: str
    channel: str
    member: int | None
    member_name: str | None
    alert: UUID | None


async def living(connection: Connection) -> IngestRow:
    """Add up the ingest programs heard of within ALIVE_S that have not said they stop."""
    cursor = connection.cursor(row_factory=class_row(IngestRow))
    await cursor.execute(
        """
        SELECT
            count(*)::integer AS programs,
            COALESCE(sum(connections), 0)::bigint AS connections,
            COALESCE(sum(packets), 0)::bigint AS packets,
            COALESCE(sum(positions_stored), 0)::bigint AS positions_stored,
            COALESCE(sum(duplicates), 0)::bigint AS duplicates,
            COALESCE(sum(refused), 0)::bigint AS refused,
            COALESCE(bool_or(has_gateway), false) AS has_gateway
        FROM ingest_run
        WHERE stopped_at IS NULL AND heartbeat_at > now() - make_interval(secs => %(alive_s)s)
        """,
        {"alive_s": ALIVE_S},
    )
    return await cursor.fetchone() or NOBODY


async def runs(connection: Connection, *, limit: int) -> list[RunRow]:
    cursor = connection.cursor(row_factory=class_row(RunRow))
    await cursor.execute(
        """
        SELECT id, name, started_at, heartbeat_at, stopped_at, packets, positions_stored, duplicates, refused,
            connections
        FROM ingest_run ORDER BY started_at DESC LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return await cursor.fetchall()


async def outbox(connection: Connection, scope: Scope, *, alert: UUID | None, limit: int) -> list[OutboxRow]:
    """Return the newest messages of the `outbox` provider to members of the scope, and of its circulars."""
    cursor = connection.cursor(row_factory=class_row(OutboxRow))
    await cursor.execute(
        """
        SELECT
            outbox_message.id, outbox_message.address, outbox_message.body, accepted_at,
            delivery.id AS delivery, delivery.state, kind, channel,
            member.id AS member, member.name AS member_name, delivery.alert
        FROM outbox_message
        JOIN delivery ON delivery.id = outbox_message.delivery
        LEFT JOIN member ON member.id = delivery.member
        LEFT JOIN assignment ON assignment.member = member.id AND is_primary
        LEFT JOIN circular ON circular.id = delivery.circular
        JOIN unit home ON home.id = coalesce(assignment.unit, circular.unit)
        WHERE home.tree_left BETWEEN %(left)s AND %(right)s
            AND (%(alert)s::uuid IS NULL OR delivery.alert = %(alert)s)
        ORDER BY outbox_message.id DESC
        LIMIT %(limit)s
        """,
        {**within(scope), "alert": alert, "limit": limit},
    )
    return await cursor.fetchall()

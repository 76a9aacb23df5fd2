"""What the dashboard itself looks up of alerts; all else goes through alerts.desk."""

from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row


class AlertRow(NamedTuple):
    id: UUID
    state: str
    version: int
    tree_left: int  # of the issuing unit


async def find(connection: AsyncConnection[Any], alert: UUID) -> AlertRow | None:
    cursor = connection.cursor(row_factory=class_row(AlertRow))
    await cursor.execute(
        """
        SELECT alert.id, state, version, tree_left
        FROM alert JOIN unit ON unit.id = alert.unit
        WHERE alert.id = %(alert)s
        """,
        {"alert": alert},
    )
    return await cursor.fetchone()

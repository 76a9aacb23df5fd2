"""Changes of level that wait for a second person (table alert_proposal)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerts.core.levels import Level

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    id: int
    level: str
    note: str
    made_by: int

    @property
    def alert_level(self) -> Level:
        return Level(self.level)


async def waiting(connection: Connection, alert: UUID, *, version: int) -> Waiting | None:
    """Return the proposal made upon `version` that nobody has settled."""
    async with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        await cursor.execute(
            """
            SELECT id, level, note, made_by FROM alert_proposal
            WHERE alert = %s AND version = %s AND settled_at IS NULL
            """,
            [alert, version],
        )
        return await cursor.fetchone()


async def add(
    connection: Connection, alert: UUID, *, version: int, level: Level, note: str, account: int, now: datetime
) -> None:
    await connection.execute(
        """
        INSERT INTO alert_proposal (alert, version, level, note, made_by, made_at) VALUES (%s, %s, %s, %s, %s, %s)
        """,
        [alert, version, level.value, note, account, now],
    )


async def settle(
    connection: Connection, proposal: int, *, outcome: str, account: int, now: datetime, answer: str = ""
) -> None:
    """Close a proposal as approved, declined or replaced."""
    await connection.execute(
        """
        UPDATE alert_proposal SET settled_by = %s, settled_at = %s, outcome = %s, answer = %s
        WHERE id = %s AND settled_at IS NULL
        """,
        [account, now, outcome, answer, proposal],
    )

"""Tables alert and alert_version, read under a lock and written; a version is written once and never again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerts.core.levels import Level
from alerts.core.states import AlertState

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """An alert joined with its newest version, as a transition sees it under the row's lock."""

    id: UUID
    identifier: str | None
    state: str
    version: int
    in_force: int | None
    unit: int
    created_by: int
    issued_at: datetime | None
    expires_at: datetime | None
    is_drill: bool
    kind: str
    level: str
    event: str
    headline: str
    description: str
    instruction: str
    targets: list[int]
    teams: list[int]
    grids: list[int]
    depth: str | None
    area: bytes | None
    note: str
    made_by: int | None
    made_at: datetime

    @property
    def alert_state(self) -> AlertState:
        return AlertState(self.state)

    @property
    def alert_level(self) -> Level:
        return Level(self.level)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """The columns of one row of alert_version."""

    alert: UUID
    version: int
    kind: str
    level: str
    event: str
    headline: str
    description: str
    instruction: str
    targets: Sequence[int]
    teams: Sequence[int]
    grids: Sequence[int]
    depth: str | None
    area: bytes | None
    payload: str
    note: str
    made_by: int | None
    made_at: datetime


async def create(
    connection: Connection,
    *,
    alert: UUID,
    unit: int,
    account: int,
    now: datetime,
    expires_at: datetime | None,
    is_drill: bool,
) -> bool:
    """Insert a draft at version 1; False when the id is there already."""
    cursor = await connection.execute(
        """
        INSERT INTO alert (id, state, version, unit, created_by, created_at, expires_at, is_drill)
        VALUES (%s, 'draft', 1, %s, %s, %s, %s, %s)
        ON CONFLICT (id) DO NOTHING
        """,
        [alert, unit, account, now, expires_at, is_drill],
    )
    return cursor.rowcount == 1


async def lock(connection: Connection, alert: UUID) -> Head | None:
    """Read an alert and keep everybody else from moving it until the transaction ends.

    Two statements: one that waits for the lock would join the row it waited for with a version it saw before waiting,
    and find nothing. NO KEY: the dispatcher goes on writing rows that refer to the alert.
    """
    await connection.execute("SELECT FROM alert WHERE id = %s FOR NO KEY UPDATE", [alert])
    async with connection.cursor(row_factory=class_row(Head)) as cursor:
        await cursor.execute(
            """
            SELECT a.id, a.identifier, a.state, a.version, a.in_force, a.unit, a.created_by, a.issued_at,
                   a.expires_at, a.is_drill, v.kind, v.level, v.event, v.headline, v.description, v.instruction,
                   v.targets, v.teams, v.grids, v.depth, v.area, v.note, v.made_by, v.made_at
            FROM alert a JOIN alert_version v ON (v.alert, v.version) = (a.id, a.version)
            WHERE a.id = %s
            """,
            [alert],
        )
        return await cursor.fetchone()


async def in_force_since(connection: Connection, alert: UUID) -> datetime | None:
    """Return when the version in force was made."""
    cursor = await connection.execute(
        """
        SELECT v.made_at FROM alert a JOIN alert_version v ON (v.alert, v.version) = (a.id, a.in_force)
        WHERE a.id = %s
        """,
        [alert],
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def grids(connection: Connection, alert: UUID) -> list[int]:
    """Return the grids that the version in force warns."""
    cursor = await connection.execute(
        "SELECT v.grids FROM alert a JOIN alert_version v ON (v.alert, v.version) = (a.id, a.in_force) WHERE a.id = %s",
        [alert],
    )
    row = await cursor.fetchone()
    return row[0] if row else []


async def authors(connection: Connection, alert: UUID) -> set[int]:
    """Return the accounts that wrote any of its versions so far; who declined one wrote nothing."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT made_by FROM alert_version WHERE alert = %s AND made_by IS NOT NULL AND kind <> 'decline'
        """,
        [alert],
    )
    return {row[0] for row in await cursor.fetchall()}


async def add_version(connection: Connection, row: NewVersion) -> None:
    await connection.execute(
        """
        INSERT INTO alert_version (alert, version, kind, level, event, headline, description, instruction,
                                   targets, teams, grids, depth, area, payload, note, made_by, made_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        [
            row.alert,
            row.version,
            row.kind,
            row.level,
            row.event,
            row.headline,
            row.description,
            row.instruction,
            list(row.targets),
            list(row.teams),
            list(row.grids),
            row.depth,
            row.area,
            row.payload,
            row.note,
            row.made_by,
            row.made_at,
        ],
    )


async def is_written(connection: Connection, row: NewVersion, *, expires_at: datetime | None, is_drill: bool) -> bool:
    """Whether that version is there and says the same."""
    cursor = await connection.execute(
        """
        SELECT 1 FROM alert_version v JOIN alert a ON a.id = v.alert
        WHERE (v.alert, v.version, v.level, v.event, v.headline, v.description, v.instruction)
              = (%s, %s, %s, %s, %s, %s, %s)
          AND v.targets = %s::integer[] AND v.teams = %s::integer[] AND v.depth IS NOT DISTINCT FROM %s::text
          AND v.area IS NOT DISTINCT FROM %s::bytea AND a.expires_at IS NOT DISTINCT FROM %s::timestamptz
          AND a.is_drill = %s
        """,
        [
            row.alert,
            row.version,
            row.level,
            row.event,
            row.headline,
            row.description,
            row.instruction,
            list(row.targets),
            list(row.teams),
            row.depth,
            row.area,
            expires_at,
            is_drill,
        ],
    )
    return await cursor.fetchone() is not None


async def move(connection: Connection, alert: UUID, *, state: str, version: int) -> None:
    await connection.execute("UPDATE alert SET state = %s, version = %s WHERE id = %s", [state, version, alert])


async def rewrite(connection: Connection, alert: UUID, *, expires_at: datetime | None, is_drill: bool) -> None:
    """Change what a draft keeps outside its versions."""
    await connection.execute(
        "UPDATE alert SET expires_at = %s, is_drill = %s WHERE id = %s", [expires_at, is_drill, alert]
    )


async def put_in_force(connection: Connection, alert: UUID, *, version: int, now: datetime) -> None:
    await connection.execute(
        "UPDATE alert SET in_force = %s, issued_at = coalesce(issued_at, %s) WHERE id = %s", [version, now, alert]
    )


async def identify(connection: Connection, alert: UUID, *, division: str, stamp: str, expires_at: datetime) -> None:
    """Give the alert its CAP identifier, `{division6}{serial}_{yyyymmddhhmmss}`, and its end."""
    await connection.execute(
        """
        UPDATE alert
        SET identifier = %s || lpad(nextval('alert_serial')::text, 8, '0') || '_' || %s, expires_at = %s
        WHERE id = %s
        """,
        [division, stamp, expires_at, alert],
    )


async def end(connection: Connection, alert: UUID, *, now: datetime) -> None:
    await connection.execute("UPDATE alert SET ended_at = %s WHERE id = %s", [now, alert])


async def with_area_in_force(connection: Connection) -> list[UUID]:
    """Return the issued alerts that have a drawn area."""
    cursor = await connection.execute(
        """
        SELECT a.id FROM alert a JOIN alert_version v ON (v.alert, v.version) = (a.id, a.in_force)
        WHERE a.state = 'issued' AND v.area IS NOT NULL
        ORDER BY a.issued_at
        """
    )
    return [row[0] for row in await cursor.fetchall()]

"""What was told of alerts, and where: the versions that people heard of, and the units and outlines they were for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRow:
    """One version that people heard of, with what its alert says of all of them."""

    alert: UUID
    identifier: str
    is_drill: bool
    issued_at: datetime
    expires_at: datetime
    issuer: str
    issuer_en: str | None
    kind: str
    level: str
    event: str
    headline: str
    description: str
    instruction: str
    note: str
    made_at: datetime
    targets: list[int]
    area: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineRow:
    """A unit as it stood when an alert was issued; a unit above the grids may have no outline."""

    unit: int
    name: str
    code: str
    outline: bytes | None


async def told(connection: Connection, alerts: Sequence[UUID]) -> list[ToldRow]:
    """Return the told versions of issued alerts, oldest first within each; drafts and withdrawn drafts have none."""
    async with connection.cursor(row_factory=class_row(ToldRow)) as cursor:
        await cursor.execute(
            """
            SELECT a.id AS alert, a.identifier, a.is_drill, a.issued_at, a.expires_at,
                   u.name AS issuer, u.name_en AS issuer_en,
                   v.kind, v.level, v.event, v.headline, v.description, v.instruction, v.note, v.made_at, v.targets,
                   v.area
            FROM alert a
            JOIN unit u ON u.id = a.unit
            JOIN alert_version v ON v.alert = a.id AND v.kind IN ('issue', 'upgrade', 'downgrade', 'lift', 'cancel')
            WHERE a.id = ANY(%s) AND a.issued_at IS NOT NULL
            ORDER BY a.id, v.version
            """,
            [list(alerts)],
        )
        return await cursor.fetchall()


async def outlines(connection: Connection, units: Sequence[int], *, at: datetime) -> list[OutlineRow]:
    """Return `units` in tree order, with their outlines by the grid set that was in force at that moment."""
    async with connection.cursor(row_factory=class_row(OutlineRow)) as cursor:
        await cursor.execute(
            """
            SELECT u.id AS unit, u.name, u.code, g.area AS outline
            FROM unit u LEFT JOIN grid g ON (g.version, g.unit) = (grid_set_at(%s), u.id)
            WHERE u.id = ANY(%s) ORDER BY u.tree_left
            """,
            [at, list(units)],
        )
        return await cursor.fetchall()

"""What the screens ask: alerts, their history, their people. Nothing here writes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from alerts.core.levels import Level
from alerts.core.records import AccountName, DeliveryLine, TeamName, UnitName, Version

Connection = AsyncConnection[Any]


async def alerts(
    connection: Connection, *, within: int | None, state: str | None, only: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Return rows of alert joined with their newest version, newest first.

    `within` is the viewer's unit: they see what their subtree issues, and what is or was in force in, above or below
    their own unit. None sees all.
    """
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """
            SELECT a.id, a.identifier, a.state, a.version, a.in_force, a.created_at, a.issued_at, a.ended_at,
                   a.expires_at, a.is_drill, c.id AS account, c.name AS account_name, v.level, v.event, v.headline,
                   v.description, v.instruction, v.targets, v.teams, v.depth, v.area,
                   u.id AS unit, u.name AS unit_name, u.name_en AS unit_name_en, u.level AS unit_level,
                   p.level AS proposed_level, p.note AS proposed_note, p.made_at AS proposed_at,
                   s.id AS proposer, s.name AS proposer_name
            FROM alert a
            JOIN alert_version v ON (v.alert, v.version) = (a.id, a.version)
            LEFT JOIN alert_proposal p ON (p.alert, p.version) = (a.id, a.version) AND p.settled_at IS NULL
            LEFT JOIN account s ON s.id = p.made_by
            JOIN account c ON c.id = a.created_by
            JOIN unit u ON u.id = a.unit
            LEFT JOIN unit viewer ON viewer.id = %(within)s
            WHERE (%(only)s::uuid IS NULL OR a.id = %(only)s)
              AND (%(state)s::text IS NULL OR a.state = %(state)s)
              AND (%(within)s::integer IS NULL
                   OR u.tree_left BETWEEN viewer.tree_left AND viewer.tree_right
                   OR (a.in_force IS NOT NULL AND EXISTS (
                       SELECT 1 FROM unit t WHERE t.id = ANY(v.targets)
                         AND (t.tree_left BETWEEN viewer.tree_left AND viewer.tree_right
                              OR viewer.tree_left BETWEEN t.tree_left AND t.tree_right))))
            ORDER BY a.created_at DESC, a.id
            LIMIT %(limit)s
            """,
            {"within": within, "state": state, "only": only, "limit": limit},
        )
        return await cursor.fetchall()


async def unit_names(connection: Connection, units: Sequence[int]) -> dict[int, UnitName]:
    async with connection.cursor(row_factory=class_row(UnitName)) as cursor:
        await cursor.execute("SELECT id, name, name_en, level FROM unit WHERE id = ANY(%s)", [list(units)])
        return {unit.id: unit for unit in await cursor.fetchall()}


async def team_names(connection: Connection, teams: Sequence[int]) -> dict[int, TeamName]:
    async with connection.cursor(row_factory=class_row(TeamName)) as cursor:
        await cursor.execute("SELECT id, name, unit FROM work_team WHERE id = ANY(%s)", [list(teams)])
        return {team.id: team for team in await cursor.fetchall()}


async def versions(connection: Connection, alert: UUID) -> list[Version]:
    cursor = await connection.execute(
        """
        SELECT v.version, v.kind, v.level, v.event, v.headline, v.description, v.instruction, v.targets, v.note,
               c.id, c.name, v.made_at
        FROM alert_version v LEFT JOIN account c ON c.id = v.made_by
        WHERE v.alert = %s ORDER BY v.version
        """,
        [alert],
    )
    return [_version(row) for row in await cursor.fetchall()]


def _version(row: tuple[Any, ...]) -> Version:
    version, kind, level, event, headline, description, instruction, targets, note, account, name, made_at = row
    return Version(
        version=version,
        kind=kind,
        level=Level(level),
        event=event,
        headline=headline,
        description=description,
        instruction=instruction,
        targets=tuple(targets),
        note=note,
        made_by=None if account is None else AccountName(account, name),
        made_at=made_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One person of an audience, before their deliveries are joined."""

    member: int
    name: str
    phone: str | None
    unit: int | None
    unit_name: str | None
    unit_name_en: str | None
    unit_level: str | None
    reasons: list[Mapping[str, Any]]
    acknowledged_at: datetime | None
    total: int


async def people(connection: Connection, alert: UUID, *, within: int | None, limit: int, offset: int) -> list[Row]:
    """Return a page of the audience in tree order, only people told for units inside `within`."""
    async with connection.cursor(row_factory=class_row(Row)) as cursor:
        await cursor.execute(
            """
            SELECT p.member, m.name, p.phone, u.id AS unit, u.name AS unit_name, u.name_en AS unit_name_en,
                   u.level AS unit_level, p.reasons, k.at AS acknowledged_at, count(*) OVER () AS total
            FROM audience p
            JOIN alert a ON a.id = p.alert
            JOIN member m ON m.id = p.member
            LEFT JOIN unit u ON u.id = p.unit
            LEFT JOIN unit viewer ON viewer.id = %(within)s
            LEFT JOIN acknowledgement k ON (k.alert, k.version, k.member) = (p.alert, a.in_force, p.member)
            WHERE p.alert = %(alert)s
              AND (%(within)s::integer IS NULL OR u.tree_left BETWEEN viewer.tree_left AND viewer.tree_right)
            ORDER BY u.tree_left NULLS LAST, p.member
            LIMIT %(limit)s OFFSET %(offset)s
            """,
            {"alert": alert, "within": within, "limit": limit, "offset": offset},
        )
        return await cursor.fetchall()


async def delivery_lines(
    connection: Connection, alert: UUID, members: Sequence[int]
) -> dict[int, tuple[DeliveryLine, ...]]:
    """Return each member's messages of the alert, oldest first."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """
            SELECT member, channel, kind, version, state, address, detail, queued_at, sent_at, settled_at,
                   is_possible_duplicate
            FROM delivery WHERE alert = %s AND member = ANY(%s) ORDER BY id
            """,
            [alert, list(members)],
        )
        lines: dict[int, list[DeliveryLine]] = defaultdict(list)
        for row in await cursor.fetchall():
            lines[row.pop("member")].append(DeliveryLine(**row))
    return {member: tuple(found) for member, found in lines.items()}

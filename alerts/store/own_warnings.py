"""What one member reads on their own phone: warnings told to them, and nothing of anybody else.

Units are named only where the member stands in them, or leads them, or they lie above: of targets beside them nothing
is said.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row

Connection = AsyncConnection[Any]


async def of_member(
    connection: Connection, member: int, *, ended_since: datetime, only: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Return rows of warnings in force, gravest first, then of those that ended after `ended_since`, newest first."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """
            WITH told AS (SELECT DISTINCT alert FROM delivery WHERE member = %(member)s AND alert IS NOT NULL)
            SELECT a.id, a.state, a.in_force AS version, a.issued_at, a.ended_at, a.expires_at, a.is_drill,
                   v.level, v.event, v.headline, v.description, v.instruction, v.made_at, newest.note,
                   issuer.name AS issuer_zh, coalesce(issuer.name_en, issuer.name) AS issuer_en,
                   k.at AS acknowledged_at,
                   (SELECT jsonb_agg(jsonb_build_array(t.name, coalesce(t.name_en, t.name)) ORDER BY t.tree_left)
                    FROM unit t
                    WHERE t.id = ANY(v.targets)
                      AND (own.tree_left BETWEEN t.tree_left AND t.tree_right
                           OR t.tree_left BETWEEN own.tree_left AND own.tree_right)) AS places
            FROM told
            JOIN alert a ON a.id = told.alert
            JOIN audience au ON (au.alert, au.member) = (a.id, %(member)s)
            JOIN alert_version v ON (v.alert, v.version) = (a.id, a.in_force)
            JOIN alert_version newest ON (newest.alert, newest.version) = (a.id, a.version)
            JOIN unit issuer ON issuer.id = a.unit
            LEFT JOIN unit own ON own.id = au.unit
            LEFT JOIN acknowledgement k ON (k.alert, k.version, k.member) = (a.id, a.in_force, %(member)s)
            WHERE (%(only)s::uuid IS NULL OR a.id = %(only)s) AND (a.state = 'issued' OR a.ended_at > %(since)s)
            ORDER BY a.state = 'issued' DESC,
                     CASE WHEN a.state = 'issued' THEN array_position(ARRAY['red', 'orange', 'yellow', 'blue'], v.level)
                     END, a.issued_at DESC
            LIMIT %(limit)s
            """,
            {"member": member, "only": only, "since": ended_since, "limit": limit},
        )
        return await cursor.fetchall()

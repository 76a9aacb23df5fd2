"""Acknowledgements, and who has not given one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]


async def acknowledge(
    connection: Connection, *, alert: UUID, version: int, member: int, channel: str, now: datetime
) -> bool:
    """Record one answer; False when this person had answered this version before."""
    cursor = await connection.execute(
        """
        INSERT INTO acknowledgement (alert, version, member, channel, at) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT DO NOTHING
        """,
        [alert, version, member, channel, now],
    )
    return cursor.rowcount == 1


async def silent_among(connection: Connection, *, alert: UUID, version: int, members: Sequence[int]) -> list[int]:
    """Return those of `members` who have not answered the version."""
    cursor = await connection.execute(
        """
        SELECT m FROM unnest(%(members)s::integer[]) AS m
        WHERE NOT EXISTS (SELECT 1 FROM acknowledgement k
                          WHERE k.alert = %(alert)s AND k.version = %(version)s AND k.member = m)
        """,
        {"alert": alert, "version": version, "members": list(members)},
    )
    return [row[0] for row in await cursor.fetchall()]


class Silence(NamedTuple):
    """A person to be told who of theirs is silent: how many, and the names of the first."""

    member: int
    phone: str
    language: str
    people: int
    names: list[str]


async def superiors_of(connection: Connection, *, alert: UUID, members: Sequence[int]) -> list[Silence]:
    """Group silent people under the leaders one unit above the one they were told for, inside the issuer's subtree."""
    cursor = await connection.execute(
        """
        SELECT boss.id, boss.phone, boss.language, count(*), (array_agg(m.name ORDER BY m.id))[1:3]
        FROM audience au
        JOIN member m ON m.id = au.member
        JOIN alert a ON a.id = au.alert
        JOIN unit issuer ON issuer.id = a.unit
        JOIN unit u ON u.id = au.unit
        JOIN unit above ON above.id = CASE WHEN au.reasons -> 0 ->> 'why' IN ('leader', 'passed_down') THEN u.parent
                                           ELSE u.id END
             AND above.tree_left BETWEEN issuer.tree_left AND issuer.tree_right
        JOIN assignment s ON s.unit = above.id
        JOIN role r ON r.code = s.role AND r.is_leader
        JOIN member boss ON boss.id = s.member AND boss.closed_at IS NULL AND boss.phone IS NOT NULL
             AND boss.id <> au.member
        WHERE au.alert = %s AND au.member = ANY(%s)
        GROUP BY boss.id
        ORDER BY boss.id
        """,
        [alert, list(members)],
    )
    return [Silence(*row) for row in await cursor.fetchall()]


async def issuer_of(connection: Connection, *, alert: UUID, version: int) -> list[Silence]:
    """Return the issuer, with how many are silent of those told and of those whom nothing reached.

    Nobody when all have answered, or no phone is known.
    """
    cursor = await connection.execute(
        """
        SELECT boss.id, boss.phone, boss.language, silent.count, silent.names
        FROM alert a
        JOIN alert_version v ON v.alert = a.id AND v.version = %(version)s
        JOIN account c ON c.id = v.made_by
        JOIN member boss ON boss.id = c.member AND boss.phone IS NOT NULL,
        LATERAL (
            SELECT count(*), (array_agg(m.name ORDER BY m.id))[1:3] AS names
            FROM audience au JOIN member m ON m.id = au.member
            WHERE au.alert = a.id
              AND EXISTS (SELECT 1 FROM delivery d WHERE d.alert = a.id AND d.version = v.version
                          AND d.member = au.member
                          AND (d.sent_at IS NOT NULL OR d.state IN ('failed', 'expired')))
              AND NOT EXISTS (SELECT 1 FROM acknowledgement k
                              WHERE k.alert = a.id AND k.version = v.version AND k.member = au.member)
        ) AS silent
        WHERE a.id = %(alert)s AND silent.count > 0
        """,
        {"alert": alert, "version": version},
    )
    return [Silence(*row) for row in await cursor.fetchall()]

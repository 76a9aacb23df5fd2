"""Table passing: warnings that leaders passed down, with own words, to leaders below them and to nobody else."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerts.core.records import Passing, UnitName
from alerts.core.words import Words

Connection = AsyncConnection[Any]


class Below(NamedTuple):
    """What a leader may pass a warning down to: units below those they lead, inside the warned grids."""

    unit: int  # that they lead, the widest
    words: Words  # its name
    units: list[int]


async def below(connection: Connection, *, member: int, grids: Sequence[int]) -> Below | None:
    """Return where `member` may pass a warning of `grids` down to; None: nowhere."""
    cursor = await connection.execute(
        """
        SELECT led.id, led.name, coalesce(led.name_en, led.name), d.id
        FROM assignment s
        JOIN role r ON r.code = s.role AND r.is_leader
        JOIN member m ON m.id = s.member AND m.closed_at IS NULL
        JOIN unit led ON led.id = s.unit AND led.closed_at IS NULL
        JOIN unit d ON d.tree_left > led.tree_left AND d.tree_left <= led.tree_right AND d.closed_at IS NULL
        WHERE s.member = %(member)s
          AND EXISTS (SELECT 1 FROM unit g
                      WHERE g.id = ANY(%(grids)s) AND d.tree_left BETWEEN g.tree_left AND g.tree_right)
        ORDER BY led.tree_right - led.tree_left DESC, led.tree_left, d.tree_left
        """,
        {"member": member, "grids": list(grids)},
    )
    rows = await cursor.fetchall()
    if not rows:
        return None
    unit, zh, en, _ = rows[0]
    return Below(unit, Words(zh, en), list(dict.fromkeys(row[3] for row in rows)))


async def count(connection: Connection, *, member: int, units: Sequence[int]) -> int:
    """Return how many people a passing would be told to: leaders of `units`, each phone once, never the passer."""
    cursor = await connection.execute(
        """
        SELECT count(*) FROM audience_of(%(units)s::int[], NULL, '{}', '{}', '', '{}') AS p, member me
        WHERE me.id = %(member)s AND p.member <> me.id AND p.phone IS DISTINCT FROM me.phone
        """,
        {"member": member, "units": list(units)},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def admit(connection: Connection, *, alert: UUID, version: int, member: int, units: Sequence[int]) -> list[int]:
    """Take the leaders of `units` into the audience, where they are not in it yet; return all of them, each once.

    Who shares a phone with somebody of the audience is told as that one: a phone is told once. An alert's `depth` may
    have left them out: they hear of it from their leader, with that as the reason.
    """
    values = {"alert": alert, "version": version, "member": member, "units": list(units)}
    await connection.execute(
        """
        INSERT INTO audience (alert, member, since_version, phone, language, unit, reasons)
        SELECT %(alert)s, p.member, %(version)s, p.phone, p.language, p.unit,
               jsonb_build_array(jsonb_build_object('why', 'passed_down', 'unit', p.unit, 'by', me.id))
        FROM audience_of(%(units)s::int[], NULL, '{}', '{}', '', '{}') AS p, member me
        WHERE me.id = %(member)s AND p.member <> me.id AND p.phone IS DISTINCT FROM me.phone
          AND NOT EXISTS (SELECT 1 FROM audience a WHERE (a.alert, a.member) = (%(alert)s, p.member))
        ORDER BY p.member
        ON CONFLICT DO NOTHING
        """,
        values,
    )
    cursor = await connection.execute(
        """
        SELECT DISTINCT a.member
        FROM audience_of(%(units)s::int[], NULL, '{}', '{}', '', '{}') AS p
        JOIN audience a ON a.alert = %(alert)s AND (a.member = p.member OR a.phone = p.phone),
        member me
        WHERE me.id = %(member)s AND a.member <> me.id AND a.phone IS DISTINCT FROM me.phone
        ORDER BY a.member
        """,
        values,
    )
    return [row[0] for row in await cursor.fetchall()]


async def add(
    connection: Connection,
    passing: UUID,
    *,
    alert: UUID,
    version: int,
    member: int,
    unit: int,
    words: str,
    told: Sequence[int],
    now: datetime,
) -> None:
    await connection.execute(
        """
        INSERT INTO passing (id, alert, version, member, unit, words, told, passed_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        [passing, alert, version, member, unit, words, list(told), now],
    )


class _Row(NamedTuple):
    id: UUID
    member: int
    name: str
    unit: int
    unit_name: str
    unit_name_en: str | None
    level: str
    words: str
    people: int
    passed_at: datetime


async def of_alert(connection: Connection, alert: UUID, *, to: int | None = None) -> list[Passing]:
    """Return what was passed down, oldest first; `to`: only what this member said or heard."""
    async with connection.cursor(row_factory=class_row(_Row)) as cursor:
        await cursor.execute(
            """
            SELECT p.id, p.member, m.name, u.id AS unit, u.name AS unit_name, u.name_en AS unit_name_en, u.level,
                   p.words, cardinality(p.told) AS people, p.passed_at
            FROM passing p
            JOIN member m ON m.id = p.member
            JOIN unit u ON u.id = p.unit
            WHERE p.alert = %(alert)s
              AND (%(to)s::integer IS NULL OR p.member = %(to)s OR %(to)s = ANY(p.told))
            ORDER BY p.passed_at, p.id
            """,
            {"alert": alert, "to": to},
        )
        return [_passing(row) for row in await cursor.fetchall()]


def _passing(row: _Row) -> Passing:
    return Passing(
        id=row.id,
        member=row.member,
        name=row.name,
        unit=UnitName(row.unit, row.unit_name, row.unit_name_en, row.level),
        words=row.words,
        people=row.people,
        passed_at=row.passed_at,
    )


async def of_member(connection: Connection, *, alert: UUID, member: int) -> int:
    """Return how often a member has passed an alert down."""
    cursor = await connection.execute("SELECT count(*) FROM passing WHERE alert = %s AND member = %s", [alert, member])
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def author(connection: Connection, passing: UUID) -> tuple[UUID, int] | None:
    """Return (alert, member) of a passing that is there already."""
    cursor = await connection.execute("SELECT alert, member FROM passing WHERE id = %s", [passing])
    return await cursor.fetchone()

"""What the final report of an alert is made of. Each statement is cut to the viewer's subtree, but for fingerprints.

People of no unit belong to the top of the tree. Nothing here writes.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from alerts.core.evidence import Attempt, Deed, Entrant, Escalation, Fingerprint
from alerts.core.records import UnitName

Connection = AsyncConnection[Any]
Heard = tuple[int, int, datetime]  # version, member, moment

DECIDED: Final = "alert.%"
NOT_DECIDED: Final = ["alert.acknowledged"]  # one for each person: they are counted


async def freeze_view(connection: Connection) -> None:
    """Let all statements of this transaction see one moment, and write times in UTC."""
    await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    await connection.execute("SET LOCAL timezone = 'UTC'")


async def version_extras(connection: Connection, alert: UUID) -> dict[int, tuple[str | None, bool]]:
    """Return of each version down to which level it told, and whether an area was drawn."""
    cursor = await connection.execute(
        "SELECT version, depth, area IS NOT NULL FROM alert_version WHERE alert = %s", [alert]
    )
    return {version: (depth, has_area) for version, depth, has_area in await cursor.fetchall()}


async def told(connection: Connection, alert: UUID, *, within: int) -> list[Heard]:
    """Return when each person was first told of each version, in order of time."""
    cursor = await connection.execute(
        """
        SELECT d.version, d.member, min(d.sent_at) AS at
        FROM delivery d
        JOIN audience p ON (p.alert, p.member) = (d.alert, d.member)
        JOIN unit viewer ON viewer.id = %(within)s
        LEFT JOIN unit u ON u.id = p.unit
        WHERE d.alert = %(alert)s AND d.kind IN ('telling', 'passed_down') AND d.sent_at IS NOT NULL
          AND coalesce(u.tree_left, (SELECT min(tree_left) FROM unit)) BETWEEN viewer.tree_left AND viewer.tree_right
        GROUP BY d.version, d.member
        ORDER BY at, d.member
        """,
        {"alert": alert, "within": within},
    )
    return await cursor.fetchall()


async def acknowledged(connection: Connection, alert: UUID, *, within: int) -> list[Heard]:
    """Return when each person answered each version, in order of time."""
    cursor = await connection.execute(
        """
        SELECT k.version, k.member, k.at
        FROM acknowledgement k
        JOIN audience p ON (p.alert, p.member) = (k.alert, k.member)
        JOIN unit viewer ON viewer.id = %(within)s
        LEFT JOIN unit u ON u.id = p.unit
        WHERE k.alert = %(alert)s
          AND coalesce(u.tree_left, (SELECT min(tree_left) FROM unit)) BETWEEN viewer.tree_left AND viewer.tree_right
        ORDER BY k.at, k.member
        """,
        {"alert": alert, "within": within},
    )
    return await cursor.fetchall()


async def audience_sizes(connection: Connection, alert: UUID, *, within: int) -> list[tuple[int, str, int]]:
    """Return (version since which, first reason, people)."""
    cursor = await connection.execute(
        """
        SELECT p.since_version, p.reasons -> 0 ->> 'why' AS why, count(*)
        FROM audience p
        JOIN unit viewer ON viewer.id = %(within)s
        LEFT JOIN unit u ON u.id = p.unit
        WHERE p.alert = %(alert)s
          AND coalesce(u.tree_left, (SELECT min(tree_left) FROM unit)) BETWEEN viewer.tree_left AND viewer.tree_right
        GROUP BY 1, 2 ORDER BY 1, 2
        """,
        {"alert": alert, "within": within},
    )
    return await cursor.fetchall()


async def deeds(connection: Connection, alert: UUID) -> list[Deed]:
    """Return who decided what of the alert, oldest first."""
    async with connection.cursor(row_factory=class_row(Deed)) as cursor:
        await cursor.execute(
            """
            SELECT a.at, c.name AS account, a.action, a.detail
            FROM audit a LEFT JOIN account c ON c.id = a.account
            WHERE a.subject = %(subject)s AND a.action LIKE %(decided)s AND a.action <> ALL(%(others)s)
            ORDER BY a.at, a.id
            """,
            {"subject": str(alert), "decided": DECIDED, "others": NOT_DECIDED},
        )
        return await cursor.fetchall()


async def escalations(connection: Connection, alert: UUID) -> list[Escalation]:
    """Return the timers that fired, oldest first."""
    async with connection.cursor(row_factory=class_row(Escalation)) as cursor:
        await cursor.execute(
            """
            SELECT at, detail ->> 'step' AS step, (detail ->> 'timers')::integer AS people,
                   (detail ->> 'messages')::integer AS messages
            FROM audit WHERE subject = %s AND action = 'timer.fired' ORDER BY at, id
            """,
            [str(alert)],
        )
        return await cursor.fetchall()


async def entrants(connection: Connection, alert: UUID, *, within: int) -> list[Entrant]:
    """Return who entered the drawn area while it was in force, in order of being told."""
    cursor = await connection.execute(
        """
        SELECT p.member, m.name, u.id, u.name, u.name_en, u.level,
               (SELECT min(d.sent_at) FROM delivery d WHERE (d.alert, d.member) = (p.alert, p.member)) AS told_at
        FROM audience p
        JOIN member m ON m.id = p.member
        JOIN unit viewer ON viewer.id = %(within)s
        LEFT JOIN unit u ON u.id = p.unit
        WHERE p.alert = %(alert)s AND p.reasons -> 0 ->> 'why' = 'entered'
          AND coalesce(u.tree_left, (SELECT min(tree_left) FROM unit)) BETWEEN viewer.tree_left AND viewer.tree_right
        ORDER BY told_at NULLS LAST, p.member
        """,
        {"alert": alert, "within": within},
    )
    return [
        Entrant(
            member=member,
            name=name,
            unit=None if unit is None else UnitName(unit, unit_name, unit_name_en, level),
            told_at=told_at,
        )
        for member, name, unit, unit_name, unit_name_en, level, told_at in await cursor.fetchall()
    ]


async def attempts(connection: Connection, alert: UUID, members: Sequence[int]) -> dict[int, tuple[Attempt, ...]]:
    """Return what was tried for each of `members`, oldest first."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """
            SELECT d.member, d.channel, d.kind, d.version, t.at, t.provider, t.outcome, t.detail
            FROM delivery d JOIN delivery_attempt t ON t.delivery = d.id
            WHERE d.alert = %s AND d.member = ANY(%s)
            ORDER BY d.id, t.attempt, t.at
            """,
            [alert, list(members)],
        )
        found: dict[int, list[Attempt]] = defaultdict(list)
        for row in await cursor.fetchall():
            found[row.pop("member")].append(Attempt(**row))
    return {member: tuple(tried) for member, tried in found.items()}


async def messages(connection: Connection, alert: UUID, *, within: int, after: int, limit: int) -> list[dict[str, Any]]:
    """Return the next messages of the alert behind the id `after`, each with its person and their answer."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """
            SELECT d.id, d.member, m.name, p.phone, u.code AS unit_code, u.name AS unit, p.reasons, p.since_version,
                   d.version, d.kind, d.channel, d.address, d.state, d.provider, d.detail, d.attempts, d.queued_at,
                   d.sent_at, d.settled_at, k.at AS acknowledged_at, k.channel AS acknowledged_over
            FROM delivery d
            JOIN audience p ON (p.alert, p.member) = (d.alert, d.member)
            JOIN member m ON m.id = d.member
            JOIN unit viewer ON viewer.id = %(within)s
            LEFT JOIN unit u ON u.id = p.unit
            LEFT JOIN acknowledgement k ON (k.alert, k.version, k.member) = (d.alert, d.version, d.member)
            WHERE d.alert = %(alert)s AND d.id > %(after)s
              AND coalesce(u.tree_left, (SELECT min(tree_left) FROM unit))
                  BETWEEN viewer.tree_left AND viewer.tree_right
            ORDER BY d.id LIMIT %(limit)s
            """,
            {"alert": alert, "within": within, "after": after, "limit": limit},
        )
        return await cursor.fetchall()


async def fingerprints(connection: Connection, alert: UUID) -> tuple[Fingerprint, ...]:
    """Hash every row that the report rests on, in the order of its key, with the columns that do not change later."""
    found: list[Fingerprint] = []
    for table, statement in _FINGERPRINTS.items():
        cursor = await connection.execute(statement, [alert])
        row = await cursor.fetchone()
        assert row is not None  # noqa: S101 - an aggregate is one row
        found.append(Fingerprint(table=table, rows=row[0], sha256=row[1]))
    return tuple(found)


_FINGERPRINTS: Final[dict[str, LiteralString]] = {
    "alert_version": """
        SELECT count(*), encode(sha256(coalesce(string_agg(sha256(convert_to(jsonb_build_array(
            version, kind, level, event, headline, description, instruction, targets, grids, depth,
            encode(area, 'hex'), payload, note, made_by, made_at, teams)::text, 'UTF8')), ''::bytea ORDER BY version),
            ''::bytea)), 'hex')
        FROM alert_version WHERE alert = %s
        """,
    "audience": """
        SELECT count(*), encode(sha256(coalesce(string_agg(sha256(convert_to(jsonb_build_array(
            member, since_version, phone, language, unit, reasons)::text, 'UTF8')), ''::bytea ORDER BY member),
            ''::bytea)), 'hex')
        FROM audience WHERE alert = %s
        """,
    "delivery": """
        SELECT count(*), encode(sha256(coalesce(string_agg(sha256(convert_to(jsonb_build_array(
            delivery_key(delivery), version, member, kind, channel, address, language, body, state,
            is_possible_duplicate, attempts, provider, provider_id, detail, queued_at, sent_at, settled_at,
            expires_at)::text, 'UTF8')), ''::bytea ORDER BY id), ''::bytea)), 'hex')
        FROM delivery WHERE alert = %s
        """,
    "delivery_attempt": """
        SELECT count(*), encode(sha256(coalesce(string_agg(sha256(convert_to(jsonb_build_array(
            delivery_key(d), t.attempt, t.at, t.provider, t.outcome, t.detail)::text, 'UTF8')),
            ''::bytea ORDER BY t.delivery, t.attempt, t.outcome), ''::bytea)), 'hex')
        FROM delivery d JOIN delivery_attempt t ON t.delivery = d.id WHERE d.alert = %s
        """,
    "acknowledgement": """
        SELECT count(*), encode(sha256(coalesce(string_agg(sha256(convert_to(jsonb_build_array(
            version, member, channel, at)::text, 'UTF8')), ''::bytea ORDER BY version, member), ''::bytea)), 'hex')
        FROM acknowledgement WHERE alert = %s
        """,
}

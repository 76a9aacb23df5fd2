"""Who a circular goes to: found, each number once, and who is left out, in a table of this transaction alone.

`choose` fills it; what a preview shows and what a circular freezes are read from it by the same words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Leaders, or all members, of a unit and of all below it; `at_level`: of units of that level only."""

    unit: int
    who: str  # leaders, members
    at_level: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whom a circular is meant for. `numbers` are E.164, `bad` what was typed and is no number."""

    members: Sequence[int] = ()
    teams: Sequence[int] = ()
    groups: Sequence[int] = ()
    units: Sequence[Units] = ()
    numbers: Sequence[str] = ()
    bad: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Whom the sender may write to (an interval of the tree), and what limits hold on the day it leaves."""

    left: int
    right: int
    day: date
    daily_cap: int | None
    only: Sequence[str] | None  # test mode: these numbers alone
    has_values: bool  # the text names its reader
    parts_zh: int | None  # of each message; None: they differ, and are counted one by one
    parts_en: int | None
    pattern_zh: str
    pattern_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    recipients: int
    parts: int
    most_parts: int
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody a circular is sent to, or is not, and why."""

    place: int
    member: int | None
    number: str | None
    name: str
    unit: int | None
    unit_name: str | None
    unit_name_en: str | None
    language: str
    parts: int
    left_out: str | None
    delivery: int | None = None
    state: str | None = None


async def choose(connection: Connection, wanted: Wanted, bounds: Bounds) -> None:
    """Find everybody who is meant and judge each, in place of what this transaction chose before."""
    await _make_room(connection)
    await _find(connection, wanted, bounds)
    await _judge(connection, bounds)
    await _measure(connection, bounds)


async def _make_room(connection: Connection) -> None:
    await connection.execute("DROP TABLE IF EXISTS chosen")
    await connection.execute(
        """
        CREATE TEMPORARY TABLE chosen (
            place integer GENERATED ALWAYS AS IDENTITY,
            member integer, number text, name text NOT NULL, unit integer, unit_name text, unit_name_en text,
            language text NOT NULL, is_ours boolean NOT NULL, is_bad boolean NOT NULL,
            left_out text, parts smallint NOT NULL DEFAULT 0
        ) ON COMMIT DROP
        """
    )


async def _find(connection: Connection, wanted: Wanted, bounds: Bounds) -> None:
    await connection.execute(
        """
        INSERT INTO chosen (member, number, name, unit, unit_name, unit_name_en, language, is_ours, is_bad)
        WITH asked AS MATERIALIZED (
            SELECT unit, who, at_level
            FROM jsonb_to_recordset(%(units)s) AS asked (unit integer, who text, at_level text)
            UNION ALL
            SELECT within, who, at_level FROM message_group WHERE id = ANY(%(groups)s) AND kind = 'rule'
        ), place AS MATERIALIZED (
            SELECT DISTINCT below.id, asked.who
            FROM asked
            JOIN unit top ON top.id = asked.unit
            JOIN unit below ON below.tree_left BETWEEN top.tree_left AND top.tree_right AND below.closed_at IS NULL
            WHERE (asked.at_level IS NULL OR below.level = asked.at_level)
              AND below.tree_left BETWEEN %(left)s AND %(right)s
        ), meant AS MATERIALIZED (
            SELECT a.member FROM place JOIN assignment a ON a.unit = place.id JOIN role r ON r.code = a.role
            WHERE place.who = 'members' OR r.is_leader
            UNION
            SELECT unnest(%(members)s::integer[])
            UNION
            SELECT member FROM work_team_member WHERE team = ANY(%(teams)s) AND until IS NULL
            UNION
            SELECT member FROM message_group_member WHERE message_group = ANY(%(groups)s)
        ), ours AS MATERIALIZED (
            SELECT DISTINCT a.member FROM assignment a JOIN unit u ON u.id = a.unit
            WHERE u.tree_left BETWEEN %(left)s AND %(right)s
        ), typed AS MATERIALIZED (
            SELECT number FROM unnest(%(numbers)s::text[]) AS number
            UNION
            SELECT unnest(numbers) FROM message_group WHERE id = ANY(%(groups)s) AND kind = 'static'
        ), owner AS MATERIALIZED (
            SELECT DISTINCT ON (typed.number) typed.number, m.id
            FROM typed JOIN member m ON m.phone = typed.number AND m.closed_at IS NULL JOIN ours ON ours.member = m.id
            ORDER BY typed.number, m.id
        )
        SELECT m.id, m.phone, m.name, u.id, u.name, u.name_en, m.language, true, false
        FROM (SELECT member FROM meant UNION SELECT id FROM owner) AS everybody
        JOIN member m ON m.id = everybody.member AND m.closed_at IS NULL
        JOIN ours ON ours.member = m.id
        LEFT JOIN assignment a ON a.member = m.id AND a.is_primary
        LEFT JOIN unit u ON u.id = a.unit
        UNION ALL
        -- Of others' people no more is kept than that they were left out
        SELECT NULL, NULL, '', NULL, NULL, NULL, m.language, false, false
        FROM meant JOIN member m ON m.id = meant.member AND m.closed_at IS NULL
        WHERE NOT EXISTS (SELECT FROM ours WHERE ours.member = m.id)
        UNION ALL
        SELECT NULL, typed.number, '', NULL, NULL, NULL, 'zh', true, false
        FROM typed LEFT JOIN owner USING (number) WHERE owner.id IS NULL
        UNION ALL
        SELECT NULL, bad, '', NULL, NULL, NULL, 'zh', true, true FROM unnest(%(bad)s::text[]) AS bad
        """,
        {
            "units": Jsonb([{"unit": each.unit, "who": each.who, "at_level": each.at_level} for each in wanted.units]),
            "groups": list(wanted.groups),
            "teams": list(wanted.teams),
            "members": list(wanted.members),
            "numbers": list(wanted.numbers),
            "bad": list(wanted.bad),
            "left": bounds.left,
            "right": bounds.right,
        },
    )
    await connection.execute("ANALYZE chosen")


async def _judge(connection: Connection, bounds: Bounds) -> None:
    """Say who is left out; of those who share a number the lowest member stays."""
    await connection.execute(
        """
        WITH used AS MATERIALIZED (
            SELECT r.number, count(*) AS circulars
            FROM circular_recipient r JOIN circular c ON c.id = r.circular
            WHERE r.day = %(day)s AND r.left_out IS NULL AND %(cap)s::integer IS NOT NULL
              -- Of one that was cancelled: what had left, or may have. One row, by its index, and for those alone
              AND (c.state IN ('waiting', 'sending') OR (
                    SELECT d.sent_at IS NOT NULL OR d.state = 'sending' OR d.is_possible_duplicate
                    FROM delivery d WHERE d.circular = r.circular AND d.address = r.number))
            GROUP BY r.number
        ), ranked AS (
            SELECT place, row_number() OVER (
                PARTITION BY number, is_bad, is_ours ORDER BY member NULLS LAST, place) AS nth
            FROM chosen WHERE number IS NOT NULL
        )
        UPDATE chosen SET left_out = CASE
            WHEN chosen.is_bad THEN 'bad_number'
            WHEN NOT chosen.is_ours THEN 'not_yours'
            WHEN chosen.number IS NULL THEN 'no_phone'
            WHEN sms_stop.is_stopped THEN 'stopped'
            WHEN ranked.nth > 1 THEN 'duplicate'
            WHEN %(only)s::text[] IS NOT NULL AND NOT chosen.number = ANY(%(only)s::text[]) THEN 'test_mode'
            WHEN %(has_values)s AND chosen.member IS NULL THEN 'no_value'
            WHEN used.circulars >= %(cap)s THEN 'over_cap' END
        FROM chosen AS it LEFT JOIN ranked USING (place) LEFT JOIN used ON used.number = it.number
            LEFT JOIN sms_stop ON sms_stop.number = it.number
        WHERE it.place = chosen.place
        """,
        {
            "day": bounds.day,
            "cap": bounds.daily_cap,
            "only": None if bounds.only is None else list(bounds.only),
            "has_values": bounds.has_values,
        },
    )


async def _measure(connection: Connection, bounds: Bounds) -> None:
    """Count each message's parts: one by one only where the readers' names make them differ."""
    await connection.execute(
        """
        UPDATE chosen SET parts = CASE
            WHEN %(pattern_en)s = '' OR (language LIKE 'zh%%' AND %(pattern_zh)s <> '') THEN
                coalesce(%(parts_zh)s::integer,
                         sms_parts(format(%(pattern_zh)s, name, coalesce(unit_name, ''))))
            ELSE
                coalesce(%(parts_en)s::integer,
                         sms_parts(format(%(pattern_en)s, name, coalesce(unit_name_en, unit_name, '')))) END
        WHERE left_out IS NULL
        """,
        {
            "pattern_zh": bounds.pattern_zh,
            "pattern_en": bounds.pattern_en,
            "parts_zh": bounds.parts_zh,
            "parts_en": bounds.parts_en,
        },
    )


async def counted(connection: Connection) -> Counted:
    """Return how many were chosen, and how many left out for which reason."""
    cursor = await connection.execute(
        """
        SELECT count(*) FILTER (WHERE left_out IS NULL), coalesce(sum(parts), 0), coalesce(max(parts), 0)
        FROM chosen
        """
    )
    recipients, parts, most_parts = await cursor.fetchone() or (0, 0, 0)
    cursor = await connection.execute(
        "SELECT left_out, count(*) FROM chosen WHERE left_out IS NOT NULL GROUP BY left_out ORDER BY left_out"
    )
    return Counted(recipients=recipients, parts=parts, most_parts=most_parts, left_out=dict(await cursor.fetchall()))


async def sample(connection: Connection, *, left_out: bool, limit: int) -> list[Recipient]:
    """Return the first of those who are sent it, or of those who are not, each reason's first ones."""
    async with connection.cursor(row_factory=class_row(Recipient)) as cursor:
        await cursor.execute(
            """
            SELECT place, member, number, name, unit, unit_name, unit_name_en, language, parts, left_out
            FROM (
                SELECT *, row_number() OVER (PARTITION BY left_out ORDER BY place) AS nth
                FROM chosen WHERE (left_out IS NOT NULL) = %(left_out)s
            ) AS numbered
            WHERE nth <= %(limit)s ORDER BY left_out, place
            """,
            {"left_out": left_out, "limit": limit},
        )
        return await cursor.fetchall()


async def freeze(connection: Connection, circular: UUID, *, day: date) -> None:
    """Keep the chosen as the recipients of a circular."""
    await connection.execute(
        """
        INSERT INTO circular_recipient (circular, place, member, number, name, unit, language, parts, left_out, day)
        SELECT %(circular)s, place, member, number, name, unit, language, parts, left_out, %(day)s
        FROM chosen ORDER BY place
        """,
        {"circular": circular, "day": day},
    )


async def judge_again(connection: Connection, circular: UUID, *, only: Sequence[str] | None) -> None:
    """Of frozen recipients who wait for a second person, leave out who wrote STOP meanwhile, or is not in `only`."""
    await connection.execute(
        """
        WITH out AS (
            UPDATE circular_recipient r SET left_out = CASE WHEN s.is_stopped THEN 'stopped' ELSE 'test_mode' END,
                parts = 0
            FROM circular_recipient before LEFT JOIN sms_stop s ON s.number = before.number AND s.is_stopped
            WHERE r.circular = %(circular)s AND r.left_out IS NULL
              AND (s.is_stopped OR r.number <> ALL(%(only)s::text[]))
              AND (before.circular, before.place) = (r.circular, r.place)
            RETURNING before.parts
        )
        UPDATE circular c SET recipients = recipients - gone, left_out = left_out + gone, parts = c.parts - gone_parts
        FROM (SELECT count(*)::integer AS gone, coalesce(sum(parts), 0)::integer AS gone_parts FROM out) AS counted
        WHERE c.id = %(circular)s AND gone > 0
        """,
        {"circular": circular, "only": None if only is None else list(only)},
    )


async def move(connection: Connection, circular: UUID, *, day: date) -> None:
    """It leaves on another day than was settled: that one's cap counts it."""
    await connection.execute(
        """
        UPDATE circular_recipient SET day = %(day)s
        WHERE circular = %(circular)s AND left_out IS NULL AND day <> %(day)s
        """,
        {"circular": circular, "day": day},
    )


async def move_held(connection: Connection, *, until: datetime, day: date) -> None:
    """What is held until a moment of `day` leaves on that day: its cap counts it, not the one before.

    By the days before and the number: an index on both. The planner knows nothing yet of what was held just now.
    """
    await connection.execute(
        """
        UPDATE circular_recipient r SET day = %(day)s
        FROM delivery d
        WHERE d.state = 'queued' AND d.not_before = %(until)s AND d.circular IS NOT NULL
          AND r.day = ANY(%(before)s::date[]) AND r.left_out IS NULL
          AND (r.circular, r.number) = (d.circular, d.address)
        """,
        {"until": until, "day": day, "before": [day - timedelta(days=1), day - timedelta(days=2)]},
    )


async def page(connection: Connection, circular: UUID, *, left_out: bool, after: int, limit: int) -> list[Recipient]:
    """Return recipients of a circular in order, behind the place `after`, with what became of each."""
    async with connection.cursor(row_factory=class_row(Recipient)) as cursor:
        await cursor.execute(
            """
            SELECT r.place, r.member, r.number, r.name, r.unit, u.name AS unit_name, u.name_en AS unit_name_en,
                   r.language, r.parts, r.left_out, d.id AS delivery, d.state
            FROM (
                SELECT * FROM circular_recipient
                WHERE circular = %(circular)s AND (left_out IS NOT NULL) = %(left_out)s AND place > %(after)s
                ORDER BY place LIMIT %(limit)s
            ) AS r
            LEFT JOIN unit u ON u.id = r.unit
            LEFT JOIN delivery d ON d.circular = r.circular AND d.address = r.number AND r.left_out IS NULL
            ORDER BY r.place
            """,
            {"circular": circular, "left_out": left_out, "after": after, "limit": limit},
        )
        return await cursor.fetchall()


async def reasons(connection: Connection, circular: UUID) -> dict[str, int]:
    """Return how many were left out for which reason."""
    cursor = await connection.execute(
        """
        SELECT left_out, count(*) FROM circular_recipient
        WHERE circular = %(circular)s AND left_out IS NOT NULL GROUP BY left_out ORDER BY left_out
        """,
        {"circular": circular},
    )
    return dict(await cursor.fetchall())

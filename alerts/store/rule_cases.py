"""Tables rule_case, rule_subject and rule_spell: the book of a rule between two runs, and its cases."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from alerts.core.cases import Book, Case, Outcome, Spell, Subject
from alerts.core.rules import Rule

Connection = AsyncConnection[Any]


class SubjectName(NamedTuple):
    """Who or which grid a case is about."""

    unit: int
    unit_name: str
    unit_name_en: str | None
    member: int | None
    member_name: str | None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """A case that is open, as a run needs it."""

    id: int
    unit: int
    member: int | None
    opened_at: datetime
    alert: UUID | None
    alert_version: int | None


class LeftDraft(NamedTuple):
    case: int
    alert: UUID
    version: int
    account: int
    unit: int


_SPELL: LiteralString = """
    SELECT spell.unit, coalesce(spell.member, 0), group_unit, coalesce(group_member, 0), spell.since, spell.ended_at,
        told.opened_at
    FROM rule_spell spell LEFT JOIN rule_case told ON told.id = spell.rule_case
    WHERE spell.rule = %(rule)s
"""
_AMONG: LiteralString = """
        AND (spell.unit, coalesce(spell.member, 0)) IN (
            SELECT unit, member FROM unnest(%(units)s::integer[], %(members)s::integer[]) AS it (unit, member))
"""


async def book(connection: Connection, row_id: int, rule: Rule, *, is_whole: bool) -> Book:
    """Return what is known of a rule: all of its spells, or those that wait or clear."""
    found = Book()
    cursor = await connection.execute(
        _SPELL + " AND (%(all)s OR spell.rule_case IS NULL OR spell.ended_at IS NOT NULL)",
        {"rule": row_id, "all": is_whole},
    )
    for spell in _spells(await cursor.fetchall()):
        found.put(spell)
    cursor = await connection.execute(
        """
        WITH sizes AS (SELECT rule_case, count(*) AS size FROM rule_spell WHERE rule = %(rule)s GROUP BY 1)
        SELECT unit, coalesce(member, 0), opened_at, seen_at, coalesce(size, 0)
        FROM rule_case LEFT JOIN sizes ON sizes.rule_case = rule_case.id
        WHERE rule = %(rule)s AND ended_at IS NULL
        """,
        {"rule": row_id},
    )
    for unit, member, opened_at, seen_at, size in await cursor.fetchall():
        group = Subject(unit, member)
        found.cases[group] = Case(group=group, opened_at=opened_at, size=size, seen_at=seen_at)
    cursor = await connection.execute(
        """
        SELECT unit, coalesce(member, 0), max(ended_at) FROM rule_case
        WHERE rule = %(rule)s AND ended_at IS NOT NULL GROUP BY 1, 2
        """,
        {"rule": row_id},
    )
    found.rests_until = {
        Subject(unit, member): ended_at + rule.rest for unit, member, ended_at in await cursor.fetchall()
    }
    return found


async def add_to(connection: Connection, row_id: int, into: Book, subjects: Sequence[Subject]) -> None:
    """Put the spells of `subjects` into a book that holds a part."""
    cursor = await connection.execute(
        _SPELL + _AMONG,
        {"rule": row_id, **_columns(subjects)},
    )
    for spell in _spells(await cursor.fetchall()):
        if into.find(spell.subject) is None:
            into.put(spell)


async def save(connection: Connection, row_id: int, revision: int, level: str, outcome: Outcome) -> None:
    """Write what a step changed: cases first, then who they are about, then the spells."""
    for case in outcome.opened:
        await connection.execute(
            """
            INSERT INTO rule_case (rule, revision, unit, member, level, opened_at, seen_at, subjects)
            VALUES (%(rule)s, %(revision)s, %(unit)s, nullif(%(member)s, 0), %(level)s, %(at)s, %(at)s, 0)
            """,
            {
                "rule": row_id,
                "revision": revision,
                "level": level,
                "at": case.opened_at,
                **case.group._asdict(),
            },
        )
    await _save_told(connection, row_id, outcome)
    await _save_spells(connection, row_id, outcome)
    for case in outcome.over:
        await connection.execute(
            """
            UPDATE rule_case SET ended_at = %(at)s
            WHERE rule = %(rule)s AND unit = %(unit)s AND coalesce(member, 0) = %(member)s AND ended_at IS NULL
            """,
            {"rule": row_id, "at": outcome.at, **case.group._asdict()},
        )


async def _save_told(connection: Connection, row_id: int, outcome: Outcome) -> None:
    if not outcome.told:
        return
    await connection.execute(
        """
        WITH told AS (
            INSERT INTO rule_subject (rule_case, unit, member, since)
            SELECT found.id, it.unit, nullif(it.member, 0), it.since
            FROM unnest(%(units)s::integer[], %(members)s::integer[], %(group_units)s::integer[],
                    %(group_members)s::integer[], %(since)s::timestamptz[])
                AS it (unit, member, group_unit, group_member, since)
            CROSS JOIN LATERAL (
                SELECT id FROM rule_case
                WHERE rule = %(rule)s AND rule_case.unit = it.group_unit
                    AND coalesce(rule_case.member, 0) = it.group_member AND ended_at IS NULL
                OFFSET 0 -- a look into the index for each, whatever the planner knows of a table that was just empty
            ) AS found
            ON CONFLICT DO NOTHING
            RETURNING rule_case
        ), counted AS (SELECT rule_case, count(*) AS more FROM told GROUP BY 1)
        UPDATE rule_case SET subjects = subjects + more, seen_at = %(at)s FROM counted WHERE rule_case.id = rule_case
        """,
        {"rule": row_id, "at": outcome.at, **_columns_of(outcome.told)},
    )


async def _save_spells(connection: Connection, row_id: int, outcome: Outcome) -> None:
    gone = set(outcome.gone)
    kept = list({spell.subject: spell for spell in outcome.changed if spell.subject not in gone}.values())
    if gone:
        await connection.execute(
            """
            DELETE FROM rule_spell USING unnest(%(units)s::integer[], %(members)s::integer[]) AS it (unit, member)
            WHERE rule = %(rule)s AND rule_spell.unit = it.unit AND coalesce(rule_spell.member, 0) = it.member
            """,
            {"rule": row_id, **_columns(list(gone))},
        )
    if kept:
        await connection.execute(
            """
            INSERT INTO rule_spell (rule, unit, member, group_unit, group_member, since, ended_at, rule_case)
            SELECT %(rule)s, it.unit, nullif(it.member, 0), it.group_unit, nullif(it.group_member, 0), it.since,
                it.ended_at, told.id
            FROM unnest(%(units)s::integer[], %(members)s::integer[], %(group_units)s::integer[],
                    %(group_members)s::integer[], %(since)s::timestamptz[], %(ended)s::timestamptz[],
                    %(cases)s::timestamptz[])
                AS it (unit, member, group_unit, group_member, since, ended_at, opened_at)
            LEFT JOIN LATERAL (
                SELECT id FROM rule_case
                WHERE rule = %(rule)s AND rule_case.unit = it.group_unit
                    AND coalesce(rule_case.member, 0) = it.group_member AND rule_case.opened_at = it.opened_at
                OFFSET 0 -- as above
            ) AS told ON true
            ON CONFLICT (rule, unit, member) DO UPDATE SET group_unit = excluded.group_unit,
                group_member = excluded.group_member, since = excluded.since, ended_at = excluded.ended_at,
                rule_case = excluded.rule_case
            """,
            {"rule": row_id, **_columns_of(kept)},
        )


async def open_case(connection: Connection, row_id: int, group: Subject) -> OpenCase | None:
    async with connection.cursor(row_factory=class_row(OpenCase)) as cursor:
        await cursor.execute(
            """
            SELECT id, unit, member, opened_at, alert, alert_version FROM rule_case
            WHERE rule = %(rule)s AND unit = %(unit)s AND coalesce(member, 0) = %(member)s AND ended_at IS NULL
            """,
            {"rule": row_id, **group._asdict()},
        )
        return await cursor.fetchone()


async def proposed(connection: Connection, case: int, *, alert: UUID, version: int, trouble: str) -> None:
    await connection.execute(
        "UPDATE rule_case SET alert = %(alert)s, alert_version = %(version)s, trouble = %(trouble)s WHERE id = %(id)s",
        {"id": case, "alert": alert, "version": version, "trouble": trouble},
    )


async def in_trouble(connection: Connection, case: int, trouble: str) -> None:
    await connection.execute("UPDATE rule_case SET trouble = %(why)s WHERE id = %(id)s", {"id": case, "why": trouble})


async def left_drafts(connection: Connection) -> list[LeftDraft]:
    """Return the drafts that nobody touched and whose cases have ended."""
    async with connection.cursor(row_factory=class_row(LeftDraft)) as cursor:
        await cursor.execute(
            """
            SELECT rule_case.id AS case, alert.id AS alert, alert_version AS version, created_by AS account, alert.unit
            FROM alert JOIN rule_case ON rule_case.alert = alert.id
            WHERE alert.state = 'draft' AND alert.version = alert_version AND rule_case.ended_at IS NOT NULL
            """
        )
        return await cursor.fetchall()


async def subjects(
    connection: Connection, case: int, *, left: int = 0, right: int = 2**31 - 1, limit: int
) -> list[SubjectName]:
    """Return the first of a case's subjects whose units lie in a subtree."""
    async with connection.cursor(row_factory=class_row(SubjectName)) as cursor:
        await cursor.execute(
            """
            SELECT unit.id AS unit, unit.name AS unit_name, unit.name_en AS unit_name_en,
                member.id AS member, member.name AS member_name, since
            FROM rule_subject
            JOIN unit ON unit.id = rule_subject.unit AND tree_left BETWEEN %(left)s AND %(right)s
            LEFT JOIN member ON member.id = rule_subject.member
            WHERE rule_case = %(case)s
            ORDER BY since, tree_left, member.id LIMIT %(limit)s
            """,
            {"case": case, "left": left, "right": right, "limit": limit},
        )
        return await cursor.fetchall()


async def forget(connection: Connection, row_id: int, *, at: datetime, account: int | None) -> None:
    """End the rule's open cases and forget its spells: it was switched off, changed or deleted."""
    await connection.execute("DELETE FROM rule_spell WHERE rule = %(rule)s", {"rule": row_id})
    await connection.execute(
        "UPDATE rule_case SET ended_at = %(at)s, ended_by = %(by)s WHERE rule = %(rule)s AND ended_at IS NULL",
        {"rule": row_id, "at": at, "by": account},
    )


def _spells(rows: Iterable[tuple[Any, ...]]) -> Iterable[Spell]:
    for unit, member, group_unit, group_member, since, ended_at, case in rows:
        yield Spell(
            subject=Subject(unit, member),
            group=Subject(group_unit, group_member),
            since=since,
            ended_at=ended_at,
            case=case,
        )


def _columns(subjects: Sequence[Subject]) -> dict[str, list[int]]:
    return {"units": [each.unit for each in subjects], "members": [each.member for each in subjects]}


def _columns_of(spells: Sequence[Spell]) -> dict[str, Any]:
    return {
        **_columns([spell.subject for spell in spells]),
        "group_units": [spell.group.unit for spell in spells],
        "group_members": [spell.group.member for spell in spells],
        "since": [spell.since for spell in spells],
        "ended": [spell.ended_at for spell in spells],
        "cases": [spell.case for spell in spells],
    }

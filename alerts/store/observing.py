"""Of whom a rule's condition holds now, read from the tables that ingest and people keep, and what that changes.

A statement answers with what began and ended since the rule's spells were written, not with all that holds: at night
200,000 members may be silent, and a minute later the same but for some dozens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import AsyncConnection

from alerts.core.cases import Subject
from alerts.core.past import FORGOTTEN_AFTER
from alerts.core.rules import Kind, Measure
from alerts.core.tree import Node, Tree

Connection = AsyncConnection[Any]


class Began(NamedTuple):
    subject: Subject
    since: datetime


class Changed(NamedTuple):
    began: list[Began]
    ended: list[Subject]


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on duty and who is off by rosters, leave and calls."""

    on: Sequence[int]
    off: Sequence[int]


_PRESSED: LiteralString = """
    SELECT unit.id AS unit, emergency.member, min(pressed_at) AS since
    FROM emergency
    LEFT JOIN assignment ON assignment.member = emergency.member AND is_primary
    LEFT JOIN unit place ON place.id = emergency.grid
    JOIN unit ON unit.id = coalesce(
        assignment.unit, place.id, (SELECT id FROM unit WHERE parent IS NULL ORDER BY tree_left LIMIT 1))
    WHERE emergency.closed_at IS NULL AND unit.tree_left BETWEEN %(left)s AND %(right)s
    GROUP BY 1, 2
"""
# A terminal that said goodbye is silent too: a last will says it for one that lost its connection.
_SILENT: LiteralString = """
    SELECT unit.id AS unit, heard.member, heard.at AS since
    FROM (
        SELECT member, max(received_at) AS at
        FROM terminal_state JOIN terminal ON terminal.id = terminal AND member IS NOT NULL AND closed_at IS NULL
        GROUP BY member HAVING bool_and(is_silent) AND max(received_at) > %(at)s - %(forgotten)s
    ) AS heard
    JOIN member ON member.id = heard.member AND member.closed_at IS NULL
    JOIN assignment ON assignment.member = heard.member AND is_primary
    JOIN unit ON unit.id = assignment.unit AND tree_left BETWEEN %(left)s AND %(right)s
    LEFT JOIN unnest(%(off)s::integer[]) AS off (member) ON off.member = heard.member
    WHERE off.member IS NULL
"""
_OUTSIDE: LiteralString = """
    SELECT unit.id AS unit, outing.member, opened_at AS since
    FROM outing
    JOIN member ON member.id = outing.member AND member.closed_at IS NULL
    JOIN assignment ON assignment.member = outing.member AND is_primary
    JOIN unit ON unit.id = assignment.unit AND tree_left BETWEEN %(left)s AND %(right)s
    LEFT JOIN unnest(%(off)s::integer[]) AS off (member) ON off.member = outing.member
    WHERE outing.closed_at IS NULL AND off.member IS NULL
"""
_GIVEN: LiteralString = """
    SELECT unit, NULL::integer AS member, %(at)s::timestamptz AS since FROM unnest(%(units)s::integer[]) AS it (unit)
"""
_SPELLS: LiteralString = """
    ), spell AS (
        SELECT unit, member, ended_at FROM rule_spell WHERE rule = %(rule)s
    )
    SELECT coalesce(seen.unit, spell.unit), coalesce(seen.member, spell.member, 0), seen.since
    FROM seen FULL JOIN spell ON spell.unit = seen.unit AND coalesce(spell.member, 0) = coalesce(seen.member, 0)
    WHERE spell.unit IS NULL
        OR (seen.unit IS NOT NULL AND spell.ended_at IS NOT NULL)
        OR (seen.unit IS NULL AND spell.ended_at IS NULL)
    LIMIT %(most)s
"""
_SEEN: Final[dict[Kind, LiteralString]] = {Kind.SOS: _PRESSED, Kind.SILENT: _SILENT, Kind.OUTSIDE: _OUTSIDE}


async def people(
    connection: Connection,
    kind: Kind,
    rule: int,
    *,
    left: int,
    right: int,
    off: Sequence[int],
    at: datetime,
    most: int,
) -> Changed:
    """Return up to `most` changes for a rule about people of a subtree; those of `off` are not watched."""
    given = {
        "rule": rule,
        "left": left,
        "right": right,
        "off": list(off),
        "at": at,
        "most": most,
        "forgotten": FORGOTTEN_AFTER,
    }
    cursor = await connection.execute("WITH seen AS MATERIALIZED (" + _SEEN[kind] + _SPELLS, given)
    changed = _changed(await cursor.fetchall())
    if kind is Kind.SILENT and changed.began:
        return changed._replace(began=await _since_silence(connection, changed.began))
    return changed


async def units(connection: Connection, rule: int, crossed: Sequence[int], *, at: datetime, most: int) -> Changed:
    """Return up to `most` changes for a rule about units, of which `crossed` cross its threshold now."""
    given = {"rule": rule, "units": list(crossed), "at": at, "most": most}
    cursor = await connection.execute("WITH seen AS MATERIALIZED (" + _GIVEN + _SPELLS, given)
    return _changed(await cursor.fetchall())


def _changed(rows: Sequence[tuple[Any, ...]]) -> Changed:
    began = [Began(Subject(unit, member), since) for unit, member, since in rows if since is not None]
    return Changed(began, [Subject(unit, member) for unit, member, since in rows if since is None])


async def _since_silence(connection: Connection, began: Sequence[Began]) -> list[Began]:
    """Return the same from when ingest noticed: the first event of silence behind the last of being on-line."""
    cursor = await connection.execute(
        """
        SELECT it.member, (
            SELECT min(at) FROM presence_event
            WHERE member = it.member AND kind IN ('silent', 'offline') AND at > coalesce(
                (SELECT max(at) FROM presence_event WHERE member = it.member AND kind = 'online'), '-infinity'))
        FROM unnest(%(members)s::integer[]) AS it (member)
        """,
        {"members": [each.subject.member for each in began]},
    )
    noticed = {member: at for member, at in await cursor.fetchall() if at is not None}
    return [each._replace(since=noticed.get(each.subject.member, each.since)) for each in began]


async def tree(connection: Connection, *, top: int, left: int, right: int) -> Tree:
    """Return the living units of a subtree."""
    cursor = await connection.execute(
        """
        SELECT unit.id, parent, level, CASE WHEN NOT hangs_anywhere THEN rank END, tree_left, tree_right
        FROM unit JOIN level ON level.code = unit.level
        WHERE closed_at IS NULL AND tree_left BETWEEN %(left)s AND %(right)s ORDER BY tree_left
        """,
        {"left": left, "right": right},
    )
    return Tree(top, [Node(*row) for row in await cursor.fetchall()])


async def rank_of(connection: Connection, level: str | None) -> int | None:
    cursor = await connection.execute("SELECT rank FROM level WHERE code = %(level)s", {"level": level})
    row = await cursor.fetchone()
    return None if row is None else int(row[0])


class Census:
    """How many people there are, by their units and by where they are: pairs of (tree_left, count)."""

    def __init__(self, total: list[tuple[int, int]], by: dict[Measure, list[tuple[int, int]]]) -> None:
        self.total = total
        self.by = by


async def census(connection: Connection, duty: Duty, *, at: datetime) -> Census:
    """Count everybody in the city at one go."""
    cursor = await connection.execute(
        """
        WITH heard AS (
            SELECT member, bool_or(NOT is_silent) AS is_online, max(received_at) AS at
            FROM terminal_state JOIN terminal ON terminal.id = terminal AND member IS NOT NULL AND closed_at IS NULL
            GROUP BY member
        )
        SELECT tree_left, count(*), count(*) FILTER (WHERE is_online),
            count(*) FILTER (WHERE on_duty.member IS NOT NULL OR (off_duty.member IS NULL AND is_online)),
            count(*) FILTER (WHERE NOT is_online AND heard.at > %(at)s - %(forgotten)s),
            count(outing.member)
        FROM assignment
        JOIN member ON member.id = assignment.member AND member.closed_at IS NULL
        JOIN unit ON unit.id = assignment.unit
        LEFT JOIN heard ON heard.member = member.id
        LEFT JOIN outing ON outing.member = member.id AND outing.closed_at IS NULL
        LEFT JOIN unnest(%(on)s::integer[]) AS on_duty (member) ON on_duty.member = member.id
        LEFT JOIN unnest(%(off)s::integer[]) AS off_duty (member) ON off_duty.member = member.id
        WHERE is_primary
        GROUP BY tree_left
        """,
        {"at": at, "forgotten": FORGOTTEN_AFTER, "on": list(duty.on), "off": list(duty.off)},
    )
    rows = await cursor.fetchall()
    columns = (Measure.ONLINE, Measure.ON_DUTY, Measure.SILENT, Measure.OUTSIDE)
    by = {measure: [(row[0], row[number]) for row in rows] for number, measure in enumerate(columns, start=2)}
    return Census([(row[0], row[1]) for row in rows], {**by, Measure.PRESENT: await _present(connection)})


async def _present(connection: Connection) -> list[tuple[int, int]]:
    """Count the members who are on-line by the grid of their freshest terminal."""
    cursor = await connection.execute(
        """
        SELECT tree_left, count(*)
        FROM (
            SELECT DISTINCT ON (member) confirmed_grid AS grid
            FROM terminal_state JOIN terminal ON terminal.id = terminal AND member IS NOT NULL AND closed_at IS NULL
            WHERE NOT is_silent
            ORDER BY member, fixed_at DESC
        ) AS last
        JOIN unit ON unit.id = last.grid
        GROUP BY tree_left
        """
    )
    return [(left, count) for left, count in await cursor.fetchall()]


async def duty_is_kept(connection: Connection, at: datetime) -> bool:
    """Whether rosters, leave or calls say anything of anybody."""
    cursor = await connection.execute(
        """
        SELECT EXISTS (SELECT FROM roster WHERE closed_at IS NULL)
            OR EXISTS (SELECT FROM duty_exception WHERE ends_at > %(at)s)
        """,
        {"at": at - timedelta(days=1)},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])

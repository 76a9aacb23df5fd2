"""What an import writes: rows that differ, and no others. The caller's transaction; the bus is the caller's too."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString

import psycopg
import shapely
from psycopg.types.json import Jsonb

from tracker.city.intake.compare import Difference, carriers
from tracker.city.intake.given import Contents
from tracker.city.intake.reading import Options
from tracker.city.intake.stored import Stored
from tracker.organisation import tree
from tracker.organisation.names import spell
from tracker.security import hash_secret, new_salt, new_secret

SAY_EVERY: Final = 20_000  # rows
NOTICE: Final = "10 seconds"  # so that every ingest has the new borders before they count

Connection = psycopg.AsyncConnection[Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Handover:
    """One new terminal's credential: rows of terminals.csv. It is kept nowhere else."""

    terminal: str
    secret: str = field(repr=False)
    member: str
    unit: str


async def write(
    connection: Connection, stored: Stored, city: Contents, difference: Difference, *, options: Options, say: Say
) -> tuple[Handover, ...]:
    """Make the database hold `city`; return the credentials of new terminals."""
    await _write_levels(connection, city, difference)
    await _write_roles(connection, city, difference)
    await _write_units(connection, city, difference, say)
    await _write_members(connection, city, difference, say)
    handover = await _write_terminals(connection, city, difference, say)
    await _close_units(connection, stored, city, difference)
    await _write_grids(connection, stored, city, difference, options=options, say=say)
    if difference.units:
        await tree.renumber(connection)
        say("numbered the tree")
    return handover


async def _write_levels(connection: Connection, city: Contents, difference: Difference) -> None:
    for code in (*difference.levels.added, *difference.levels.changed):
        level = city.levels[code]
        await connection.execute(
            """
            INSERT INTO level (code, rank, name_zh, name_en, role_set)
            VALUES (%(code)s, %(rank)s, %(name_zh)s, %(name_en)s, %(role_set)s)
            ON CONFLICT (code) DO UPDATE SET rank = excluded.rank, name_zh = excluded.name_zh,
                name_en = excluded.name_en, role_set = excluded.role_set
            """,
            {
                "code": code,
                "rank": level.rank,
                "name_zh": level.name_zh,
                "name_en": level.name_en,
                "role_set": level.role_set,
            },
        )


async def _write_roles(connection: Connection, city: Contents, difference: Difference) -> None:
    for code in (*difference.roles.added, *difference.roles.changed):
        role = city.roles[code]
        await connection.execute(
            """
            INSERT INTO role (code, name_zh, name_en, is_leader)
            VALUES (%(code)s, %(name_zh)s, %(name_en)s, %(is_leader)s)
            ON CONFLICT (code) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en,
                is_leader = excluded.is_leader
            """,
            {"code": code, "name_zh": role.name_zh, "name_en": role.name_en, "is_leader": role.is_leader},
        )


async def _write_units(connection: Connection, city: Contents, difference: Difference, say: Say) -> None:
    """Upsert units; a unit that was closed and comes again is opened. Parents follow when all are there."""
    units = [city.units[code] for code in (*difference.units.added, *difference.units.changed)]
    await connection.execute(
        """
        CREATE TEMPORARY TABLE new_unit (
            code text, name text, name_en text, level text, parent text, attributes jsonb, role_set text
        ) ON COMMIT DROP
        """
    )
    await _copy(
        connection,
        "COPY new_unit FROM STDIN",
        (
            (
                unit.code,
                unit.name,
                unit.name_en or None,
                unit.level,
                unit.parent,
                json.dumps(unit.attributes, ensure_ascii=False),
                unit.role_set,
            )
            for unit in units
        ),
        "units",
        say,
    )
    await connection.execute(
        """
        INSERT INTO unit (code, name, name_en, level, attributes, role_set)
        SELECT code, name, name_en, level, attributes, role_set FROM new_unit
        ON CONFLICT (code) DO UPDATE SET name = excluded.name, name_en = excluded.name_en, level = excluded.level,
            attributes = excluded.attributes, role_set = excluded.role_set, closed_at = NULL,
            revision = unit.revision + 1
        """
    )
    await connection.execute(
        """
        UPDATE unit SET parent = above.id
        FROM new_unit LEFT JOIN unit AS above ON above.code = new_unit.parent
        WHERE unit.code = new_unit.code AND unit.parent IS DISTINCT FROM above.id
        """
    )


async def _write_members(connection: Connection, city: Contents, difference: Difference, say: Say) -> None:
    """Upsert members and give them the posts they have now; close those that are gone."""
    members = [city.members[code] for code in (*difference.members.added, *difference.members.changed)]
    await connection.execute(
        """
        CREATE TEMPORARY TABLE new_member (
            code text, name text, phone text, language text, pinyin text, initials text
        ) ON COMMIT DROP
        """
    )
    rows = (
        (member.code, member.name, member.phone or None, member.language, *spell(member.name)) for member in members
    )
    await _copy(connection, "COPY new_member FROM STDIN", rows, "members", say)
    await connection.execute(
        """
        INSERT INTO member (code, name, phone, language, pinyin, initials)
        SELECT code, name, phone, language, pinyin, initials FROM new_member
        ON CONFLICT (code) DO UPDATE SET name = excluded.name, phone = excluded.phone, language = excluded.language,
            pinyin = excluded.pinyin, initials = excluded.initials, closed_at = NULL, revision = member.revision + 1
        """
    )
    await connection.execute(
        "DELETE FROM assignment USING member, new_member WHERE member.code = new_member.code AND member = member.id"
    )
    await _write_posts(connection, members, say)
    await _close_members(connection, difference.members.closed)


async def _write_posts(connection: Connection, members: Sequence[Any], say: Say) -> None:
    await connection.execute(
        "CREATE TEMPORARY TABLE new_post (member text, unit text, role text, is_primary boolean) ON COMMIT DROP"
    )
    rows = (
        (member.code, post.unit, post.role, place == 0) for member in members for place, post in enumerate(member.posts)
    )
    await _copy(connection, "COPY new_post FROM STDIN", rows, "posts", say)
    await connection.execute("ANALYZE new_post")
    await connection.execute(
        """
        INSERT INTO assignment (member, unit, role, is_primary)
        SELECT member.id, unit.id, new_post.role, new_post.is_primary
        FROM new_post JOIN member ON member.code = new_post.member JOIN unit ON unit.code = new_post.unit
        """
    )


async def _close_members(connection: Connection, codes: Sequence[str]) -> None:
    """Let members go as tracker.organisation.members.close does: posts stay for the record, the rest ends."""
    if not codes:
        return
    found = await connection.execute("SELECT id FROM member WHERE code = ANY(%(codes)s)", {"codes": list(codes)})
    rows: list[Any] = await found.fetchall()
    these = {"ids": [number for (number,) in rows]}
    for statement in (
        "UPDATE work_team SET leader = NULL, revision = revision + 1 WHERE leader = ANY(%(ids)s) AND closed_at IS NULL",
        "UPDATE work_team_member SET until = greatest(now(), since) WHERE member = ANY(%(ids)s) AND until IS NULL",
        "DELETE FROM roster_member WHERE member = ANY(%(ids)s) AND since >= current_date",
        """
        UPDATE roster_member SET until = current_date - 1
        WHERE member = ANY(%(ids)s) AND (until IS NULL OR until >= current_date)
        """,
        "UPDATE member SET closed_at = now(), revision = revision + 1 WHERE id = ANY(%(ids)s)",
    ):
        await connection.execute(statement, these)


async def _write_terminals(
    connection: Connection, city: Contents, difference: Difference, say: Say
) -> tuple[Handover, ...]:
    change = difference.terminals
    carried = carriers(city)
    await connection.execute(
        """
        CREATE TEMPORARY TABLE new_terminal (
            code text, salt bytea, hash bytea, interval_s integer, model text, member text, unit text
        ) ON COMMIT DROP
        """
    )
    handover = tuple(_handover(city, carried, code) for code in change.added)
    fresh = ((item.terminal, *_hashed(item.secret), *_facts(city, carried, item.terminal)) for item in handover)
    known = ((code, b"", b"", *_facts(city, carried, code)) for code in change.changed)
    await _copy(connection, "COPY new_terminal FROM STDIN", (*fresh, *known), "terminals", say)
    await connection.execute("ANALYZE new_terminal")
    await connection.execute(
        """
        UPDATE terminal SET member = NULL, revision = revision + 1 WHERE code = ANY(%(codes)s)
        """,
        {"codes": list(change.closed)},
    )
    await connection.execute(
        """
        UPDATE terminal SET member = member.id, interval_s = new_terminal.interval_s, model = new_terminal.model,
            revision = terminal.revision + 1
        FROM new_terminal JOIN member ON member.code = new_terminal.member
        WHERE terminal.code = new_terminal.code AND hash = ''
        """
    )
    await connection.execute(
        """
        INSERT INTO terminal (code, secret_salt, secret_hash, interval_s, model, member, unit)
        SELECT new_terminal.code, salt, hash, interval_s, model, member.id, unit.id
        FROM new_terminal JOIN member ON member.code = new_terminal.member
        LEFT JOIN unit ON unit.code = new_terminal.unit
        WHERE hash <> '' ORDER BY new_terminal.code
        """
    )
    return handover


def _handover(city: Contents, carried: Mapping[str, Any], code: str) -> Handover:
    member = carried[code].member
    return Handover(code, new_secret(), member, city.members[member].unit or "")


def _hashed(secret: str) -> tuple[bytes, bytes]:
    salt = new_salt()
    return salt, hash_secret(secret, salt)


def _facts(city: Contents, carried: Mapping[str, Any], code: str) -> tuple[Any, ...]:
    member, terminal = carried[code]
    return (terminal.interval_s, terminal.model, member, city.members[member].unit)


async def _close_units(connection: Connection, stored: Stored, city: Contents, difference: Difference) -> None:
    """Close units as tracker.organisation.unit_closing does: what belongs to them goes to the next one above."""
    if not difference.units.closed:
        return
    heirs = {code: _heir(code, stored, city) for code in difference.units.closed}
    pairs = {
        "ids": [stored.unit_ids[code] for code in heirs],
        "heirs": [stored.unit_ids[heir] for heir in heirs.values()],
    }
    for statement in (
        """
        UPDATE terminal SET unit = heir, revision = revision + 1
        FROM unnest(%(ids)s::integer[], %(heirs)s::integer[]) AS gone (id, heir)
        WHERE unit = gone.id AND closed_at IS NULL
        """,
        """
        UPDATE work_team SET unit = heir FROM unnest(%(ids)s::integer[], %(heirs)s::integer[]) AS gone (id, heir)
        WHERE unit = gone.id AND closed_at IS NULL
        """,
        """
        UPDATE roster SET unit = heir FROM unnest(%(ids)s::integer[], %(heirs)s::integer[]) AS gone (id, heir)
        WHERE unit = gone.id AND closed_at IS NULL
        """,
        """
        UPDATE contact SET unit = heir FROM unnest(%(ids)s::integer[], %(heirs)s::integer[]) AS gone (id, heir)
        WHERE unit = gone.id AND closed_at IS NULL
        """,
        "UPDATE unit SET closed_at = now(), revision = revision + 1 WHERE id = ANY(%(ids)s)",
    ):
        await connection.execute(statement, pairs)


def _heir(code: str, stored: Stored, city: Contents) -> str:
    """Return the nearest unit above a closed one that stays; the top always does."""
    while code not in city.units:
        code = stored.contents.units[code].parent or next(iter(city.units))
    return code


async def _write_grids(
    connection: Connection, stored: Stored, city: Contents, difference: Difference, *, options: Options, say: Say
) -> None:
    """Write a whole new grid set when an area changes, or a leaf becomes none; the old one stays as it was."""
    if not difference.grids and _leaves(stored.contents) == _leaves(city):
        return
    made = await connection.execute(
        """
        INSERT INTO grid_set (takes_effect_at, note, based_on)
        SELECT coalesce(%(at)s, now() + CASE WHEN EXISTS (SELECT FROM grid_set) THEN %(notice)s ELSE '0' END::interval),
            'import', nullif(%(based_on)s, 0)
        RETURNING version
        """,
        {"at": options.takes_effect_at, "notice": NOTICE, "based_on": stored.version},
    )
    row: Any = await made.fetchone()
    found = await connection.execute("SELECT code, id FROM unit WHERE closed_at IS NULL")
    ids: dict[str, int] = dict(await found.fetchall())
    leaves = _leaves(city)
    rows = (
        (row[0], ids[code], code in leaves, shapely.to_wkb(area), *area.bounds) for code, area in city.areas.items()
    )
    statement = "COPY grid (version, unit, is_leaf, area, min_lon, min_lat, max_lon, max_lat) FROM STDIN"
    await _copy(connection, statement, rows, "grids", say)


def _leaves(city: Contents) -> frozenset[str]:
    above = {city.units[code].parent for code in city.areas}
    return frozenset(code for code in city.areas if code not in above)


async def _copy(
    connection: Connection, statement: LiteralString, rows: Iterable[tuple[Any, ...]], what: str, say: Say
) -> None:
    done = 0
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for done, row in enumerate(rows, start=1):
            await copy.write_row(row)
            if done % SAY_EVERY == 0:
                say(f"writing {what}: {done:,}")
    if done:
        say(f"wrote {what}: {done:,}")


async def note(connection: Connection, difference: Difference, files: Sequence[str], *, account: int | None) -> None:
    """Leave the row `city.imported` in the audit."""
    counts = {
        change.kind: {"added": len(change.added), "changed": len(change.changed), "closed": len(change.closed)}
        for change in difference.all()
        if change
    }
    await connection.execute(
        """
        INSERT INTO audit (at, account, action, subject, unit, detail)
        SELECT now(), %(account)s, 'city.imported', 'city', id, %(detail)s
        FROM unit WHERE parent IS NULL AND closed_at IS NULL ORDER BY tree_left LIMIT 1
        """,
        {"account": account, "detail": Jsonb({"files": list(files), **counts})},
    )

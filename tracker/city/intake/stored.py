"""The city as the database holds it, in codes: what files are compared with, and what an export writes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import psycopg
import shapely
from psycopg.rows import class_row
from shapely.geometry.base import BaseGeometry

from tracker.city.intake.given import Contents, Level, Role
from tracker.city.model import Member, Post, Terminal, Unit

FETCH: Final = 5_000  # rows at a time

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class StoredTerminal:
    id: int
    state: str  # in service, lost or retired


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """`unit_ids`, `member_ids` and `terminals` hold those that are closed too; `contents` holds open ones only."""

    contents: Contents
    unit_ids: Mapping[str, int]
    member_ids: Mapping[str, int]
    terminals: Mapping[str, StoredTerminal]
    role_sets: frozenset[str]
    accounts: Mapping[str, tuple[str, ...]]  # names of open ones by code of unit
    version: int  # of the grid set; 0: none
    later: tuple[tuple[int, datetime], ...]  # grid sets that take effect after it
    mark: str  # changes with any of it


async def read_stored(connection: Connection, *, at: datetime | None = None) -> Stored:
    """Read all of it, with the grid set that is in force at a moment; without one, in force now."""
    digest = hashlib.blake2b(digest_size=16)
    version, later = await _versions(connection, at)
    units, unit_ids = await _units(connection, digest)
    members, member_ids, terminals = await _members(connection, digest)
    areas = await _areas(connection, version, digest)
    contents = Contents(
        levels=await _levels(connection), roles=await _roles(connection), units=units, areas=areas, members=members
    )
    role_sets = await _texts(connection)
    accounts = await _accounts(connection)
    digest.update(repr((version, contents.levels, contents.roles, sorted(role_sets), accounts)).encode())
    return Stored(
        contents=contents,
        unit_ids=unit_ids,
        member_ids=member_ids,
        terminals=terminals,
        role_sets=role_sets,
        accounts=accounts,
        version=version,
        later=later,
        mark=digest.hexdigest(),
    )


async def _versions(connection: Connection, at: datetime | None) -> tuple[int, tuple[tuple[int, datetime], ...]]:
    found = await connection.execute(
        """
        SELECT version, takes_effect_at, takes_effect_at <= coalesce(%(at)s, now())
        FROM grid_set WHERE withdrawn_at IS NULL ORDER BY takes_effect_at, version
        """,
        {"at": at},
    )
    rows: list[Any] = await found.fetchall()
    in_force = [version for version, _, has_come in rows if has_come]
    later = tuple((version, moment) for version, moment, has_come in rows if not has_come)
    return (in_force[-1] if in_force else 0), later


async def _units(connection: Connection, digest: Any) -> tuple[dict[str, Unit], dict[str, int]]:
    found = await connection.execute(
        """
        SELECT unit.id, unit.code, unit.name, coalesce(unit.name_en, ''), unit.level, parent.code, unit.attributes,
            unit.role_set, unit.closed_at IS NULL
        FROM unit LEFT JOIN unit AS parent ON parent.id = unit.parent ORDER BY unit.tree_left, unit.id
        """
    )
    units: dict[str, Unit] = {}
    ids: dict[str, int] = {}
    rows: list[Any] = await found.fetchall()
    for row in rows:
        digest.update(repr(row).encode())
        number, code, name, name_en, level, parent, attributes, role_set, is_open = row
        ids[code] = number
        if is_open:
            units[code] = Unit(
                code=code,
                name=name,
                name_en=name_en,
                level=level,
                parent=parent,
                attributes=attributes,
                role_set=role_set,
            )
    return units, ids


async def _areas(connection: Connection, version: int, digest: Any) -> dict[str, BaseGeometry]:
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(
            """
            SELECT code, area FROM grid JOIN unit ON unit.id = grid.unit
            WHERE version = %(version)s AND closed_at IS NULL ORDER BY tree_left, unit.id
            """,
            {"version": version},
        )
        rows: list[Any] = await cursor.fetchall()
    for code, area in rows:
        digest.update(code.encode())
        digest.update(area)
    shapes = shapely.from_wkb(np.array([area for _, area in rows], object))
    return dict(zip([code for code, _ in rows], shapes, strict=True))


async def _members(
    connection: Connection, digest: Any
) -> tuple[dict[str, Member], dict[str, int], dict[str, StoredTerminal]]:
    posts = await _posts(connection, digest)
    carried, terminals = await _terminals(connection, digest)
    members: dict[str, Member] = {}
    ids: dict[str, int] = {}
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(
            "SELECT id, code, name, coalesce(phone, ''), language, closed_at IS NULL FROM member ORDER BY code"
        )
        rows: list[Any] = await cursor.fetchall()
    for row in rows:
        digest.update(repr(row).encode())
        number, code, name, phone, language, is_open = row
        ids[code] = number
        if is_open:
            members[code] = Member(
                code=code,
                name=name,
                phone=phone,
                language=language,
                posts=tuple(posts.get(number, ())),
                terminals=tuple(carried.get(number, ())),
            )
    return members, ids, terminals


async def _posts(connection: Connection, digest: Any) -> dict[int, list[Post]]:
    """Return the posts of open units by member: the primary one, then in the order of codes."""
    posts: dict[int, list[Post]] = {}
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(
            """
            SELECT member, code, role FROM assignment JOIN unit ON unit.id = assignment.unit
            WHERE closed_at IS NULL ORDER BY member, is_primary DESC, code COLLATE "C", role COLLATE "C"
            """
        )
        rows: list[Any] = await cursor.fetchall()
    for row in rows:
        digest.update(repr(row).encode())
        member, unit, role = row
        posts.setdefault(member, []).append(Post(unit=unit, role=role))
    return posts


async def _terminals(
    connection: Connection, digest: Any
) -> tuple[dict[int, list[Terminal]], dict[str, StoredTerminal]]:
    carried: dict[int, list[Terminal]] = {}
    terminals: dict[str, StoredTerminal] = {}
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(
            """
            SELECT id, code, member, interval_s, model,
                CASE WHEN closed_at IS NOT NULL THEN 'retired' WHEN lost_at IS NOT NULL THEN 'lost' ELSE '' END
            FROM terminal ORDER BY code COLLATE "C"
            """
        )
        rows: list[Any] = await cursor.fetchall()
    for row in rows:
        digest.update(repr(row).encode())
        number, code, member, interval_s, model, state = row
        terminals[code] = StoredTerminal(number, state)
        if member is not None and not state:
            carried.setdefault(member, []).append(Terminal(code=code, interval_s=interval_s, model=model))
    return carried, terminals


async def _levels(connection: Connection) -> dict[str, Level]:
    async with connection.cursor(row_factory=class_row(Level)) as cursor:
        await cursor.execute("SELECT code, rank, name_zh, name_en, role_set FROM level ORDER BY rank, code")
        return {level.code: level for level in await cursor.fetchall()}


async def _roles(connection: Connection) -> dict[str, Role]:
    async with connection.cursor(row_factory=class_row(Role)) as cursor:
        await cursor.execute("SELECT code, name_zh, name_en, is_leader FROM role ORDER BY is_leader DESC, code")
        return {role.code: role for role in await cursor.fetchall()}


async def _texts(connection: Connection) -> frozenset[str]:
    found = await connection.execute("SELECT code FROM role_set")
    rows: list[Any] = await found.fetchall()
    return frozenset(code for (code,) in rows)


async def _accounts(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Return open accounts by each unit that they look at or have a role for."""
    found = await connection.execute(
        """
        SELECT unit.code, array_agg(DISTINCT account.name ORDER BY account.name)
        FROM account LEFT JOIN account_role ON account_role.account = account.id
        JOIN unit ON unit.id IN (account.unit, account_role.unit)
        WHERE account.closed_at IS NULL GROUP BY unit.code ORDER BY unit.code
        """
    )
    rows: list[Any] = await found.fetchall()
    return {code: tuple(names) for code, names in rows}

"""A city into an empty database: one transaction, COPY throughout, new secrets for its terminals.

The database keeps salted hashes; terminals.csv, readable by its owner only, is the one place that has the secrets.
Ids are numbered here, units in the order of the tree.
"""

import csv
import json
import os
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
import shapely

from tracker.city.model import City, Member, Terminal
from tracker.city.tree import Node, intervals
from tracker.organisation.names import spell
from tracker.security import hash_secret, new_salt, new_secret
from tracker.store.search import settle

HANDOVER: Final = "terminals.csv"
HANDOVER_COLUMNS: Final = ("terminal", "secret", "member", "unit")
LOCK: Final = 0x6369_7479  # "city": one load at a time
COUNT_EVERY: Final = 2_000  # rows

Connection = psycopg.AsyncConnection[Any]
Say = Callable[[str], None]
Count = Callable[[str, int, int], None]


class CityExistsError(Exception):
    """The database holds a city already."""


@dataclass(frozen=True, slots=True)
class _Handset:
    terminal: Terminal
    secret: str
    member: Member
    member_id: int


@dataclass(frozen=True, slots=True)
class _Listener:
    say: Say
    count: Count


async def load_city(
    dsn: str,
    city: City,
    *,
    folder: Path,
    say: Say = lambda _line: None,
    count: Count = lambda _what, _done, _of: None,
) -> None:
    """Load `city` and write `folder`/terminals.csv: both, or neither.

    `say` gets a line for each table; `count` hears what is being loaded, how many are, of how many. Raises
    CityExistsError for a database that has units, TreeError for units that are no tree, and psycopg.Error for what the
    schema refuses.
    """
    listener = _Listener(say, count)
    nodes = intervals(city.units)
    unit_ids = {node.unit.code: number for number, node in enumerate(nodes, start=1)}
    handsets = [
        _Handset(terminal, new_secret(), member, number)
        for number, member in enumerate(city.members, start=1)
        for terminal in member.terminals
    ]
    handsets.sort(key=lambda handset: handset.terminal.code)
    with _handover(folder, handsets) as put_in_place:
        async with await Connection.connect(dsn, autocommit=True) as connection:
            async with connection.transaction():
                await _claim(connection)
                await _load_units(connection, nodes, unit_ids, listener)
                await _load_grids(connection, city, unit_ids, listener)
                await _load_members(connection, city.members, unit_ids, listener)
                await _load_terminals(connection, handsets, unit_ids, listener)
                await _number_on(connection)
            put_in_place()
            await settle(connection)
            await connection.execute("ANALYZE unit, grid, member, assignment, terminal, terminal_carrier")


@contextmanager
def _handover(folder: Path, handsets: Sequence[_Handset]) -> Generator[Callable[[], None]]:
    """Write the credentials beside the file they replace; yield what puts them in its place, once they are valid."""
    folder.mkdir(parents=True, exist_ok=True)
    path, new = folder / HANDOVER, folder / f"{HANDOVER}.new"
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    with new.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(HANDOVER_COLUMNS)
        rows.writerows((item.terminal.code, item.secret, item.member.code, item.member.unit) for item in handsets)
        file.flush()
        os.fsync(file.fileno())
    try:
        yield lambda: os.replace(new, path)  # noqa: PTH105 - Path.replace returns a value that nobody wants
    finally:
        new.unlink(missing_ok=True)


async def _claim(connection: Connection) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    found = await connection.execute("SELECT 1 FROM unit LIMIT 1")
    if await found.fetchone() is not None:
        raise CityExistsError("this database holds a city already: choose an empty one")


async def _load_units(
    connection: Connection, nodes: Sequence[Node], unit_ids: Mapping[str, int], listener: _Listener
) -> None:
    rows = (
        (
            unit_ids[node.unit.code],
            node.unit.code,
            node.unit.name,
            node.unit.name_en or None,
            node.unit.level,
            None if node.unit.parent is None else unit_ids[node.unit.parent],
            node.left,
            node.right,
            json.dumps(node.unit.attributes, ensure_ascii=False),
            node.unit.role_set,
        )
        for node in nodes
    )
    statement: LiteralString = (
        "COPY unit (id, code, name, name_en, level, parent, tree_left, tree_right, attributes, role_set) FROM STDIN"
    )
    await _copy(connection, statement, rows, "units", of=len(nodes), listener=listener)


async def _load_grids(connection: Connection, city: City, unit_ids: Mapping[str, int], listener: _Listener) -> None:
    made = await connection.execute("INSERT INTO grid_set (note) VALUES (%s) RETURNING version", [city.name])
    row = await made.fetchone()
    version = 0 if row is None else int(row[0])
    above = {unit.parent for unit in city.units if unit.code in city.areas}
    rows = (
        (version, unit_ids[code], code not in above, shapely.to_wkb(area), *area.bounds)
        for code, area in city.areas.items()
    )
    statement = "COPY grid (version, unit, is_leaf, area, min_lon, min_lat, max_lon, max_lat) FROM STDIN"
    await _copy(connection, statement, rows, "grids", of=len(city.areas), listener=listener)


async def _load_members(
    connection: Connection, members: Sequence[Member], unit_ids: Mapping[str, int], listener: _Listener
) -> None:
    rows = (
        (number, member.code, member.name, member.phone or None, member.language, *spell(member.name))
        for number, member in enumerate(members, start=1)
    )
    statement: LiteralString = "COPY member (id, code, name, phone, language, pinyin, initials) FROM STDIN"
    await _copy(connection, statement, rows, "members", of=len(members), listener=listener)
    posts = (
        (number, unit_ids[post.unit], post.role, place == 0)
        for number, member in enumerate(members, start=1)
        for place, post in enumerate(member.posts)
    )
    statement = "COPY assignment (member, unit, role, is_primary) FROM STDIN"
    await _copy(
        connection, statement, posts, "assignments", of=sum(len(member.posts) for member in members), listener=listener
    )


async def _load_terminals(
    connection: Connection, handsets: Sequence[_Handset], unit_ids: Mapping[str, int], listener: _Listener
) -> None:
    rows = (_terminal(number, handset, unit_ids) for number, handset in enumerate(handsets, start=1))
    statement = "COPY terminal (id, code, secret_salt, secret_hash, interval_s, model, member, unit) FROM STDIN"
    await _copy(connection, statement, rows, "terminals", of=len(handsets), listener=listener)


def _terminal(number: int, handset: _Handset, unit_ids: Mapping[str, int]) -> tuple[Any, ...]:
    salt = new_salt()
    terminal = handset.terminal
    unit = None if handset.member.unit is None else unit_ids[handset.member.unit]
    secret_hash = hash_secret(handset.secret, salt)
    return (number, terminal.code, salt, secret_hash, terminal.interval_s, terminal.model, handset.member_id, unit)


async def _copy(
    connection: Connection,
    statement: LiteralString,
    rows: Iterable[tuple[Any, ...]],
    what: str,
    *,
    of: int,
    listener: _Listener,
) -> None:
    done = 0
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for done, row in enumerate(rows, start=1):
            await copy.write_row(row)
            if done % COUNT_EVERY == 0:
                listener.count(what, done, of)
    listener.count(what, of, of)
    listener.say(f"loaded {what}: {of:,}")


async def _number_on(connection: Connection) -> None:
    """Let the identity columns go on behind the ids given here."""
    await connection.execute(
        """
        SELECT setval(pg_get_serial_sequence('unit', 'id'), greatest((SELECT max(id) FROM unit), 1)),
               setval(pg_get_serial_sequence('member', 'id'), greatest((SELECT max(id) FROM member), 1)),
               setval(pg_get_serial_sequence('terminal', 'id'), greatest((SELECT max(id) FROM terminal), 1))
        """
    )

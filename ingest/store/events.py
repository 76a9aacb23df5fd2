"""What follows from positions: crossings, presence events, emergencies, acknowledgements.

All of these bear being written twice: a batch is redone when nobody knows whether its COMMIT happened.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np
import psycopg
from psycopg.rows import namedtuple_row

from tracker.database.columns import Column, take_columns

FORGOTTEN: Final = 20_000  # rows a statement: no lock and no transaction is long

Connection = psycopg.AsyncConnection[Any]


class CrossingRow(NamedTuple):
    terminal: int
    fixed_at_us: int
    kind: str  # exit, enter
    grid: int
    member: int  # 0: nobody
    grid_set: int  # by which it was judged: the one in force at `fixed_at_us`


class PresenceRow(NamedTuple):
    terminal: int
    at_us: int
    kind: str  # online, silent, offline
    grid: int
    member: int


class EmergencyRow(NamedTuple):
    terminal: int
    sos_id: str
    member: int
    pressed_at_us: int
    received_at_us: int
    lon: int | None  # 1e-7 degrees
    lat: int | None
    grid: int | None
    note: str


class AckRow(NamedTuple):
    alert: UUID
    version: int
    member: int
    at_us: int


async def add_crossings(connection: Connection, rows: Sequence[CrossingRow], *, is_late: bool = False) -> None:
    """Add crossings; one that a recomputation had superseded is in force again."""
    terminals, times, kinds, grids, members, grid_sets = zip(*rows, strict=True)
    take_columns(connection)
    await connection.execute(
        """
        INSERT INTO crossing (terminal, fixed_at, kind, grid, member, grid_set, is_late)
        SELECT terminal, timestamptz 'epoch' + at_us * interval '1 microsecond', kind, grid, nullif(member, 0),
               grid_set, %(is_late)s
        FROM unnest(%(terminals)s::integer[], %(times)s::bigint[], %(kinds)s::text[], %(grids)s::integer[],
                    %(members)s::integer[], %(grid_sets)s::integer[])
            AS row (terminal, at_us, kind, grid, member, grid_set)
        ON CONFLICT (terminal, fixed_at, kind, grid) DO UPDATE SET superseded_at = NULL
            WHERE crossing.superseded_at IS NOT NULL
        """,
        {
            "terminals": _ids(terminals),
            "times": _moments(times),
            "kinds": list(kinds),
            "grids": _ids(grids),
            "members": _ids(members),
            "grid_sets": _ids(grid_sets),
            "is_late": is_late,
        },
    )


async def add_presence(connection: Connection, rows: Sequence[PresenceRow], *, grid_set: int) -> None:
    terminals, times, kinds, grids, members = zip(*rows, strict=True)
    take_columns(connection)
    await connection.execute(
        """
        INSERT INTO presence_event (terminal, at, kind, grid, member, grid_set)
        SELECT terminal, timestamptz 'epoch' + at_us * interval '1 microsecond', kind, grid, nullif(member, 0),
               %(grid_set)s
        FROM unnest(%(terminals)s::integer[], %(times)s::bigint[], %(kinds)s::text[], %(grids)s::integer[],
                    %(members)s::integer[]) AS row (terminal, at_us, kind, grid, member)
        ON CONFLICT DO NOTHING
        """,
        {
            "terminals": _ids(terminals),
            "times": _moments(times),
            "kinds": list(kinds),
            "grids": _ids(grids),
            "members": _ids(members),
            "grid_set": grid_set,
        },
    )


def _ids(values: Sequence[int]) -> Column:
    return Column(np.array(values, np.int32))


def _moments(values: Sequence[int]) -> Column:
    return Column(np.array(values, np.int64))


class Added(NamedTuple):
    id: int
    terminal: int
    member: int


async def add_emergencies(connection: Connection, rows: Sequence[EmergencyRow]) -> list[Added]:
    """Return the new ones; a press that is known already changes nothing."""
    added: list[Added] = []
    for row in rows:  # rare: a row at a time
        async with connection.cursor(row_factory=namedtuple_row) as cursor:
            await cursor.execute(
                """
                INSERT INTO emergency (terminal, sos_id, member, pressed_at, received_at, lon, lat, grid, note)
                VALUES (%(terminal)s, %(sos_id)s, nullif(%(member)s, 0),
                        timestamptz 'epoch' + %(pressed_at_us)s::bigint * interval '1 microsecond',
                        timestamptz 'epoch' + %(received_at_us)s::bigint * interval '1 microsecond',
                        %(lon)s, %(lat)s, %(grid)s, %(note)s)
                ON CONFLICT (terminal, sos_id) DO NOTHING
                RETURNING id, terminal, coalesce(member, 0) AS member
                """,
                row._asdict(),
            )
            added += [Added(*found) for found in await cursor.fetchall()]
    return added


async def told(connection: Connection, rows: Sequence[AckRow]) -> set[tuple[UUID, int]]:
    """Return which (alert, member) of `rows` belong: the alert has that version, and the member is in its audience."""
    async with connection.cursor() as cursor:
        await cursor.execute(
            """
            SELECT answer.alert, answer.member
            FROM unnest(%(alerts)s::uuid[], %(versions)s::integer[], %(members)s::integer[])
                AS answer (alert, version, member)
            JOIN alert_version ON alert_version.alert = answer.alert AND alert_version.version = answer.version
            JOIN audience ON audience.alert = answer.alert AND audience.member = answer.member
            """,
            {
                "alerts": [row.alert for row in rows],
                "versions": [row.version for row in rows],
                "members": [row.member for row in rows],
            },
        )
        return set(await cursor.fetchall())


async def add_acknowledgement(connection: Connection, row: AckRow) -> bool:
    """Whether it is the first answer of this member to this version."""
    added = await connection.execute(
        """
        INSERT INTO acknowledgement (alert, version, member, channel, at)
        VALUES (%(alert)s, %(version)s, %(member)s, 'terminal',
                timestamptz 'epoch' + %(at_us)s::bigint * interval '1 microsecond')
        ON CONFLICT DO NOTHING
        """,
        row._asdict(),
    )
    return added.rowcount == 1


async def forget(connection: Connection, before: datetime) -> int:
    """Delete crossings and presence events of before; return how many. Outside a transaction: each piece commits."""
    rows = 0
    for delete in (_forget_crossings, _forget_presence):
        while True:
            found = await delete(connection, before)
            rows += found
            if found < FORGOTTEN:
                break
    return rows


async def _forget_crossings(connection: Connection, before: datetime) -> int:
    done = await connection.execute(
        """
        DELETE FROM crossing
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM crossing WHERE fixed_at < %(before)s LIMIT %(most)s))
        """,
        {"before": before, "most": FORGOTTEN},
    )
    return done.rowcount


async def _forget_presence(connection: Connection, before: datetime) -> int:
    done = await connection.execute(
        """
        DELETE FROM presence_event
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM presence_event WHERE at < %(before)s LIMIT %(most)s))
        """,
        {"before": before, "most": FORGOTTEN},
    )
    return done.rowcount

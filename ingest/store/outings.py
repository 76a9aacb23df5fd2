"""Members outside all their own grids: the table `outing`. All of it bears being written twice."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg

Connection = psycopg.AsyncConnection[Any]


class OutingRow(NamedTuple):
    """Times are fix times."""

    member: int
    since_us: int
    opened_at_us: int
    closed_at_us: int  # 0: it is open
    terminal: int
    grid: int


class Return(NamedTuple):
    member: int
    at_us: int


async def close(connection: Connection, returns: Sequence[Return]) -> None:
    """End the open outings of members who came back."""
    members, times = zip(*returns, strict=True)
    await connection.execute(
        """
        UPDATE outing SET closed_at = timestamptz 'epoch' + at_us * interval '1 microsecond'
        FROM unnest(%(members)s::integer[], %(times)s::bigint[]) AS row (member, at_us)
        WHERE outing.member = row.member AND closed_at IS NULL
            AND opened_at <= timestamptz 'epoch' + at_us * interval '1 microsecond'
        """,
        {"members": list(members), "times": list(times)},
    )


async def add(connection: Connection, rows: Sequence[OutingRow]) -> None:
    """Add outings; of a member who has one that is open, none."""
    members, sinces, opened, closed, terminals, grids = zip(*rows, strict=True)
    await connection.execute(
        """
        INSERT INTO outing (member, since, opened_at, closed_at, terminal, grid)
        SELECT member, timestamptz 'epoch' + since_us * interval '1 microsecond',
               timestamptz 'epoch' + opened_at_us * interval '1 microsecond',
               timestamptz 'epoch' + nullif(closed_at_us, 0) * interval '1 microsecond', terminal, grid
        FROM unnest(%(members)s::integer[], %(sinces)s::bigint[], %(opened)s::bigint[], %(closed)s::bigint[],
                    %(terminals)s::integer[], %(grids)s::integer[])
            AS row (member, since_us, opened_at_us, closed_at_us, terminal, grid)
        ON CONFLICT DO NOTHING
        """,
        {
            "members": list(members),
            "sinces": list(sinces),
            "opened": list(opened),
            "closed": list(closed),
            "terminals": list(terminals),
            "grids": list(grids),
        },
    )


async def lapse(connection: Connection, members: Sequence[int]) -> None:
    """End the open outings of members who can neither be out any more nor come back."""
    await connection.execute(
        """
        UPDATE outing SET closed_at = greatest(now(), opened_at), has_lapsed = true
        WHERE member = ANY(%(members)s) AND closed_at IS NULL
        """,
        {"members": list(members)},
    )


async def open_members(connection: Connection) -> list[int]:
    cursor = await connection.execute("SELECT member FROM outing WHERE closed_at IS NULL")
    return [member for (member,) in await cursor.fetchall()]

"""Who was in some grids between two times: fixes found by (grid, time), each given to who carried the terminal then.

Neither suspect (1) nor inaccurate (8) fixes count. 160,000 rows of an hour lie on as many pages: the statements may
remember all of them, and the caller limits how many there may be.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from psycopg import AsyncConnection
from psycopg.rows import class_row
from shapely.geometry.base import BaseGeometry

from dashboard.shapes import Scope
from dashboard.store.units import within
from tracker.geometry.cover import Cover, Leaf, holds
from tracker.model.positions import DEGREE

Connection = AsyncConnection[Any]

TIMEOUT_MS: Final = 10_000
_FIX: Final = np.dtype([("member", "<i4"), ("terminal", "<i4"), ("at_us", "<i8"), ("lon", "<i4"), ("lat", "<i4")])


class Span(NamedTuple):
    """From `since` to before `until`, both aware."""

    since: datetime
    until: datetime


class Visit(NamedTuple):
    """The fixes of one terminal in the grids while one member carried it; member 0: nobody did."""

    member: int
    terminal: int
    first_us: int
    last_us: int
    fixes: int


class Stay(NamedTuple):
    """The fixes of one member: the first and the last, each of its terminal."""

    member: int
    first: tuple[int, int]  # time in us, terminal
    last: tuple[int, int]
    fixes: int


class TooManyError(Exception):
    """More fixes than the caller wanted to have looked at."""


async def leaves_of(connection: Connection, scope: Scope, span: Span) -> list[int]:
    """Return the leaves below a unit in any grid set that was in force meanwhile."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT grid.unit FROM grid JOIN unit ON unit.id = grid.unit
        WHERE is_leaf AND tree_left BETWEEN %(left)s AND %(right)s
            AND version = ANY(%(versions)s)
        """,
        {**within(scope), "versions": await _in_force(connection, span)},
    )
    return [unit for (unit,) in await cursor.fetchall()]


async def leaves_near(connection: Connection, area: BaseGeometry, span: Span) -> list[Leaf]:
    """Return the leaves, as each grid set drew them that was in force meanwhile, whose bounds touch the area's."""
    west, south, east, north = area.bounds
    versions = await _in_force(connection, span)
    async with connection.cursor(row_factory=class_row(Leaf)) as cursor:
        await cursor.execute(
            """
            SELECT version, unit, area FROM grid
            WHERE is_leaf AND min_lon <= %(east)s AND max_lon >= %(west)s
                AND min_lat <= %(north)s AND max_lat >= %(south)s
                AND version = ANY(%(versions)s)
            """,
            {"west": west, "south": south, "east": east, "north": north, "versions": versions},
        )
        return await cursor.fetchall()


async def stays(
    connection: Connection, covered: Cover, span: Span, *, area: BaseGeometry | None, most: int
) -> list[Stay]:
    """Return who was there, in order of their first fix. Inside a transaction: it sets how it is run.

    Raises TooManyError for more than `most` fixes, psycopg.errors.QueryCanceled after 10 s.
    """
    await connection.execute(
        "SELECT set_config('work_mem', '64MB', true), set_config('statement_timeout', %s, true)", [str(TIMEOUT_MS)]
    )
    found = await _in_whole(connection, covered.whole, span, most) if covered.whole else []
    if area is not None and covered.partly:
        found += await _in_part(connection, covered.partly, span, most, area)
    if sum(visit.fixes for visit in found) > most:
        raise TooManyError
    return merged(found)


def merged(visits: Iterable[Visit]) -> list[Stay]:
    """Return one stay of each member, in order of the first fix; those of nobody are left out."""
    found: dict[int, Stay] = {}
    for visit in visits:
        first, last = (visit.first_us, visit.terminal), (visit.last_us, visit.terminal)
        known = found.get(visit.member)
        if known is not None:
            first, last = min(first, known.first), max(last, known.last)
        found[visit.member] = Stay(visit.member, first, last, visit.fixes + (known.fixes if known else 0))
    found.pop(0, None)
    return sorted(found.values(), key=lambda stay: (stay.first, stay.member))


async def in_scope(connection: Connection, scope: Scope, members: Sequence[int]) -> set[int]:
    """Return those of `members` whose primary unit lies in the scope."""
    cursor = await connection.execute(
        """
        SELECT member FROM assignment
        JOIN unit ON unit.id = assignment.unit
        JOIN member ON member.id = assignment.member AND member.closed_at IS NULL
        WHERE member = ANY(%(members)s) AND is_primary AND tree_left BETWEEN %(left)s AND %(right)s
        """,
        {**within(scope), "members": list(members)},
    )
    return {member for (member,) in await cursor.fetchall()}


async def places(
    connection: Connection, fixes: Sequence[tuple[int, int]], span: Span
) -> dict[tuple[int, int], tuple[float, float]]:
    """Return lon and lat of each (time in us, terminal)."""
    cursor = await connection.execute(
        """
        SELECT at_us, position.terminal, lon / 1e7::float8, lat / 1e7::float8
        FROM unnest(%(times)s::bigint[], %(terminals)s::integer[]) AS key (at_us, terminal)
        JOIN position ON position.terminal = key.terminal
            AND position.fixed_at = timestamptz 'epoch' + at_us * interval '1 microsecond'
        WHERE fixed_at >= %(since)s AND fixed_at < %(until)s
        """,
        {"times": [at for at, _ in fixes], "terminals": [terminal for _, terminal in fixes], **span._asdict()},
    )
    return {(at_us, terminal): (lon, lat) for at_us, terminal, lon, lat in await cursor.fetchall()}


async def _in_force(connection: Connection, span: Span) -> list[int]:
    """Return the grid sets that judged fixes meanwhile; the first counts for whatever is older (as in the atlas)."""
    cursor = await connection.execute(
        """
        SELECT coalesce(nullif(grid_set_at(%(since)s), 0), (
            SELECT version FROM grid_set WHERE withdrawn_at IS NULL ORDER BY takes_effect_at, version DESC LIMIT 1
        ))
        UNION SELECT version FROM grid_set
        WHERE takes_effect_at BETWEEN %(since)s AND %(until)s AND withdrawn_at IS NULL
        """,
        span._asdict(),
    )
    return [version for (version,) in await cursor.fetchall() if version is not None]


async def _in_whole(connection: Connection, grids: Sequence[int], span: Span, most: int) -> list[Visit]:
    """Add up in the database: of a street's hour come some thousand rows instead of 160,000."""
    async with connection.cursor(row_factory=class_row(Visit), binary=True) as cursor:
        await cursor.execute(
            """
            SELECT coalesce(carrier.member, 0) AS member, seen.terminal,
                (extract(epoch FROM min(fixed_at)) * 1000000)::bigint AS first_us,
                (extract(epoch FROM max(fixed_at)) * 1000000)::bigint AS last_us,
                count(*) AS fixes
            FROM (
                SELECT terminal, fixed_at FROM position
                WHERE grid = ANY(%(grids)s::integer[]) AND fixed_at >= %(since)s AND fixed_at < %(until)s
                    AND flags & 9 = 0
                LIMIT %(most)s + 1
            ) AS seen
            LEFT JOIN terminal_carrier AS carrier ON carrier.terminal = seen.terminal
                AND fixed_at >= carrier.since AND (carrier.until IS NULL OR fixed_at < carrier.until)
            GROUP BY 1, 2
            """,
            {"grids": list(grids), "most": most, **span._asdict()},
        )
        return await cursor.fetchall()


async def _in_part(
    connection: Connection, grids: Sequence[int], span: Span, most: int, area: BaseGeometry
) -> list[Visit]:
    """Look at each fix near the area by itself."""
    west, south, east, north = (round(degrees * DEGREE) for degrees in area.bounds)
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(
            """
            SELECT coalesce(carrier.member, 0), seen.terminal,
                (extract(epoch FROM fixed_at) * 1000000)::bigint, lon, lat
            FROM (
                SELECT terminal, fixed_at, lon, lat FROM position
                WHERE grid = ANY(%(grids)s::integer[]) AND fixed_at >= %(since)s AND fixed_at < %(until)s
                    AND flags & 9 = 0
                    AND lon BETWEEN %(west)s AND %(east)s AND lat BETWEEN %(south)s AND %(north)s
                LIMIT %(most)s + 1
            ) AS seen
            LEFT JOIN terminal_carrier AS carrier ON carrier.terminal = seen.terminal
                AND fixed_at >= carrier.since AND (carrier.until IS NULL OR fixed_at < carrier.until)
            """,
            {
                "grids": list(grids),
                "most": most,
                "west": west,
                "south": south,
                "east": east,
                "north": north,
                **span._asdict(),
            },
        )
        near = np.array(await cursor.fetchall(), _FIX)
    return _visits(near[holds(area, near["lon"] / DEGREE, near["lat"] / DEGREE)])


def _visits(fixes: npt.NDArray[np.void]) -> list[Visit]:
    """Add up what `_in_whole` adds up in SQL."""
    if not len(fixes):
        return []
    ordered = fixes[np.lexsort((fixes["at_us"], fixes["terminal"], fixes["member"]))]
    who, terminal, at_us = ordered["member"], ordered["terminal"], ordered["at_us"]
    starts = np.flatnonzero(np.r_[True, (who[1:] != who[:-1]) | (terminal[1:] != terminal[:-1])])
    ends = np.r_[starts[1:], len(ordered)] - 1
    columns = (who[starts], terminal[starts], at_us[starts], at_us[ends], ends - starts + 1)
    return [Visit(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]

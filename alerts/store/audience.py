"""Table audience: frozen by INSERT ... SELECT, each person with the reasons why, each phone once.

Who is in it is said once, in the SQL function `audience_of` (migration 0020), for the preview and for the freeze.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import numpy as np
from psycopg import AsyncConnection

from alerts.core import areas, audience
from tracker.model.positions import DEGREE, Flag

Connection = AsyncConnection[Any]

WIDE: Final = 2_000  # units
LATEST_S: Final = 900.0  # a state is never that much older than the last position
REACH: Final = round(0.05 * DEGREE)  # 4.5 km or more: nobody comes farther between two states


@dataclass(frozen=True, slots=True)
class Inside:
    """Members whose last fresh fix lies in the drawn area: parallel columns of member and age of the fix."""

    members: list[int] = field(default_factory=list[int])
    ages_s: list[int] = field(default_factory=list[int])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whom an alert is for: leaders of `grids` and below down to `depth`, people inside its area, `teams`."""

    grids: Sequence[int] = ()
    depth: str | None = None
    inside: Inside = field(default_factory=Inside)
    teams: Sequence[int] = ()

    def given(self, why: audience.Why) -> dict[str, object]:
        """Return the parameters of `audience_of`; `why` is the reason of those inside."""
        return {
            "grids": list(self.grids),
            "depth": self.depth,
            "members": self.inside.members,
            "ages_s": self.inside.ages_s,
            "why": why.value,
            "teams": list(self.teams),
        }


async def find_inside(connection: Connection, *, area: bytes, unit: int, now: datetime) -> Inside:
    """Find who is inside `area` now; `unit` is the issuer: a fix or a home outside its subtree is not its business.

    The bounding box is SQL's, the exact test one vectorised call. A member with two terminals counts by the fresher.
    In a busy city a state is a minute old: where those are now who could be in the area is read from the positions.
    """
    west, south, east, north = (round(degrees * DEGREE) for degrees in areas.bounds(area))
    cursor = await connection.execute(
        """
        SELECT member, lon, lat, age_s
        FROM (
            SELECT DISTINCT ON (t.member) t.member,
                   coalesce(newer.lon, s.lon) AS lon, coalesce(newer.lat, s.lat) AS lat,
                   greatest(0, extract(epoch FROM %(now)s - coalesce(newer.fixed_at, s.fixed_at)))::integer AS age_s
            FROM terminal_state s
            JOIN terminal t ON t.id = s.terminal AND t.member IS NOT NULL AND t.closed_at IS NULL
            JOIN unit issuer ON issuer.id = %(unit)s
            LEFT JOIN assignment a ON a.member = t.member AND a.is_primary
            LEFT JOIN unit home ON home.id = a.unit
            LEFT JOIN LATERAL (
                SELECT p.fixed_at, p.lon, p.lat, p.grid FROM position p
                WHERE p.terminal = s.terminal AND p.fixed_at > s.fixed_at
                  AND p.fixed_at > %(now)s - make_interval(secs => %(since_s)s) AND p.flags & %(suspect)s = 0
                ORDER BY p.fixed_at DESC LIMIT 1
            ) AS newer ON true
            LEFT JOIN unit place ON place.id = coalesce(newer.grid, s.grid)
            WHERE s.lon BETWEEN %(west)s - %(reach)s AND %(east)s + %(reach)s
              AND s.lat BETWEEN %(south)s - %(reach)s AND %(north)s + %(reach)s
              AND greatest(s.received_at, newer.fixed_at)
                  > %(now)s - make_interval(secs => greatest(5 * s.interval_s, 180))
              AND (home.tree_left BETWEEN issuer.tree_left AND issuer.tree_right
                   OR place.tree_left BETWEEN issuer.tree_left AND issuer.tree_right)
            ORDER BY t.member, coalesce(newer.fixed_at, s.fixed_at) DESC
        ) AS last
        WHERE lon BETWEEN %(west)s AND %(east)s AND lat BETWEEN %(south)s AND %(north)s
        """,
        {
            "now": now,
            "unit": unit,
            "west": west,
            "south": south,
            "east": east,
            "north": north,
            "reach": REACH,
            "since_s": LATEST_S,
            "suspect": Flag.SUSPECT.value,
        },
    )
    columns = np.array(await cursor.fetchall(), dtype=np.int64).reshape(-1, 4)
    mask = audience.inside(area, lon=columns[:, 1].astype(np.int32), lat=columns[:, 2].astype(np.int32))
    return Inside(columns[mask, 0].tolist(), columns[mask, 3].tolist())


async def freeze(connection: Connection, wanted: Wanted, *, alert: UUID, version: int) -> int:
    """Write the audience of an alert that is being issued; return how many people it holds."""
    await make_room(connection, wanted)
    cursor = await connection.execute(
        """
        INSERT INTO audience (alert, member, since_version, phone, language, unit, reasons)
        SELECT %(alert)s, member, %(version)s, phone, language, unit, reasons
        FROM audience_of(%(grids)s::int[], %(depth)s, %(members)s::int[], %(ages_s)s::int[], %(why)s,
                         %(teams)s::int[])
        ORDER BY member
        """,
        {"alert": alert, "version": version, **wanted.given(audience.Why.INSIDE)},
    )
    await connection.execute("SET LOCAL enable_nestloop = on")
    return cursor.rowcount


async def make_room(connection: Connection, wanted: Wanted) -> None:
    """Let this transaction look for many people as for many.

    The planner expects a 27th of a whole city's units, and would look up each of their people one by one.
    """
    await connection.execute("SET LOCAL work_mem = '64MB'")  # 85,319 people sort in 9 MB, else on disk
    cursor = await connection.execute(
        "SELECT coalesce(sum((tree_right - tree_left + 1) / 2), 0) FROM unit WHERE id = ANY(%s)", [list(wanted.grids)]
    )
    (units,) = await cursor.fetchone() or (0,)
    if units >= WIDE:
        await connection.execute("SET LOCAL enable_nestloop = off")


async def enter(connection: Connection, *, alert: UUID, version: int, inside: Inside) -> list[int]:
    """Add those inside the area who are not in the audience yet; return them."""
    cursor = await connection.execute(
        """
        INSERT INTO audience (alert, member, since_version, phone, language, unit, reasons)
        SELECT %(alert)s, p.member, %(version)s, p.phone, p.language, p.unit, p.reasons
        FROM audience_of(%(grids)s::int[], %(depth)s, %(members)s::int[], %(ages_s)s::int[], %(why)s,
                         %(teams)s::int[]) AS p
        WHERE NOT EXISTS (SELECT 1 FROM audience a WHERE (a.alert, a.member) = (%(alert)s, p.member))
        ON CONFLICT DO NOTHING
        RETURNING member
        """,
        {"alert": alert, "version": version, **Wanted(inside=inside).given(audience.Why.ENTERED)},
    )
    return [row[0] for row in await cursor.fetchall()]


async def preview(connection: Connection, wanted: Wanted, *, limit: int) -> list[tuple[Any, ...]]:
    """Return the first rows (member, name, phone, unit, name, name_en, level, reasons, total) of who would be told."""
    cursor = await connection.execute(
        """
        SELECT p.member, m.name, p.phone, u.id, u.name, u.name_en, u.level, p.reasons, count(*) OVER () AS total
        FROM audience_of(%(grids)s::int[], %(depth)s, %(members)s::int[], %(ages_s)s::int[], %(why)s,
                         %(teams)s::int[]) AS p
        JOIN member m ON m.id = p.member
        LEFT JOIN unit u ON u.id = p.unit
        ORDER BY u.tree_left NULLS LAST, p.member
        LIMIT %(limit)s
        """,
        {**wanted.given(audience.Why.INSIDE), "limit": limit},
    )
    return await cursor.fetchall()


async def preview_counts(connection: Connection, wanted: Wanted) -> list[tuple[int | None, str, str, int]]:
    """Return (unit, its level, first reason, people)."""
    cursor = await connection.execute(
        """
        SELECT u.id, coalesce(u.level, ''), p.reasons -> 0 ->> 'why', count(*)
        FROM audience_of(%(grids)s::int[], %(depth)s, %(members)s::int[], %(ages_s)s::int[], %(why)s,
                         %(teams)s::int[]) AS p
        LEFT JOIN unit u ON u.id = p.unit
        GROUP BY 1, 2, 3
        """,
        wanted.given(audience.Why.INSIDE),
    )
    return await cursor.fetchall()


async def has(connection: Connection, *, alert: UUID, member: int) -> bool:
    cursor = await connection.execute("SELECT 1 FROM audience WHERE alert = %s AND member = %s", [alert, member])
    return await cursor.fetchone() is not None


async def name_of(connection: Connection, member: int) -> str:
    cursor = await connection.execute("SELECT name FROM member WHERE id = %s", [member])
    row = await cursor.fetchone()
    return str(row[0]) if row else ""

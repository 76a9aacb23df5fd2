"""A member's fixes, way and time in each grid, by the hour. One statement for both flavours of history."""

from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.shapes import Scope
from dashboard.store.units import within
from dashboard.store.visits import Span

Connection = AsyncConnection[Any]


class HourRow(NamedTuple):
    hour: datetime
    grid: int | None  # none outside the scope, and outside the city
    name: str | None
    name_en: str | None
    fixes: int
    distance_m: int
    in_grid_s: int


async def of_member(connection: Connection, scope: Scope, member: int, span: Span) -> list[HourRow]:
    """Return the hours that touch the span, in order, the grid of the longest time first.

    A caller has made sure that the member is in scope. What was outside it is one row an hour, without a grid.
    """
    async with connection.cursor(row_factory=class_row(HourRow)) as cursor:
        await cursor.execute(
            """
            SELECT hour, unit.id AS grid, name, name_en, sum(fixes)::bigint AS fixes,
                sum(distance_m)::bigint AS distance_m, sum(in_grid_s)::bigint AS in_grid_s
            FROM member_hours(
                %(member)s, date_trunc('hour', %(since)s::timestamptz, 'UTC'), %(until)s::timestamptz
            ) AS added
            LEFT JOIN unit ON unit.id = added.grid AND tree_left BETWEEN %(left)s AND %(right)s
            GROUP BY hour, unit.id
            ORDER BY hour, in_grid_s DESC, unit.id
            """,
            {**within(scope), "member": member, **span._asdict()},
        )
        return await cursor.fetchall()

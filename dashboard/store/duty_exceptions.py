"""Leave and exchanges of the members of one subtree."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from dashboard.shapes import Named, Scope
from dashboard.store.units import within

Connection = AsyncConnection[Any]


class DutyException(Struct, frozen=True, kw_only=True):
    member: Named
    unit: Named
    starts_at: datetime
    ends_at: datetime
    is_on: bool  # an exchange or overtime; else leave
    note: str


async def page(
    connection: Connection, scope: Scope, *, since: datetime, until: datetime | None, limit: int, offset: int
) -> tuple[list[DutyException], int]:
    """Return those with a moment in [since, until), in order of time, and how many there are in all."""
    span = {**within(scope), "since": since, "until": until}
    counted = await connection.execute(
        """
        SELECT count(*)
        FROM duty_exception
        JOIN member ON member.id = duty_exception.member AND member.closed_at IS NULL
        JOIN assignment ON assignment.member = member.id AND is_primary
        JOIN unit ON unit.id = assignment.unit AND tree_left BETWEEN %(left)s AND %(right)s
        WHERE ends_at > %(since)s AND COALESCE(starts_at < %(until)s::timestamptz, true)
        """,
        span,
    )
    total = int((await counted.fetchone() or (0,))[0])
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """
            SELECT
                member.id AS member, member.name, unit.id AS unit, unit.name AS unit_name, unit.name_en AS unit_name_en,
                starts_at, ends_at, is_on, note
            FROM duty_exception
            JOIN member ON member.id = duty_exception.member AND member.closed_at IS NULL
            JOIN assignment ON assignment.member = member.id AND is_primary
            JOIN unit ON unit.id = assignment.unit AND tree_left BETWEEN %(left)s AND %(right)s
            WHERE ends_at > %(since)s AND COALESCE(starts_at < %(until)s::timestamptz, true)
            ORDER BY starts_at, member.id
            LIMIT %(limit)s OFFSET %(offset)s
            """,
            {**span, "limit": limit, "offset": offset},
        )
        return [_shaped(row) async for row in cursor], total


def _shaped(row: dict[str, Any]) -> DutyException:
    unit = Named(row.pop("unit"), row.pop("unit_name"), row.pop("unit_name_en"))
    return DutyException(member=Named(row.pop("member"), row.pop("name")), unit=unit, **row)

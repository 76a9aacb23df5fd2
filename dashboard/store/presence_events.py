"""What a member's presence was when: on-line, silent, off-line, out of their own grid and back."""

from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row


class PresenceEventRow(NamedTuple):
    at: datetime
    kind: str
    terminal: str
    grid: int | None  # where the terminal was then
    grid_name: str | None
    grid_name_en: str | None
    grid_left: int | None


async def page(connection: AsyncConnection[Any], member: int, *, limit: int) -> list[PresenceEventRow]:
    """Return a member's newest events, of whatever terminal they carried then; a caller has made sure of the scope."""
    cursor = connection.cursor(row_factory=class_row(PresenceEventRow))
    await cursor.execute(
        """
        SELECT
            at, kind, terminal.code AS terminal,
            grid.id AS grid, grid.name AS grid_name, grid.name_en AS grid_name_en, grid.tree_left AS grid_left
        FROM presence_event
        JOIN terminal ON terminal.id = presence_event.terminal
        LEFT JOIN unit grid ON grid.id = presence_event.grid
        WHERE presence_event.member = %(member)s
        ORDER BY at DESC, kind
        LIMIT %(limit)s
        """,
        {"member": member, "limit": limit},
    )
    return await cursor.fetchall()

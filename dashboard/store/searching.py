"""What all searches over messages share: how long they may take, and how many people they look through one by one."""

from typing import Any, Final

from psycopg import AsyncConnection

from dashboard.shapes import Scope
from dashboard.store.units import within

Connection = AsyncConnection[Any]

FEW: Final = 500  # members, whose messages are some ten thousand
ROOM: Final = "64MB"  # for 270,342 people
LONGEST: Final = "15s"  # that a search may take before it is given up


async def keep_short(connection: Connection) -> None:
    """Of this transaction: give a search up in time, and let it hash a whole city's people.

    With 4 MB the people of a subtree no longer fit, and each message is compared with all of them: 15 s instead of 0.2.
    """
    await connection.execute(
        "SELECT set_config('statement_timeout', %s, true), set_config('work_mem', %s, true)", [LONGEST, ROOM]
    )


async def few_of(connection: Connection, scope: Scope) -> tuple[bool, list[int]]:
    """Return whether the scope is but a part of the city, and its members: at most one more than FEW."""
    cursor = await connection.execute(
        """
        SELECT EXISTS (SELECT FROM unit WHERE NOT tree_left BETWEEN %(left)s AND %(right)s),
            ARRAY(SELECT a.member FROM assignment a JOIN unit u ON u.id = a.unit
                  WHERE a.is_primary AND u.tree_left BETWEEN %(left)s AND %(right)s LIMIT %(few)s + 1)
        """,
        {**within(scope), "few": FEW},
    )
    is_part, members = await cursor.fetchone() or (True, [])
    return is_part, members

"""Roles lent to other accounts for a period (table delegation)."""

from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.shapes import Named, Scope

Connection = AsyncConnection[Any]


class DelegationRow(NamedTuple):
    id: int
    role: str
    unit: int
    unit_name: str
    unit_name_en: str | None
    lender: int
    lender_name: str
    account: int
    account_name: str
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    reason: str


_DELEGATION: LiteralString = """
    SELECT
        delegation.id, role, unit.id AS unit, unit.name AS unit_name, unit.name_en AS unit_name_en,
        lender.id AS lender, COALESCE(NULLIF(lender.display_name, ''), lender.name) AS lender_name,
        stand_in.id AS account, COALESCE(NULLIF(stand_in.display_name, ''), stand_in.name) AS account_name,
        starts_at, ends_at, ended_at, reason
    FROM delegation
    JOIN unit ON unit.id = delegation.unit
    JOIN account lender ON lender.id = delegation.lender
    JOIN account stand_in ON stand_in.id = delegation.account
"""


async def of_account(connection: Connection, account: int, *, since: datetime) -> list[DelegationRow]:
    """Return what the account lent or was lent and that had not ended by `since`, the newest first."""
    cursor = connection.cursor(row_factory=class_row(DelegationRow))
    await cursor.execute(
        _DELEGATION
        + """
        WHERE (delegation.lender = %(account)s OR delegation.account = %(account)s)
            AND LEAST(ends_at, ended_at) >= %(since)s
        ORDER BY delegation.id DESC LIMIT 200
        """,
        {"account": account, "since": since},
    )
    return await cursor.fetchall()


async def candidates(connection: Connection, unit: int, *, within: Scope, without: int) -> list[Named]:
    """Return the accounts of the subtree `within` that see `unit`, by name."""
    cursor = await connection.execute(
        """
        SELECT account.id, COALESCE(NULLIF(display_name, ''), account.name)
        FROM account JOIN unit home ON home.id = account.unit JOIN unit lent ON lent.id = %(unit)s
        WHERE account.closed_at IS NULL AND account.id <> %(without)s
            AND home.tree_left BETWEEN %(left)s AND %(right)s
            AND lent.tree_left BETWEEN home.tree_left AND home.tree_right
        ORDER BY 2 LIMIT 500
        """,
        {"unit": unit, "without": without, "left": within.left, "right": within.right},
    )
    return [Named(account, name) async for account, name in cursor]


async def add(
    connection: Connection,
    *,
    role: str,
    unit: int,
    lender: int,
    account: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    at: datetime,
) -> DelegationRow:
    made = await connection.execute(
        """
        INSERT INTO delegation (role, unit, lender, account, starts_at, ends_at, reason, created_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
        """,
        [role, unit, lender, account, starts_at, ends_at, reason, at],
    )
    (added,) = await made.fetchone() or (0,)
    cursor = connection.cursor(row_factory=class_row(DelegationRow))
    await cursor.execute(_DELEGATION + " WHERE delegation.id = %s", [added])
    row = await cursor.fetchone()
    if row is None:
        raise AssertionError("RETURNING returned nothing")
    return row


async def end(connection: Connection, delegation: int, *, account: int, at: datetime) -> DelegationRow | None:
    """End what `account` lent or was lent; return it as it was, None when there is none that still runs."""
    cursor = connection.cursor(row_factory=class_row(DelegationRow))
    await cursor.execute(
        _DELEGATION
        + """
        WHERE delegation.id = %(it)s AND (delegation.lender = %(account)s OR delegation.account = %(account)s)
            AND ended_at IS NULL AND ends_at > %(at)s
        FOR UPDATE OF delegation
        """,
        {"it": delegation, "account": account, "at": at},
    )
    row = await cursor.fetchone()
    if row is not None:
        await connection.execute("UPDATE delegation SET ended_at = %s WHERE id = %s", [at, delegation])
    return row

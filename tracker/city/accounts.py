"""Login accounts of the dashboard."""

import asyncio
from typing import Any

import psycopg

from tracker.security import hash_password

Connection = psycopg.AsyncConnection[Any]


async def put_account(
    connection: Connection, *, name: str, password: str, unit: int, may_issue: bool, member: int | None = None
) -> int:
    """Create the account, or give it a new password, unit and rights and end its sessions; return its id."""
    password_hash = await asyncio.to_thread(hash_password, password)
    async with connection.transaction():
        account = await _upsert(connection, (name, password_hash, unit, may_issue, member))
        await connection.execute("DELETE FROM login_session WHERE account = %s", [account])
    return account


async def _upsert(connection: Connection, facts: tuple[str, str, int, bool, int | None]) -> int:
    found = await connection.execute(
        """
        INSERT INTO account (name, password_hash, unit, may_issue, member) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash, unit = excluded.unit,
            may_issue = excluded.may_issue, member = excluded.member, closed_at = NULL
        RETURNING id
        """,
        facts,
    )
    row: Any = await found.fetchone()
    return int(row[0])

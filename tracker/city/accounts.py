"""Login accounts of the dashboard."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

import psycopg

from tracker.security import hash_password

Connection = psycopg.AsyncConnection[Any]

ROLES: Final = ("viewer", "dispatcher", "issuer", "approver", "administrator")


async def put_account(
    connection: Connection,
    *,
    name: str,
    password: str,
    unit: int,
    roles: Iterable[str] = ROLES,
    member: int | None = None,
) -> int:
    """Create the account, or give it a new password, unit and roles there and end its sessions; return its id."""
    password_hash = await asyncio.to_thread(hash_password, password)
    async with connection.transaction():
        account = await _upsert(connection, (name, password_hash, unit, member))
        await connection.execute("DELETE FROM account_role WHERE account = %s", [account])
        await connection.execute(
            "INSERT INTO account_role (account, role, unit) SELECT %s, role, %s FROM unnest(%s::text[]) AS role",
            [account, unit, sorted({"viewer", *roles})],
        )
        await connection.execute("DELETE FROM login_session WHERE account = %s", [account])
    return account


async def _upsert(connection: Connection, facts: tuple[str, str, int, int | None]) -> int:
    found = await connection.execute(
        """
        INSERT INTO account (name, password_hash, unit, member) VALUES (%s, %s, %s, %s)
        ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash, unit = excluded.unit,
            member = excluded.member, closed_at = NULL
        RETURNING id
        """,
        facts,
    )
    row: Any = await found.fetchone()
    return int(row[0])

"""API tokens: a program acts as an account, with fewer roles and for a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

Connection = AsyncConnection[Any]


class TokenRow(NamedTuple):
    id: int
    name: str
    roles: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


async def of_account(connection: Connection, account: int) -> list[TokenRow]:
    """Return an account's tokens, the newest first."""
    cursor = connection.cursor(row_factory=class_row(TokenRow))
    await cursor.execute(
        """
        SELECT id, name, roles, created_at, expires_at, last_used_at, revoked_at
        FROM api_token WHERE account = %(account)s ORDER BY id DESC
        """,
        {"account": account},
    )
    return await cursor.fetchall()


async def add(
    connection: Connection,
    *,
    account: int,
    name: str,
    token_hash: bytes,
    roles: Sequence[str],
    at: datetime,
    expires_at: datetime,
    second_factor_at: datetime | None,
) -> TokenRow:
    cursor = connection.cursor(row_factory=class_row(TokenRow))
    await cursor.execute(
        """
        INSERT INTO api_token (account, name, token_hash, roles, created_at, expires_at, second_factor_at)
        VALUES (%(account)s, %(name)s, %(hash)s, %(roles)s, %(at)s, %(expires_at)s, %(second_factor_at)s)
        RETURNING id, name, roles, created_at, expires_at, last_used_at, revoked_at
        """,
        {
            "account": account,
            "name": name,
            "hash": token_hash,
            "roles": list(roles),
            "at": at,
            "expires_at": expires_at,
            "second_factor_at": second_factor_at,
        },
    )
    return await cursor.fetchone() or _missing()


async def count_living(connection: Connection, account: int, *, now: datetime) -> int:
    found = await connection.execute(
        "SELECT count(*) FROM api_token WHERE account = %(it)s AND revoked_at IS NULL AND expires_at > %(now)s",
        {"it": account, "now": now},
    )
    return int((await found.fetchone() or (0,))[0])


async def revoke(connection: Connection, *, account: int, token: int, at: datetime) -> tuple[str, bytes] | None:
    """End one of the account's tokens; return its name and hash, None when there is none that lives."""
    found = await connection.execute(
        """
        UPDATE api_token SET revoked_at = %(at)s
        WHERE id = %(token)s AND account = %(account)s AND revoked_at IS NULL
        RETURNING name, token_hash
        """,
        {"account": account, "token": token, "at": at},
    )
    return await found.fetchone()


async def revoke_all(connection: Connection, account: int, *, at: datetime) -> list[bytes]:
    """End all tokens of an account; return the hashes of those that lived."""
    cursor = await connection.execute(
        """
        UPDATE api_token SET revoked_at = %(at)s WHERE account = %(account)s AND revoked_at IS NULL
        RETURNING token_hash
        """,
        {"account": account, "at": at},
    )
    return [bytes(token_hash) async for (token_hash,) in cursor]


async def touch(connection: Connection, token: int, *, at: datetime) -> None:
    """Note when it was used; callers do so once a minute, not at every request."""
    await connection.execute("UPDATE api_token SET last_used_at = %(at)s WHERE id = %(it)s", {"it": token, "at": at})


def _missing() -> TokenRow:
    raise AssertionError("RETURNING returned nothing")

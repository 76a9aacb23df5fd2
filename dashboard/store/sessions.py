"""Log-in sessions of accounts; the tables know only the hashes of their tokens."""

from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

Connection = AsyncConnection[Any]


class SessionRow(NamedTuple):
    id: str
    created_at: datetime
    expires_at: datetime
    address: str
    user_agent: str
    via: str


async def add(
    connection: Connection,
    *,
    token_hash: bytes,
    account: int,
    expires_at: datetime,
    second_factor_at: datetime | None,
    address: str,
    user_agent: str,
    via: str,
) -> None:
    await connection.execute(
        """
        INSERT INTO login_session (token_hash, account, expires_at, second_factor_at, address, user_agent, via)
        VALUES (
            %(token_hash)s, %(account)s, %(expires_at)s, %(second_factor_at)s, %(address)s, %(user_agent)s, %(via)s
        )
        """,
        {
            "token_hash": token_hash,
            "account": account,
            "expires_at": expires_at,
            "second_factor_at": second_factor_at,
            "address": address,
            "user_agent": user_agent,
            "via": via,
        },
    )


async def of_account(connection: Connection, account: int, *, now: datetime) -> list[SessionRow]:
    """Return the account's living sessions, the newest first; the id is the hash, which opens nothing."""
    cursor = connection.cursor(row_factory=class_row(SessionRow))
    await cursor.execute(
        """
        SELECT encode(token_hash, 'hex') AS id, created_at, expires_at, address, user_agent, via
        FROM login_session WHERE account = %(account)s AND expires_at > %(now)s ORDER BY created_at DESC
        """,
        {"account": account, "now": now},
    )
    return await cursor.fetchall()


async def via(connection: Connection, *, token_hash: bytes) -> str | None:
    """Return how a session was opened: password or oidc."""
    found = await connection.execute("SELECT via FROM login_session WHERE token_hash = %(it)s", {"it": token_hash})
    row = await found.fetchone()
    return None if row is None else str(row[0])


async def mark_second_factor(connection: Connection, *, token_hash: bytes, at: datetime) -> None:
    """Note that a session has shown its second factor."""
    await connection.execute(
        "UPDATE login_session SET second_factor_at = %(at)s WHERE token_hash = %(token_hash)s",
        {"token_hash": token_hash, "at": at},
    )


async def close(connection: Connection, *, token_hash: bytes) -> None:
    await connection.execute("DELETE FROM login_session WHERE token_hash = %(it)s", {"it": token_hash})


async def close_own(connection: Connection, account: int, *, token_hash: bytes) -> bool:
    """End one of the account's own sessions; False when it is none of them."""
    done = await connection.execute(
        "DELETE FROM login_session WHERE account = %(account)s AND token_hash = %(hash)s",
        {"account": account, "hash": token_hash},
    )
    return done.rowcount == 1


async def close_others(connection: Connection, account: int, *, keep: bytes = b"") -> list[bytes]:
    """End the account's sessions but the one kept; return their hashes, so that their screens can be told."""
    cursor = await connection.execute(
        "DELETE FROM login_session WHERE account = %(account)s AND token_hash <> %(keep)s RETURNING token_hash",
        {"account": account, "keep": keep},
    )
    return [bytes(token_hash) async for (token_hash,) in cursor]


async def close_expired(connection: Connection, *, now: datetime) -> int:
    """Delete the sessions that have expired; return how many."""
    done = await connection.execute("DELETE FROM login_session WHERE expires_at <= %(now)s", {"now": now})
    return done.rowcount

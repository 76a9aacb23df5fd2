"""Accounts and their log-in sessions."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import class_row

from dashboard.shapes import Scope

Connection = AsyncConnection[Any]


class Account(Struct, frozen=True, kw_only=True):
    """Who is at the screen, with the subtree they see."""

    id: int
    name: str
    may_issue: bool
    member: int | None  # the person the account belongs to
    unit: int
    tree_left: int
    tree_right: int

    @property
    def scope(self) -> Scope:
        return Scope(unit=self.unit, left=self.tree_left, right=self.tree_right)


async def password_hash_of(connection: Connection, name: str) -> tuple[int, str] | None:
    """Return the account's id and argon2 hash; None for an unknown or closed account."""
    found = await connection.execute(
        "SELECT id, password_hash FROM account WHERE name = %(name)s AND closed_at IS NULL", {"name": name}
    )
    return await found.fetchone()


async def open_session(connection: Connection, *, token_hash: bytes, account: int, expires_at: datetime) -> None:
    await connection.execute(
        """
        INSERT INTO login_session (token_hash, account, expires_at)
        VALUES (%(token_hash)s, %(account)s, %(expires_at)s)
        """,
        {"token_hash": token_hash, "account": account, "expires_at": expires_at},
    )


async def account_of_session(connection: Connection, *, token_hash: bytes, now: datetime) -> Account | None:
    """Return the account behind a session that has not expired."""
    cursor = connection.cursor(row_factory=class_row(Account))
    await cursor.execute(
        """
        SELECT account.id, account.name, member,
            EXISTS (SELECT FROM account_role WHERE account = account.id AND role = 'issuer') AS may_issue,
            unit.id AS unit, tree_left, tree_right
        FROM login_session
        JOIN account ON account.id = login_session.account
        JOIN unit ON unit.id = account.unit
        WHERE token_hash = %(token_hash)s AND expires_at > %(now)s AND account.closed_at IS NULL
        """,
        {"token_hash": token_hash, "now": now},
    )
    return await cursor.fetchone()


async def close_session(connection: Connection, *, token_hash: bytes) -> None:
    await connection.execute("DELETE FROM login_session WHERE token_hash = %(it)s", {"it": token_hash})


async def close_expired_sessions(connection: Connection, *, now: datetime) -> int:
    """Delete the sessions that have expired; return how many."""
    done = await connection.execute("DELETE FROM login_session WHERE expires_at <= %(now)s", {"now": now})
    return done.rowcount

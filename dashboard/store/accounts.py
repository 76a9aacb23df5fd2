"""Accounts and their log-in sessions."""

from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from msgspec import Struct, convert
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from dashboard.shapes import Scope

Connection = AsyncConnection[Any]


class Grant(Struct, frozen=True, array_like=True):
    """One role of an account: the unit whose subtree it is held for."""

    unit: int
    left: int
    right: int
    is_top: bool  # the unit is the root of the tree

    @property
    def scope(self) -> Scope:
        return Scope(unit=self.unit, left=self.left, right=self.right)


class Account(Struct, frozen=True, kw_only=True):
    """Who is at the screen, with the subtree they see and what they may do in it."""

    id: int
    name: str
    display_name: str
    member: int | None  # the person the account belongs to
    must_change_password: bool
    has_totp: bool
    unit: int
    tree_left: int
    tree_right: int
    grants: dict[str, Grant]  # by role

    @property
    def scope(self) -> Scope:
        return Scope(unit=self.unit, left=self.tree_left, right=self.tree_right)


class Entry(NamedTuple):
    """An account and how it came in."""

    account: Account
    has_second_factor: bool


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


_ACCOUNT: LiteralString = """
    SELECT
        account.id, account.name, display_name, member, must_change_password,
        totp_confirmed_at IS NOT NULL AS has_totp,
        home.id AS unit, home.tree_left, home.tree_right,
        (
            SELECT COALESCE(
                jsonb_object_agg(
                    role, jsonb_build_array(held.id, held.tree_left, held.tree_right, held.parent IS NULL)
                ),
                '{}'
            )
            FROM account_role JOIN unit held ON held.id = account_role.unit
            WHERE account_role.account = account.id
        ) AS grants
"""


async def account_of_session(connection: Connection, *, token_hash: bytes, now: datetime) -> Entry | None:
    """Return the account behind a session that has not expired, with its roles: one query."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(
        _ACCOUNT
        + """, second_factor_at IS NOT NULL AS has_second_factor
        FROM login_session
        JOIN account ON account.id = login_session.account
        JOIN unit home ON home.id = account.unit
        WHERE token_hash = %(token_hash)s AND expires_at > %(now)s AND account.closed_at IS NULL
        """,
        {"token_hash": token_hash, "now": now},
    )
    row = await cursor.fetchone()
    return None if row is None else Entry(account_of(row), row["has_second_factor"])


def account_of(row: dict[str, Any]) -> Account:
    return convert({name: row[name] for name in Account.__struct_fields__}, Account)


async def close_session(connection: Connection, *, token_hash: bytes) -> None:
    await connection.execute("DELETE FROM login_session WHERE token_hash = %(it)s", {"it": token_hash})


async def close_expired_sessions(connection: Connection, *, now: datetime) -> int:
    """Delete the sessions that have expired; return how many."""
    done = await connection.execute("DELETE FROM login_session WHERE expires_at <= %(now)s", {"now": now})
    return done.rowcount

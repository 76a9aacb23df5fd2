"""Accounts: who they are, how they are recognised, what they may do and where."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from msgspec import Struct, convert
from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from dashboard.shapes import Named, Scope

Connection = AsyncConnection[Any]


class Grant(Struct, frozen=True, array_like=True):
    """One role of an account: the unit whose subtree it is held for."""

    unit: int
    left: int
    right: int
    is_top: bool  # the unit is the root of the tree
    lender: str | None = None  # whose role it is, where it is lent

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
    numbering: int  # of the tree, by which its intervals count
    has_second_factor: bool
    token: int | None = None  # the API token
    token_roles: frozenset[str] | None = None
    last_used_at: datetime | None = None


class Credentials(NamedTuple):
    """What a log-in is judged by."""

    id: int
    name: str
    unit: int
    password_hash: str | None  # argon2id; None: comes by single sign-on only
    has_totp: bool


async def credentials_of(connection: Connection, name: str) -> Credentials | None:
    """Return how an account is recognised; None for an unknown or closed one."""
    cursor = connection.cursor(row_factory=class_row(Credentials))
    await cursor.execute(
        """
        SELECT id, name, unit, password_hash, totp_confirmed_at IS NOT NULL AS has_totp
        FROM account WHERE name = %(name)s AND closed_at IS NULL
        """,
        {"name": name},
    )
    return await cursor.fetchone()


async def of_identity(connection: Connection, *, issuer: str, subject: str) -> Credentials | None:
    """Return the account bound to somebody at an identity provider."""
    cursor = connection.cursor(row_factory=class_row(Credentials))
    await cursor.execute(
        """
        SELECT id, name, unit, password_hash, totp_confirmed_at IS NOT NULL AS has_totp
        FROM account WHERE oidc_issuer = %(issuer)s AND oidc_subject = %(subject)s AND closed_at IS NULL
        """,
        {"issuer": issuer, "subject": subject},
    )
    return await cursor.fetchone()


async def bind_identity(connection: Connection, *, issuer: str, subject: str, name: str) -> Credentials | None:
    """Bind the account of this name, if an administrator invited it to come by this provider and nobody has yet."""
    cursor = connection.cursor(row_factory=class_row(Credentials))
    await cursor.execute(
        """
        UPDATE account SET oidc_subject = %(subject)s, revision = revision + 1
        WHERE name = %(name)s AND oidc_issuer = %(issuer)s AND oidc_subject IS NULL AND closed_at IS NULL
        RETURNING id, name, unit, password_hash, totp_confirmed_at IS NOT NULL AS has_totp
        """,
        {"issuer": issuer, "subject": subject, "name": name},
    )
    return await cursor.fetchone()


# Grants are roles held, and roles lent now by who still holds them; of two of a kind the wider one counts.
_ACCOUNT: LiteralString = """
    SELECT
        account.id, account.name, display_name, member, must_change_password,
        totp_confirmed_at IS NOT NULL AS has_totp,
        home.id AS unit, home.tree_left, home.tree_right, (SELECT number FROM tree_numbering) AS numbering,
        (
            SELECT COALESCE(
                jsonb_object_agg(
                    role, jsonb_build_array(held.id, held.tree_left, held.tree_right, held.parent IS NULL, lender)
                    ORDER BY held.tree_right - held.tree_left, lender IS NULL
                ),
                '{}'
            )
            FROM (
                SELECT account_role.role, account_role.unit, NULL AS lender
                FROM account_role WHERE account_role.account = account.id
                UNION ALL
                SELECT delegation.role, delegation.unit, COALESCE(NULLIF(lender.display_name, ''), lender.name)
                FROM delegation
                JOIN unit lent ON lent.id = delegation.unit
                JOIN account lender ON lender.id = delegation.lender AND lender.closed_at IS NULL
                JOIN account_role own ON own.account = lender.id AND own.role = delegation.role
                JOIN unit covered ON covered.id = own.unit
                    AND lent.tree_left BETWEEN covered.tree_left AND covered.tree_right
                WHERE delegation.account = account.id AND delegation.ended_at IS NULL
                    AND delegation.starts_at <= %(now)s AND delegation.ends_at > %(now)s
            ) AS holding
            JOIN unit held ON held.id = holding.unit
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
    return None if row is None else Entry(account_of(row), row["numbering"], row["has_second_factor"])


def account_of(row: dict[str, Any]) -> Account:
    return convert({name: row[name] for name in Account.__struct_fields__}, Account)


async def account_of_token(connection: Connection, *, token_hash: bytes, now: datetime) -> Entry | None:
    """Return the account behind an API token that neither expired nor was revoked."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(
        _ACCOUNT
        + """, second_factor_at IS NOT NULL AS has_second_factor, api_token.id AS token, roles, last_used_at
        FROM api_token
        JOIN account ON account.id = api_token.account
        JOIN unit home ON home.id = account.unit
        WHERE token_hash = %(token_hash)s AND expires_at > %(now)s AND revoked_at IS NULL
            AND account.closed_at IS NULL
        """,
        {"token_hash": token_hash, "now": now},
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    return Entry(
        account_of(row),
        row["numbering"],
        row["has_second_factor"],
        row["token"],
        frozenset(row["roles"]),
        row["last_used_at"],
    )


async def is_numbered(connection: Connection, numbering: int) -> bool:
    """Whether the tree is still numbered so: intervals read under another numbering say nothing."""
    found = await connection.execute("SELECT number = %(it)s FROM tree_numbering", {"it": numbering})
    row = await found.fetchone()
    return row is not None and bool(row[0])


async def role_units(connection: Connection, grants: Mapping[str, Grant]) -> dict[str, Named]:
    """Return the unit that each role is held for, its own or lent."""
    cursor = await connection.execute(
        "SELECT id, name, name_en FROM unit WHERE id = ANY(%(units)s)",
        {"units": [grant.unit for grant in grants.values()]},
    )
    named = {unit: Named(unit, name, name_en) async for unit, name, name_en in cursor}
    return {role: named[grant.unit] for role, grant in sorted(grants.items())}


async def note_login(connection: Connection, account: int, *, at: datetime) -> None:
    await connection.execute(
        "UPDATE account SET last_login_at = %(at)s WHERE id = %(account)s", {"account": account, "at": at}
    )


async def set_password(connection: Connection, account: int, *, password_hash: str, must_change: bool) -> None:
    await connection.execute(
        """
        UPDATE account
        SET password_hash = %(hash)s, must_change_password = %(must_change)s, revision = revision + 1
        WHERE id = %(account)s
        """,
        {"account": account, "hash": password_hash, "must_change": must_change},
    )

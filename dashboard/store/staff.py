"""Accounts as administrators see and change them. What may be changed by whom is judged in dashboard.security.staff."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from msgspec import Struct, convert
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from dashboard.shapes import Scope
from dashboard.store.units import within

Connection = AsyncConnection[Any]


class Held(Struct, frozen=True, kw_only=True):
    """The unit that a role is held for."""

    id: int
    name: str
    name_en: str | None
    left: int
    is_top: bool


class StaffRow(Struct, frozen=True, kw_only=True):
    id: int
    name: str
    display_name: str
    unit: int
    unit_name: str
    unit_name_en: str | None
    tree_left: int
    tree_right: int
    roles: dict[str, Held]
    second_factor: bool
    last_login_at: datetime | None
    closed_at: datetime | None
    revision: int
    oidc_issuer: str | None  # may come by single sign-on
    oidc_subject: str | None  # and has been bound

    @property
    def is_top_administrator(self) -> bool:
        held = self.roles.get("administrator")
        return held is not None and held.is_top


class PlaceRow(NamedTuple):
    id: int
    tree_left: int
    tree_right: int
    is_closed: bool
    is_top: bool


_STAFF: LiteralString = """
    SELECT
        account.id, account.name, display_name, account.unit, home.name AS unit_name, home.name_en AS unit_name_en,
        home.tree_left, home.tree_right,
        (
            SELECT COALESCE(
                jsonb_object_agg(
                    role,
                    jsonb_build_object(
                        'id', held.id, 'name', held.name, 'name_en', held.name_en, 'left', held.tree_left,
                        'is_top', held.parent IS NULL
                    )
                ),
                '{}'
            )
            FROM account_role JOIN unit held ON held.id = account_role.unit
            WHERE account_role.account = account.id
        ) AS roles,
        totp_confirmed_at IS NOT NULL AS second_factor, last_login_at, account.closed_at, account.revision,
        oidc_issuer, oidc_subject
    FROM account JOIN unit home ON home.id = account.unit
"""
_COUNT: LiteralString = "SELECT count(*) FROM account JOIN unit home ON home.id = account.unit"
_MATCHES: LiteralString = """
    WHERE home.tree_left BETWEEN %(left)s AND %(right)s
        AND (account.closed_at IS NULL OR %(closed)s)
        AND (%(words)s = '' OR strpos(lower(account.name), lower(%(words)s)) > 0
            OR strpos(lower(display_name), lower(%(words)s)) > 0)
"""


async def page(
    connection: Connection, scope: Scope, *, words: str, closed: bool, limit: int, offset: int
) -> list[StaffRow]:
    """Return accounts whose unit lies in the scope, by name; with the closed ones if asked."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(
        _STAFF + _MATCHES + " ORDER BY account.name LIMIT %(limit)s OFFSET %(offset)s",
        {**within(scope), "words": words, "closed": closed, "limit": limit, "offset": offset},
    )
    return [convert(row, StaffRow) for row in await cursor.fetchall()]


async def count(connection: Connection, scope: Scope, *, words: str, closed: bool) -> int:
    """Return how many accounts `page` would find in all."""
    found = await connection.execute(_COUNT + _MATCHES, {**within(scope), "words": words, "closed": closed})
    return int((await found.fetchone() or (0,))[0])


async def find(connection: Connection, account: int) -> StaffRow | None:
    """Return one account, wherever it belongs: the caller compares `tree_left` with the scope."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(_STAFF + " WHERE account.id = %(account)s", {"account": account})
    row = await cursor.fetchone()
    return None if row is None else convert(row, StaffRow)


async def id_of(connection: Connection, name: str) -> int | None:
    found = await connection.execute("SELECT id FROM account WHERE name = %(name)s", {"name": name})
    row = await found.fetchone()
    return None if row is None else int(row[0])


async def places(connection: Connection, units: list[int]) -> dict[int, PlaceRow]:
    """Return where units stand in the tree."""
    cursor = await connection.execute(
        """
        SELECT id, tree_left, tree_right, closed_at IS NOT NULL, parent IS NULL FROM unit WHERE id = ANY(%(units)s)
        """,
        {"units": units},
    )
    return {row[0]: PlaceRow(*row) async for row in cursor}


async def lock(connection: Connection) -> None:
    """Let one change of accounts follow another: of two top administrators who close each other one must stay."""
    await connection.execute("LOCK TABLE account_role IN SHARE ROW EXCLUSIVE MODE")


async def count_top_administrators(connection: Connection) -> int:
    found = await connection.execute(
        """
        SELECT count(*)
        FROM account
        JOIN account_role ON account_role.account = account.id AND role = 'administrator'
        JOIN unit ON unit.id = account_role.unit
        WHERE unit.parent IS NULL AND account.closed_at IS NULL
        """
    )
    return int((await found.fetchone() or (0,))[0])


async def add(
    connection: Connection,
    *,
    name: str,
    display_name: str,
    unit: int,
    password_hash: str | None,
    oidc_issuer: str | None,
    oidc_subject: str | None,
    at: datetime,
) -> int | None:
    """Return the new account's id; None when the name is taken."""
    found = await connection.execute(
        """
        INSERT INTO account (
            name, display_name, unit, password_hash, must_change_password, oidc_issuer, oidc_subject, created_at
        )
        VALUES (
            %(name)s, %(display_name)s, %(unit)s, %(hash)s, %(hash)s::text IS NOT NULL, %(issuer)s, %(subject)s, %(at)s
        )
        ON CONFLICT (name) DO NOTHING
        RETURNING id
        """,
        {
            "name": name,
            "display_name": display_name,
            "unit": unit,
            "hash": password_hash,
            "issuer": oidc_issuer,
            "subject": oidc_subject,
            "at": at,
        },
    )
    row = await found.fetchone()
    return None if row is None else int(row[0])


async def change(
    connection: Connection,
    account: int,
    *,
    display_name: str,
    unit: int,
    oidc_issuer: str | None,
    oidc_subject: str | None,
) -> None:
    await connection.execute(
        """
        UPDATE account
        SET display_name = %(display_name)s, unit = %(unit)s, oidc_issuer = %(issuer)s, oidc_subject = %(subject)s,
            revision = revision + 1
        WHERE id = %(account)s
        """,
        {
            "account": account,
            "display_name": display_name,
            "unit": unit,
            "issuer": oidc_issuer,
            "subject": oidc_subject,
        },
    )


async def set_roles(connection: Connection, account: int, roles: Mapping[str, int]) -> None:
    """Let the account hold these roles, each for a unit, and no others."""
    await connection.execute("DELETE FROM account_role WHERE account = %(account)s", {"account": account})
    await connection.execute(
        """
        INSERT INTO account_role (account, role, unit)
        SELECT %(account)s, role, unit FROM unnest(%(roles)s::text[], %(units)s::integer[]) AS held (role, unit)
        """,
        {"account": account, "roles": list(roles), "units": list(roles.values())},
    )


async def close(connection: Connection, account: int, *, at: datetime) -> None:
    await connection.execute(
        "UPDATE account SET closed_at = %(at)s, revision = revision + 1 WHERE id = %(account)s AND closed_at IS NULL",
        {"account": account, "at": at},
    )


async def reopen(connection: Connection, account: int) -> None:
    await connection.execute(
        "UPDATE account SET closed_at = NULL, revision = revision + 1 WHERE id = %(account)s", {"account": account}
    )

"""Who did what, for ever: rows are added in the transaction of what they tell of, and nothing changes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from dashboard.shapes import Scope
from dashboard.store.accounts import Account
from dashboard.store.units import within


class Hand(Protocol):
    """Who acts, and from where; dashboard.security.rights.Viewer is one."""

    @property
    def account(self) -> Account: ...
    @property
    def token(self) -> int | None: ...
    @property
    def address(self) -> str: ...


Connection = AsyncConnection[Any]


async def write(
    connection: Connection,
    *,
    at: datetime,
    action: str,
    subject: str,
    viewer: Hand | None = None,
    account: int | None = None,
    unit: int | None = None,
    address: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add one row; `action` is `noun.verb` in the past tense (emergency.taken), `subject` names what it was done to.

    `unit` is whom it concerns: administrators of that unit or one above it may read the row; None: those of the whole
    city alone. `account` and `address` are for whom there is no viewer yet: somebody who logs in.
    """
    await connection.execute(
        """
        INSERT INTO audit (at, account, action, subject, unit, address, token, detail)
        VALUES (%(at)s, %(account)s, %(action)s, %(subject)s, %(unit)s, %(address)s, %(token)s, %(detail)s)
        """,
        {
            "at": at,
            "account": account if viewer is None else viewer.account.id,
            "action": action,
            "subject": subject,
            "unit": unit,
            "address": address if viewer is None else viewer.address,
            "token": None if viewer is None else viewer.token,
            "detail": Jsonb(dict(detail or {})),
        },
    )


class AuditRow(NamedTuple):
    id: int
    at: datetime
    account: int | None
    account_name: str | None
    action: str
    subject: str
    unit: int | None
    unit_name: str | None
    unit_name_en: str | None
    address: str
    token: int | None
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for; what is empty or None is not asked."""

    scope: Scope  # rows that concern its units
    with_system: bool = False  # and those that concern no unit
    account: str = ""  # a name or an id
    action: str = ""  # or its beginning: account. finds all that was done to accounts
    subject: str = ""  # a part of it
    since: datetime | None = None
    until: datetime | None = None


async def search(connection: Connection, what: Search, *, before: int | None, limit: int) -> list[AuditRow]:
    """Return rows older than `before` (an id), the newest first."""
    cursor = connection.cursor(row_factory=class_row(AuditRow))
    await cursor.execute(
        """
        SELECT
            audit.id, audit.at, audit.account, account.name AS account_name, action, subject,
            unit.id AS unit, unit.name AS unit_name, unit.name_en AS unit_name_en, address, token, detail
        FROM audit
        LEFT JOIN account ON account.id = audit.account
        LEFT JOIN unit ON unit.id = audit.unit
        WHERE (tree_left BETWEEN %(left)s AND %(right)s OR (audit.unit IS NULL AND %(with_system)s))
            AND (%(before)s::bigint IS NULL OR audit.id < %(before)s)
            AND (%(account)s = '' OR account.name = %(account)s OR account.id::text = %(account)s)
            AND starts_with(action, %(action)s)
            AND strpos(lower(subject), lower(%(subject)s)) > 0
            AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
            AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
        ORDER BY audit.id DESC
        LIMIT %(limit)s
        """,
        {
            **within(what.scope),
            "with_system": what.with_system,
            "before": before,
            "account": what.account,
            "action": what.action,
            "subject": what.subject,
            "since": what.since,
            "until": what.until,
            "limit": limit,
        },
    )
    return await cursor.fetchall()

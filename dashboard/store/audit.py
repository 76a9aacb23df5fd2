"""Who did what, for ever: rows are added in the transaction of what they tell of, and nothing changes them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from dashboard.store.accounts import Account


class Hand(Protocol):
    """Who acts, and from where; dashboard.security.rights.Viewer is one."""

    @property
    def account(self) -> Account: ...
    @property
    def token(self) -> int | None: ...
    @property
    def address(self) -> str: ...


async def write(
    connection: AsyncConnection[Any],
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

"""Table audit: who did what, in the transaction that did it."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from alerts.core.records import Actor


def _lent(by: Actor) -> dict[str, object]:
    return {"stands_in_for": by.stands_in_for}


async def record(
    connection: AsyncConnection[Any],
    *,
    at: datetime,
    action: str,
    subject: str,
    by: Actor | None = None,
    account: int | None = None,
    **detail: object,
) -> None:
    """`action` is a noun.verb, `subject` the alert's id; without `by` and `account` it was the clock.

    It concerns the alert's own unit: administrators of that one and of those above may read it.
    """
    await connection.execute(
        """
        INSERT INTO audit (at, account, action, subject, unit, token, address, detail)
        VALUES (
            %(at)s, %(account)s, %(action)s, %(subject)s, (SELECT unit FROM alert WHERE id = %(alert)s::uuid),
            %(token)s, %(address)s, %(detail)s
        )
        """,
        {
            "at": at,
            "account": account if by is None else by.account,
            "action": action,
            "subject": subject,
            "alert": subject,
            "token": None if by is None else by.token,
            "address": "" if by is None else by.address,
            "detail": Jsonb(detail if by is None or by.stands_in_for is None else detail | _lent(by)),
        },
    )


async def record_message(
    connection: AsyncConnection[Any],
    *,
    at: datetime,
    action: str,
    message: int,
    unit: int,
    by: Actor | None = None,
    **detail: object,
) -> None:
    """Of a received message: `unit` is whom it was brought to; without `by` a feed was fetched."""
    await connection.execute(
        """
        INSERT INTO audit (at, account, action, subject, unit, token, address, detail)
        VALUES (%(at)s, %(account)s, %(action)s, %(subject)s, %(unit)s, %(token)s, %(address)s, %(detail)s)
        """,
        {
            "at": at,
            "account": None if by is None else by.account,
            "action": action,
            "subject": f"cap {message}",
            "unit": unit,
            "token": None if by is None else by.token,
            "address": "" if by is None else by.address,
            "detail": Jsonb(detail),
        },
    )

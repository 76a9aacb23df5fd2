"""Who did what, for ever."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb


async def write(
    connection: AsyncConnection[Any],
    *,
    at: datetime,
    account: int | None,
    action: str,
    subject: str,
    detail: dict[str, Any] | None = None,
) -> None:
    """Add one row; `action` is `noun.verb` in the past tense (emergency.taken), `subject` names what it was done to."""
    await connection.execute(
        """
        INSERT INTO audit (at, account, action, subject, detail)
        VALUES (%(at)s, %(account)s, %(action)s, %(subject)s, %(detail)s)
        """,
        {"at": at, "account": account, "action": action, "subject": subject, "detail": Jsonb(detail or {})},
    )

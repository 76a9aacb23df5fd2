"""Table audit: who did what, in the transaction that did it."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb


async def record(
    connection: AsyncConnection[Any], *, at: datetime, account: int | None, action: str, subject: str, **detail: object
) -> None:
    """`action` is a noun.verb; `account` None is the clock."""
    await connection.execute(
        "INSERT INTO audit (at, account, action, subject, detail) VALUES (%s, %s, %s, %s, %s)",
        [at, account, action, subject, Jsonb(detail)],
    )

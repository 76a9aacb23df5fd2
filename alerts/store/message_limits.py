"""Table message_limits: the one row that holds for every circular."""

from collections.abc import Mapping
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from alerts.core.circulars import ConfirmBy, Limits

Connection = AsyncConnection[Any]


async def read(connection: Connection) -> Limits:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """
            SELECT signature_zh, signature_en, price, currency, quiet_from, quiet_to, daily_cap, confirm_above,
                confirm_by, is_test, test_numbers, revision
            FROM message_limits
            """
        )
        row = await cursor.fetchone()
    if row is None:
        raise RuntimeError("message_limits has lost its row")
    values: dict[str, Any] = {
        **row,
        "confirm_by": ConfirmBy(row["confirm_by"]),
        "test_numbers": tuple(row["test_numbers"]),
    }
    return Limits(**values)


async def lock(connection: Connection) -> Limits:
    """Read it and keep everybody else from sending or changing limits until the transaction ends.

    One circular after the other: else two at a time would both find a number below its cap.
    """
    await connection.execute("SELECT FROM message_limits FOR NO KEY UPDATE")
    return await read(connection)


async def change(connection: Connection, limits: Limits) -> None:
    values: Mapping[str, Any] = {name: getattr(limits, name) for name in Limits.__slots__}
    await connection.execute(
        """
        UPDATE message_limits SET signature_zh = %(signature_zh)s, signature_en = %(signature_en)s, price = %(price)s,
            currency = %(currency)s, quiet_from = %(quiet_from)s, quiet_to = %(quiet_to)s, daily_cap = %(daily_cap)s,
            confirm_above = %(confirm_above)s, confirm_by = %(confirm_by)s, is_test = %(is_test)s,
            test_numbers = %(test_numbers)s, revision = revision + 1
        """,
        {**values, "confirm_by": limits.confirm_by.value, "test_numbers": list(limits.test_numbers)},
    )

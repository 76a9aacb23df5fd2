"""Second factors of accounts: the sealed secret of an authenticator app, and hashed recovery codes."""

from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

Connection = AsyncConnection[Any]


class Factor(NamedTuple):
    totp_secret: bytes | None  # sealed
    totp_confirmed_at: datetime | None
    totp_last_step: int
    recovery_codes_left: int


async def find(connection: Connection, account: int) -> Factor | None:
    cursor = connection.cursor(row_factory=class_row(Factor))
    await cursor.execute(
        """
        SELECT totp_secret, totp_confirmed_at, totp_last_step, cardinality(recovery_codes) AS recovery_codes_left
        FROM account WHERE id = %(account)s
        """,
        {"account": account},
    )
    return await cursor.fetchone()


async def offer(connection: Connection, account: int, *, sealed: bytes) -> bool:
    """Keep a secret that is not confirmed yet; False when one is in use."""
    done = await connection.execute(
        "UPDATE account SET totp_secret = %(sealed)s WHERE id = %(account)s AND totp_confirmed_at IS NULL",
        {"account": account, "sealed": sealed},
    )
    return done.rowcount == 1


async def confirm(
    connection: Connection, account: int, *, step: int, recovery_codes: list[bytes], at: datetime
) -> bool:
    """Put the offered secret into use; False when it is already."""
    done = await connection.execute(
        """
        UPDATE account
        SET totp_confirmed_at = %(at)s, totp_last_step = %(step)s, recovery_codes = %(codes)s, revision = revision + 1
        WHERE id = %(account)s AND totp_confirmed_at IS NULL AND totp_secret IS NOT NULL
        """,
        {"account": account, "step": step, "codes": recovery_codes, "at": at},
    )
    return done.rowcount == 1


async def use_step(connection: Connection, account: int, *, step: int) -> bool:
    """Note that a code was taken; False when it was taken before: of two at once one wins."""
    done = await connection.execute(
        "UPDATE account SET totp_last_step = %(step)s WHERE id = %(account)s AND totp_last_step < %(step)s",
        {"account": account, "step": step},
    )
    return done.rowcount == 1


async def use_recovery_code(connection: Connection, account: int, *, digest: bytes) -> bool:
    """Strike a recovery code off; False when it is not among those left."""
    done = await connection.execute(
        """
        UPDATE account SET recovery_codes = array_remove(recovery_codes, %(digest)s)
        WHERE id = %(account)s AND %(digest)s = ANY(recovery_codes)
        """,
        {"account": account, "digest": digest},
    )
    return done.rowcount == 1


async def remove(connection: Connection, account: int) -> None:
    """Take it away, and with it what sessions and API tokens were allowed for having shown it."""
    await connection.execute(
        "UPDATE login_session SET second_factor_at = NULL WHERE account = %(account)s", {"account": account}
    )
    await connection.execute(
        "UPDATE api_token SET second_factor_at = NULL WHERE account = %(account)s", {"account": account}
    )
    await connection.execute(
        """
        UPDATE account
        SET totp_secret = NULL, totp_confirmed_at = NULL, totp_last_step = 0, recovery_codes = '{}',
            revision = revision + 1
        WHERE id = %(account)s
        """,
        {"account": account},
    )

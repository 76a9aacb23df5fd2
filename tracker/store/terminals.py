"""Credentials of terminals. The database keeps salted hashes only; a new secret is seen once, by who asked for it."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from tracker.security import hash_secret, new_salt, new_secret

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class Credential:
    """`code` is the MQTT user name; check a password with tracker.security.verify."""

    id: int
    code: str
    secret_salt: bytes
    secret_hash: bytes
    member: int | None


async def credentials(connection: Connection) -> list[Credential]:
    """Return those of all open terminals (270,342 rows are some 60 MB)."""
    async with connection.cursor(row_factory=class_row(Credential), binary=True) as cursor:
        await cursor.execute("SELECT id, code, secret_salt, secret_hash, member FROM terminal WHERE closed_at IS NULL")
        return await cursor.fetchall()


async def rotate(connection: Connection, code: str) -> str | None:
    """Give an open terminal a new secret and return it; the old one ends at once, and so does a revocation.

    None for an unknown terminal and for a retired one.
    """
    secret, salt = new_secret(), new_salt()
    changed = await connection.execute(
        """
        UPDATE terminal SET secret_salt = %(salt)s, secret_hash = %(hash)s, issued_at = now(), revoked_at = NULL,
            revision = revision + 1
        WHERE code = %(code)s AND closed_at IS NULL
        """,
        {"code": code, "salt": salt, "hash": hash_secret(secret, salt)},
    )
    return secret if changed.rowcount else None

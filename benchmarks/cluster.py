"""A PostgreSQL of our own, with fsync, for the time of a measurement, and who acts in it."""

import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from gridwarden.embedded import EmbeddedPostgres


@contextmanager
def a_cluster(settings: Mapping[str, str] | None = None) -> Generator[EmbeddedPostgres]:
    """`settings` go over the embedded ones, until somebody sets `cluster.settings` and starts it again."""
    with tempfile.TemporaryDirectory(prefix="gridwarden-bench-") as folder:
        Path(folder).chmod(0o755)
        cluster = EmbeddedPostgres(Path(folder), settings=settings or {})
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


async def an_issuer(connection: psycopg.AsyncConnection[Any]) -> int:
    """Insert an account of the whole city; return the city's unit."""
    cursor = await connection.execute("SELECT id FROM unit WHERE parent IS NULL")
    (city,) = await cursor.fetchone() or (0,)
    await connection.execute(
        "INSERT INTO account (id, name, password_hash, unit) OVERRIDING SYSTEM VALUE VALUES (1, 'bench', '', %s)",
        [city],
    )
    return int(city)

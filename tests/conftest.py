"""One PostgreSQL cluster for the run, a template database with the schema, a fresh copy of it for each test."""

import asyncio
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import uvloop
from psycopg import sql

from gridwarden.embedded import EmbeddedPostgres
from tracker.database.migrate import migrate
from tracker.database.partitions import ensure_partitions_at

_numbers = itertools.count()
_MEMORY = Path("/dev/shm")  # noqa: S108 the kernel's own name
_MEMORY_ENOUGH = 4 << 30

# A shell's background job ignores SIGINT, and so would every process that a test starts and then interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The programs run on uvloop, so do their tests."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """The run's cluster. fsync is off: the tests kill processes, never the machine.

    It lies in memory where there is room: a database is a copy of hundreds of small files, one for each test.
    """
    in_memory = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _MEMORY_ENOUGH
    with tempfile.TemporaryDirectory(prefix="gridwarden-tests-", dir=_MEMORY if in_memory else None) as folder:
        Path(folder).chmod(0o755)
        cluster = EmbeddedPostgres(
            Path(folder), settings={"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB"}
        )
        cluster.start()
        yield cluster
        cluster.stop()


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """A migrated, empty database that `database` copies; nobody connects to it."""
    name = f"template_{os.getpid()}"
    _create(postgres, name)
    migrate(postgres.dsn_of(name))
    # Three days instead of 91: a copy takes a third of the time; what is older goes into the default partition
    ensure_partitions_at(postgres.dsn_of(name), datetime.now(UTC).date(), back=3)
    return name


@pytest.fixture
def database(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    """The address (DSN) of a fresh, migrated database."""
    name = f"test_{next(_numbers)}"
    _create(postgres, name, template)
    yield postgres.dsn_of(name)
    with psycopg.connect(postgres.dsn_of("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
async def connection(database: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as opened:
        yield opened


# Copying files takes 0.6 s where logging every page takes 1.0 (fsync off, on a busy machine).
def _create(postgres: EmbeddedPostgres, name: str, template: str = "template0") -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    with psycopg.connect(postgres.dsn_of("postgres"), autocommit=True) as admin:
        admin.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))

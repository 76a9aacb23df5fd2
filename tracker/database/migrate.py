"""Numbered .sql files, applied once each, in order, under an advisory lock.

The files are in dbmate's format (`-- migrate:up`, optionally `transaction:false`), so an operator may apply one flavour
of them with dbmate instead. A number may come in two flavours, `NNNN_name.plain.sql` and `NNNN_name.timescale.sql`: the
flavour is chosen when the first migration runs and never changes afterwards. An applied file must not change: its
checksum is kept, and a difference stops the program.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, LiteralString, cast

import psycopg

from tracker.database import timescale

FOLDER: Final = Path(__file__).parent.parent / "migrations"
NAME: Final = re.compile(r"(?P<number>\d{4})_(?P<name>[a-z0-9_]+)(?:\.(?P<flavour>plain|timescale))?\.sql")
UP: Final = re.compile(
    r"^-- migrate:up(?P<options>[^\n]*)\n(?P<body>.*?)(?=^-- migrate:down|\Z)", re.DOTALL | re.MULTILINE
)
LOCK: Final = 0x6772_6964  # "grid": one migration at a time in a database, whoever runs it

Connection = psycopg.Connection[Any]


class MigrationError(Exception):
    """The schema cannot be brought up to date; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file. `in_transaction` is False for statements that refuse one (CREATE INDEX CONCURRENTLY and the like)."""

    number: str
    name: str
    flavour: str | None
    statements: str
    checksum: str
    in_transaction: bool


def read(path: Path) -> Migration:
    """Parse one file; raises MigrationError when its name or its header is not ours."""
    found = NAME.fullmatch(path.name)
    text = path.read_text(encoding="utf-8")
    up = UP.search(text)
    if found is None or up is None:
        raise MigrationError(f"{path.name}: want NNNN_name[.plain|.timescale].sql holding a line `-- migrate:up`")
    return Migration(
        number=found["number"],
        name=found["name"],
        flavour=found["flavour"],
        statements=up["body"],
        checksum=hashlib.sha256(text.encode()).hexdigest(),
        in_transaction="transaction:false" not in up["options"],
    )


def migrate(dsn: str, *, folder: Path = FOLDER, say: Callable[[str], None] = lambda _line: None) -> int:
    """Bring the database at `dsn` up to date; return how many migrations were applied now."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        _create_ledger(connection)
        flavour = _flavour(connection)
        known = _applied(connection)
        todo = [item for item in _in_order(folder, flavour) if not _is_applied(item, known)]
        for item in todo:
            say(f"migrating the database: {item.number} {item.name}")
            _apply(connection, item, flavour)
        return len(todo)


def pending(connection: Connection, *, folder: Path = FOLDER) -> list[str]:
    """Return the numbers of the migrations that are not applied yet; changes nothing. Raises MigrationError."""
    ledger = connection.execute("SELECT to_regclass('schema_migrations')").fetchone()
    if ledger is None or ledger[0] is None:
        return [item.number for item in _in_order(folder, "plain")]
    known = _applied(connection)
    flavour = connection.execute("SELECT flavour FROM schema_migrations ORDER BY version LIMIT 1").fetchone()
    items = _in_order(folder, "plain" if flavour is None else str(flavour[0]))
    return [item.number for item in items if not _is_applied(item, known)]


def _in_order(folder: Path, flavour: str) -> list[Migration]:
    items = (read(path) for path in sorted(folder.glob("*.sql")))
    return [item for item in items if item.flavour in (None, flavour)]


def _is_applied(item: Migration, known: dict[str, str]) -> bool:
    checksum = known.get(item.number)
    if checksum is not None and checksum != item.checksum:
        raise MigrationError(
            f"migration {item.number} {item.name} was changed after it had been applied here: "
            "restore the file, and put the change into a new migration"
        )
    return checksum is not None


def _create_ledger(connection: Connection) -> None:
    connection.execute(
        """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version text PRIMARY KEY,
            name text NOT NULL DEFAULT '',
            checksum text NOT NULL DEFAULT '',
            flavour text NOT NULL DEFAULT 'plain',
            applied_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )


def _flavour(connection: Connection) -> str:
    row = connection.execute("SELECT flavour FROM schema_migrations ORDER BY version LIMIT 1").fetchone()
    if row is not None:
        return str(row[0])
    return "timescale" if timescale.install(connection) else "plain"


def _applied(connection: Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT version, checksum FROM schema_migrations").fetchall())


def _apply(connection: Connection, item: Migration, flavour: str) -> None:
    if not item.in_transaction:
        for statement in _split(item.statements):
            connection.execute(_sql(statement))
        _record(connection, item, flavour)
        return
    with connection.transaction():
        connection.execute(_sql(item.statements))
        _record(connection, item, flavour)


def _record(connection: Connection, item: Migration, flavour: str) -> None:
    connection.execute(
        "INSERT INTO schema_migrations (version, name, checksum, flavour) VALUES (%s, %s, %s, %s)",
        [item.number, item.name, item.checksum, flavour],
    )


def _split(statements: str) -> list[str]:
    """Split at semicolons that end a line: outside a transaction each statement must travel alone."""
    return [part.strip() for part in re.split(r";[ \t]*\n", statements) if part.strip()]


def _sql(statement: str) -> LiteralString:
    return cast("LiteralString", statement)  # the text of our own files, reviewed like code

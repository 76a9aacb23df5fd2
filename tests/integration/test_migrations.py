from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gridwarden.embedded import EmbeddedPostgres
from tracker.database.migrate import FOLDER, MigrationError, migrate

ALERT = "00000000-0000-4000-8000-000000000001"
# One of each that had a key of its own shape: kind, occasion, channel, address, and what the key ended in
KEYED = (
    ("telling", "issue", "sms", "+8613800000001", "sms"),
    ("telling", "issue", "terminal", "GW-000001", "terminal:GW-000001"),
    ("passed_down", "passed_down 7", "push", "12", "push:12"),
    ("telling", "issue", "none", "", "none"),
    ("follow_up", "lift", "sms", "+8613800000001", "sms:+8613800000001"),
    ("digest", "digest 20260720T041500", "outbox", "+8613800000001", "outbox"),
)


@pytest.fixture
def empty(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The address of a database without any table."""
    with psycopg.connect(postgres.dsn_of("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE unmigrated")
        yield postgres.dsn_of("unmigrated")
        admin.execute("DROP DATABASE unmigrated WITH (FORCE)")


def test_a_migrated_database_needs_no_migration(database: str) -> None:
    assert migrate(database) == 0


def test_the_flavour_of_a_plain_server_is_plain(database: str) -> None:
    with psycopg.connect(database) as connection:
        flavours = connection.execute("SELECT DISTINCT flavour FROM schema_migrations").fetchall()
    assert flavours == [("plain",)]


def test_a_migration_changed_after_it_was_applied_is_refused(database: str, tmp_path: Path) -> None:
    for path in FOLDER.glob("*.sql"):
        text = path.read_text() + ("\n-- a late idea\n" if path.name.startswith("0001") else "")
        (tmp_path / path.name).write_text(text)
    with pytest.raises(MigrationError, match="0001 city was changed after it had been applied"):
        migrate(database, folder=tmp_path)


def test_a_migration_that_fails_leaves_nothing_behind(database: str, tmp_path: Path) -> None:
    (tmp_path / "0099_half.sql").write_text("-- migrate:up\nCREATE TABLE half ();\nSELECT 1/0;\n")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(database, folder=tmp_path)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT to_regclass('half')").fetchone() == (None,)


def test_a_migration_without_a_transaction_may_build_an_index_concurrently(database: str, tmp_path: Path) -> None:
    text = "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY unit_name ON unit (name);\n"
    (tmp_path / "0099_unit_name.sql").write_text(text)
    assert migrate(database, folder=tmp_path) == 1


def test_messages_of_before_keep_the_key_that_they_had(empty: str, tmp_path: Path) -> None:
    for path in FOLDER.glob("*.sql"):
        if path.name < "0030":
            (tmp_path / path.name).write_text(path.read_text())
    migrate(empty, folder=tmp_path)
    keys = [f"{ALERT}:2:5:{kind}:{occasion}:{end}" for kind, occasion, _, _, end in KEYED]
    with psycopg.connect(empty) as connection:
        for key, (kind, _, channel, address, _) in zip(keys, KEYED, strict=True):
            connection.execute(
                """
                INSERT INTO delivery (key, alert, version, member, kind, channel, address, body, priority, state,
                                      queued_at)
                VALUES (%s, %s, 2, 5, %s, %s, %s, '', 1, 'sent', now())
                """,
                [key, ALERT, kind, channel, address],
            )
    migrate(empty)
    with psycopg.connect(empty) as connection:
        found = connection.execute("SELECT delivery_key(delivery), occasion FROM delivery ORDER BY id").fetchall()
    assert found == [(key, occasion) for key, (_, occasion, *_) in zip(keys, KEYED, strict=True)]

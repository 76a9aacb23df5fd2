from pathlib import Path

import psycopg
import pytest

from tracker.database.migrate import FOLDER, MigrationError, migrate


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

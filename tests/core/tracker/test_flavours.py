"""The table `position` is one table, whether PostgreSQL cuts it into days or TimescaleDB into chunks."""

import re

import pytest

from ingest.store.positions import FIELDS
from tracker.database.migrate import FOLDER, Migration, read

TABLE = re.compile(r"CREATE TABLE position \((?P<columns>.*?)^\)", re.DOTALL | re.MULTILINE)
ADDED = re.compile(r"^ALTER TABLE position ADD COLUMN (?:IF NOT EXISTS )?(?P<column>[^;]+);", re.MULTILINE)
INDEX = re.compile(r"CREATE (?:UNIQUE )?INDEX \w+ ON position [^;]+;")


@pytest.fixture
def plain() -> Migration:
    return read(FOLDER / "0002_position.plain.sql")


@pytest.fixture
def timescale() -> Migration:
    return read(FOLDER / "0002_position.timescale.sql")


def columns(migration: Migration) -> list[str]:
    """Return the columns as they are declared, without comments."""
    found = TABLE.search(migration.statements)
    assert found is not None
    lines = (line.partition("--")[0].strip().rstrip(",") for line in found["columns"].splitlines())
    return [line for line in lines if line]


def test_both_flavours_have_the_same_columns(plain: Migration, timescale: Migration) -> None:
    assert columns(plain) == columns(timescale)
    assert "fixed_at timestamptz NOT NULL" in columns(plain)


def test_both_flavours_have_the_same_keys(plain: Migration, timescale: Migration) -> None:
    assert INDEX.findall(plain.statements) == INDEX.findall(timescale.statements)
    assert "CREATE UNIQUE INDEX position_key ON position (terminal, fixed_at);" in INDEX.findall(plain.statements)


def test_every_number_has_both_flavours_or_none() -> None:
    flavours: dict[str, set[str | None]] = {}
    for path in FOLDER.glob("*.sql"):
        migration = read(path)
        flavours.setdefault(f"{migration.number} {migration.name}", set()).add(migration.flavour)
    wanted: tuple[set[str | None], ...] = ({None}, {"plain", "timescale"})
    assert [name for name, found in flavours.items() if found not in wanted] == []


def test_both_flavours_migrate_in_one_transaction(plain: Migration, timescale: Migration) -> None:
    assert plain.in_transaction
    assert timescale.in_transaction


def test_ingest_writes_every_column(plain: Migration) -> None:
    declared = columns(plain) + ADDED.findall(read(FOLDER / "0014_history.plain.sql").statements)
    assert [line.split()[0] for line in declared] == [name for name, _ in FIELDS]


def test_a_column_added_later_is_the_same_in_both_flavours() -> None:
    plain, timescale = (read(FOLDER / f"0014_history.{flavour}.sql") for flavour in ("plain", "timescale"))
    assert ADDED.findall(plain.statements) == ADDED.findall(timescale.statements)


def test_what_runs_outside_a_transaction_may_be_run_again() -> None:
    loose = [item for path in FOLDER.glob("*.sql") if not (item := read(path)).in_transaction]
    once = re.compile(
        r"^(?:CREATE|ALTER|SELECT add_)(?:(?!IF NOT EXISTS|OR REPLACE|if_not_exists)[^;])*;", re.MULTILINE
    )
    assert [found for item in loose for found in once.findall(item.statements)] == []

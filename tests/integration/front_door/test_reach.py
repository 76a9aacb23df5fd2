from pathlib import Path

import psycopg

from gridwarden.console import Progress
from gridwarden.embedded import EmbeddedPostgres
from gridwarden.reach import reached
from gridwarden.settings import Settings


def units_in(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT count(*) FROM unit").fetchone()
    assert row is not None
    return int(row[0])


def test_a_database_that_sleeps_in_its_folder_is_woken_for_a_command_and_put_to_sleep_again(tmp_path: Path) -> None:
    with reached(Settings(data=tmp_path), Progress()) as dsn:
        assert units_in(dsn) == 0
    assert not EmbeddedPostgres(tmp_path).answers


def test_a_database_that_runs_in_its_folder_is_used_and_left_running(tmp_path: Path) -> None:
    running = EmbeddedPostgres(tmp_path)
    running.start()
    try:
        with psycopg.connect(running.dsn) as connection:
            connection.execute("CREATE TABLE unit AS SELECT generate_series(1, 3)")
        with reached(Settings(data=tmp_path), Progress()) as dsn:
            assert units_in(dsn) == 3
        assert running.is_running
    finally:
        running.stop()


def test_a_given_database_is_migrated_and_used(database: str, tmp_path: Path) -> None:
    with reached(Settings(data=tmp_path, database=database), Progress()) as dsn:
        assert units_in(dsn) == 0
    assert not list(tmp_path.iterdir())

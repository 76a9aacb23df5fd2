"""The secrets of new terminals are in one file only: what goes wrong must never leave terminals without it."""

import csv
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from gridwarden.city_exchange import Wish, import_city
from tracker.city.files import write_city
from tracker.city.generator import DEMO, generate
from tracker.city.intake.reading import Options
from tracker.security import verify

Connection = AsyncConnection[Any]

# An index on an expression is evaluated by ANALYZE too: this one fails there, and nowhere else.
FAILS_WHEN_TIDIED = """
    CREATE FUNCTION only_written(code text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
        IF current_query() LIKE 'ANALYZE%' THEN RAISE EXCEPTION 'tidying failed'; END IF;
        RETURN code;
    END $$;
    CREATE INDEX unit_only_written ON unit (only_written(code));
"""
FAILS_AT_COMMIT = """
    CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'refused at commit';
    END $$;
    CREATE CONSTRAINT TRIGGER never AFTER INSERT ON terminal DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION never();
"""


def a_wish(folder: Path) -> Wish:
    write_city(generate(seed=3, sizes=DEMO), folder)
    files = [folder / name for name in ("units.csv", "grids.geojson", "members.csv")]
    return Wish(files=files, options=Options(), is_to_be_applied=True, out=folder / "out", json=None)


async def test_secrets_that_count_are_kept_whatever_fails_afterwards(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    await connection.execute(FAILS_WHEN_TIDIED)
    with pytest.raises(psycopg.Error, match="tidying failed"):
        await import_city(database, None, a_wish(tmp_path))
    with (tmp_path / "out" / "terminals.csv").open(encoding="utf-8") as file:
        secret_of = {row["terminal"]: row["secret"] for row in csv.DictReader(file)}
    found = await connection.execute("SELECT code, secret_salt, secret_hash FROM terminal")
    stored = await found.fetchall()
    assert len(stored) == DEMO.members
    assert all(verify(secret_of[code], salt=salt, secret_hash=hashed) for code, salt, hashed in stored)


async def test_secrets_that_never_counted_are_not_left_behind(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    await connection.execute(FAILS_AT_COMMIT)
    with pytest.raises(psycopg.Error, match="refused at commit"):
        await import_city(database, None, a_wish(tmp_path))
    assert not list((tmp_path / "out").iterdir())
    left = await connection.execute("SELECT count(*) FROM terminal")
    assert await left.fetchone() == (0,)

"""The database as a witness of a load run."""

from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg

from gridwarden.load_witness import DatabaseWitness

NOW = datetime.now(UTC).replace(microsecond=0)
NOW_MS = round(NOW.timestamp() * 1000)
CODES = ("B", "A", "not-there")  # in the roster's order


async def a_database(connection: psycopg.AsyncConnection) -> None:
    """Two terminals, A (1) and B (2) carried by member 7, and one more that is in no roster."""
    await connection.execute("INSERT INTO member (id, code, name) VALUES (7, 'M7', 'Wang')")
    await connection.execute(
        """
        INSERT INTO terminal (id, code, secret_salt, secret_hash, member)
        VALUES (1, 'A', '', '', NULL), (2, 'B', '', '', 7), (3, 'C', '', '', NULL)
        """
    )


async def store(connection: psycopg.AsyncConnection, terminal: int, ms: int, *, lon: int = 0, flags: int = 0) -> None:
    await connection.execute(
        """
        INSERT INTO position (fixed_at, terminal, delay_ms, lon, lat, grid, speed_dmps, heading_deg, accuracy_dm,
                              altitude_m, battery_pct, flags)
        VALUES (%s, %s, 0, %s, 340000000, 0, 0, 0, 0, 0, 0, %s)
        """,
        [NOW + timedelta(milliseconds=ms), terminal, lon, flags],
    )


async def stored(witness: DatabaseWitness, *, since: int, until: int) -> list[tuple[int, int, int]]:
    rows = [chunk async for chunk in witness.stored(since_ms=NOW_MS + since, until_ms=NOW_MS + until)]
    found = np.sort(np.concatenate(rows), order=["said_ms", "terminal"])
    columns = (found["terminal"].tolist(), (found["said_ms"] - NOW_MS).tolist(), found["lon"].tolist())
    return list(zip(*columns, strict=True))


async def test_stored_rows_are_told_by_place_in_the_roster_and_millisecond(
    connection: psycopg.AsyncConnection, database: str
) -> None:
    await a_database(connection)
    for terminal, ms in ((1, 0), (2, 1), (3, 2), (1, 1999), (1, 2000)):
        await store(connection, terminal, ms, lon=1_136_000_000 + ms)
    witness = DatabaseWitness(database, CODES)
    assert await stored(witness, since=0, until=2000) == [
        (1, 0, 1_136_000_000),
        (0, 1, 1_136_000_001),
        (-1, 2, 1_136_000_002),
        (1, 1999, 1_136_001_999),
    ]
    assert await witness.count(since_ms=NOW_MS, until_ms=NOW_MS + 2000) == 3


async def test_a_range_of_hours_is_read_in_slices(connection: psycopg.AsyncConnection, database: str) -> None:
    await a_database(connection)
    for minute in range(-180, 0, 45):
        await store(connection, 2, minute * 60_000)
    found = await stored(DatabaseWitness(database, CODES), since=-180 * 60_000, until=0)
    assert [ms // 60_000 for _, ms, _ in found] == [-180, -135, -90, -45]


async def test_a_range_without_rows_has_none(connection: psycopg.AsyncConnection, database: str) -> None:
    await a_database(connection)
    assert await stored(DatabaseWitness(database, CODES), since=0, until=1000) == []


async def test_the_newest_is_the_last_that_is_believed(connection: psycopg.AsyncConnection, database: str) -> None:
    await a_database(connection)
    await store(connection, 2, 0, lon=10)
    await store(connection, 2, 1000, lon=20)
    await store(connection, 2, 2000, lon=30, flags=1)
    newest = await DatabaseWitness(database, CODES).newest(since_ms=NOW_MS, until_ms=NOW_MS + 9000)
    assert newest is not None
    assert newest.tolist() == [(0, 7, NOW_MS + 1000, 20, 340_000_000)]


async def test_members_are_told_by_place_in_the_roster(connection: psycopg.AsyncConnection, database: str) -> None:
    await a_database(connection)
    members = await DatabaseWitness(database, CODES).members()
    assert members is not None
    assert members.tolist() == [7, -1, -1]


async def test_refusals_are_added_up_over_the_days(connection: psycopg.AsyncConnection, database: str) -> None:
    await connection.execute(
        """
        INSERT INTO refusal_count (day, reason, reports)
        VALUES (current_date, 'future', 2), (current_date - 1, 'future', 3), (current_date, 'syntax', 1)
        """
    )
    assert await DatabaseWitness(database, CODES).refused() == {"future": 5, "syntax": 1}


async def test_a_unit_shows_the_members_of_all_below_it(connection: psycopg.AsyncConnection, database: str) -> None:
    await a_database(connection)
    await connection.execute(
        """
        INSERT INTO unit (id, code, name, level, parent, tree_left, tree_right) VALUES
            (1, '410100', 'city', 'city', NULL, 1, 6),
            (2, '410102001001001', 'west', 'grid-3', 1, 2, 3), (3, '410102001001002', 'east', 'grid-3', 1, 4, 5)
        """
    )
    await connection.execute("INSERT INTO assignment (member, unit, role, is_primary) VALUES (7, 2, 'leader', true)")
    found = await DatabaseWitness(database, CODES).roll([1, 2, 3])
    assert sorted(found.tolist()) == [(1, 7), (2, 7)]

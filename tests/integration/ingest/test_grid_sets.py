"""Grid sets by time: the one in force at a fix's own time judges it, in whatever order fixes arrive."""

import json
import random
import time
from typing import Any

import psycopg
import pytest
import shapely

from ingest.pipeline.checkpoint import save
from ingest.rules.tracks import Rules
from tests.integration.ingest.small_city import EAST, EAST_LON, LAT, WEST, WEST_LON, Works, found, works

POS = "gw/v1/t/walker-1/pos"
LEAPS = Rules(speed_mps=1e9)  # these walks are made of leaps
BETWEEN_LON = 113.605  # east of the first border, west of the second


async def put_set(dsn: str, version: int, *, age_s: float, border: float, east: float = 113.7) -> None:
    """Publish a set whose border is elsewhere, in force since `age_s` ago."""
    async with await psycopg.AsyncConnection[Any].connect(dsn) as connection:
        await connection.execute(
            "INSERT INTO grid_set (version, takes_effect_at) VALUES (%s, now() - %s * interval '1 second')",
            [version, age_s],
        )
        for unit, west, to in ((WEST, 113.5, border), (EAST, border, east)):
            await connection.execute(
                "INSERT INTO grid VALUES (%s, %s, true, %s, %s, 34.7, %s, 34.8)",
                [version, unit, shapely.to_wkb(shapely.box(west, 34.7, to, 34.8)), west, to],
            )


async def begin_the_first_set_long_ago(dsn: str) -> None:
    async with await psycopg.AsyncConnection[Any].connect(dsn) as connection:
        await connection.execute("UPDATE grid_set SET takes_effect_at = now() - interval '80 days' WHERE version = 1")


@pytest.fixture
async def city(database: str) -> str:
    """Its border moved 10 minutes ago from 113.60 to 113.61."""
    await found(database)
    await begin_the_first_set_long_ago(database)
    await put_set(database, 2, age_s=600, border=113.61)
    return database


def fix(age_s: float, lon: float) -> dict[str, Any]:
    return {"t": round(time.time() - age_s, 3), "lon": lon, "lat": LAT}


async def say(ingest: Works, *fixes: dict[str, Any], terminal: int = 1) -> None:
    await ingest.say(f"gw/v1/t/walker-{terminal}/pos", json.dumps(list(fixes)).encode())


PLACED = "SELECT grid, flags >> 4 FROM position ORDER BY fixed_at"
CROSSED = "SELECT kind, grid, grid_set FROM crossing WHERE superseded_at IS NULL ORDER BY fixed_at, kind DESC"


async def test_a_fix_is_placed_by_the_set_of_its_own_time_and_says_which(city: str) -> None:
    async with works(city) as ingest:
        await say(ingest, fix(900, BETWEEN_LON), fix(300, BETWEEN_LON))
        assert await ingest.rows(PLACED) == [(EAST, 1), (WEST, 2)]


async def test_nobody_crosses_because_a_line_on_the_map_moved(city: str) -> None:
    async with works(city, rules=LEAPS) as ingest:
        for age_s in (700, 690, 500, 490, 480):
            await say(ingest, fix(age_s, BETWEEN_LON))
        assert await ingest.rows(CROSSED) == []
        await say(ingest, fix(400, EAST_LON), fix(390, EAST_LON))
        assert await ingest.rows(CROSSED) == [("exit", WEST, 2), ("enter", EAST, 2)]


async def test_a_grid_that_stayed_keeps_its_people_and_their_candidates(city: str) -> None:
    await put_set(city, 3, age_s=100, border=113.61)  # the same areas again
    async with works(city, rules=LEAPS) as ingest:
        await say(ingest, fix(200, WEST_LON), fix(110, EAST_LON), fix(90, EAST_LON))
        assert await ingest.rows(CROSSED) == [("exit", WEST, 2), ("enter", EAST, 2)]


async def test_a_city_that_grew_over_a_person_outside_lets_nobody_enter(city: str) -> None:
    await put_set(city, 3, age_s=100, border=113.61, east=113.8)
    async with works(city) as ingest:
        for age_s in (300, 290, 80, 70, 60):
            await say(ingest, fix(age_s, 113.75))
        assert await ingest.rows(CROSSED) == []
        assert await ingest.rows(PLACED) == [(0, 2), (0, 2), (EAST, 3), (EAST, 3), (EAST, 3)]


async def test_a_set_that_was_withdrawn_judges_nothing(city: str) -> None:
    async with works(city) as ingest:
        async with ingest.pool.connection() as connection:
            await connection.execute("UPDATE grid_set SET withdrawn_at = now() WHERE version = 2")
            await ingest.pipeline.maps.look(connection)
        await say(ingest, fix(300, BETWEEN_LON))
        assert await ingest.rows(PLACED) == [(EAST, 1)]


async def test_a_set_that_becomes_known_in_the_middle_of_a_run_judges_from_its_moment_on(city: str) -> None:
    async with works(city) as ingest:
        await say(ingest, fix(130, BETWEEN_LON))
        await put_set(city, 3, age_s=100, border=113.602)
        async with ingest.pool.connection() as connection:
            await ingest.pipeline.maps.look(connection)
        await say(ingest, fix(120, BETWEEN_LON), fix(90, BETWEEN_LON), fix(0, BETWEEN_LON))
        assert await ingest.rows(PLACED) == [(WEST, 2), (WEST, 2), (EAST, 3), (EAST, 3)]
        assert await ingest.rows(CROSSED) == []


async def test_a_restart_between_two_sets_forgets_nothing(city: str) -> None:
    async with works(city) as ingest:
        await say(ingest, fix(700, BETWEEN_LON))
        async with ingest.pool.connection() as connection:
            await save(connection, ingest.pipeline, ingest.owner)
    async with works(city) as ingest:
        await say(ingest, fix(500, BETWEEN_LON), fix(490, BETWEEN_LON))
        assert await ingest.rows(CROSSED) == []


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_of_arrival_ends_in_the_same_crossings_across_changes_of_sets(city: str, seed: int) -> None:
    await put_set(city, 3, age_s=400, border=113.59)
    await put_set(city, 4, age_s=250, border=113.59, east=113.66)
    draw = random.Random(seed)
    lons = [113.52, 113.595, 113.6005, 113.605, 113.6095, 113.615, 113.65, 113.68, 113.75]
    walk = [fix(age_s, lon) for lon, age_s in zip(draw.choices(lons, k=22), range(900, 20, -40), strict=True)]
    walk = [each for first in walk for each in (first, {**first, "t": first["t"] + 20})]
    statement = (
        "SELECT kind, grid, fixed_at, grid_set FROM crossing"
        " WHERE terminal = {} AND superseded_at IS NULL ORDER BY fixed_at, kind, grid"
    )
    async with works(city, rules=LEAPS) as ingest:
        for report in walk:
            await say(ingest, report, terminal=1)
        in_order = await ingest.rows(statement.format(1))
        assert len(in_order) > 4
        for terminal in (2, 3):
            shuffled = draw.sample(walk, len(walk))
            while shuffled:
                count = draw.randint(1, 5)
                await say(ingest, *shuffled[:count], terminal=terminal)
                shuffled = shuffled[count:]
                await ingest.pipeline.tick()
            assert await ingest.rows(statement.format(terminal)) == in_order

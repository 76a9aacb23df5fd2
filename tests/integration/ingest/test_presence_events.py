"""Who falls silent, says goodbye and comes back, as rows."""

import json
import time

import psycopg
import pytest

from ingest.pipeline.checkpoint import save
from tests.integration.ingest.small_city import EAST_LON, LAT, WEST_LON, Works, found, works

POS = "gw/v1/t/walker-1/pos"


@pytest.fixture
async def city(database: str) -> str:
    await found(database)
    return database


def fix(age_s: float = 0, *, lon: float = WEST_LON) -> bytes:
    return json.dumps({"t": round(time.time() - age_s, 3), "lon": lon, "lat": LAT}).encode()


KINDS = "SELECT kind FROM presence_event ORDER BY at"


async def test_a_terminal_not_heard_for_its_limit_is_silent_once_and_back_with_a_fix(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, fix(10))
        ingest.pipeline.memory.heard_s[1] -= 181
        await ingest.pipeline.tick()
        await ingest.pipeline.tick()
        await ingest.say(POS, fix())
        assert await ingest.rows(KINDS) == [("online",), ("silent",), ("online",)]


async def test_who_falls_silent_is_urgent_until_a_checkpoint_that_succeeds(city: str) -> None:
    async with works(city) as ingest, ingest.pool.connection() as connection:
        memory = ingest.pipeline.memory
        await ingest.say(POS, fix(10))
        await save(connection, ingest.pipeline, ingest.owner)
        await ingest.say(POS, fix())
        assert (memory.is_dirty[1], memory.is_urgent[1]) == (True, False)
        await quiet_for(ingest, 181)
        assert memory.is_urgent[1]
        await connection.execute("SET default_transaction_read_only = on")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await save(connection, ingest.pipeline, ingest.owner)
        await connection.execute("SET default_transaction_read_only = off")
        assert (memory.is_dirty[1], memory.is_urgent[1]) == (True, True)
        await save(connection, ingest.pipeline, ingest.owner)
        assert (memory.is_dirty[1], memory.is_urgent[1]) == (False, False)


async def test_nobody_falls_silent_while_the_door_is_shut(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, fix())
        ingest.sender.is_open = False
        ingest.pipeline.memory.heard_s[1] -= 180
        for _ in range(3):
            await ingest.pipeline.tick()
        assert await ingest.rows(KINDS) == [("online",)]


async def test_a_goodbye_is_off_line_at_once_and_a_hello_on_line(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, fix())
        for word in (b"offline", b"offline", b"online"):
            await ingest.say("gw/v1/t/walker-1/status", word)
        assert await ingest.rows(KINDS) == [("online",), ("offline",), ("online",)]


async def test_a_repeated_fix_is_no_sign_of_life(city: str) -> None:
    async with works(city) as ingest:
        payload = fix()
        await ingest.say(POS, payload)
        ingest.pipeline.memory.heard_s[1] -= 181
        await ingest.pipeline.tick()
        await ingest.say(POS, payload)
        assert await ingest.rows(KINDS) == [("online",), ("silent",)]


async def quiet_for(ingest: Works, seconds: float) -> None:
    """Let terminal 1 have been heard so long ago, on the clock of silence, and look."""
    ingest.pipeline.memory.heard_s[1] -= seconds
    await ingest.pipeline.tick()


async def test_a_slow_terminal_is_silent_after_five_of_its_intervals(city: str) -> None:
    async with works(city) as ingest:
        for age_s in range(700, -1, -100):
            await ingest.say(POS, fix(age_s))
        await quiet_for(ingest, 495)
        assert await ingest.rows(KINDS) == [("online",)]
        await quiet_for(ingest, 10)
        assert await ingest.rows(KINDS) == [("online",), ("silent",)]


async def test_a_configured_interval_says_when_a_terminal_is_silent(city: str) -> None:
    async with works(city) as ingest, ingest.pool.connection() as connection:
        await connection.execute("UPDATE terminal SET interval_s = 600 WHERE id = 1")
    async with works(city) as ingest:
        for age_s in (20, 10, 0):
            await ingest.say(POS, fix(age_s))
        await quiet_for(ingest, 2_990)
        assert await ingest.rows(KINDS) == [("online",)]
        await quiet_for(ingest, 20)
        assert await ingest.rows(KINDS) == [("online",), ("silent",)]


async def test_an_outage_of_ingest_itself_makes_nobody_silent(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, fix(1))
        async with ingest.pool.connection() as connection:
            await save(connection, ingest.pipeline, ingest.owner)
            await connection.execute("UPDATE terminal_state SET received_at = now() - interval '2 hours'")
            await connection.execute("UPDATE ingest_run SET heartbeat_at = now() - interval '118 minutes'")
    async with works(city) as ingest:  # two minutes had passed when ingest stopped
        await quiet_for(ingest, 55)
        assert await ingest.rows(KINDS) == [("online",)]
        await quiet_for(ingest, 10)
        assert await ingest.rows(KINDS) == [("online",), ("silent",)]


async def test_an_outage_is_not_learned_as_the_interval(city: str) -> None:
    async with works(city) as ingest:
        for age_s in range(1_000, 700, -10):
            await ingest.say(POS, fix(age_s))
        async with ingest.pool.connection() as connection:
            await save(connection, ingest.pipeline, ingest.owner)
    async with works(city) as ingest:
        await ingest.say(POS, fix(0))
        assert ingest.pipeline.memory.tracks["interval_s"][1] == pytest.approx(10, abs=5)


async def test_a_candidate_does_not_outlive_a_silence(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, fix(3_000))
        await ingest.say(POS, fix(2_800, lon=EAST_LON))  # the candidate
        await quiet_for(ingest, 1_100)
        await ingest.say(POS, fix(200, lon=EAST_LON))
        assert await ingest.rows("SELECT count(*) FROM crossing") == [(0,)]
        await ingest.say(POS, fix(100, lon=EAST_LON))
        assert await ingest.rows("SELECT count(*) FROM crossing") == [(2,)]


SIGNS = {
    "an SOS": ("gw/v1/t/walker-1/sos", b'{"id": "p1"}'),
    "a hello": ("gw/v1/t/walker-1/status", b"online"),
    "a late fix": (POS, fix(500)),
    "an inaccurate fix": (POS, json.dumps({"t": time.time(), "lon": WEST_LON, "lat": LAT, "acc": 900}).encode()),
}


@pytest.mark.parametrize("sign", SIGNS)
async def test_whatever_is_new_from_a_silent_terminal_is_its_return(city: str, sign: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, fix(10))
        await quiet_for(ingest, 181)
        await ingest.say(*SIGNS[sign])
        assert await ingest.rows(KINDS) == [("online",), ("silent",), ("online",)]


async def test_a_refused_fix_is_no_sign_of_life(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, fix(10))
        await quiet_for(ingest, 181)
        await ingest.say(POS, fix(-3_600))
        assert await ingest.rows(KINDS) == [("online",), ("silent",)]

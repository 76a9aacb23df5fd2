"""Who falls silent, says goodbye and comes back, as rows."""

import json
import time

import pytest

from tests.integration.ingest.small_city import LAT, WEST_LON, found, works

POS = "gw/v1/t/walker-1/pos"


@pytest.fixture
async def city(database: str) -> str:
    await found(database)
    return database


def fix(age_s: float = 0) -> bytes:
    return json.dumps({"t": round(time.time() - age_s, 3), "lon": WEST_LON, "lat": LAT}).encode()


KINDS = "SELECT kind FROM presence_event ORDER BY at"


async def test_a_terminal_not_heard_for_its_limit_is_silent_once_and_back_with_a_fix(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, fix(10))
        ingest.pipeline.memory.heard_s[1] -= 181
        await ingest.pipeline.tick()
        await ingest.pipeline.tick()
        await ingest.say(POS, fix())
        assert await ingest.rows(KINDS) == [("online",), ("silent",), ("online",)]


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

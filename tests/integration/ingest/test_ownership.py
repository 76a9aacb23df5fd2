"""Two pipelines share the terminals of one database: each terminal has one owner, and who lost one commits nothing."""

import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ingest.pipeline.checkpoint import save
from ingest.rules.presence import Presence
from ingest.store import owners, runs
from ingest.store.owners import OwnershipLostError
from tests.integration.ingest.small_city import EAST, EAST_LON, LAT, WALKERS, WEST, WEST_LON, Works, found, works


def fix(age_s: float = 0, *, lon: float = WEST_LON) -> bytes:
    return json.dumps({"t": round(time.time() - age_s, 3), "lon": lon, "lat": LAT}).encode()


def topic(walker: int) -> str:
    return f"gw/v1/t/{WALKERS[walker - 1]}/pos"


@pytest.fixture
async def city(database: str) -> str:
    await found(database)
    return database


@asynccontextmanager
async def two(dsn: str) -> AsyncGenerator[tuple[Works, Works]]:
    """The first one has all three terminals, since nobody else was there; the second one none."""
    async with works(dsn, is_shared=True) as first, works(dsn, is_shared=True) as second:
        yield first, second


def share(ingest: Works) -> list[int]:
    assert ingest.share is not None
    return ingest.share.ours().tolist()


async def claim(ingest: Works, walker: int) -> list[bool]:
    """A terminal logs in, and the door waits until it is ours."""
    heard: list[bool] = []
    ownership, known = ingest.ownership, ingest.share
    assert known is not None
    known.claim(walker, heard.append)
    await ownership.claim(known.claims())
    return heard


async def notice(ingest: Works) -> None:
    await ingest.ownership.claim([])


async def is_silent_for_long(ingest: Works) -> None:
    async with ingest.pool.connection() as connection:
        await connection.execute(
            "UPDATE ingest_run SET heartbeat_at = now() - interval '1 hour' WHERE id = %s", [ingest.owner.run]
        )


async def test_who_comes_first_has_all_and_who_logs_in_elsewhere_moves(city: str) -> None:
    async with two(city) as (first, second):
        assert (share(first), share(second)) == ([1, 2, 3], [])
        assert await claim(second, 2) == [True]
        await notice(first)
        assert (share(first), share(second)) == ([1, 3], [2])
        assert first.sender.lost == [2]


async def test_a_crossing_begun_with_one_ingest_is_confirmed_by_the_other(city: str) -> None:
    async with two(city) as (first, second):
        await first.say(topic(1), fix(900))
        async with first.pool.connection() as connection:
            await save(connection, first.pipeline, first.owner)
        await first.say(topic(1), fix(600, lon=EAST_LON))
        await claim(second, 1)
        await second.say(topic(1), fix(500, lon=EAST_LON))
        rows = await second.rows("SELECT kind, grid FROM crossing ORDER BY kind DESC")
        assert rows == [("exit", WEST), ("enter", EAST)]


async def test_a_batch_of_who_lost_some_terminals_stores_only_the_others(city: str) -> None:
    async with two(city) as (first, second):
        await claim(second, 1)
        first.sender.is_open = False  # its connections end as it learns of the loss; what they had sent stays unsettled
        packets = [first.sender.packet(topic(walker), fix(walker)) for walker in (1, 2)]
        await first.pipeline.dispose(packets)
        assert await first.rows("SELECT terminal FROM position") == [(2,)]
        assert first.sender.settled == [2]
        assert share(first) == [2, 3]
        await second.say(topic(1), packets[0].payload)
        assert await first.rows("SELECT terminal FROM position ORDER BY 1") == [(1,), (2,)]


async def test_what_a_gateway_writes_for_terminals_of_others_is_claimed_first(city: str) -> None:
    async with two(city) as (first, second):
        await second.pipeline.dispose([second.sender.packet(topic(walker), fix(walker)) for walker in (1, 3)])
        assert second.sender.settled == [1, 2]
        assert share(second) == [1, 3]
        await notice(first)
        assert share(first) == [2]


async def test_who_lost_a_terminal_neither_checkpoints_it_nor_finds_it_silent(city: str) -> None:
    async with two(city) as (first, second):
        await first.say(topic(1), fix(60))
        await claim(second, 1)
        await second.say(topic(1), fix(lon=113.5501))
        async with second.pool.connection() as connection:
            await save(connection, second.pipeline, second.owner)
        async with first.pool.connection() as connection:
            with pytest.raises(owners.FenceMovedError):
                await save(connection, first.pipeline, first.owner)
            first.pipeline.memory.heard_s[:] = -10_000
            await first.pipeline.tick()
            await save(connection, first.pipeline, first.owner)
        assert await first.rows("SELECT lon FROM terminal_state") == [(1135501000,)]
        assert await first.rows("SELECT kind FROM presence_event") == [("online",)]
        assert first.pipeline.memory.presence[1] == Presence.UNSEEN


async def test_a_late_track_is_recomputed_by_the_owner_alone(city: str) -> None:
    async with two(city) as (first, second):
        for report in (fix(60), fix(400, lon=EAST_LON)):
            await first.say(topic(1), report)
        await claim(second, 1)
        await notice(first)
        for ingest, waiting in ((first, [(1,)]), (second, [])):
            await ingest.pipeline.tick()
            async with ingest.pool.connection() as connection:
                await save(connection, ingest.pipeline, ingest.owner)
            assert await ingest.rows("SELECT terminal FROM late_track") == waiting


async def test_the_terminals_of_the_dead_are_adopted_and_their_silence_is_noticed(
    city: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.pipeline.ownership.WATCHED_S", 0.0)
    async with two(city) as (first, second):
        await first.say(topic(1), fix(2))
        await is_silent_for_long(first)
        ownership = second.ownership
        for _ in range(2):  # the sign of life must stay the same between two looks
            await ownership.watch()
        assert share(second) == [1, 2, 3]
        second.pipeline.memory.heard_s[1] = -10_000
        await second.pipeline.tick()
        assert await second.rows("SELECT terminal, kind FROM presence_event ORDER BY at") == [
            (1, "online"),
            (1, "silent"),
        ]
        await notice(first)
        assert (share(first), first.sender.lost) == ([], [1, 2, 3])


async def test_a_run_that_gives_a_sign_of_life_keeps_its_terminals(city: str) -> None:
    async with two(city) as (first, second):
        await is_silent_for_long(first)
        ownership = second.ownership
        await ownership.watch()
        async with first.pool.connection() as connection:
            await runs.beat(connection, first.owner.run, runs.Totals(0, 0, 0, 0, 0))
        await ownership.watch()
        assert share(second) == []


async def test_what_a_clean_stop_leaves_is_adopted_at_once(city: str) -> None:
    async with two(city) as (first, second):
        async with first.pool.connection() as connection:
            await owners.leave(connection, first.owner.run)
        await second.ownership.watch()
        assert share(second) == [1, 2, 3]
        with pytest.raises(OwnershipLostError):
            await first.say(topic(1), fix())


async def test_an_exclusive_ingest_ends_all_others_and_a_sharing_one_ends_it(city: str) -> None:
    async with two(city) as (first, second), works(city) as alone:
        for ended in (first, second):
            with pytest.raises(OwnershipLostError):
                await ended.say(topic(1), fix())
        await alone.say(topic(1), fix())
        async with works(city, is_shared=True) as third:
            assert share(third) == [1, 2, 3]
            with pytest.raises(OwnershipLostError):
                await alone.say(topic(1), fix())


async def test_who_stands_still_with_its_fence_in_hand_loses_its_sessions(
    city: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.store.owners.LOCK_TIMEOUT_S", 1.0)
    async with two(city) as (first, second), first.pool.connection() as stopped:
        await stopped.execute("BEGIN")
        await owners.hold(stopped, first.owner.run, first.owner.epoch)
        await is_silent_for_long(first)
        assert await claim(second, 1) == [True]
        assert stopped.closed or await _has_ended(stopped)
        packet = first.sender.packet(topic(1), fix())
        first.sender.is_open = False
        await first.pipeline.dispose([packet])
        assert await second.rows("SELECT terminal FROM position") == []


async def _has_ended(connection: Any) -> bool:
    try:
        await connection.execute("SELECT 1")
    except Exception:  # noqa: BLE001 - whatever a connection says whose server side is gone
        return True
    return False

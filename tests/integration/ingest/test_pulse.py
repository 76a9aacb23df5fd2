"""The pulse of a run in a real database: what the pipeline did, and nothing older than the screen shows."""

import asyncio
from typing import Any

import pytest

from ingest.pipeline.pulse import Standing, pulses
from ingest.program import now_us
from ingest.store import pulse
from tests.integration.ingest.small_city import Works, found, until, works
from tests.integration.ingest.test_pipeline import POS, fix, said


@pytest.fixture
async def city(database: str) -> str:
    await found(database)
    return database


def standing(ingest: Works) -> Standing:
    return Standing(inbox=3, connections=2, presence=ingest.pipeline.memory.presence, cpu_s=0.0)


async def keep(ingest: Works, at_us: int, run: Any = None) -> int:
    sample = ingest.pipeline.pulse.sample(at_us, standing(ingest))
    async with ingest.pool.connection() as connection:
        return await pulse.add(connection, run or ingest.owner.run, sample)


async def test_what_the_pipeline_did_is_in_the_row(city: str) -> None:
    async with works(city) as ingest:
        await ingest.say(POS, said(fix(20), fix(5), fix(-3600)), received_at_us=now_us() - 400_000)
        await ingest.say(POS, said(fix(60)))
        assert await keep(ingest, now_us()) == 1
        [row] = await ingest.rows(
            """
            SELECT packets, positions, late, refused, batches, largest_batch, inbox, connections, online, silent,
                late_tracks, reasons, lag_max_ms >= 400, commit_p50_ms > 0, database_ms >= commit_max_ms - 1
            FROM ingest_pulse
            """
        )
    assert row == (2, 3, 1, 1, 2, 1, 3, 2, 1, 0, 1, {"future": 1}, True, True, True)


async def test_a_row_that_is_written_twice_is_there_once(city: str) -> None:
    async with works(city) as ingest:
        sample = ingest.pipeline.pulse.sample(now_us(), standing(ingest))
        async with ingest.pool.connection() as connection:
            for _ in range(2):
                await pulse.add(connection, ingest.owner.run, sample)
        assert await ingest.rows("SELECT count(*), max(lag_p99_ms) FROM ingest_pulse") == [(1, None)]


async def test_what_is_older_than_the_screen_shows_is_forgotten_whoever_wrote_it(city: str) -> None:
    async with works(city) as ingest:
        for age_s in (0, pulse.KEPT_S - 60, pulse.KEPT_S + 1, 86_400):
            await keep(ingest, now_us() - age_s * 1_000_000)
    async with works(city) as later:
        async with later.pool.connection() as connection:
            await pulse.forget_old(connection)
        assert await later.rows("SELECT count(*) FROM ingest_pulse") == [(2,)]


async def test_a_run_that_goes_on_writes_row_after_row(city: str) -> None:
    async with works(city) as ingest:

        async def has_three() -> bool:
            return await ingest.rows("SELECT count(*) >= 3 FROM ingest_pulse") == [(True,)]

        async with asyncio.TaskGroup() as tasks:
            work = pulses(
                ingest.pool,
                ingest.pipeline.pulse,
                ingest.owner.run,
                look=lambda: standing(ingest),
                now_us=now_us,
                every_s=0.02,
            )
            beating = tasks.create_task(work)
            await until(has_three)
            beating.cancel()

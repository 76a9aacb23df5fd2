"""A postmaster that lives, lets nobody in and gets no further is ended, so that who watches it starts it again."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gridwarden.embedded import EmbeddedPostgres, EmbeddedPostgresError

NEVER_IN = {"fsync": "off", "shared_buffers": "32MB", "hot_standby": "off"}  # of a standby: it accepts nobody


@pytest.fixture
def cluster() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="gridwarden-stuck-") as folder:
        Path(folder).chmod(0o755)
        cluster = EmbeddedPostgres(Path(folder), settings=NEVER_IN)
        cluster.start()
        yield cluster
        cluster.stop()


async def ended(cluster: EmbeddedPostgres) -> bool:
    """Return when a look has found it stuck."""
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(cluster.end_if_stuck, after_s=2.0):  # noqa: ASYNC110 - it looks itself
            await asyncio.sleep(0.1)
    return True


async def test_who_waits_for_ever_is_ended_and_starts_again_with_all_it_had(cluster: EmbeddedPostgres) -> None:
    with psycopg.connect(cluster.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    cluster.stop()
    waits = cluster.data / "standby.signal"  # it waits for WAL that never comes
    waits.touch()
    async with asyncio.TaskGroup() as group:
        looking = group.create_task(ended(cluster))
        with pytest.raises(EmbeddedPostgresError):
            await asyncio.to_thread(cluster.start)
    assert looking.result()
    waits.unlink()
    await asyncio.to_thread(cluster.start)
    with psycopg.connect(cluster.dsn) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_who_answers_is_left_alone(cluster: EmbeddedPostgres) -> None:
    assert not cluster.end_if_stuck(after_s=0.1)
    assert cluster.answers

"""What the screen of operations asks: the runs of ingest with their pulse, and the refused reports page by page."""

from typing import Any
from uuid import UUID, uuid4

import psycopg

from tests.integration.dashboard.builders import Place

Connection = psycopg.AsyncConnection[Any]


async def a_run(city: Connection, name: str, *, heard_s: int = 0, has_stopped: bool = False) -> UUID:
    run = uuid4()
    await city.execute(
        """
        INSERT INTO ingest_run (id, name, heartbeat_at, stopped_at)
        VALUES (%s, %s, now() - make_interval(secs => %s), CASE WHEN %s THEN now() END)
        """,
        [run, name, heard_s, has_stopped],
    )
    return run


async def a_sample(city: Connection, run: UUID, *, age_s: int, packets: int = 0, reasons: str = "{}") -> None:
    await city.execute(
        """
        INSERT INTO ingest_pulse (run, at, span_ms, packets, positions, late, duplicates, refused, batches,
            largest_batch, inbox, lag_p99_ms, database_ms, cpu_ms, connections, online, silent, offline, late_tracks,
            reasons)
        VALUES (%s, now() - make_interval(secs => %s), 5000, %s, 0, 0, 0, 0, 1, 1, 0, 12.34, 100, 9, 3, 2, 1, 0, 4, %s)
        """,
        [run, age_s, packets, reasons],
    )


async def test_each_run_is_shown_with_its_own_samples_of_the_last_quarter_of_an_hour(
    place: Place, city: Connection
) -> None:
    one, other = await a_run(city, "listen-1883"), await a_run(city, "listen-1884")
    for age_s, packets in ((1000, 1), (10, 2), (5, 3)):
        await a_sample(city, one, age_s=age_s, packets=packets)
    await a_sample(city, other, age_s=5, packets=7)
    async with place.logged_in("centre") as client:
        shown = (await client.get("/api/ingest/pulse")).json()
    packets = shown["columns"].index("packets")
    assert {run["name"]: [sample[packets] for sample in run["samples"]] for run in shown["workers"]} == {
        "listen-1883": [2, 3],
        "listen-1884": [7],
    }
    newest = dict(zip(shown["columns"], shown["workers"][0]["samples"][-1], strict=True))
    assert (newest["lag_p99_ms"], newest["lag_p50_ms"], newest["silent"], newest["late_tracks"]) == (12.3, None, 1, 4)
    assert abs(shown["at_ms"] - newest["at_ms"] - 5000) < 60_000


async def test_a_run_lives_or_has_stopped_or_is_lost(place: Place, city: Connection) -> None:
    await a_run(city, "living")
    await a_run(city, "stopped", heard_s=20, has_stopped=True)
    await a_run(city, "lost", heard_s=60)
    await a_run(city, "of yesterday", heard_s=86_400)
    async with place.logged_in("centre") as client:
        shown = (await client.get("/api/ingest/pulse")).json()
    assert {run["name"]: run["state"] for run in shown["workers"]} == {
        "living": "living",
        "stopped": "stopped",
        "lost": "lost",
    }


async def test_the_last_run_is_shown_however_long_ago_it_was(place: Place, city: Connection) -> None:
    await a_run(city, "last", heard_s=86_400)
    await a_run(city, "before", heard_s=186_400)
    async with place.logged_in("centre") as client:
        shown = (await client.get("/api/ingest/pulse")).json()
    assert [(run["name"], run["state"], run["samples"]) for run in shown["workers"]] == [("last", "lost", [])]


async def test_reasons_are_of_the_last_quarter_of_an_hour_and_of_today(place: Place, city: Connection) -> None:
    run = await a_run(city, "listen")
    await a_sample(city, run, age_s=1000, reasons='{"future": 100}')
    await a_sample(city, run, age_s=20, reasons='{"future": 1, "broken json": 3}')
    await a_sample(city, run, age_s=10, reasons='{"future": 1}')
    await city.execute(
        """
        INSERT INTO refusal_count VALUES
            ((now() AT TIME ZONE 'UTC')::date, 'future', 102), ((now() AT TIME ZONE 'UTC')::date - 1, 'too old', 5)
        """
    )
    async with place.logged_in("centre") as client:
        reasons = (await client.get("/api/ingest/pulse")).json()["reasons"]
    assert reasons == {
        "recent": [{"reason": "broken json", "reports": 3}, {"reason": "future", "reports": 2}],
        "today": [{"reason": "future", "reports": 102}],
    }


async def test_refused_reports_come_page_by_page_and_by_reason_and_terminal(place: Place, city: Connection) -> None:
    for number in range(5):
        reason, topic = ("future", "gw/v1/t/x/pos") if number % 2 else ("broken json", "owntracks/y/phone")
        await city.execute(
            "INSERT INTO refused_report (received_at, topic, reason, payload) VALUES (now(), %s, %s, %s)",
            [topic, reason, str(number).encode()],
        )
    async with place.logged_in("centre") as client:

        async def asked(**query: str | int) -> list[dict[str, Any]]:
            return (await client.get("/api/ingest/refused", params=query)).json()["refused"]

        first = await asked(limit=2)
        second = await asked(limit=2, before=first[-1]["id"])
        assert [one["payload"] for one in [*first, *second]] == ["4", "3", "2", "1"]
        assert [one["payload"] for one in await asked(reason="future")] == ["3", "1"]
        assert [one["payload"] for one in await asked(terminal="y")] == ["4", "2", "0"]
        assert await asked(terminal="z") == []

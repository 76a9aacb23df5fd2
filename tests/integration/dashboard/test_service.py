"""The program itself: health, the web app's files, headers, the port, the database going away."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from starlette.requests import Request

from dashboard import program, website
from tests.integration.dashboard.builders import Place
from tracker.bus.local import LocalBus


async def a_run(city: psycopg.AsyncConnection[Any], *, stored: int, age_s: int = 0, has_stopped: bool = False) -> None:
    await city.execute(
        """
        INSERT INTO ingest_run (id, name, heartbeat_at, stopped_at, packets, positions_stored, duplicates, refused,
            connections)
        VALUES (%s, 'listen', now() - make_interval(secs => %s), CASE WHEN %s THEN now() END, 10, %s, 2, 1, 5)
        """,
        [uuid4(), age_s, has_stopped, stored],
    )


async def test_health_adds_up_the_living_ingest_programs(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    async with place.client() as client:
        before = await client.get("/healthz")
        await a_run(city, stored=7)
        await a_run(city, stored=5)
        await a_run(city, stored=100, age_s=60)
        await a_run(city, stored=1000, has_stopped=True)
        after = await client.get("/healthz")
    assert (before.status_code, before.json()["status"], before.json()["positions_stored"]) == (200, "degraded", 0)
    assert after.json() == {
        "status": "ok",
        "database": "ok",
        "ingest": {"programs": 2, "connections": 10, "load_gateway": False},
        "positions_stored": 12,
        "duplicates": 4,
        "refused": 2,
        "packets": 20,
        "version": "test",
    }


async def test_refused_reports_are_shown_with_what_was_sent(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    await a_run(city, stored=1)
    await city.execute(
        "INSERT INTO refusal_count VALUES (current_date, 'not json', 3), (current_date - 1, 'not json', 4)"
    )
    await city.execute(
        """
        INSERT INTO refused_report (received_at, terminal, topic, reason, payload)
        VALUES (now(), 101, 'x', 'not json', %s)
        """,
        [b"{\xff"],
    )
    async with place.logged_in("centre") as client:
        shown = (await client.get("/api/ingest")).json()
    assert shown["refusals"] == [{"reason": "not json", "reports": 7}]
    assert [(one["terminal"], one["payload"]) for one in shown["refused"]] == [("t101", "{\\xff")]
    assert [run["positions_stored"] for run in shown["runs"]] == [1]


async def test_every_answer_tells_the_browser_what_the_page_may_do(place: Place) -> None:
    async with place.client() as client:
        for path in ("/", "/api/me", "/healthz", "/ack/none"):
            headers = (await client.get(path)).headers
            assert "worker-src 'self' blob:" in headers["content-security-policy"]
            assert "connect-src 'self' ws: wss:" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
        assert (await client.get("/api/me")).headers["cache-control"] == "no-store"


async def test_machines_can_read_the_counters(place: Place) -> None:
    async with place.client() as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert "python_info" in answer.text


async def test_a_taken_port_is_said_so(place: Place, database: str) -> None:
    port = int(place.address.split(":")[1])
    with pytest.raises(program.PortTaken, match=f"127.0.0.1:{port}.*give another"):
        await program.run(dsn=database, bus=LocalBus(), host="127.0.0.1", port=port, version="test", ready=lambda: None)


async def test_while_the_database_is_away_requests_are_told_so_and_it_comes_back(place: Place, database: str) -> None:
    name = conninfo_to_dict(database)["dbname"]
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    elsewhere = make_conninfo(database, dbname="postgres")
    async with (
        place.logged_in("centre") as client,
        await psycopg.AsyncConnection.connect(elsewhere, autocommit=True) as admin,
    ):
        await admin.execute(allow.format(sql.Identifier(str(name)), sql.SQL("false")))
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        gone, health = await client.get("/api/me"), await client.get("/healthz")
        await admin.execute(allow.format(sql.Identifier(str(name)), sql.SQL("true")))
        await until_it_answers(client)
    assert (gone.status_code, gone.json()["error"]) == (503, "database_away")
    assert (health.status_code, health.json()["database"]) == (503, "gone")


async def until_it_answers(client: httpx.AsyncClient) -> None:
    """The test's own time-out ends it; each request waits in the pool for a connection."""
    while (await client.get("/api/me")).status_code != int(httpx.codes.OK):
        pass


def a_request(path: str, **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": path, "headers": raw})


@pytest.fixture
def built(tmp_path: Path) -> website.Website:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><p>the app")
    (tmp_path / "assets" / "main-a1b2.js").write_text("console.log(1);" * 200)
    return website.read(tmp_path)


def test_hashed_files_are_kept_for_ever_and_the_page_is_asked_for_each_time(built: website.Website) -> None:
    script = built.answer(a_request("/"), "assets/main-a1b2.js")
    page = built.answer(a_request("/"), "index.html")
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-type"].startswith("text/javascript")
    assert page.headers["cache-control"] == "no-cache"


def test_a_place_in_the_app_is_answered_by_the_app(built: website.Website) -> None:
    for path in ("", "units/5", "../../etc/passwd"):
        assert built.answer(a_request("/"), path).body == b"<!doctype html><p>the app"
    assert built.answer(a_request("/"), "assets/main-0000.js").status_code == 404


def test_files_travel_compressed_and_only_when_changed(built: website.Website) -> None:
    plain = built.answer(a_request("/"), "assets/main-a1b2.js")
    packed = built.answer(a_request("/", accept_encoding="gzip, br"), "assets/main-a1b2.js")
    known = built.answer(a_request("/", if_none_match=plain.headers["etag"]), "assets/main-a1b2.js")
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.body) < len(plain.body) / 10
    assert (known.status_code, known.body) == (304, b"")


def test_an_app_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    page = website.read(tmp_path / "nothing").answer(a_request("/"), "")
    assert b"make setup" in page.body

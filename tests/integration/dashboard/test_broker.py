"""EMQX's questions, asked as its documentation says it asks them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, LiteralString

import httpx
import psycopg
import pytest

from dashboard import program
from tests.integration.dashboard.conftest import free_port
from tracker.bus.local import LocalBus
from tracker.security import hash_secret, new_salt

BROKER = {"X-Gridwarden-Broker": "of the broker"}


@pytest.fixture
async def client(database: str, city: psycopg.AsyncConnection[Any], bus: LocalBus) -> AsyncIterator[httpx.AsyncClient]:
    """A broker that asks; terminal T1 has the secret s."""
    salt = new_salt()
    await city.execute(
        "INSERT INTO terminal (id, code, secret_salt, secret_hash) VALUES (901, 'T1', %s, %s), (902, 'T2', %s, %s)",
        [salt, hash_secret("s", salt)] * 2,
    )
    port, is_ready = free_port(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(
            program.run(
                dsn=database,
                bus=bus,
                host="127.0.0.1",
                port=port,
                version="test",
                broker_secret="of the broker",
                ready=is_ready.set,
            )
        )
        await is_ready.wait()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/broker", timeout=20) as asking:
            yield asking
        running.cancel()


async def result(client: httpx.AsyncClient, path: str, **asked: str) -> str:
    answer = await client.post(path, json=asked, headers=BROKER)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()["result"]


async def test_a_terminal_logs_in_with_its_secret_and_learns_its_topics(client: httpx.AsyncClient) -> None:
    answer = await client.post("/auth", json={"username": "T1", "password": "s", "clientid": "x"}, headers=BROKER)
    said = answer.json()
    assert (said["result"], said["is_superuser"]) == ("allow", False)
    assert {"permission": "allow", "action": "publish", "topic": "gw/v1/t/T1/pos"} in said["acl"]


async def test_a_wrong_secret_is_denied_and_a_user_of_the_broker_s_own_is_left_to_it(client: httpx.AsyncClient) -> None:
    assert await result(client, "/auth", username="T1", password="guess") == "deny"
    assert await result(client, "/auth", username="gridwarden-ingest", password="in") == "ignore"
    assert await result(client, "/auth", username="no\0body", password="s") == "ignore"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE terminal SET revoked_at = now() WHERE code = 'T1'",
        "UPDATE terminal SET lost_at = now() WHERE code = 'T1'",
        "UPDATE terminal SET closed_at = now() WHERE code = 'T1'",
    ],
)
async def test_a_terminal_that_is_withdrawn_is_denied_at_once(
    client: httpx.AsyncClient, city: psycopg.AsyncConnection[Any], statement: LiteralString
) -> None:
    assert await result(client, "/auth", username="T1", password="s") == "allow"
    await city.execute(statement)
    assert await result(client, "/auth", username="T1", password="s") == "deny"
    assert await result(client, "/acl", username="T1", action="subscribe", topic="gw/v1/t/T1/alert") == "deny"
    assert await result(client, "/acl", username="T1", action="publish", topic="gw/v1/t/T1/pos") == "deny"


async def test_no_terminal_writes_as_another(client: httpx.AsyncClient) -> None:
    assert await result(client, "/acl", username="T1", action="publish", topic="gw/v1/t/T1/pos") == "allow"
    assert await result(client, "/acl", username="T1", action="publish", topic="gw/v1/t/T2/pos") == "deny"
    assert await result(client, "/acl", username="T1", action="subscribe", topic="#") == "deny"
    assert await result(client, "/acl", username="gridwarden-ingest", action="subscribe", topic="#") == "ignore"


@pytest.mark.parametrize("headers", [{}, {"X-Gridwarden-Broker": "guess"}, {"Cookie": "gw_session=x"}])
async def test_who_does_not_show_the_broker_s_secret_is_told_nothing(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    for path in ("/auth", "/acl"):
        answer = await client.post(path, json={"username": "T1", "password": "s"}, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "not_the_broker")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"username": 7}', b'{"username": "' + b"x" * 9000 + b'"}', b"\xff"])
async def test_what_is_no_question_gets_an_answer(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/auth", content=body, headers={**BROKER, "Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.json()["error"]

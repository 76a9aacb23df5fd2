"""Real Kannel between us and our simulated SMS centre: texts, receipts by dlr-url, and what phones write."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from alerts.over_http import library
from alerts.over_http.gateway import HttpGateway
from alerts.providers.http import Http
from dashboard import program
from simulators.sms_centre.centre import SmsCentre
from simulators.sms_centre.faults import Faults, Outcomes
from simulators.sms_centre.records import Originated
from tests.integration.alerts.builders import drain
from tests.integration.alerts.gateway_peers import kannel
from tests.integration.alerts.gateways import a_lane, queue, rows, states, until
from tests.integration.alerts.http_gateways import CALLBACK, QUICK, running
from tests.running import free_port
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]
FLOOD = "【网格预警】洪水红色预警：请立即撤离低洼地带 a+b&c%d=🌊"
PASSWORD = "word-of-kannel"
UNREACHABLE = "8613800000002"


def a_kannel(url: str, callback_url: str, **changes: Any) -> HttpGateway:
    given: dict[str, Any] = {
        "name": "kannel",
        "kind": "kannel",
        "description": library.ready("kannel"),
        "values": {"url": url, "username": "city", "sender": "10690001", "smsc": "", "dlr_mask": "31"},
        "secrets": {"password": PASSWORD, "callback": CALLBACK},
        "callback_url": callback_url,
        "rate_per_s": 1_000.0,
        "patience": QUICK,
    }
    return HttpGateway(**{**given, **changes})


@dataclass(frozen=True)
class Chain:
    centre: SmsCentre
    gateway: HttpGateway
    provider: Http


@pytest.fixture
async def chain(database: str, pool: Pool, bus: LocalBus, tmp_path: Path) -> AsyncIterator[Chain]:
    """A centre, Kannel before it, our gateway to Kannel, and a dashboard that it calls."""
    port, ready = free_port(), asyncio.Event()
    faults = Faults(outcomes=Outcomes(undeliverable_prefixes=(UNREACHABLE,)))
    async with AsyncExitStack() as stack:
        centre = await stack.enter_async_context(SmsCentre(faults=faults))
        here = f"http://127.0.0.1:{port}"
        inbound = f"{here}/sms/kannel/inbound/{CALLBACK}"
        url = await stack.enter_async_context(kannel(tmp_path, centre=centre.port, password=PASSWORD, inbound=inbound))
        gateway = a_kannel(url, here)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        task = group.create_task(
            program.run(
                dsn=database, bus=bus, host="127.0.0.1", port=port, version="t", gateways=[gateway], ready=ready.set
            ),
            name="dashboard",
        )
        stack.callback(task.cancel)
        await ready.wait()
        provider = await stack.enter_async_context(running(pool, gateway))
        await until(lambda: bool(centre.sessions))
        yield Chain(centre, gateway, provider)


async def test_texts_arrive_whole_and_their_receipts_come_back(
    chain: Chain, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    texts = [FLOOD, "unreachable", FLOOD * 5, "Flood [red] €1 ~ {x}"]
    await queue(connection, texts)
    await drain(a_lane(pool, bus, chain.provider))
    await until(lambda: _settled(connection))
    assert sorted(message.text for message in chain.centre.messages) == sorted(texts)
    assert {each.message.source for each in chain.centre.submissions} == {"10690001"}
    assert await rows(connection, "SELECT state FROM delivery ORDER BY id") == [
        "delivered",
        "failed",
        "delivered",
        "delivered",
    ]
    ((detail,),) = await rows(connection, "SELECT ARRAY[detail] FROM delivery WHERE state = 'failed'")
    assert detail.startswith("2 id:")
    named = await rows(connection, "SELECT DISTINCT operator_id = delivery || '.' || attempt FROM sms_segment")
    assert named == [True]


async def test_what_a_phone_writes_comes_with_its_characters(chain: Chain, connection: Connection) -> None:
    chain.centre.deliver(Originated("8613800000009", "10690001", "收到🌊"))
    chain.centre.deliver(Originated("8613800000009", "10690001", "ok @ [1]"))

    async def both_came() -> bool:
        return len(await rows(connection, "SELECT 1 FROM sms_inbound")) == 2

    await until(both_came)
    written = await rows(connection, "SELECT source, destination, body FROM sms_inbound ORDER BY body")
    assert written == [("+8613800000009", "10690001", "ok @ [1]"), ("+8613800000009", "10690001", "收到🌊")]


async def test_a_wrong_password_stops_the_gateway_and_fails_no_message(
    chain: Chain, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    await queue(connection, [FLOOD])
    wrong = a_kannel(chain.gateway.values["url"], "http://127.0.0.1:1", secrets={"password": "x", "callback": CALLBACK})
    async with running(pool, wrong) as provider:
        await a_lane(pool, bus, provider).round()
        assert provider.strength == 0.0
    assert await rows(connection, "SELECT state, detail FROM delivery") == [
        ("queued", "Authorization failed for sendsms")
    ]


async def _settled(connection: Connection) -> bool:
    return not set(await states(connection)) - {"delivered", "failed"}

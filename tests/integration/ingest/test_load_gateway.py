"""The load-only gateway through the whole of ingest: what it publishes is stored for each terminal, and shown."""

import json
import time
from typing import Any

import aiomqtt
import psycopg
import pytest
from structlog.testing import capture_logs

from ingest.program import Listen
from tests.integration.ingest.small_city import EAST_LON, LAT, WALKERS, WEST_LON, found, until
from tests.integration.ingest.test_program import free_port, running
from tracker.bus.local import LocalBus

SECRET = "of the load test alone"


async def rows(dsn: str, statement: Any) -> list[Any]:
    async with await psycopg.AsyncConnection[Any].connect(dsn) as connection:
        return await (await connection.execute(statement)).fetchall()


def fix(at: float, lon: float) -> bytes:
    return json.dumps({"t": at, "lon": lon, "lat": LAT}).encode()


def gateway(listen: Listen, secret: str = SECRET) -> aiomqtt.Client:
    return aiomqtt.Client(listen.host, listen.port, username="gateway", password=secret, identifier="load-1")


async def test_what_it_publishes_for_many_is_stored_for_each(database: str) -> None:
    await found(database)
    listen, now = Listen(host="127.0.0.1", port=free_port(), gateway=SECRET), int(time.time())
    async with running(dsn=database, bus=LocalBus(), listen=listen, name="load"), gateway(listen) as load:
        for second in range(10):
            for code, lon in zip(WALKERS, (WEST_LON, EAST_LON, WEST_LON), strict=True):
                await load.publish(f"gw/v1/t/{code}/pos", fix(now - second, lon), qos=1)
        await load.publish("gw/v1/t/walker-2/sos", b'{"id": "1", "t": %d}' % now, qos=1)
    stored = await rows(database, "SELECT terminal, count(*), min(lon), max(lon) FROM position GROUP BY 1 ORDER BY 1")
    assert stored == [
        (terminal, 10, round(lon * 1e7), round(lon * 1e7))
        for terminal, lon in ((1, WEST_LON), (2, EAST_LON), (3, WEST_LON))
    ]
    assert await rows(database, "SELECT terminal FROM emergency") == [(2,)]


async def test_what_is_nobody_s_is_counted_and_kept_as_refused(database: str) -> None:
    await found(database)
    listen, now = Listen(host="127.0.0.1", port=free_port(), gateway=SECRET), int(time.time())
    async with running(dsn=database, bus=LocalBus(), listen=listen, name="load"), gateway(listen) as load:
        await load.publish("gw/v1/t/walker-1/pos", fix(now, WEST_LON), qos=1)
        await rows(database, "UPDATE terminal SET revoked_at = now() WHERE id = 1 RETURNING id")

        async def is_refused() -> bool:
            await load.publish("gw/v1/t/walker-1/pos", fix(now - 1, WEST_LON), qos=1)
            return bool(await rows(database, "SELECT 1 FROM refused_report WHERE topic LIKE '%walker-1/pos'"))

        await until(is_refused)
        for topic in ("gw/v1/t/stranger/pos", "gw/v1/t/walker-2/alert", "owntracks/walker-2/phone"):
            await load.publish(topic, fix(now, WEST_LON), qos=1)
    kept = await rows(database, "SELECT DISTINCT topic, reason FROM refused_report ORDER BY topic")
    assert kept == [
        ("gw/v1/t/stranger/pos", "unknown terminal"),
        ("gw/v1/t/walker-1/pos", "unknown terminal"),
        ("gw/v1/t/walker-2/alert", "unknown topic"),
        ("owntracks/walker-2/phone", "foreign topic"),
    ]


@pytest.mark.parametrize(("opened", "shown"), [(SECRET, "of somebody else altogether"), (None, SECRET)])
async def test_a_wrong_secret_and_a_closed_door_refuse_it_alike(database: str, opened: str | None, shown: str) -> None:
    await found(database)
    listen = Listen(host="127.0.0.1", port=free_port(), gateway=opened)
    async with running(dsn=database, bus=LocalBus(), listen=listen, name="load"):
        with pytest.raises(aiomqtt.MqttError, match="Bad user name or password"):
            async with gateway(listen, shown):
                pass


@pytest.mark.parametrize("secret", [SECRET, None])
async def test_an_open_gateway_is_logged_and_noted_for_healthz(database: str, secret: str | None) -> None:
    await found(database)
    listen = Listen(host="127.0.0.1", port=free_port(), gateway=secret)
    with capture_logs() as said:
        async with running(dsn=database, bus=LocalBus(), listen=listen, name="load"):
            noted = await rows(database, "SELECT has_gateway FROM ingest_run")
    warnings = [line["event"] for line in said if line["log_level"] == "warning"]
    assert ("listener.load_gateway_open" in warnings) is (secret is not None)
    assert noted == [(secret is not None,)]
    assert SECRET not in f"{said} {listen}"

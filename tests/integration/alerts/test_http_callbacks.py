"""What operators tell us over HTTP, at a dashboard that really runs: receipts, replies, and whoever is none of them."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import httpx
import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from alerts.desk import Desk
from alerts.over_http.gateway import HttpGateway
from alerts.program import wall_clock
from alerts.replies import Replies
from dashboard import program
from tests.integration.alerts.builders import JINSHUI, City, drain, issued
from tests.integration.alerts.gateways import a_lane, queue, rows, states, until
from tests.integration.alerts.http_gateways import CALLBACK, PUBLIC, aliyun, running, tencent, twilio
from tests.running import free_port
from tests.sms_operators import Aliyun, Operator, Tencent, Twilio, serving, twilio_signed
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]
Client = httpx.AsyncClient
FLOOD = "【网格预警】洪水红色预警：请立即撤离低洼地带。"
NOWHERE = "http://127.0.0.1:9"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@asynccontextmanager
async def dashboard(database: str, bus: LocalBus, *gateways: HttpGateway) -> AsyncGenerator[Client]:
    port, ready = free_port(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(
            program.run(
                dsn=database, bus=bus, host="127.0.0.1", port=port, version="test", gateways=gateways, ready=ready.set
            ),
            name="dashboard",
        )
        await ready.wait()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
        running.cancel()


@pytest.fixture
async def client(database: str, bus: LocalBus) -> AsyncIterator[Client]:
    """All three, and one that may call from a network far away only."""
    far = aliyun(NOWHERE, name="far", networks=(ip_network("192.0.2.0/24"),))
    async with dashboard(database, bus, aliyun(NOWHERE), tencent(NOWHERE), twilio(NOWHERE), far) as opened:
        yield opened


def of_twilio(path: str, form: dict[str, str]) -> dict[str, Any]:
    """Return a request as Twilio makes it: signed for the address that it knows."""
    return {"url": path, "data": form, "headers": {"X-Twilio-Signature": twilio_signed(f"{PUBLIC}{path}", form)}}


async def sent(pool: Pool, bus: LocalBus, operator: Operator, gateway: Any, connection: Connection) -> None:
    with serving(operator):
        await queue(connection, [FLOOD, "another"])
        async with running(pool, gateway(operator.origin)) as provider:
            await drain(a_lane(pool, bus, provider))
    assert await states(connection) == {"sent": 2}
    operator.taken.sort(key=lambda each: each.number)  # requests are made at once, and come in any order


async def test_aliyun_reports_many_at_once(client: Client, pool: Pool, bus: LocalBus, connection: Connection) -> None:
    operator = Aliyun()
    await sent(pool, bus, operator, aliyun, connection)
    first, second = operator.taken
    reports = [
        {"phone_number": first.number, "success": True, "err_code": "DELIVERED", "biz_id": first.id, "sms_size": "1"},
        {"phone_number": second.number, "success": False, "err_code": "UNDELIV", "biz_id": second.id, "sms_size": "1"},
    ]
    answer = await client.post(f"/sms/aliyun/status/{CALLBACK}", json=reports)
    assert (answer.status_code, answer.json()) == (200, {"code": 0, "msg": "成功"})
    assert await rows(connection, "SELECT state, detail FROM delivery ORDER BY id") == [
        ("delivered", "DELIVERED"),
        ("failed", "UNDELIV"),
    ]


async def test_tencent_reports_by_serial_number(
    client: Client, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    operator = Tencent()
    await sent(pool, bus, operator, tencent, connection)
    reports = [
        {"mobile": each.number[3:], "nationcode": "86", "report_status": "SUCCESS", "errmsg": "DELIVRD", "sid": each.id}
        for each in operator.taken
    ]
    answer = await client.post(f"/sms/tencent/status/{CALLBACK}", json=reports)
    assert answer.json() == {"result": 0, "errmsg": "OK"}
    assert await states(connection) == {"delivered": 2}


async def test_twilio_reports_each_step_and_signs_it(
    client: Client, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    operator = Twilio()
    await sent(pool, bus, operator, twilio, connection)
    for status in ("sent", "delivered", "sent"):  # they may overtake each other
        form = {
            "MessageSid": operator.taken[0].id,
            "MessageStatus": status,
            "AccountSid": "AC0123456789",
            "To": "+86 1",
        }
        answer = await client.post(**of_twilio("/sms/twilio/status", form))
        assert (answer.status_code, answer.text) == (200, "<Response/>")
    form = {"MessageSid": operator.taken[1].id, "MessageStatus": "undelivered", "ErrorCode": "30003"}
    await client.post(**of_twilio("/sms/twilio/status", form))
    assert await rows(connection, "SELECT state, detail FROM delivery ORDER BY id") == [
        ("delivered", "delivered"),
        ("failed", "undelivered 30003"),
    ]


async def test_a_receipt_that_comes_before_our_own_commit_waits_for_it(
    client: Client, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    await queue(connection, [FLOOD])
    early = {"MessageSid": f"SM{0:032x}", "MessageStatus": "delivered"}
    await client.post(**of_twilio("/sms/twilio/status", early))
    assert await rows(connection, "SELECT fate FROM sms_receipt") == ["waiting"]
    with serving(Twilio()) as operator:
        async with running(pool, twilio(operator.origin)) as provider:
            await drain(a_lane(pool, bus, provider))
    assert await states(connection) == {"delivered": 1}
    assert await rows(connection, "SELECT fate FROM sms_receipt") == ["applied"]


async def test_a_receipt_that_is_shown_again_changes_nothing(
    client: Client, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    operator = Twilio()
    await sent(pool, bus, operator, twilio, connection)
    for status in ("delivered", "delivered", "failed"):
        form = {"MessageSid": operator.taken[0].id, "MessageStatus": status}
        assert (await client.post(**of_twilio("/sms/twilio/status", form))).status_code == 200
    assert await rows(connection, "SELECT state FROM delivery ORDER BY id LIMIT 1") == ["delivered"]
    fates = await rows(connection, "SELECT fate FROM sms_receipt ORDER BY id")
    assert fates == ["applied", "repeated", "repeated"]


async def test_an_id_that_is_not_ours_is_kept_and_answered_like_any_other(
    client: Client, connection: Connection
) -> None:
    report = {"phone_number": "13800000001", "success": True, "err_code": "DELIVERED", "biz_id": "strange"}
    answer = await client.post(f"/sms/aliyun/status/{CALLBACK}", json=[report])
    assert answer.status_code == 200
    assert await rows(connection, "SELECT operator_id, fate FROM sms_receipt") == [
        ("strange/+8613800000001", "waiting")
    ]


async def test_one_item_that_cannot_be_read_does_not_spoil_the_others(client: Client, connection: Connection) -> None:
    good = {"phone_number": "13800000001", "success": True, "err_code": "DELIVERED", "biz_id": "a\u0000b\ud800"}
    reports: list[Any] = [17, {}, {**good, "success": "perhaps"}, {**good, "biz_id": "x" * 500}, good]
    body = json.dumps(reports).encode()
    answer = await client.post(f"/sms/aliyun/status/{CALLBACK}", content=body)
    assert answer.status_code == 200
    assert await rows(connection, "SELECT operator_id FROM sms_receipt") == ["ab?/+8613800000001"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sms/aliyun/status/a-guess-at-the-secret", 403),
        ("/sms/aliyun/status", 403),
        (f"/sms/twilio/status/{CALLBACK}", 403),
        (f"/sms/far/status/{CALLBACK}", 403),
        (f"/sms/nobody/status/{CALLBACK}", 404),
        (f"/sms/aliyun/secrets/{CALLBACK}", 404),
    ],
)
async def test_who_is_not_the_operator_learns_nothing_and_leaves_nothing(
    client: Client, connection: Connection, path: str, status: int
) -> None:
    report = {"phone_number": "13800000001", "success": True, "err_code": "DELIVERED", "biz_id": "b"}
    answer = await client.post(path, json=[report])
    assert (answer.status_code, answer.content) == (status, b"")
    assert await rows(connection, "SELECT 1 FROM sms_receipt") == []


async def test_a_signature_holds_for_its_own_words_and_address_only(client: Client, connection: Connection) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    request = of_twilio("/sms/twilio/status", form)
    changed: dict[str, Any] = {**request, "data": {**form, "MessageStatus": "failed"}}
    elsewhere: dict[str, Any] = {**request, "url": "/sms/twilio/inbound"}
    longer: dict[str, Any] = {**request, "url": "/sms/twilio/status?x=1"}
    unsigned: dict[str, Any] = {**request, "headers": {}}
    for wrong in (changed, elsewhere, longer, unsigned):
        assert (await client.post(**wrong)).status_code == 403
    assert await rows(connection, "SELECT 1 FROM sms_receipt") == []


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"\xff\x00", 400), (b"[" * 50_000, 400), (b"{", 400), (b"9" * 5_000, 400), (b" " * 1_100_000, 413)],
)
async def test_garbage_is_refused_and_survived(
    client: Client, connection: Connection, body: bytes, status: int
) -> None:
    assert (await client.post(f"/sms/aliyun/status/{CALLBACK}", content=body)).status_code == status
    assert (await client.get("/healthz")).status_code == 200


async def test_a_form_of_a_thousand_fields_is_refused(client: Client) -> None:
    body = "&".join(f"a{n}=1" for n in range(1_000))
    assert (await client.post("/sms/twilio/status", content=body, headers=FORM)).status_code == 400


async def test_a_yes_over_http_acknowledges_and_its_echo_does_not(
    client: Client, pool: Pool, bus: LocalBus, city: City, connection: Connection
) -> None:
    """The same message shown again, by a gateway or by somebody who listened, must not answer the next warning."""
    desk, replies = Desk(pool, bus, wall_clock), Replies(pool, bus, wall_clock)
    first = await issued(desk, city)
    leader = 100 + JINSHUI
    with serving(Twilio()) as operator:
        async with running(pool, twilio(operator.origin)) as provider:
            await drain(a_lane(pool, bus, provider))
            form = {"MessageSid": "SM77", "From": f"+86138{leader:08d}", "To": "+15005550006", "Body": "收到"}
            answer = await client.post(**of_twilio("/sms/twilio/inbound", form))
            assert (answer.status_code, answer.text) == (200, "<Response/>")
            assert await replies.round() == 1
            second = await issued(desk, city)
            await drain(a_lane(pool, bus, provider))
            assert (await client.post(**of_twilio("/sms/twilio/inbound", form))).status_code == 200
            assert await replies.round() == 0
    answered = await rows(connection, "SELECT alert, member, channel FROM acknowledgement")
    assert answered == [(first.id, leader, "sms")]
    assert second.id != first.id


async def test_replies_of_aliyun_and_tencent_are_of_numbers_as_we_know_them(
    client: Client, connection: Connection
) -> None:
    up = [{"phone_number": "13800000001", "content": "收到", "dest_code": "106", "sequence_id": 17, "send_time": "t"}]
    assert (await client.post(f"/sms/aliyun/inbound/{CALLBACK}", json=up)).json()["code"] == 0
    reply = {"extend": "1", "mobile": "13800000002", "nationcode": "86", "sign": "x", "text": "1", "time": 1457336869}
    for _ in range(2):
        assert (await client.post(f"/sms/tencent/inbound/{CALLBACK}", json=reply)).json()["result"] == 0
    assert await rows(connection, "SELECT provider, source, destination, body FROM sms_inbound ORDER BY id") == [
        ("aliyun", "+8613800000001", "106", "收到"),
        ("tencent", "+8613800000002", "1", "1"),
    ]


async def test_without_gateways_there_is_no_such_address(database: str, bus: LocalBus) -> None:
    async with dashboard(database, bus) as client:
        answer = await client.post("/sms/twilio/status")
    assert answer.status_code in {404, 405}


async def test_a_callback_waits_for_a_receipt_of_the_second_of_two_names(
    database: str, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    """Two accounts at one operator: an id of one says nothing of the other's messages."""
    with serving(Twilio()) as operator:
        await queue(connection, [FLOOD])
        async with running(pool, twilio(operator.origin)) as provider:
            await drain(a_lane(pool, bus, provider))
        other = replace(twilio(operator.origin), name="other")
        async with dashboard(database, bus, twilio(operator.origin), other) as client:
            form = {"MessageSid": operator.taken[0].id, "MessageStatus": "delivered"}
            await client.post(**of_twilio("/sms/other/status", form))
            assert await states(connection) == {"sent": 1}
            await client.post(**of_twilio("/sms/twilio/status", form))
            await until(lambda: _are(connection, {"delivered": 1}))


async def _are(connection: Connection, wanted: dict[str, int]) -> bool:
    return await states(connection) == wanted

"""Messages over HTTP to strangers' operators that check each signature: taken, refused, put off, and nothing lost."""

import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from alerts.core.health import shares
from alerts.over_http.gateway import HttpGateway
from alerts.over_http.wording import Template
from tests.certificates import self_signed
from tests.integration.alerts.builders import drain
from tests.integration.alerts.gateways import a_lane, queue, rows, states
from tests.integration.alerts.http_gateways import PUBLIC, QUICK, aliyun, running, tencent, twilio
from tests.running import free_port
from tests.sms_operators import Aliyun, Answered, Operator, Tencent, Twilio, serving
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]
SAID = "洪水红色预警：请立即撤离低洼地带 a+b*c~d=e&f%g/🌊"
FLOOD = f"【网格预警】{SAID}"
LINKED = f"{FLOOD}\n确认：https://grid.example/ack/abc"


async def test_aliyun_takes_a_list_of_a_template_and_names_each_by_list_and_number(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    with serving(Aliyun()) as operator:
        await queue(connection, [LINKED, FLOOD, SAID * 3])
        async with running(pool, aliyun(operator.origin)) as provider:
            await drain(a_lane(pool, bus, provider))
    assert operator.complaints == []
    assert len(operator.requests) == 1
    assert [each.text for each in operator.taken] == [SAID, SAID, SAID * 3]
    assert operator.taken[0].number == "13800000001"
    assert operator.taken[0].variables == {"p1": SAID, "p2": "-", "p3": "-", "p4": "-"}
    assert await states(connection) == {"sent": 3}
    ids = await rows(connection, "SELECT operator_id FROM sms_segment ORDER BY delivery")
    assert ids == [f"{operator.taken[0].id}/+8613800000{n:03d}" for n in (1, 2, 3)]


async def test_a_number_that_stands_twice_goes_in_two_lists(pool: Pool, bus: LocalBus, connection: Connection) -> None:
    with serving(Aliyun()) as operator:
        await queue(connection, [FLOOD, FLOOD], number="+8613800000009")
        async with running(pool, aliyun(operator.origin)) as provider:
            await drain(a_lane(pool, bus, provider))
    assert len({each.id for each in operator.taken}) == 2
    assert operator.complaints == []


async def test_one_bad_number_does_not_refuse_the_list(pool: Pool, bus: LocalBus, connection: Connection) -> None:
    with serving(Aliyun(refused_numbers={"13800000005": "isv.MOBILE_NUMBER_ILLEGAL"})) as operator:
        await queue(connection, [FLOOD] * 8)
        async with running(pool, aliyun(operator.origin)) as provider:
            await drain(a_lane(pool, bus, provider))
    assert await states(connection) == {"sent": 7, "failed": 1}
    assert len(operator.taken) == 7
    assert await rows(connection, "SELECT address, detail FROM delivery WHERE state = 'failed'") == [
        ("+8613800000005", "isv.MOBILE_NUMBER_ILLEGAL 13800000005")
    ]


async def test_tencent_takes_one_list_for_each_text_and_answers_for_each_number(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    refused = {
        "+8613800000002": "InvalidParameterValue.IncorrectPhoneNumber",
        "+8613800000003": "LimitExceeded.PhoneNumberThirtySecondLimit",
    }
    with serving(Tencent(refused_numbers=refused)) as operator:
        await queue(connection, [FLOOD, FLOOD, FLOOD, FLOOD, "another"])
        async with running(pool, tencent(operator.origin)) as provider:
            await a_lane(pool, bus, provider).round()
    assert operator.complaints == []
    assert sorted(len(each.asked["PhoneNumberSet"]) for each in operator.taken) == [1, 4, 4]
    assert await rows(connection, "SELECT state, provider_id IS NOT NULL, detail FROM delivery ORDER BY id") == [
        ("sent", True, ""),
        ("failed", False, "InvalidParameterValue.IncorrectPhoneNumber refused"),
        ("queued", False, "LimitExceeded.PhoneNumberThirtySecondLimit refused"),
        ("sent", True, ""),
        ("sent", True, ""),
    ]


async def test_twilio_takes_one_message_a_request_and_is_told_where_to_call_back(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    with serving(Twilio(refused_numbers={"+8613800000002": "21211"})) as operator:
        await queue(connection, [LINKED, FLOOD])
        async with running(pool, twilio(operator.origin)) as provider:
            await drain(a_lane(pool, bus, provider))
    (taken,) = operator.taken
    assert (taken.number, taken.text) == ("+8613800000001", LINKED)
    assert taken.asked["StatusCallback"] == f"{PUBLIC}/sms/twilio/status"
    assert taken.asked["From"] == "+15005550006"
    assert "MessagingServiceSid" not in taken.asked
    assert await rows(connection, "SELECT state, detail FROM delivery ORDER BY id") == [
        ("sent", ""),
        ("failed", "21211 The number +8613800000002 is not valid"),
    ]


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (Answered(500, b"<html>oops</html>", "text/html"), "queued", "HTTP 500, no json"),
        (Answered(200, b"\xff\xfe not JSON"), "queued", "HTTP 200, no json"),
        (Answered(200, b"[" * 100_000), "queued", "HTTP 200, no json"),
        (Answered(200, b'{"nothing": "known"}'), "queued", "it was taken, and has no id"),
        (Answered(201, b'{"status": "queued"}'), "queued", "it was taken, and has no id"),
        (Answered(200, b"x" * 2_000_000), "queued", "an answer of more than 1,048,576 octets"),
        (Answered(302, b"", "text/plain"), "queued", "HTTP 302"),
        (Answered(503, b'{"code": 20503, "message": "later"}'), "queued", "20503 later"),
        (Answered(429, b'{"code": 20429, "message": "too many"}'), "queued", "20429 too many"),
        (Answered(400, b'{"code": 21617, "message": "too long"}'), "failed", "21617 too long"),
        (Answered(401, b'{"code": 20003, "message": "Authenticate"}'), "queued", "20003 Authenticate"),
    ],
)
async def test_whatever_is_answered_the_message_is_not_lost(
    pool: Pool, bus: LocalBus, connection: Connection, answer: Answered, state: str, words: str
) -> None:
    with serving(Twilio(whims=[lambda: answer])) as operator:
        await queue(connection, [FLOOD])
        async with running(pool, twilio(operator.origin)) as provider:
            await a_lane(pool, bus, provider).round()
    ((found, detail),) = await rows(connection, "SELECT state, detail FROM delivery")
    assert found == state
    assert detail.startswith(words)


async def test_what_may_have_been_taken_goes_again_and_is_flagged(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    """The answer of what was taken is garbage: nobody knows, so it is sent again and said to be perhaps the second."""
    with serving(Twilio(whims=[lambda: Answered(502, b"")])) as operator:
        await queue(connection, [FLOOD])
        async with running(pool, twilio(operator.origin)) as provider:
            await a_lane(pool, bus, provider).round()
    assert await rows(connection, "SELECT state, is_possible_duplicate FROM delivery") == [("queued", True)]


async def test_an_operator_that_does_not_answer_costs_its_patience(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    silence = threading.Event()

    def stay_silent() -> None:
        silence.wait(20)

    with serving(Twilio(whims=[stay_silent])) as operator:
        await queue(connection, [FLOOD])
        async with running(pool, twilio(operator.origin, patience=replace(QUICK, answer_s=1))) as provider:
            await a_lane(pool, bus, provider).round()
        silence.set()
    assert await rows(connection, "SELECT state, detail FROM delivery") == [("queued", "no answer in 1 s")]


async def test_who_cannot_be_reached_leaves_no_doubt(pool: Pool, bus: LocalBus, connection: Connection) -> None:
    await queue(connection, [FLOOD])
    async with running(pool, twilio(f"http://127.0.0.1:{free_port()}")) as provider:
        await a_lane(pool, bus, provider).round()
    ((state, flagged, detail),) = await rows(connection, "SELECT state, is_possible_duplicate, detail FROM delivery")
    assert (state, flagged) == ("queued", False)
    assert "cannot be reached" in detail


async def test_a_certificate_that_is_not_believed_sends_nothing_and_stops_the_gateway(
    pool: Pool, bus: LocalBus, connection: Connection, tmp_path: Path
) -> None:
    with serving(Twilio(), self_signed(tmp_path)) as operator:
        await queue(connection, [FLOOD])
        async with running(pool, twilio(operator.origin)) as provider:
            await a_lane(pool, bus, provider).round()
            assert provider.strength == 0.0
    assert operator.requests == []
    ((state, detail),) = await rows(connection, "SELECT state, detail FROM delivery")
    assert state == "queued"
    assert "shows a certificate that is not believed: self-signed certificate" in detail


async def test_an_authority_of_ones_own_is_believed(
    pool: Pool, bus: LocalBus, connection: Connection, tmp_path: Path
) -> None:
    pair = self_signed(tmp_path)
    with serving(Twilio(), pair) as operator:
        await queue(connection, [FLOOD])
        async with running(pool, twilio(operator.origin, authorities=pair[0])) as provider:
            await drain(a_lane(pool, bus, provider))
    assert await states(connection) == {"sent": 1}


@pytest.mark.parametrize(
    ("operator", "gateway", "words"),
    [
        (Aliyun(), aliyun, "SignatureDoesNotMatch"),
        (Tencent(), tencent, "AuthFailure.SignatureFailure"),
        (Twilio(), twilio, "20003 Authenticate"),
    ],
)
async def test_a_wrong_secret_stops_the_gateway_and_fails_no_message(
    pool: Pool, bus: LocalBus, connection: Connection, operator: Operator, gateway: Any, words: str
) -> None:
    with serving(operator):
        right: HttpGateway = gateway(operator.origin)
        wrong = gateway(operator.origin, secrets=dict.fromkeys(right.secrets, "a-guess-at-the-secret"))
        await queue(connection, [FLOOD] * 3)
        async with running(pool, wrong) as provider:
            await a_lane(pool, bus, provider).round()
            assert provider.strength == 0.0
    assert operator.taken == []
    assert await states(connection) == {"queued": 3}
    details = await rows(connection, "SELECT DISTINCT detail FROM delivery")
    assert all(detail.startswith(words) for detail in details)


@pytest.mark.parametrize(
    ("body", "number", "words"),
    [
        ("洪" * 20_000, None, "no template of 1 has room for these 20000 characters"),
        ("", None, "no template of 1 has room for these 0 characters"),
        (FLOOD, "call me", "'call me' is no telephone number"),
    ],
)
async def test_what_no_template_carries_is_refused_and_the_rest_leaves(
    pool: Pool, bus: LocalBus, connection: Connection, body: str, number: str | None, words: str
) -> None:
    with serving(Aliyun()) as operator:
        await queue(connection, [body], number=number)
        await queue(connection, [FLOOD])
        async with running(pool, aliyun(operator.origin)) as provider:
            await drain(a_lane(pool, bus, provider))
    assert await rows(connection, "SELECT state, detail FROM delivery ORDER BY id") == [("failed", words), ("sent", "")]


async def test_a_template_by_a_pattern_goes_before_one_by_length(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    lifted = Template(code="SMS_2", variables=("what",), pattern=re.compile("解除：(?P<what>.+)"))
    with serving(Aliyun()) as operator:
        await queue(connection, ["【网格预警】解除：洪水", FLOOD])
        both = aliyun(operator.origin, templates=(lifted, *aliyun(operator.origin).templates))
        async with running(pool, both) as provider:
            await a_lane(pool, bus, provider).round()
    assert len(operator.requests) == 2  # one template a request
    assert operator.complaints == ['{"Code": "isv.SMS_TEMPLATE_ILLEGAL", "Message": "模板不合法"}']


async def test_two_gateways_of_two_kinds_carry_all_when_one_is_away(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    with serving(Twilio()) as operator:
        await queue(connection, [FLOOD] * 30)
        away = twilio(f"http://127.0.0.1:{free_port()}", name="away")
        async with running(pool, away) as first, running(pool, twilio(operator.origin)) as second:
            await a_lane(pool, bus, first).round()
            weights = shares({each.name: each.strength for each in (first, second)})
            assert weights["away"] < 0.1
            assert weights["twilio"] == 1.0

"""The same conversation with SMS centres that are not ours: docs/sms.md draws its matrix from what is seen here."""

from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool
from structlog.testing import capture_logs

from alerts.smpp.segments import Concatenation
from tests.integration.alerts.builders import drain
from tests.integration.alerts.gateways import a_gateway, a_lane, connected, queue, rows, states, until
from tests.integration.alerts.smpp_peers import node_smpp, smpp34_server
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]
FLOOD = "【网格预警】洪水红色预警：请立即撤离低洼地带。"
LONG = FLOOD * 6 + "🌊" * 40
LATIN = "Flood [red] €1 ~ leave the {low} ground" * 5
THROTTLED = 0x58
NO_SUCH_NUMBER = 0x0B


async def _delivered(connection: Connection) -> bool:
    return set(await states(connection)) == {"delivered"}


async def test_node_smpp_takes_and_receipts_messages_in_both_alphabets_and_in_parts(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    async with node_smpp() as peer, connected(pool, a_gateway(peer.port)) as provider:
        await queue(connection, [FLOOD, LONG, LATIN, "x" * 160])
        await drain(a_lane(pool, bus, provider))
        await until(lambda: _delivered(connection))
        taken = peer.with_("text")
        await until(lambda: len(peer.with_("receipted")) == len(taken))
    texts = dict[str, str]()
    for each in sorted(taken, key=lambda fact: (fact["to"], (fact["udh"] or [0])[-1])):
        texts[each["to"]] = texts.get(each["to"], "") + each["text"]
    assert sorted(texts.values()) == sorted([FLOOD, LONG, LATIN, "x" * 160])
    assert {each["receipt"] for each in taken} == {1}
    assert {each["status"] for each in peer.with_("receipted")} == {0}


async def test_node_smpp_takes_a_long_message_as_payload_over_a_pair(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    async with node_smpp() as peer:
        gateway = a_gateway(peer.port, is_pair=True, concatenation=Concatenation.PAYLOAD)
        async with connected(pool, gateway) as provider:
            await until(lambda: len(peer.with_("bound")) == 2)
            await queue(connection, [LONG])
            await drain(a_lane(pool, bus, provider))
            await until(lambda: _delivered(connection))
        assert [each["text"] for each in peer.with_("text")] == [LONG]


async def test_node_smpp_refuses_a_wrong_password(pool: Pool) -> None:
    async with node_smpp() as peer:
        with capture_logs() as logs:
            async with connected(pool, a_gateway(peer.port, password="wrong"), is_awaited=False):
                await until(lambda: bool(logs))
        assert logs[0]["reason"].endswith("wrong password (ESME_RINVPASWD)")


async def test_node_smpp_throttles_enquires_and_unbinds(pool: Pool, bus: LocalBus, connection: Connection) -> None:
    async with node_smpp() as peer, connected(pool, a_gateway(peer.port)) as provider:
        await until(lambda: peer.with_("enquired"))  # we asked it
        peer.ask(enquire=True)
        await until(lambda: {"answered": "enquire_link"} in peer.facts)
        peer.ask(throttle=3)
        await queue(connection, [FLOOD] * 5)
        await drain(a_lane(pool, bus, provider))
        await until(lambda: _delivered(connection))
        assert len(peer.with_("text")) == 5
        peer.ask(unbind=True)
        await until(lambda: {"answered": "unbind"} in peer.facts)
        await until(lambda: len(peer.with_("bound")) == 2)  # and it is bound again


async def test_node_smpp_answers_query_sm(pool: Pool, bus: LocalBus, connection: Connection) -> None:
    async with node_smpp() as peer, connected(pool, a_gateway(peer.port)) as provider:
        await queue(connection, [FLOOD])
        await drain(a_lane(pool, bus, provider))
        await until(lambda: _delivered(connection))
        # As if its receipt had never come
        async with connection.transaction():  # else the answer may come in between
            await connection.execute("UPDATE sms_segment SET state = 'under_way', ask_at = now()")
            await connection.execute("UPDATE delivery SET state = 'sent'")
        await until(lambda: _delivered(connection))
    assert await rows(connection, "SELECT source, fate FROM sms_receipt ORDER BY id") == [
        ("receipt", "applied"),
        ("query", "applied"),
    ]


async def test_what_a_phone_writes_over_node_smpp_is_stored_before_it_is_answered(
    pool: Pool, connection: Connection
) -> None:
    async with node_smpp() as peer, connected(pool, a_gateway(peer.port)):
        message = {"source_addr": "8613800000001", "destination_addr": "10690001", "short_message": "收到"}
        peer.ask(deliver=message)
        await until(lambda: {"delivered": 0} in peer.facts)
        assert await rows(connection, "SELECT source, body FROM sms_inbound") == [("+8613800000001", "收到")]


async def test_smpp34_takes_and_receipts_messages_in_both_alphabets_and_in_parts(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    async with smpp34_server() as peer:
        async with connected(pool, a_gateway(peer.port)) as provider:
            await queue(connection, [FLOOD, LONG, LATIN])
            await drain(a_lane(pool, bus, provider))
            await until(lambda: _delivered(connection))
            await until(lambda: len(peer.receipts) == len(peer.taken))
        await until(lambda: peer.unbound == 1)
    assert set(peer.receipts) == {0}
    texts = dict[str, bytes]()
    for each in sorted(peer.taken, key=lambda event: (event.destination_addr, bytes(event.short_message)[5:6])):
        head = 6 if each.esm_class & 0x40 else 0
        texts[each.destination_addr] = texts.get(each.destination_addr, b"") + bytes(each.short_message)[head:]
    assert sorted(octets.decode("utf-16-be") for octets in texts.values() if b"\x1b" not in octets) == sorted(
        [FLOOD, LONG]
    )


async def test_smpp34_throttles_and_refuses(pool: Pool, bus: LocalBus, connection: Connection) -> None:
    async with smpp34_server() as peer, connected(pool, a_gateway(peer.port)) as provider:
        peer.statuses += [THROTTLED, THROTTLED, NO_SUCH_NUMBER]
        await queue(connection, [FLOOD] * 4)
        await drain(a_lane(pool, bus, provider))
        await until(lambda: _three_delivered(connection))


async def _three_delivered(connection: Connection) -> bool:
    return await states(connection) == {"delivered": 3, "failed": 1}

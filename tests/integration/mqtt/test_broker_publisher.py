"""Our messages to a broker, against a peer that answers exactly as a test wants it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import pytest
from structlog.testing import capture_logs

from ingest.doors.broker_link import Login
from ingest.doors.broker_publisher import BrokerGoneError, BrokerPublisher, Down
from ingest.doors.subscribe import broker_of, connect
from ingest.mqtt import packets
from ingest.mqtt.decoder import Decoder, Side
from ingest.mqtt.packets import Code
from ingest.mqtt.properties import Properties
from tests.integration.mqtt.bench import Peer


async def publishes(peer: Peer, count: int) -> list[packets.Publish]:
    found = [await peer.next() for _ in range(count)]
    return [packet for packet in found if isinstance(packet, packets.Publish)]


async def is_quiet(peer: Peer) -> bool:
    try:
        async with asyncio.timeout(0.2):
            peer.received += peer.decoder.feed(await peer.reader.read(65_536))
    except TimeoutError:
        return not peer.received
    return False


@asynccontextmanager
async def linked(
    *, window: int | None = None, keep_alive_s: float = 10
) -> AsyncGenerator[tuple[BrokerPublisher, Peer]]:
    came = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer, Decoder(Side.SERVER), [])
        assert isinstance(await peer.next(), packets.Connect)
        await peer.send(packets.Connack(session_present=False, code=0, properties=Properties(receive_maximum=window)))
        came.set_result(peer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    publisher = BrokerPublisher(Login(client_id="down", keep_alive_s=keep_alive_s))
    assert await connect(publisher, broker_of(f"mqtt://127.0.0.1:{port}")) is None
    peer: Peer = await came
    try:
        yield publisher, peer
    finally:
        publisher.close("the test is over")
        peer.writer.close()
        server.close()


def messages(count: int) -> list[Down]:
    return [Down(f"gw/v1/t/T{number}/alert", b"%d" % number) for number in range(count)]


async def test_no_more_are_on_their_way_than_the_broker_takes_and_they_come_in_order() -> None:
    async with linked(window=2) as (publisher, peer), asyncio.TaskGroup() as group:
        sending = group.create_task(publisher.send(messages(5)))
        first = await publishes(peer, 2)
        assert await is_quiet(peer)
        await peer.send(packets.Puback(first[1].packet_id))
        third = await publishes(peer, 1)
        assert await is_quiet(peer)
        await peer.send(packets.Puback(first[0].packet_id), packets.Puback(third[0].packet_id))
        rest = await publishes(peer, 2)
        assert not sending.done()
        await peer.send(*(packets.Puback(packet.packet_id) for packet in rest))
        assert await sending == [True] * 5
    assert [packet.payload for packet in first + third + rest] == [b"0", b"1", b"2", b"3", b"4"]
    assert {packet.qos for packet in first} == {1}


async def test_what_is_refused_is_said_once_with_its_reason_and_the_rest_is_taken() -> None:
    with capture_logs() as logs:
        async with linked() as (publisher, peer), asyncio.TaskGroup() as group:
            sending = group.create_task(publisher.send(messages(4)))
            ids = [packet.packet_id for packet in await publishes(peer, 4)]
            codes = (Code.NOT_AUTHORIZED, Code.NO_MATCHING_SUBSCRIBERS, Code.SUCCESS, Code.NOT_AUTHORIZED)
            await peer.send(*(packets.Puback(number, code) for number, code in zip(ids, codes, strict=True)))
            assert await sending == [False, True, True, False]
    assert [(line["event"], line["messages"], line["reasons"]) for line in logs] == [
        ("broker.refused", 2, "not authorized")
    ]


async def test_retained_messages_and_correlations_arrive_as_such_and_stray_answers_do_not_count() -> None:
    async with linked() as (publisher, peer), asyncio.TaskGroup() as group:
        sending = group.create_task(
            publisher.send(
                [
                    Down("gw/v1/g/4101/alert", b"red", is_retained=True),
                    Down("answers/T1", b"{}", said=Properties(correlation=b"c1")),
                ]
            )
        )
        retained, receipt = await publishes(peer, 2)
        await peer.send(packets.Puback(999), packets.Puback(retained.packet_id), packets.Puback(retained.packet_id))
        assert not sending.done()
        await peer.send(packets.Puback(receipt.packet_id))
        assert await sending == [True, True]
    assert (retained.retain, receipt.retain) == (True, False)
    assert receipt.properties.correlation == b"c1"


async def test_a_connection_that_breaks_ends_the_sending_with_its_reason() -> None:
    async with linked() as (publisher, peer):
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(expect_gone(publisher))
            await publishes(peer, 3)
            peer.writer.close()
            assert await sending == "connection lost"
        assert await expect_gone(publisher) == "connection lost"
        assert await publisher.ended == "connection lost"


async def test_a_broker_that_answers_pings_only_is_given_up() -> None:
    async with linked(keep_alive_s=0.1) as (publisher, peer), asyncio.TaskGroup() as group:
        staying = group.create_task(publisher.stay())
        sending = group.create_task(expect_gone(publisher))
        with suppress(AssertionError, ConnectionError):  # the link was closed
            while True:
                if isinstance(await peer.next(), packets.Pingreq):
                    await peer.send(packets.Pingresp())
        assert await staying == "the broker answers for no message"
        assert await sending == "the broker answers for no message"


async def expect_gone(publisher: BrokerPublisher) -> str:
    with pytest.raises(BrokerGoneError) as gone:
        await publisher.send(messages(3))
    return str(gone.value)

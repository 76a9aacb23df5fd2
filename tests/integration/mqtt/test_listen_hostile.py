"""Slow, broken and malicious clients at the listening door: each ends as intended, and a good one never notices."""

import contextlib
import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from ingest.doors.listen_connection import MOST_CHATTER, UNFINISHED_QOS2
from ingest.doors.listen_grants import MOST_SUBSCRIPTIONS
from ingest.doors.listen_limits import Caps
from ingest.doors.listen_login import LONGEST_CLIENT_ID
from ingest.mqtt import fields, packets
from ingest.mqtt.decoder import LARGEST_CONNECT, LARGEST_CONTROL
from ingest.mqtt.encode import PINGREQ, encode
from ingest.mqtt.packets import Code, ConnectReturn, Level, Subscription, Will
from ingest.mqtt.properties import LARGEST, Properties
from tests.certificates import self_signed
from tests.integration.mqtt.bench import Bench, Peer, a_connect, a_door, a_peer, connected, ended, until

POS = "gw/v1/t/T1/pos"
ALERT = "gw/v1/t/T1/alert"
GOOD = "gw/v1/t/T2/pos"


@contextlib.asynccontextmanager
async def a_good_client(door: Bench) -> AsyncGenerator[None]:
    """One of another terminal, that is served before, meanwhile and afterwards."""
    good, _ = await connected(door, "T2", client_id="good")
    await report(good, 1)
    yield
    await report(good, 2)


async def report(good: Peer, packet_id: int) -> None:
    await good.publish(GOOD, b"{}", packet_id=packet_id)
    assert await good.next() == packets.Puback(packet_id)


async def said(peer: Peer, raw: bytes) -> list[object]:
    peer.writer.write(raw)
    return list(await peer.end())


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: gridwarden\r\n\r\n", "protocol error"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "malformed packet"),  # TLS at the plain port
        (b"\x10\xff\xff\xff\xff\x01", "malformed packet"),  # a header that does not end
        (b"\x10\xff\xff\xff\x7f", "packet too large"),
        (b"\x30\x00", "protocol error"),
        (b"\x10\x00", "malformed packet"),
        (PINGREQ * 10_000, "protocol error"),
    ],
)
async def test_what_is_no_connect_is_closed(database: str, raw: bytes, reason: str) -> None:
    async with a_door(database) as door, a_good_client(door):
        before = ended(reason)
        assert await said(await a_peer(door), raw) == []
        assert ended(reason) == before + 1


async def test_a_connect_of_64_kilobytes_is_not_read(database: str) -> None:
    async with a_door(database) as door, a_good_client(door):
        before = ended("packet too large")
        connect = encode(a_connect(client_id="x" * 65_000), Level.V311)
        assert len(connect) > LARGEST_CONNECT
        assert await said(await a_peer(door), connect) == []
        assert ended("packet too large") == before + 1


async def test_a_long_client_id_is_refused(database: str) -> None:
    async with a_door(database) as door, a_good_client(door):
        _, answer = await connected(door, client_id="x" * (LONGEST_CLIENT_ID + 1))
        assert answer.code == ConnectReturn.IDENTIFIER_REJECTED


async def test_a_connect_that_comes_a_byte_at_a_time_has_the_door_s_patience_and_no_more(database: str) -> None:
    async with a_door(database, patience_s=0.5) as door, a_good_client(door):
        before, peer = ended("no CONNECT"), await a_peer(door)
        for byte in encode(a_connect(), Level.V311)[:-1]:
            peer.writer.write(bytes((byte,)))
            await peer.writer.drain()
        assert await peer.end() == []
        assert ended("no CONNECT") == before + 1


async def test_a_packet_that_does_not_become_whole_ends_the_connection(database: str) -> None:
    async with a_door(database, caps=Caps(stall_s=0.5)) as door, a_good_client(door):
        before = ended("stalled packet")
        peer, _ = await connected(door, level=Level.V5, keep_alive_s=0)
        peer.writer.write(b"\x32\x80\x80\x7f\x00\x0e" + POS.encode()[:4])
        assert await peer.end() == [packets.Disconnect(code=Code.UNSPECIFIED_ERROR)]
        assert ended("stalled packet") == before + 1


async def test_who_reads_nothing_of_what_is_sent_down_is_cut_off(database: str) -> None:
    async with a_door(database, caps=Caps(deaf_s=0.5)) as door, a_good_client(door):
        before = ended("does not read")
        peer, _ = await connected(door, keep_alive_s=0)
        await peer.send(packets.Subscribe(packet_id=1, subscriptions=(Subscription(ALERT, 0),)))
        await peer.next()
        peer.writer.transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]
        for _ in range(200):
            door.listener.send_now(1, ALERT, bytes(256 * 1024))
        await until(lambda: ended("does not read") == before + 1)


@pytest.mark.parametrize("level", list(Level), ids=lambda level: level.name)
async def test_filters_of_others_are_refused_and_nothing_of_theirs_comes(database: str, level: Level) -> None:
    filters = ("#", "+/+/+/+/+", "$SYS/#", "gw/v1/t/#", "gw/v1/t/+/alert", "$share/g/gw/v1/t/T1/alert")
    async with a_door(database) as door, a_good_client(door):
        peer, _ = await connected(door, level=level)
        asked = tuple(Subscription(each, 1) for each in filters)
        await peer.send(packets.Subscribe(packet_id=1, subscriptions=asked))
        answer = await peer.next()
        assert isinstance(answer, packets.Suback)
        assert {code >= 0x80 for code in answer.codes} == {True}
        door.listener.send_now(2, "gw/v1/t/T2/alert", b"not yours")
        await peer.ping()


async def test_thousands_of_filters_are_refused_beyond_the_most_of_a_session(database: str) -> None:
    async with a_door(database) as door, a_good_client(door):
        peer, _ = await connected(door)
        asked = tuple(Subscription(f"owntracks/T1/{number}", 1) for number in range(500))
        await peer.send(packets.Subscribe(packet_id=1, subscriptions=asked))
        answer = await peer.next()
        assert isinstance(answer, packets.Suback)
        assert answer.codes == (1,) * MOST_SUBSCRIPTIONS + (0x80,) * (500 - MOST_SUBSCRIPTIONS)


async def test_a_subscribe_that_is_too_long_ends_the_connection(database: str) -> None:
    async with a_door(database) as door, a_good_client(door):
        peer, _ = await connected(door, level=Level.V5)
        body = b"\x00\x01\x00" + b"\x00\x01a\x00" * (LARGEST_CONTROL // 4)
        raw = b"\x82" + fields.varint(len(body)) + body
        assert await said(peer, raw) == [packets.Disconnect(code=Code.PACKET_TOO_LARGE)]


async def test_two_megabytes_of_user_properties_end_the_connection(database: str) -> None:
    async with a_door(database) as door, a_good_client(door):
        peer, _ = await connected(door, level=Level.V5)
        pairs = b"\x26\x00\x00\x00\x00" * (LARGEST // 5 + 1)
        body = len(POS).to_bytes(2, "big") + POS.encode() + b"\x00\x01" + fields.varint(len(pairs)) + pairs
        raw = b"\x32" + fields.varint(len(body)) + body
        assert await said(peer, raw) == [packets.Disconnect(code=Code.PACKET_TOO_LARGE)]


@pytest.mark.parametrize("kind", ["ping", "subscribe", "unsubscribe"])
async def test_who_never_stops_chattering_is_cut_off(database: str, kind: str) -> None:
    chatter = {
        "ping": packets.Pingreq(),
        "subscribe": packets.Subscribe(packet_id=1, subscriptions=(Subscription(ALERT, 1),)),
        "unsubscribe": packets.Unsubscribe(packet_id=1, filters=(ALERT,)),
    }[kind]
    async with a_door(database) as door, a_good_client(door):
        before = ended("chatter")
        peer, _ = await connected(door, level=Level.V5)
        answers = await said(peer, encode(chatter, Level.V5) * (3 * MOST_CHATTER))
        assert answers[-1] == packets.Disconnect(code=Code.MESSAGE_RATE_TOO_HIGH)
        assert len(answers) < 2 * MOST_CHATTER
        assert ended("chatter") == before + 1


async def test_qos_2_packets_that_are_never_released_are_bounded(database: str) -> None:
    async with a_door(database) as door, a_good_client(door):
        before = ended("unfinished QoS 2")
        peer, _ = await connected(door)
        for first in range(1, UNFINISHED_QOS2 + 102, 101):
            many = [packets.Publish(POS, b"", 2, packet_id) for packet_id in range(first, first + 101)]
            with contextlib.suppress(ConnectionError):
                await peer.send(*many)
        await until(lambda: ended("unfinished QoS 2") == before + 1)


async def test_a_packet_identifier_used_again_in_flight_is_stored_and_answered_twice(database: str) -> None:
    async with a_door(database, settles=False) as door:
        peer, _ = await connected(door)
        await peer.publish(POS, b"1", packet_id=7)
        await peer.publish(POS, b"2", packet_id=7)
        await door.took(2)
        door.settle()
        assert [await peer.next(), await peer.next()] == [packets.Puback(7)] * 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\x00\x00\x00\x01\x00", Code.PROTOCOL_ERROR),  # no topic
        (b"\x00\x03a\x00b\x00\x01\x00", Code.MALFORMED_PACKET),  # NUL
        (b"\x00\x02\xc3\x28\x00\x01\x00", Code.MALFORMED_PACKET),  # no UTF-8
        (b"\x00\x03\xed\xa0\x80\x00\x01\x00", Code.MALFORMED_PACKET),  # a surrogate
        (b"\x00\x03a/+\x00\x01\x00", Code.MALFORMED_PACKET),  # a wildcard
        (b"\x00\x01a\x00\x00\x00", Code.MALFORMED_PACKET),  # packet identifier 0
        (b"\x00\xffa\x00\x01\x00", Code.MALFORMED_PACKET),  # a topic past the end
    ],
)
async def test_a_topic_that_is_none_ends_the_connection(database: str, body: bytes, code: Code) -> None:
    async with a_door(database) as door, a_good_client(door):
        peer, _ = await connected(door, level=Level.V5)
        assert await said(peer, b"\x32" + bytes((len(body),)) + body) == [packets.Disconnect(code=code)]


async def test_retained_messages_of_terminals_are_kept_nowhere(database: str) -> None:
    async with a_door(database) as door, a_good_client(door):
        peer, _ = await connected(door)
        many = [packets.Publish(f"gw/v1/g/{number}/alert", b"red", 1, number, retain=True) for number in range(1, 301)]
        await peer.send(*many)
        await door.took(301)
        assert await door.number("SELECT count(*) FROM retained") == 0


async def test_wills_that_wait_are_bounded_for_each_terminal(database: str) -> None:
    will = Will(topic="gw/v1/t/T1/status", payload=b"offline", properties=Properties(will_delay_s=3_600))
    kept = Properties(session_expiry_s=3_600)
    async with a_door(database, caps=Caps(terminal_logins_at_once=100)) as door, a_good_client(door):
        for number in range(8):
            peer, _ = await connected(door, level=Level.V5, client_id=f"c{number}", will=will, properties=kept)
            peer.kill()
            await until(lambda: door.listener.connections == 1)
        await until(lambda: door.payloads().count(b"offline") == 4)


async def test_two_that_take_each_other_over_are_slowed_down(database: str) -> None:
    caps = Caps(terminal_logins_at_once=5, terminal_login_s=3_600)
    async with a_door(database, caps=caps) as door, a_good_client(door):
        answers = [(await connected(door, level=Level.V5))[1].code for _ in range(7)]
        assert answers == [0] * 5 + [Code.CONNECTION_RATE_EXCEEDED] * 2


async def test_junk_at_the_tls_port_and_a_handshake_that_does_not_end_hold_nobody_up(
    database: str, tmp_path: Path
) -> None:
    certificate, key = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    async with a_door(database, tls=tls, patience_s=0.5) as door:
        junk, silent = await a_peer(door), await a_peer(door)
        assert await said(junk, b"\x10\x0c\0\x04MQTT\x04\2\0\0\0\0") in ([], [packets.Connack()])
        assert await silent.end() == []
        good, _ = await connected(door, "T2", tls=ssl.create_default_context(cafile=str(certificate)))
        await report(good, 1)

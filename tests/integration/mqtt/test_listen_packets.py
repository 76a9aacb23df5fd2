"""The listening door, packet by packet: when what is answered, and what never is."""

import asyncio
import dataclasses
import time
from typing import Any

import pytest

from ingest.doors.listen_connection import RECEIVE_MAXIMUM
from ingest.doors.listen_wire import LARGEST_PACKET
from ingest.inbox import Bounds
from ingest.mqtt import packets
from ingest.mqtt.packets import Code, ConnectReturn, Level, Subscription, Will
from ingest.mqtt.properties import Properties
from ingest.rules.packets import Route
from tests.integration.mqtt.bench import a_connect, a_door, a_peer, connected, until

POS = "gw/v1/t/T1/pos"
LEVELS = pytest.mark.parametrize("level", list(Level), ids=lambda level: level.name)


@LEVELS
async def test_puback_comes_after_settle_and_not_before(database: str, level: Level) -> None:
    async with a_door(database, settles=False) as door:
        peer, _ = await connected(door, level=level)
        await peer.publish(POS, b"{}", packet_id=7)
        await door.took(1)
        await peer.ping()  # answered at once, and alone
        door.settle()
        assert await peer.next() == packets.Puback(7)


async def test_a_packet_says_who_sent_what_where(database: str) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5)
        said = Properties(response_topic="gw/v1/t/T1/stored", correlation=b"x")
        await peer.send(packets.Publish(POS, b"{}", 1, 1, properties=said))
        [packet] = await door.took(1)
        assert (packet.terminal, packet.route, packet.topic) == (1, Route.POS, POS)
        assert (packet.payload, packet.reply_topic, packet.correlation) == (b"{}", "gw/v1/t/T1/stored", b"x")


@LEVELS
async def test_a_foreign_topic_is_acknowledged_and_kept_as_refused(database: str, level: Level) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=level)
        await peer.publish("gw/v1/t/T2/pos", b"{}", packet_id=1)
        await peer.publish("weather", b"{}", packet_id=2)
        answers = [await peer.next(), await peer.next()]
        codes = (Code.NOT_AUTHORIZED, Code.TOPIC_NAME_INVALID) if level is Level.V5 else (0, 0)
        assert answers == [packets.Puback(1, codes[0]), packets.Puback(2, codes[1])]
        assert [(packet.terminal, packet.route) for packet in door.taken] == [(1, Route.OTHER)] * 2


@LEVELS
@pytest.mark.parametrize(("user", "password"), [("T1", b"wrong"), ("nobody", b"S-T1"), ("T1", b"\xff"), (None, None)])
async def test_wrong_credentials_are_refused(
    database: str, level: Level, user: str | None, password: bytes | None
) -> None:
    async with a_door(database) as door:
        _, answer = await connected(door, level=level, user=user, password=password)
        assert answer.code == (
            Code.BAD_USER_NAME_OR_PASSWORD if level is Level.V5 else ConnectReturn.BAD_USER_NAME_OR_PASSWORD
        )
        await until(lambda: door.listener.connections == 0)


async def test_a_payload_of_one_mebibyte_is_taken_to_be_refused(database: str) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door)
        await peer.publish(POS, bytes(1024 * 1024), packet_id=1)
        assert await peer.next() == packets.Puback(1)
        assert [len(packet.payload) for packet in door.taken] == [1024 * 1024]


async def test_an_unknown_version_is_told_so(database: str) -> None:
    async with a_door(database) as door:
        peer = await a_peer(door)
        peer.writer.write(b"\x10\x0c\0\x04MQTT\x06\2\0\0\0\0")
        assert await peer.end() == [packets.Connack(code=ConnectReturn.UNACCEPTABLE_VERSION)]


async def test_packets_behind_connect_in_one_write_are_taken_in_order(database: str) -> None:
    async with a_door(database) as door:
        peer = await a_peer(door)
        subscribe = packets.Subscribe(packet_id=9, subscriptions=(Subscription("gw/v1/t/T1/alert", 1),))
        await peer.send(a_connect(), packets.Publish(POS, b"1", 1, 1), subscribe, packets.Publish(POS, b"2", 1, 2))
        kinds = {type(await peer.next()) for _ in range(4)}
        assert kinds == {packets.Connack, packets.Puback, packets.Suback}
        assert door.payloads() == [b"1", b"2"]


@LEVELS
async def test_a_qos_2_packet_repeated_counts_once(database: str, level: Level) -> None:
    async with a_door(database, settles=False) as door:
        peer, _ = await connected(door, level=level)
        await peer.publish(POS, b"{}", qos=2, packet_id=5)
        await peer.publish(POS, b"{}", qos=2, packet_id=5)
        await door.took(1)
        await peer.ping()
        door.settle()
        assert await peer.next() == packets.Pubrec(5)
        await peer.publish(POS, b"{}", qos=2, packet_id=5)
        assert await peer.next() == packets.Pubrec(5)
        await peer.send(packets.Pubrel(5))
        assert await peer.next() == packets.Pubcomp(5)
        assert len(door.taken) == 1
        await peer.publish(POS, b"another", qos=2, packet_id=5)
        await door.took(2)


async def test_a_qos_2_packet_is_known_again_after_a_reconnect(database: str) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, clean_start=False)
        await peer.publish(POS, b"{}", qos=2, packet_id=5)
        assert await peer.next() == packets.Pubrec(5)
        peer.kill()
        peer, answer = await connected(door, clean_start=False)
        assert answer.session_present
        await peer.publish(POS, b"{}", qos=2, packet_id=5)
        assert await peer.next() == packets.Pubrec(5)
        await peer.send(packets.Pubrel(5))
        assert await peer.next() == packets.Pubcomp(5)
        assert len(door.taken) == 1


async def test_a_will_is_published_when_the_connection_is_lost_and_not_after_disconnect(database: str) -> None:
    will = Will(topic="gw/v1/t/T1/status", payload=b"offline", qos=1)
    async with a_door(database) as door:
        peer, _ = await connected(door, will=will)
        await peer.send(packets.Disconnect())
        await peer.end()
        peer, _ = await connected(door, will=will)
        await peer.ping()
        peer.kill()
        [packet] = await door.took(1)
        assert (packet.route, packet.payload, packet.terminal) == (Route.STATUS, b"offline", 1)


async def test_a_delayed_will_is_dropped_when_the_peer_returns(database: str) -> None:
    will = Will(topic="gw/v1/t/T1/status", payload=b"offline", properties=Properties(will_delay_s=3_600))
    kept = Properties(session_expiry_s=3_600)
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5, clean_start=False, will=will, properties=kept)
        peer.kill()
        await until(lambda: door.listener.connections == 0)
        peer, _ = await connected(door, level=Level.V5, clean_start=False, properties=kept)
        await peer.publish(POS, b"back", packet_id=1)
        await peer.next()
        assert door.payloads() == [b"back"]


async def test_a_silent_peer_is_lost_after_one_and_a_half_times_its_keep_alive(database: str) -> None:
    will = Will(topic="gw/v1/t/T1/status", payload=b"offline")
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5, keep_alive_s=1, will=will)
        assert await peer.end() == [packets.Disconnect(code=Code.KEEP_ALIVE_TIMEOUT)]
        await door.took(1)


async def test_who_does_not_log_in_is_closed(database: str) -> None:
    async with a_door(database, patience_s=0.1) as door:
        peer = await a_peer(door)
        assert await peer.end() == []


async def test_the_same_session_again_takes_the_older_connection_over(database: str) -> None:
    async with a_door(database) as door:
        older, _ = await connected(door, level=Level.V5, will=Will(topic="gw/v1/t/T1/status", payload=b"offline"))
        newer, _ = await connected(door, level=Level.V5)
        assert await older.end() == [packets.Disconnect(code=Code.SESSION_TAKEN_OVER)]
        await newer.ping()
        await door.took(1)


@pytest.mark.parametrize("change", [{"is_admitted": False}, {"secret_hash": bytes(64)}])
async def test_a_withdrawn_credential_ends_the_connection_at_once(database: str, change: dict[str, Any]) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5)
        known = door.directory.by_code["T1"]
        door.directory.apply([dataclasses.replace(known, **change)])
        door.listener.recheck([known.id])
        assert await peer.end() == [packets.Disconnect(code=Code.ADMINISTRATIVE_ACTION)]


async def test_nobody_is_lost_for_the_time_that_the_door_itself_stood_still(database: str) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, keep_alive_s=1)
        await peer.send(packets.Pingreq())
        time.sleep(2.5)  # noqa: ASYNC251 - the process is stopped, and with it the loop
        assert await peer.next() == packets.Pingresp()
        await peer.ping()


async def test_a_terminal_handed_to_another_member_keeps_its_connection(database: str) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5)
        known = door.directory.by_code["T1"]
        door.directory.apply([dataclasses.replace(known, member=7, interval_s=5)])
        door.listener.recheck([known.id])
        await peer.ping()
        assert door.directory.members[known.id] == 7


async def test_a_client_id_alone_takes_nobody_over(database: str) -> None:
    async with a_door(database) as door:
        one, _ = await connected(door, "T1")
        other, _ = await connected(door, "T2")
        await one.ping()
        await other.ping()


async def test_a_client_of_mqtt_5_is_told_what_we_take(database: str) -> None:
    async with a_door(database) as door:
        said = Properties(session_expiry_s=2**32 - 1)
        _, answer = await connected(door, level=Level.V5, client_id="", properties=said)
        assert answer.properties.session_expiry_s == 7 * 24 * 3600
        assert answer.properties.receive_maximum == RECEIVE_MAXIMUM
        assert answer.properties.maximum_packet_bytes == LARGEST_PACKET
        assert answer.properties.assigned_client_id


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\x30\x80\x80\x80\x01", Code.PACKET_TOO_LARGE),
        (b"\x36\x00", Code.MALFORMED_PACKET),
        (b"\xf0\x00", Code.PROTOCOL_ERROR),
        (b"\x30\x06\0\0\x03\x23\0\1", Code.TOPIC_ALIAS_INVALID),
    ],
)
async def test_a_broken_stream_ends_with_its_reason(database: str, raw: bytes, code: Code) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5)
        peer.writer.write(raw)
        assert await peer.end() == [packets.Disconnect(code=code)]


async def test_more_packets_than_the_receive_maximum_end_the_connection_of_mqtt_5(database: str) -> None:
    async with a_door(database, settles=False) as door:
        peer, _ = await connected(door, level=Level.V5)
        await peer.send(*(packets.Publish(POS, b"", 1, number) for number in range(1, RECEIVE_MAXIMUM + 2)))
        assert await peer.end() == [packets.Disconnect(code=Code.RECEIVE_MAXIMUM_EXCEEDED)]


async def test_a_client_of_mqtt_3_waits_when_too_much_is_unsettled(database: str) -> None:
    many = 5 * RECEIVE_MAXIMUM
    payload = bytes(10_000)
    async with a_door(database, settles=False) as door:
        peer, _ = await connected(door)
        sent = [packets.Publish(POS, payload, 1, number) for number in range(1, many + 1)]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(peer.send(*sent))
            await door.took(RECEIVE_MAXIMUM)
            assert len(door.taken) < many
            door.settles = True
            door.settle()
            acknowledged = [await peer.next() for _ in range(many)]
        assert acknowledged == [packets.Puback(number) for number in range(1, many + 1)]


async def test_a_full_inbox_makes_senders_wait_and_loses_nothing(database: str) -> None:
    async with a_door(database, bounds=Bounds(packets=10, batch=5)) as door:
        peer, _ = await connected(door)
        await peer.send(*(packets.Publish(POS, b"%d" % number, 1, number) for number in range(1, 201)))
        assert [await peer.next() for _ in range(200)] == [packets.Puback(number) for number in range(1, 201)]
        assert door.payloads() == [b"%d" % number for number in range(1, 201)]


async def test_stopping_says_goodbye_and_publishes_no_will(database: str) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5, will=Will(topic="gw/v1/t/T1/status", payload=b"offline"))
        await door.listener.stop()
        assert await peer.end() == [packets.Disconnect(code=Code.SERVER_SHUTTING_DOWN)]
    assert door.taken == []

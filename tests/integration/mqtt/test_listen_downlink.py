"""What goes down over the listening door: kept until acknowledged, repeated in order, never to another terminal."""

import pytest

from ingest.mqtt import packets
from ingest.mqtt.packets import Code, Level, Subscription
from ingest.mqtt.properties import Properties
from tests.integration.mqtt.bench import Peer, a_door, connected, until

ALERT = "gw/v1/t/T1/alert"
STORED = "gw/v1/t/T1/stored"
GRID = "gw/v1/g/410105001002003/alert"
LEVELS = pytest.mark.parametrize("level", list(Level), ids=lambda level: level.name)


async def subscribe(peer: Peer, *filters: str, qos: int = 1, retain_handling: int = 0) -> tuple[int, ...]:
    wanted = tuple(Subscription(item, qos, retain_handling=retain_handling) for item in filters)
    await peer.send(packets.Subscribe(packet_id=1, subscriptions=wanted))
    answer = await peer.next()
    assert isinstance(answer, packets.Suback)
    return answer.codes


async def next_publish(peer: Peer) -> packets.Publish:
    packet = await peer.next()
    assert isinstance(packet, packets.Publish), packet
    return packet


async def puback(peer: Peer, packet: packets.Publish) -> None:
    await peer.send(packets.Puback(packet.packet_id))


@LEVELS
async def test_downlink_is_delivered_and_noted_when_acknowledged(database: str, level: Level) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=level)
        assert await subscribe(peer, "gw/v1/t/T1/+") == (1,)
        await door.put_downlink(ALERT, b"storm")
        packet = await next_publish(peer)
        assert (packet.topic, packet.payload, packet.qos, packet.dup) == (ALERT, b"storm", 1, False)
        assert await door.waiting_downlink() == 1
        await puback(peer, packet)
        await door.waits(0)


@LEVELS
async def test_what_waited_comes_in_order_when_the_terminal_subscribes(database: str, level: Level) -> None:
    async with a_door(database) as door:
        for number in range(5):
            await door.put_downlink(ALERT, b"%d" % number)
        await door.put_downlink("gw/v1/t/T2/alert", b"not yours", terminal=2)
        peer, _ = await connected(door, level=level)
        await subscribe(peer, ALERT)
        received = [await next_publish(peer) for _ in range(5)]
        assert [packet.payload for packet in received] == [b"0", b"1", b"2", b"3", b"4"]
        assert {packet.dup for packet in received} == {False}


async def test_what_was_not_acknowledged_is_repeated_as_it_was_to_the_resumed_session(database: str) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, clean_start=False)
        await subscribe(peer, ALERT)
        for number in range(3):
            await door.put_downlink(ALERT, b"%d" % number)
        first = [await next_publish(peer) for _ in range(3)]
        await puback(peer, first[1])
        await door.waits(2)
        peer.kill()
        await until(lambda: door.listener.connections == 0)
        await door.put_downlink(ALERT, b"3")
        peer, answer = await connected(door, clean_start=False)
        assert answer.session_present
        again = [await next_publish(peer) for _ in range(3)]
        assert [(packet.payload, packet.dup) for packet in again] == [(b"0", True), (b"2", True), (b"3", False)]
        assert [packet.packet_id for packet in again[:2]] == [first[0].packet_id, first[2].packet_id]


async def test_a_session_outlives_the_door(database: str) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, clean_start=False)
        await subscribe(peer, ALERT)
    async with a_door(database) as door:
        await door.put_downlink(ALERT, b"storm")
        peer, answer = await connected(door, clean_start=False)
        assert answer.session_present
        assert (await next_publish(peer)).payload == b"storm"


async def test_a_clean_session_ends_the_old_one(database: str) -> None:
    async with a_door(database) as door:
        for clean in (False, True, False):
            peer, answer = await connected(door, clean_start=clean)
            assert not answer.session_present
            await peer.send(packets.Disconnect())
            await peer.end()


async def test_a_session_of_mqtt_5_expires(database: str) -> None:
    kept = Properties(session_expiry_s=1)
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5, clean_start=False, properties=kept)
        await peer.send(packets.Disconnect())
        await peer.end()
        await door.all_left()
        await door.number("WITH aged AS (UPDATE mqtt_session SET expires_at = now() - interval '1 s') SELECT 1")
        _, answer = await connected(door, level=Level.V5, clean_start=False, properties=kept)
        assert not answer.session_present


async def test_no_more_than_the_receive_maximum_is_in_flight(database: str) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5, properties=Properties(receive_maximum=2))
        await subscribe(peer, ALERT)
        for number in range(4):
            await door.put_downlink(ALERT, b"%d" % number)
        first, second = await next_publish(peer), await next_publish(peer)
        await peer.ping()
        await puback(peer, first)
        await puback(peer, second)
        assert [(await next_publish(peer)).payload for _ in range(2)] == [b"2", b"3"]


async def test_what_the_terminal_cannot_take_waits(database: str) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5, properties=Properties(maximum_packet_bytes=1_000))
        await subscribe(peer, ALERT)
        await door.put_downlink(ALERT, bytes(2_000))
        await door.put_downlink(ALERT, b"small")
        assert (await next_publish(peer)).payload == b"small"
        assert await door.waiting_downlink() == 2


async def test_a_terminal_hears_only_its_own(database: str) -> None:
    async with a_door(database) as door:
        phone, _ = await connected(door, "T1")
        other, _ = await connected(door, "T2")
        assert await subscribe(phone, "owntracks/+/+", "#") == (1, 0x80)
        assert await subscribe(other, "owntracks/+/+") == (1,)
        await other.publish("owntracks/T2/phone", b"theirs", packet_id=1)
        assert {type(await other.next()) for _ in range(2)} == {packets.Puback, packets.Publish}
        await phone.publish("owntracks/T1/phone", b"mine", packet_id=1)
        answers = [await phone.next(), await phone.next()]
        assert [packet.payload for packet in answers if isinstance(packet, packets.Publish)] == [b"mine"]


async def test_a_foreign_filter_is_refused_with_its_reason(database: str) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5)
        assert await subscribe(peer, "gw/v1/t/T2/alert", ALERT) == (Code.NOT_AUTHORIZED, 1)


@LEVELS
async def test_the_alert_in_force_in_a_grid_comes_at_once_and_when_it_changes(database: str, level: Level) -> None:
    async with a_door(database) as door:
        await door.put_retained(GRID, b"orange")
        peer, _ = await connected(door, level=level)
        await subscribe(peer, GRID)
        packet = await next_publish(peer)
        assert (packet.topic, packet.payload, packet.retain) == (GRID, b"orange", True)
        await door.put_retained(GRID, b"red")
        packet = await next_publish(peer)
        assert (packet.payload, packet.retain) == (b"red", False)
        await door.put_retained(GRID, b"")
        assert (await next_publish(peer)).payload == b""


async def test_a_cleared_retained_message_is_not_sent_to_a_new_subscriber(database: str) -> None:
    async with a_door(database) as door:
        await door.put_retained(GRID, b"")
        await door.put_downlink(ALERT, b"storm")
        peer, _ = await connected(door)
        await subscribe(peer, GRID, ALERT)
        assert (await next_publish(peer)).payload == b"storm"


async def test_retain_handling_2_sends_changes_only(database: str) -> None:
    async with a_door(database) as door:
        await door.put_retained(GRID, b"orange")
        peer, _ = await connected(door, level=Level.V5)
        await subscribe(peer, GRID, retain_handling=2)
        await subscribe(peer, ALERT)
        await door.put_downlink(ALERT, b"storm")
        assert (await next_publish(peer)).payload == b"storm"
        await door.put_retained(GRID, b"red")
        assert (await next_publish(peer)).payload == b"red"


async def test_a_receipt_goes_to_the_sessions_that_subscribed(database: str) -> None:
    async with a_door(database) as door:
        one, _ = await connected(door, level=Level.V5, client_id="one")
        two, _ = await connected(door, client_id="two")
        await subscribe(one, STORED)
        door.listener.send_now(1, STORED, b"receipt", correlation=b"x")
        packet = await next_publish(one)
        assert (packet.topic, packet.payload, packet.qos) == (STORED, b"receipt", 1)
        assert packet.properties.correlation == b"x"
        await two.ping()


async def test_nothing_comes_after_unsubscribing(database: str) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door)
        await subscribe(peer, STORED)
        await peer.send(packets.Unsubscribe(packet_id=2, filters=(STORED,)))
        assert await peer.next() == packets.Unsuback(packet_id=2)
        door.listener.send_now(1, STORED, b"receipt")
        await peer.ping()

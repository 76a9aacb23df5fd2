"""The interoperability cases of Eclipse Paho's testing suite that apply to the listening door, by their names.

Written from the specification; docs/conformance.md lists every case, and which do not apply to a door that forwards
nothing from one client to another. Cases that other files hold are named there.
"""

import pytest

from ingest.mqtt import packets
from ingest.mqtt.encode import encode
from ingest.mqtt.packets import Code, ConnectReturn, Level, Subscription, Will
from ingest.mqtt.properties import Properties
from tests.integration.mqtt.bench import Bench, Peer, a_connect, a_door, a_peer, connected, until

POS = "gw/v1/t/T1/pos"
ALERT = "gw/v1/t/T1/alert"
GRID = "gw/v1/g/410105001002003/alert"
PHONE = "owntracks/T1/phone"
LEVELS = pytest.mark.parametrize("level", list(Level), ids=lambda level: level.name)
OLDER = pytest.mark.parametrize("level", [Level.V31, Level.V311], ids=lambda level: level.name)


async def subscribed(peer: Peer, *wanted: Subscription) -> tuple[int, ...]:
    await peer.send(packets.Subscribe(packet_id=1, subscriptions=wanted))
    answer = await peer.next()
    assert isinstance(answer, packets.Suback)
    return answer.codes


async def staying(door: Bench, level: Level = Level.V5, *, client_id: str = "c") -> tuple[Peer, packets.Connack]:
    """Connect with a session that outlives the connection."""
    kept = Properties(session_expiry_s=3_600)
    return await connected(door, level=level, client_id=client_id, clean_start=False, properties=kept)


async def next_publish(peer: Peer) -> packets.Publish:
    packet = await peer.next()
    assert isinstance(packet, packets.Publish), packet
    return packet


async def echoed(door: Bench, peer: Peer) -> list[packets.Publish]:
    """Publish as the phone app does, and return what comes back of it before the answer to a ping."""
    await peer.publish(PHONE, b"{}", qos=0)
    await peer.send(packets.Pingreq())
    heard: list[packets.Publish] = []
    while not isinstance(packet := await peer.next(), packets.Pingresp):
        assert isinstance(packet, packets.Publish)
        heard.append(packet)
    return heard


@LEVELS
async def test_basic(database: str, level: Level) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=level)
        assert await subscribed(peer, Subscription(ALERT, 2)) == (1,)
        for qos in (0, 1, 2):
            await peer.publish(POS, b"qos %d" % qos, qos=qos, packet_id=qos)
        assert {await peer.next(), await peer.next()} == {packets.Puback(1), packets.Pubrec(2)}
        await peer.send(packets.Pubrel(2))
        assert await peer.next() == packets.Pubcomp(2)
        assert door.payloads() == [b"qos 0", b"qos 1", b"qos 2"]
        await peer.send(packets.Disconnect())
        assert await peer.end() == []


@LEVELS
async def test_a_second_connect_on_one_connection(database: str, level: Level) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=level)
        await peer.send(a_connect(level=level))
        gone = [packets.Disconnect(code=Code.PROTOCOL_ERROR)] if level is Level.V5 else []
        assert await peer.end() == gone


@LEVELS
async def test_offline_message_queueing(database: str, level: Level) -> None:
    async with a_door(database) as door:
        peer, _ = await staying(door, level)
        await subscribed(peer, Subscription("gw/v1/t/T1/+", 1))
        await peer.send(packets.Disconnect())
        await peer.end()
        for number in range(3):
            await door.put_downlink(ALERT, b"%d" % number)
        peer, _ = await staying(door, level)
        assert [(await next_publish(peer)).payload for _ in range(3)] == [b"0", b"1", b"2"]


@LEVELS
async def test_overlapping_subscriptions_deliver_once_at_the_highest_qos(database: str, level: Level) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=level)
        await subscribed(peer, Subscription("gw/v1/t/T1/#", 0), Subscription("gw/v1/t/T1/+", 1), Subscription(ALERT, 0))
        await door.put_downlink(ALERT, b"storm")
        packet = await next_publish(peer)
        assert (packet.payload, packet.qos) == (b"storm", 1)
        await peer.ping()


async def test_keepalive_is_of_anything_that_is_sent(database: str) -> None:
    will = Will(topic="gw/v1/t/T1/status", payload=b"offline")
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5, keep_alive_s=1, will=will)
        began_s, packet_id = door.listener.now_s(), 0
        while door.listener.now_s() - began_s < 2:
            packet_id += 1
            await peer.publish(POS, b"{}", packet_id=packet_id)
            assert await peer.next() == packets.Puback(packet_id)
        assert await peer.end() == [packets.Disconnect(code=Code.KEEP_ALIVE_TIMEOUT)]
        await until(lambda: door.payloads()[-1] == b"offline")


@LEVELS
async def test_subscribe_failure(database: str, level: Level) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=level)
        codes = await subscribed(peer, Subscription("test/nosubscribe", 2), Subscription(ALERT, 2))
        assert codes == (Code.NOT_AUTHORIZED if level is Level.V5 else 0x80, 1)


@LEVELS
async def test_dollar_topics(database: str, level: Level) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=level)
        assert (await subscribed(peer, Subscription("$SYS/#", 1)))[0] >= 0x80
        await peer.publish("$SYS/load", b"1", packet_id=1)
        refused = Code.TOPIC_NAME_INVALID if level is Level.V5 else Code.SUCCESS
        assert await peer.next() == packets.Puback(1, refused)


@LEVELS
async def test_unsubscribe(database: str, level: Level) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=level)
        await subscribed(peer, Subscription(ALERT, 1), Subscription("gw/v1/t/T1/cmd", 1))
        await peer.send(packets.Unsubscribe(packet_id=2, filters=(ALERT, "never/was")))
        codes = (Code.SUCCESS, Code.NO_SUBSCRIPTION_EXISTED) if level is Level.V5 else ()
        assert await peer.next() == packets.Unsuback(packet_id=2, codes=codes)
        await door.put_downlink(ALERT, b"not heard")
        await door.put_downlink("gw/v1/t/T1/cmd", b"heard")
        assert (await next_publish(peer)).payload == b"heard"


@OLDER
async def test_zero_length_client_id_before_mqtt_5(database: str, level: Level) -> None:
    async with a_door(database) as door:
        _, answer = await connected(door, level=level, client_id="", clean_start=True)
        rejected = ConnectReturn.IDENTIFIER_REJECTED
        assert answer.code == (ConnectReturn.ACCEPTED if level is Level.V311 else rejected)
        _, answer = await connected(door, level=level, client_id="", clean_start=False)
        assert answer.code == rejected


async def test_assigned_client_id_opens_the_same_session_again(database: str) -> None:
    async with a_door(database) as door:
        peer, answer = await staying(door, client_id="")
        name = answer.properties.assigned_client_id
        assert name
        await peer.send(packets.Disconnect())
        await peer.end()
        _, answer = await staying(door, client_id=name)
        assert (answer.session_present, answer.properties.assigned_client_id) == (True, None)


async def test_session_expiry_of_zero_in_disconnect_ends_the_session(database: str) -> None:
    async with a_door(database) as door:
        peer, _ = await staying(door)
        await peer.send(packets.Disconnect(properties=Properties(session_expiry_s=0)))
        await peer.end()
        _, answer = await staying(door)
        assert not answer.session_present


async def test_shared_subscriptions_are_refused_as_announced(database: str) -> None:
    async with a_door(database) as door:
        peer, answer = await connected(door, level=Level.V5)
        assert answer.properties.has_shared is False
        codes = await subscribed(peer, Subscription(f"$share/group/{ALERT}", 1))
        assert codes == (Code.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,)


async def test_subscribe_identifiers_are_refused_as_announced(database: str) -> None:
    async with a_door(database) as door:
        peer, answer = await connected(door, level=Level.V5)
        assert answer.properties.has_subscription_ids is False
        said = Properties(subscription_ids=(7,))
        await peer.send(packets.Subscribe(packet_id=1, subscriptions=(Subscription(ALERT, 1),), properties=said))
        assert await peer.end() == [packets.Disconnect(code=Code.SUBSCRIPTION_IDS_NOT_SUPPORTED)]


@pytest.mark.parametrize("no_local", [False, True])
async def test_subscribe_option_no_local(database: str, *, no_local: bool) -> None:
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5)
        await subscribed(peer, Subscription("owntracks/+/+", 0, no_local=no_local))
        assert len(await echoed(door, peer)) == (0 if no_local else 1)


@pytest.mark.parametrize("as_published", [False, True])
async def test_subscribe_option_retain_as_published(database: str, *, as_published: bool) -> None:
    async with a_door(database) as door:
        await door.put_retained(GRID, b"orange")
        peer, _ = await connected(door, level=Level.V5)
        await subscribed(peer, Subscription(GRID, 1, retain_as_published=as_published))
        assert (await next_publish(peer)).retain
        await door.put_retained(GRID, b"red")
        assert (await next_publish(peer)).retain is as_published


async def test_subscribe_option_retain_handling_1_sends_to_a_new_subscription_only(database: str) -> None:
    async with a_door(database) as door:
        await door.put_retained(GRID, b"red")
        peer, _ = await connected(door, level=Level.V5)
        await subscribed(peer, Subscription(GRID, 1, retain_handling=1))
        retained = await next_publish(peer)
        assert retained.payload == b"red"
        await peer.send(packets.Puback(retained.packet_id))
        await subscribed(peer, Subscription(GRID, 1, retain_handling=1), Subscription(ALERT, 1))
        await door.put_downlink(ALERT, b"storm")
        assert (await next_publish(peer)).payload == b"storm"


async def test_user_properties_payload_format_and_content_type_are_taken(database: str) -> None:
    said = Properties(is_text=True, content_type="application/json", message_expiry_s=60, user=(("a", "1"), ("a", "2")))
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5)
        await peer.send(packets.Publish(POS, b"{}", 1, 1, properties=said))
        assert await peer.next() == packets.Puback(1)


async def test_extended_authentication_is_refused(database: str) -> None:
    async with a_door(database) as door:
        _, answer = await connected(door, level=Level.V5, properties=Properties(auth_method="SCRAM-SHA-1"))
        assert answer.code == Code.BAD_AUTHENTICATION_METHOD


async def test_a_will_of_disconnect_with_will_message(database: str) -> None:
    will = Will(topic="gw/v1/t/T1/status", payload=b"offline", qos=1)
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5, will=will)
        await peer.send(packets.Disconnect(code=Code.DISCONNECT_WITH_WILL))
        await peer.end()
        assert [packet.payload for packet in await door.took(1)] == [b"offline"]


async def test_will_delay_ends_with_the_session(database: str) -> None:
    will = Will(topic="gw/v1/t/T1/status", payload=b"offline", properties=Properties(will_delay_s=3_600))
    async with a_door(database) as door:
        peer, _ = await connected(door, level=Level.V5, will=will, properties=Properties(session_expiry_s=0))
        peer.kill()
        assert [packet.payload for packet in await door.took(1)] == [b"offline"]


async def test_bytes_of_several_connections_do_not_mix(database: str) -> None:
    async with a_door(database) as door:
        halves = [await a_peer(door) for _ in range(2)]
        for part in (slice(0, 7), slice(7, None)):
            for number, peer in enumerate(halves):
                peer.writer.write(encode(a_connect(client_id=f"c{number}"), Level.V311)[part])
                await peer.writer.drain()
        assert [type(await peer.next()) for peer in halves] == [packets.Connack] * 2
        await until(lambda: door.listener.connections == 2)

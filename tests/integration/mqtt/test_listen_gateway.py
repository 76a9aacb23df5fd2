"""The load-only gateway at the listening door: what it may, and all that it may not."""

from dataclasses import replace

import pytest

from ingest.doors import listen_gateway
from ingest.doors.listen_connection import RECEIVE_MAXIMUM
from ingest.inbox import Bounds
from ingest.mqtt import packets
from ingest.mqtt.encode import publish
from ingest.mqtt.packets import Code, ConnectReturn, Level, Subscription, Will
from ingest.rules.packets import Route
from ingest.store.terminals import Terminal
from tests.integration.mqtt.bench import SALT, Bench, Peer, a_door, connected, until
from tracker.security import hash_secret

SECRET = "of the load test alone"


async def a_gateway(
    bench: Bench,
    level: Level = Level.V311,
    *,
    client_id: str = "load",
    password: bytes | None = SECRET.encode(),
    will: Will | None = None,
) -> tuple[Peer, packets.Connack]:
    return await connected(bench, "gateway", level=level, client_id=client_id, password=password, will=will)


async def test_it_publishes_for_many_terminals_over_one_connection(database: str) -> None:
    async with a_door(database, gateway=SECRET) as bench:
        peer, answer = await a_gateway(bench)
        for number, code in enumerate(("T1", "T2", "T1"), start=1):
            await peer.publish(f"gw/v1/t/{code}/pos", b"{}", packet_id=number)
        assert [await peer.next() for _ in range(3)] == [packets.Puback(number) for number in (1, 2, 3)]
        taken = [(packet.terminal, packet.route) for packet in bench.taken]
    assert answer.code == ConnectReturn.ACCEPTED
    assert taken == [(1, Route.POS), (2, Route.POS), (1, Route.POS)]


@pytest.mark.parametrize(
    ("topic", "terminal", "route"),
    [
        ("gw/v1/t/nobody/pos", 0, Route.POS),
        ("gw/v1/t/T1/alert", 0, Route.OTHER),
        ("gw/v1/g/410101/alert", 0, Route.OTHER),
        ("gw/v1/t/no such code/pos", 0, Route.OTHER),
        ("owntracks/T1/phone", 1, Route.OTHER),
    ],
)
async def test_a_topic_of_nobody_s_is_a_refused_report(database: str, topic: str, terminal: int, route: Route) -> None:
    async with a_door(database, gateway=SECRET) as bench:
        peer, _ = await a_gateway(bench, Level.V5)
        await peer.publish("gw/v1/t/T2/pos", b"{}", packet_id=1)
        await peer.publish(topic, b"{}", packet_id=2)
        answers = [await peer.next(), await peer.next()]
        refused = bench.taken[1]
    assert answers == [packets.Puback(1), packets.Puback(2, Code.NOT_AUTHORIZED)]
    assert (refused.terminal, refused.route) == (terminal, route)


async def test_a_terminal_that_is_revoked_is_refused_from_then_on(database: str) -> None:
    async with a_door(database, gateway=SECRET) as bench:
        peer, _ = await a_gateway(bench, Level.V5)
        await peer.publish("gw/v1/t/T1/pos", b"{}", packet_id=1)
        assert await peer.next() == packets.Puback(1)
        bench.directory.apply([replace(bench.directory.by_code["T1"], is_admitted=False)])
        bench.listener.recheck([1])
        await peer.publish("gw/v1/t/T1/pos", b"{}", packet_id=2)
        assert await peer.next() == packets.Puback(2, Code.NOT_AUTHORIZED)
        assert [packet.terminal for packet in bench.taken] == [1, 0]


async def test_it_subscribes_to_nothing(database: str) -> None:
    async with a_door(database, gateway=SECRET) as bench:
        peer, _ = await a_gateway(bench)
        asked = tuple(Subscription(topic, qos=1) for topic in ("#", "gw/v1/t/T1/alert", "gw/v1/g/410101/alert"))
        await peer.send(packets.Subscribe(packet_id=1, subscriptions=asked))
        assert await peer.next() == packets.Suback(packet_id=1, codes=(Code.UNSPECIFIED_ERROR,) * 3)
        await peer.publish("gw/v1/t/T1/pos", b"{}", packet_id=2)
        await peer.next()
        bench.listener.send_now(1, "gw/v1/t/T1/stored", b"{}")
        await peer.ping()  # nothing came down before the answer


async def test_it_may_leave_no_will(database: str) -> None:
    will = Will(topic="gw/v1/t/T1/status", payload=b"offline", qos=1)
    async with a_door(database, gateway=SECRET) as bench:
        _, answer = await a_gateway(bench, will=will)
        assert answer.code == ConnectReturn.NOT_AUTHORIZED
        assert bench.taken == []


@pytest.mark.parametrize("password", [b"S-gateway", b"", None])
async def test_without_its_secret_it_is_an_unknown_terminal(database: str, password: bytes | None) -> None:
    async with a_door(database, gateway=SECRET) as bench:
        _, answer = await a_gateway(bench, password=password)
    assert answer.code == ConnectReturn.BAD_USER_NAME_OR_PASSWORD


async def test_a_door_that_was_not_opened_for_it_knows_no_gateway(database: str) -> None:
    async with a_door(database) as bench:
        _, answer = await a_gateway(bench)
    assert answer.code == ConnectReturn.BAD_USER_NAME_OR_PASSWORD


async def test_its_secret_opens_no_terminal(database: str) -> None:
    async with a_door(database, gateway=SECRET) as bench:
        _, answer = await connected(bench, "T1", password=SECRET.encode())
    assert answer.code == ConnectReturn.BAD_USER_NAME_OR_PASSWORD


async def test_a_terminal_called_gateway_is_a_terminal_by_its_own_secret(database: str) -> None:
    async with a_door(database, gateway=SECRET) as bench:
        bench.directory.apply([Terminal(9, "gateway", 0, 0, SALT, hash_secret("S-gateway", SALT))])
        terminal, _ = await connected(bench, "gateway", client_id="handset")
        gateway, _ = await a_gateway(bench, client_id="load")
        for peer in (terminal, gateway):
            await peer.publish("gw/v1/t/gateway/pos", b"{}", packet_id=1)
            await peer.publish("gw/v1/t/T1/pos", b"{}", packet_id=2)
            assert await peer.next() == packets.Puback(1)
            assert await peer.next() == packets.Puback(2)
        taken = [(packet.terminal, packet.route) for packet in bench.taken]
    assert taken == [(9, Route.POS), (9, Route.OTHER), (9, Route.POS), (1, Route.POS)]


async def test_ordinary_terminals_are_served_beside_it_as_ever(database: str) -> None:
    async with a_door(database, gateway=SECRET) as bench:
        peer, _ = await connected(bench, "T1")
        await peer.send(packets.Subscribe(packet_id=1, subscriptions=(Subscription("gw/v1/t/T1/alert", qos=1),)))
        assert await peer.next() == packets.Suback(packet_id=1, codes=(1,))
        await peer.publish("gw/v1/t/T2/pos", b"{}", packet_id=2)
        await peer.next()
        assert bench.taken[0].route is Route.OTHER


async def test_it_may_have_more_in_flight_than_a_terminal_and_then_waits(database: str) -> None:
    most = listen_gateway.RECEIVE_MAXIMUM
    async with a_door(database, gateway=SECRET, settles=False) as bench:
        peer, answer = await a_gateway(bench, Level.V5)
        assert answer.properties.receive_maximum == most > RECEIVE_MAXIMUM
        pos = [publish(b"gw/v1/t/T1/pos", b"{}", level=Level.V5, qos=1, packet_id=1 + at) for at in range(most)]
        peer.writer.write(b"".join(pos))
        await bench.took(most)
        bench.settle()
        bench.settles = True
        acknowledged = {(await peer.next()).packet_id for _ in range(most)}  # pyright: ignore[reportAttributeAccessIssue]
        assert acknowledged == set(range(1, most + 1))
        await peer.ping()


async def test_the_same_client_id_takes_the_connection_over(database: str) -> None:
    async with a_door(database, gateway=SECRET) as bench:
        first, _ = await a_gateway(bench, client_id="load-1")
        await a_gateway(bench, client_id="load-2")
        await a_gateway(bench, client_id="load-1")
        assert await first.end() == []
        await until(lambda: bench.listener.connections == 2)


async def test_many_that_bring_more_than_there_is_room_for_are_all_read(database: str) -> None:
    """Those that find no room are let go on a few at a time; nobody is forgotten when nobody else comes any more."""
    each, count = 50, 6
    async with a_door(database, gateway=SECRET, bounds=Bounds(packets=10, batch=4)) as bench:
        peers = [(await a_gateway(bench, client_id=f"load-{number}"))[0] for number in range(count)]
        large = b" " * 20_000  # so that a read of 256 KiB brings a dozen
        messages = [publish(b"gw/v1/t/T1/pos", large, level=Level.V311, qos=1, packet_id=1 + at) for at in range(each)]
        for peer in peers:
            peer.writer.write(b"".join(messages))
        for peer in peers:
            assert [await peer.next() for _ in range(each)] == [packets.Puback(1 + at) for at in range(each)]
        assert len(bench.taken) == each * count
        assert bench.inbox.room == 10

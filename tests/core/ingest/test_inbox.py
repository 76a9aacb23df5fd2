"""The queue between doors and pipeline."""

from ingest.inbox import Bounds, Inbox
from ingest.rules.packets import Packet, Route


class Nobody:
    def settle(self, token: int) -> None: ...


def packet(number: int = 0, payload: bytes = b"") -> Packet:
    return Packet(
        settler=Nobody(), token=number, terminal=1, topic="t", route=Route.POS, payload=payload, received_at_us=0
    )


async def test_batches_keep_the_order_and_their_size() -> None:
    inbox = Inbox(Bounds(batch=3))
    for number in range(5):
        inbox.put(packet(number))
    assert [each.token for each in await inbox.take()] == [0, 1, 2]
    assert [each.token for each in await inbox.take()] == [3, 4]


async def test_it_is_full_by_packets_and_by_bytes() -> None:
    by_packets, by_bytes = Inbox(Bounds(packets=2)), Inbox(Bounds(payload_bytes=1000))
    for _ in range(2):
        assert not by_packets.is_full
        by_packets.put(packet())
    by_bytes.put(packet(payload=b"x" * 1000))
    assert by_packets.is_full
    assert by_bytes.is_full


async def test_who_waits_for_room_is_called_back_once_when_there_is_some() -> None:
    inbox, called = Inbox(Bounds(packets=2, batch=1)), list[str]()
    for _ in range(3):
        inbox.put(packet())
    inbox.on_room(lambda: called.append("room"))
    await inbox.take()
    assert called == []
    await inbox.take()
    await inbox.take()
    assert called == ["room"]


async def test_while_the_next_batch_waits_doors_read_on_only_when_told_to() -> None:
    inbox, called = Inbox(Bounds(packets=4, batch=2)), list[str]()
    for _ in range(4):
        inbox.put(packet())
    inbox.on_room(lambda: called.append("room"))
    inbox.read_on()
    assert called == []  # it is full
    await inbox.take()
    assert called == []  # there is room, and a whole batch
    inbox.read_on()
    assert called == ["room"]
    inbox.on_room(lambda: called.append("again"))
    await inbox.take()
    assert called == ["room", "again"]

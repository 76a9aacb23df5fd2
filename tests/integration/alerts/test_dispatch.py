"""From queued to told: claims, leases, backoff, priorities, terminals."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, LiteralString

import psycopg
from psycopg_pool import AsyncConnectionPool

from alerts import dispatch
from alerts.core import links
from alerts.core.levels import Level
from alerts.core.number_caps import NumberCaps
from alerts.core.states import DeliveryMove
from alerts.desk import Desk
from alerts.dispatch import Dispatcher, Rate
from alerts.providers.interface import Outcome, Outgoing
from tests.integration.alerts.builders import (
    BLOCK,
    HUAYUAN,
    JINSHUI,
    LINKS,
    NOON,
    SECRET,
    WENHUA,
    City,
    Clock,
    a_terminal,
    all_of,
    drain,
    issued,
)
from tests.integration.alerts.gateways import queue, until
from tracker.bus.interface import DOWNLINK
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]


class Stuck:
    """A provider that takes a batch and never answers."""

    name = "stuck"
    channel = "sms"

    def __init__(self) -> None:
        self.has_them = asyncio.Event()

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        assert messages
        self.has_them.set()
        await asyncio.Event().wait()
        return []


class Moody:
    """A provider that answers with what it is told to."""

    name = "moody"
    channel = "sms"

    def __init__(self, *moves: DeliveryMove) -> None:
        self.moves = list(moves)
        self.seen: list[Outgoing] = []

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        self.seen += messages
        move = self.moves.pop(0)
        return [Outcome(delivery=message.delivery, move=move, detail=move) for message in messages]


async def test_what_is_issued_reaches_the_outbox_and_counts_as_told(
    desk: Desk, city: City, sms: Dispatcher, connection: Connection
) -> None:
    alert = await issued(desk, city)
    assert await drain(sms) == 3
    reach = (await desk.get(alert.id)).reach
    assert (reach.audience, reach.told, reach.delivered, reach.queued) == (3, 3, 3, 0)
    bodies = await all_of(connection, "SELECT body FROM outbox_message ORDER BY id")
    assert all(body.startswith("【网格预警】暴雨黄色预警[III级/较重]未来6小时强降雨。") for body in bodies)
    assert await all_of(connection, "SELECT DISTINCT outcome FROM delivery_attempt") == ["confirmed"]


async def test_each_reader_gets_a_link_of_their_own(
    desk: Desk, city: City, sms: Dispatcher, connection: Connection
) -> None:
    alert = await issued(desk, city)
    await drain(sms)
    bodies = await all_of(connection, "SELECT body FROM outbox_message ORDER BY id")
    tokens = [body.rpartition("https://grid.example/ack/")[2] for body in bodies]
    read = [links.read(token, secret=SECRET, now=NOON) for token in tokens]
    assert {link.alert for link in read} == {alert.id}
    assert sorted(link.member for link in read) == [100 + JINSHUI, 100 + WENHUA, 100 + BLOCK]


async def test_lifting_tells_exactly_those_who_had_been_told(
    desk: Desk, city: City, sms: Dispatcher, connection: Connection
) -> None:
    alert = await issued(desk, city)
    await sms.send(await sms.claim(1))
    told = await all_of(connection, "SELECT member FROM delivery WHERE state = 'delivered'")
    await desk.lift(alert.id, city.county, alert.version, "雨停了")
    assert await drain(sms) == 1
    follow_ups = await all_of(connection, "SELECT member, state FROM delivery WHERE kind = 'follow_up'")
    assert follow_ups == [(told[0], "delivered")]
    expired = await all_of(connection, "SELECT count(*) FROM delivery WHERE kind = 'telling' AND state = 'expired'")
    assert expired == [2]
    body = await all_of(connection, "SELECT body FROM outbox_message ORDER BY id DESC LIMIT 1")
    assert body[0].startswith("【网格预警】解除：暴雨黄色预警")
    assert "/ack/" not in body[0]


async def test_a_claimed_message_counts_as_told_and_is_looked_at_once_more(
    desk: Desk, city: City, sms: Dispatcher, connection: Connection
) -> None:
    alert = await issued(desk, city)
    claimed = await sms.claim(10)
    await desk.lift(alert.id, city.county, alert.version)
    assert await all_of(connection, "SELECT count(*) FROM delivery WHERE kind = 'follow_up'") == [3]
    await sms.send(claimed)
    assert await all_of(connection, "SELECT DISTINCT state FROM delivery WHERE kind = 'telling'") == ["expired"]
    assert await all_of(connection, "SELECT count(*) FROM outbox_message") == [0]


async def test_a_sender_that_dies_loses_its_lease_and_the_message_is_flagged(
    desk: Desk, city: City, sms: Dispatcher, clock: Clock, pool: Pool, connection: Connection
) -> None:
    await issued(desk, city)
    late = await sms.claim(10)  # and here it is killed
    clock.forward(seconds=dispatch.LEASE.total_seconds() + 1)
    await dispatch.sweep(pool, clock)
    flagged = await all_of(connection, "SELECT state, is_possible_duplicate FROM delivery")
    assert flagged == [("queued", True)] * 3
    assert await drain(sms) == 3
    states = "SELECT state, attempts FROM delivery"
    assert await all_of(connection, states) == [("delivered", 2)] * 3
    await sms.send(late)  # it was only slow: what it says now changes nothing
    assert await all_of(connection, states) == [("delivered", 2)] * 3
    outcomes = await all_of(connection, "SELECT outcome FROM delivery_attempt WHERE attempt = 1")
    assert sorted(set(outcomes)) == ["confirmed", "lease_lost"]


async def test_a_throttled_message_waits_and_goes_again(
    desk: Desk, city: City, clock: Clock, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    await issued(desk, city)
    moody = Moody(DeliveryMove.DEFERRED, DeliveryMove.ACCEPTED)
    lane = Dispatcher(pool, bus, clock, moody, links=LINKS)
    assert await drain(lane) == 3
    assert await all_of(connection, "SELECT DISTINCT state FROM delivery") == ["queued"]
    clock.forward(seconds=3)
    await dispatch.sweep(pool, clock)
    assert await drain(lane) == 3
    assert await all_of(connection, "SELECT DISTINCT state, attempts FROM delivery") == [("sent", 2)]


async def test_a_refused_message_has_failed_with_the_providers_words(
    desk: Desk, city: City, clock: Clock, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    alert = await issued(desk, city)
    await drain(Dispatcher(pool, bus, clock, Moody(DeliveryMove.REFUSED), links=LINKS))
    assert await all_of(connection, "SELECT DISTINCT state, detail FROM delivery") == [("failed", "refused")]
    assert (await desk.get(alert.id)).reach.failed == 3


async def test_what_no_receipt_comes_for_is_unknown_and_what_never_left_is_expired(
    desk: Desk, city: City, clock: Clock, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    alert = await issued(desk, city)
    lane = Dispatcher(pool, bus, clock, Moody(DeliveryMove.ACCEPTED), links=LINKS, rate=Rate(per_s=1))
    assert await lane.round() == 1
    clock.forward(hours=25)
    await dispatch.sweep(pool, clock)
    states = await all_of(connection, "SELECT state, count(*) FROM delivery GROUP BY 1 ORDER BY 1")
    assert states == [("expired", 2), ("unknown", 1)]
    assert (await desk.get(alert.id)).reach.unknown == 1


async def test_red_overtakes_blue_that_was_queued_before(
    desk: Desk, city: City, clock: Clock, pool: Pool, bus: LocalBus
) -> None:
    await issued(desk, city, level=Level.BLUE)
    red = await issued(desk, city, level=Level.RED, targets=(HUAYUAN,))
    moody = Moody(DeliveryMove.ACCEPTED)
    await Dispatcher(pool, bus, clock, moody, links=LINKS, rate=Rate(per_s=1)).round()
    assert [message.alert for message in moody.seen] == [red.id]


async def test_two_dispatchers_never_send_the_same_message(
    desk: Desk, city: City, pool: Pool, bus: LocalBus, clock: Clock, connection: Connection
) -> None:
    await issued(desk, city)
    providers = [Moody(*[DeliveryMove.CONFIRMED] * 3) for _ in range(2)]
    lanes = [Dispatcher(pool, bus, clock, provider, links=LINKS, rate=Rate(per_s=1_000)) for provider in providers]
    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(drain(lane))
    sent = [message.delivery for provider in providers for message in provider.seen]
    assert len(sent) == len(set(sent)) == 3


async def test_a_terminal_is_told_by_downlink_and_delivered_when_its_front_door_says_so(
    desk: Desk, city: City, terminals: Dispatcher, clock: Clock, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    code = await a_terminal(connection, 7, member=100 + BLOCK)
    alert = await issued(desk, city, is_drill=True)
    rung = bus.read(DOWNLINK)
    assert await drain(terminals) == 1
    topic, payload = (await all_of(connection, "SELECT topic, payload FROM downlink"))[0]
    said = json.loads(payload)
    assert topic == f"gw/v1/t/{code}/alert"
    assert (said["alert"], said["version"], said["kind"], said["level"], said["drill"]) == (
        str(alert.id),
        2,
        "issue",
        "yellow",
        True,
    )
    state = "SELECT state FROM delivery WHERE channel = 'terminal'"
    assert await all_of(connection, state) == ["sent"]
    await connection.execute("UPDATE downlink SET delivered_at = %s", [clock.now])
    await dispatch.sweep(pool, clock)
    assert await all_of(connection, state) == ["delivered"]
    await bus.publish(DOWNLINK, b"end")
    assert (await anext(rung)).stream == DOWNLINK


async def test_a_message_that_waits_too_long_is_not_sent_any_more(
    desk: Desk, city: City, sms: Dispatcher, clock: Clock, connection: Connection
) -> None:
    await issued(desk, city, expires_at=NOON + timedelta(minutes=10))
    clock.forward(minutes=11)
    await drain(sms)
    assert await all_of(connection, "SELECT DISTINCT state FROM delivery") == ["expired"]
    assert await all_of(connection, "SELECT count(*) FROM outbox_message") == [0]


async def test_a_stopped_dispatcher_queues_its_batch_again_at_once(
    desk: Desk, city: City, pool: Pool, bus: LocalBus, clock: Clock, connection: Connection
) -> None:
    await issued(desk, city)
    stuck = Stuck()
    async with asyncio.TaskGroup() as group:
        round_ = group.create_task(Dispatcher(pool, bus, clock, stuck, links=LINKS).round(), name="round")
        await stuck.has_them.wait()
        round_.cancel()
    found = await connection.execute(
        "SELECT DISTINCT state, is_possible_duplicate FROM delivery WHERE channel = 'sms' AND attempts > 0"
    )
    assert await found.fetchall() == [("queued", True)]


class Slow:
    """A provider whose answers take their time: until they are let through."""

    name = "slow"
    channel = "sms"

    def __init__(self) -> None:
        self.has_passed = asyncio.Event()
        self.seen: list[Outgoing] = []

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        self.seen += messages
        await self.has_passed.wait()
        return [Outcome(delivery=message.delivery, move=DeliveryMove.ACCEPTED) for message in messages]


async def test_a_lane_that_works_ahead_has_never_more_under_way_than_said_and_a_batch(
    pool: Pool, bus: LocalBus, clock: Clock, connection: Connection
) -> None:
    slow = Slow()
    lane = Dispatcher(pool, bus, clock, slow, links=LINKS, rate=Rate(per_s=200), ahead=20)
    await queue(connection, ["blue"] * 100)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(lane.run(asyncio.Event()), name="lane")
        await until(lambda: len(slow.seen) > 20)
        held = await all_of(connection, "SELECT count(*)::integer FROM delivery WHERE state = 'sending'")
        await connection.execute(
            """
            INSERT INTO delivery (kind, channel, address, body, priority, state, queued_at)
            VALUES ('manual', 'sms', '+8613800000001', 'red', 1, 'queued', now())
            """
        )
        assert 20 < held[0] <= 30
        slow.has_passed.set()
        await until(lambda: any(message.body == "red" for message in slow.seen))
        assert [message.body for message in slow.seen].index("red") == held[
            0
        ]  # behind what was under way, before the rest

        async def all_are_sent() -> bool:
            return await all_of(connection, "SELECT DISTINCT state FROM delivery") == ["sent"]

        await until(all_are_sent)
        running.cancel()


async def test_a_lane_that_works_ahead_lets_go_of_all_that_is_under_way_when_it_stops(
    pool: Pool, bus: LocalBus, clock: Clock, connection: Connection
) -> None:
    slow = Slow()
    lane = Dispatcher(pool, bus, clock, slow, links=LINKS, rate=Rate(per_s=200), ahead=20)
    await queue(connection, ["blue"] * 40)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(lane.run(asyncio.Event()), name="lane")
        await until(lambda: len(slow.seen) > 20)
        running.cancel()
    left = {message.delivery for message in slow.seen}
    flagged = await all_of(connection, "SELECT id FROM delivery WHERE state = 'queued' AND is_possible_duplicate")
    assert set(flagged) == left
    assert await all_of(connection, "SELECT count(*) FROM delivery WHERE state = 'sending'") == [0]


async def test_nothing_is_claimed_while_the_way_out_is_closed(
    pool: Pool, bus: LocalBus, clock: Clock, connection: Connection
) -> None:
    lane = Dispatcher(pool, bus, clock, Slow(), links=LINKS, share=lambda: 0.0)
    await queue(connection, ["blue"])
    assert await drain(lane) == 0
    assert await all_of(connection, "SELECT state, attempts FROM delivery") == [("queued", 0)]


async def test_a_number_that_has_had_enough_waits_until_the_operator_lets_it_have_more(
    pool: Pool, bus: LocalBus, clock: Clock, connection: Connection
) -> None:
    provider = Moody(*[DeliveryMove.ACCEPTED] * 4)
    lane = Dispatcher(
        pool, bus, clock, provider, links=LINKS, rate=Rate(per_s=1_000), per_number=NumberCaps(minute=2, hour=3)
    )
    await queue(connection, ["one", "two", "three", "four"], number="+8613800000007", expires_in=timedelta(days=999))
    await queue(connection, ["other"], number="+8613800000008", expires_in=timedelta(days=999))
    assert await lane.round() == 5
    assert [message.body for message in provider.seen] == ["one", "two", "other"]
    waiting = "SELECT extract(epoch FROM not_before - %s)::integer FROM delivery WHERE state = 'queued' ORDER BY id"
    assert await waits(connection, waiting, clock) == [60, 3600]  # three will have been the third of this hour
    said = "SELECT detail FROM delivery_attempt WHERE outcome = 'deferred' ORDER BY delivery"
    assert await all_of(connection, said) == [
        "moody may send this number no more until 12:01:00",
        "moody may send this number no more until 13:00:00",
    ]
    for seconds, body in ((60, "three"), (3540, "four")):
        clock.forward(seconds=seconds)
        await dispatch.sweep(pool, clock)
        assert await lane.round() == 1
        assert [message.body for message in provider.seen][3:][-1] == body


async def test_what_nobody_answered_for_counts_as_sent_to_its_number(
    pool: Pool, bus: LocalBus, clock: Clock, connection: Connection
) -> None:
    provider = Moody(DeliveryMove.UNANSWERED, DeliveryMove.ACCEPTED, DeliveryMove.ACCEPTED)
    lane = Dispatcher(
        pool, bus, clock, provider, links=LINKS, rate=Rate(per_s=1_000), per_number=NumberCaps(minute=1, hour=2)
    )
    await queue(connection, ["one"], number="+8613800000007", expires_in=timedelta(days=999))
    assert await lane.round() == 1
    await queue(connection, ["two"], number="+8613800000007", expires_in=timedelta(days=999))
    clock.forward(seconds=30)
    await dispatch.sweep(pool, clock)
    assert await lane.round() == 2  # neither leaves: the first attempt was the one of this minute
    assert [message.body for message in provider.seen] == ["one"]
    clock.forward(seconds=30)
    await dispatch.sweep(pool, clock)
    assert await lane.round() == 1  # the second of this hour, so that the other one waits for its end
    assert [message.body for message in provider.seen] == ["one", "one"]
    waiting = "SELECT extract(epoch FROM not_before - %s)::integer FROM delivery WHERE state = 'queued'"
    assert await waits(connection, waiting, clock) == [3540]


async def test_what_one_gateway_may_not_send_a_number_another_one_takes_soon(
    pool: Pool, bus: LocalBus, clock: Clock, connection: Connection
) -> None:
    full, free = Moody(DeliveryMove.ACCEPTED), Moody(DeliveryMove.ACCEPTED)
    free.name = "free"
    lanes = [
        Dispatcher(
            pool, bus, clock, each, links=LINKS, rate=Rate(per_s=1_000), per_number=caps, has_others=lambda: True
        )
        for each, caps in ((full, NumberCaps(day=1)), (free, NumberCaps()))
    ]
    await queue(connection, ["one", "two"], number="+8613800000007", expires_in=timedelta(days=999))
    assert await lanes[0].round() == 2
    assert [message.body for message in full.seen] == ["one"]
    clock.forward(seconds=3)  # the first backoff is 1 to 2 s
    await dispatch.sweep(pool, clock)
    assert await lanes[1].round() == 1
    assert [message.body for message in free.seen] == ["two"]


async def waits(connection: Connection, query: LiteralString, clock: Clock) -> list[int]:
    return [row[0] for row in await (await connection.execute(query, [clock()])).fetchall()]

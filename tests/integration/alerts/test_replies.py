"""What people write back: an answer to the warning they were told last, a stop, or something to be read."""

from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from alerts.desk import Desk
from alerts.replies import Replies
from simulators.sms_centre.centre import SmsCentre
from simulators.sms_centre.records import Originated
from tests.integration.alerts.builders import JINSHUI, City, Clock, drain, issued
from tests.integration.alerts.gateways import a_gateway, a_lane, connected, rows, until
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]
LEADER = 100 + JINSHUI
NUMBER = f"86138{LEADER:08d}"
ACKNOWLEDGED = "SELECT member, channel FROM acknowledgement"
ROUTES = "SELECT route, text, member FROM sms_inbound WHERE route <> 'part' ORDER BY id"


@pytest.fixture
def replies(pool: Pool, bus: LocalBus, clock: Clock) -> Replies:
    return Replies(pool, bus, clock)


async def _heard(centre: SmsCentre, connection: Connection, *texts: str, source: str = NUMBER) -> None:
    """Let a phone write, and wait until all of it is stored and acknowledged."""
    made = [each for text in texts for each in centre.deliver(Originated(source, "10690001", text))]
    await until(lambda: all(each.acknowledged_at is not None for each in made))


@pytest.mark.parametrize("text", ["1", "收到", "y"])
async def test_a_reply_acknowledges_the_warning_that_the_number_was_told_last(
    desk: Desk, city: City, pool: Pool, bus: LocalBus, clock: Clock, connection: Connection, replies: Replies, text: str
) -> None:
    async with SmsCentre() as centre, connected(pool, a_gateway(centre.port), clock=clock) as provider:
        await issued(desk, city)
        await drain(a_lane(pool, bus, provider, clock))
        clock.forward(minutes=1)
        last = await issued(desk, city)
        await drain(a_lane(pool, bus, provider, clock))
        await _heard(centre, connection, text)
        assert await replies.round() == 1
    assert await rows(connection, ACKNOWLEDGED) == [(LEADER, "sms")]
    assert await rows(connection, "SELECT alert FROM acknowledgement") == [last.id]
    assert await rows(connection, ROUTES) == [("acknowledgement", text, LEADER)]
    assert await replies.round() == 0


async def test_a_reply_that_names_a_warning_acknowledges_that_one(
    desk: Desk, city: City, pool: Pool, bus: LocalBus, clock: Clock, connection: Connection, replies: Replies
) -> None:
    async with SmsCentre() as centre, connected(pool, a_gateway(centre.port), clock=clock) as provider:
        first = await issued(desk, city)
        await drain(a_lane(pool, bus, provider, clock))
        clock.forward(minutes=1)
        await issued(desk, city)
        await drain(a_lane(pool, bus, provider, clock))
        named = await rows(connection, "SELECT identifier FROM alert ORDER BY issued_at")
        await _heard(centre, connection, named[0])
        await replies.round()
    assert await rows(connection, "SELECT alert FROM acknowledgement") == [first.id]


async def test_other_words_are_kept_for_people_to_read(
    desk: Desk, city: City, pool: Pool, bus: LocalBus, clock: Clock, connection: Connection, replies: Replies
) -> None:
    long = "我家在文化路一号，地下室进水了，" * 10 + "🌊"
    async with SmsCentre() as centre, connected(pool, a_gateway(centre.port), clock=clock) as provider:
        await issued(desk, city)
        await drain(a_lane(pool, bus, provider, clock))
        await _heard(centre, connection, long, "退订")
        await _heard(centre, connection, "1", source="8613911111111")  # nobody told them anything
        assert await replies.round() == 3
    assert await rows(connection, ROUTES) == [
        ("resident", long, LEADER),
        ("stop", "退订", LEADER),
        ("resident", "1", None),
    ]
    assert await rows(connection, ACKNOWLEDGED) == []


async def test_a_message_whose_parts_do_not_all_come_is_read_without_them(
    pool: Pool, clock: Clock, connection: Connection, replies: Replies
) -> None:
    await connection.execute(
        """
        INSERT INTO sms_inbound (provider, source, destination, body, reference, part, parts, received_at)
        SELECT 'operator', '+8613800000001', '1', body, 7, part, 3, %(now)s
        FROM (VALUES ('a', 1), ('c', 3)) AS p(body, part)
        """,
        {"now": clock()},
    )
    assert await replies.round() == 0
    clock.forward(minutes=11)
    assert await replies.round() == 1
    assert await rows(connection, "SELECT text FROM sms_inbound WHERE route = 'resident'") == ["a…c"]

"""Who was told and who answered; whom to call; and that a drill leaves no SMS behind it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool

from alerts.core.levels import Level
from alerts.core.policy import Policy
from alerts.core.records import Calls
from alerts.core.states import DeliveryMove
from alerts.desk import Desk
from alerts.dispatch import Dispatcher
from alerts.escalation import Watch
from alerts.providers.interface import Outcome, Outgoing
from alerts.providers.outbox import Outbox
from alerts.store.reach import Wanted
from tests.integration.alerts.builders import (
    BLOCK,
    CITY,
    JINSHUI,
    LINKS,
    WENHUA,
    WEST,
    City,
    Clock,
    a_member,
    a_terminal,
    all_of,
    drain,
    issued,
)
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]


class Carrier:
    """A way to real phones: it takes what is of channel `sms`, and keeps the messages."""

    name = "carrier"
    channel = "sms"

    def __init__(self) -> None:
        self.seen: list[Outgoing] = []

    async def send(self, messages: Sequence[Outgoing]) -> list[Outcome]:
        self.seen += messages
        return [Outcome(delivery=message.delivery, move=DeliveryMove.ACCEPTED) for message in messages]


async def calls(desk: Desk, alert: UUID, **wanted: Any) -> Calls:
    within: int = wanted.pop("within", CITY)
    return await desk.calls(alert, Wanted(within=within, **wanted))


def names(found: Calls) -> list[tuple[int, str]]:
    return [(call.person.member, call.why) for call in found.calls]


async def test_reach_is_counted_by_unit_channel_and_answer(
    desk: Desk, city: City, sms: Dispatcher, connection: Connection
) -> None:
    await a_terminal(connection, 7, member=100 + BLOCK)
    alert = await issued(desk, city)
    await drain(sms)
    await desk.acknowledge(alert.id, 100 + BLOCK, "terminal")
    report = (await desk.reach(alert.id)).within(3, 8)
    assert [(row.unit, row.audience, row.acknowledged) for row in report.units] == [
        (JINSHUI, 1, 0),
        (WENHUA, 1, 0),
        (BLOCK, 1, 1),
    ]
    assert (report.total.audience, report.total.delivered, report.total.acknowledged) == (3, 3, 1)
    assert {channel: (one.people, one.told) for channel, one in report.by_channel.items()} == {
        "sms": (3, 3),
        "terminal": (1, 0),
    }
    assert report.by_answer == {"terminal": 1}
    assert (await desk.reach(alert.id)).within(9, 10).total.audience == 0


async def test_nobody_is_called_while_there_is_time_to_answer(
    desk: Desk, city: City, sms: Dispatcher, clock: Clock
) -> None:
    alert = await issued(desk, city)
    await drain(sms)
    clock.forward(minutes=29)
    assert names(await calls(desk, alert.id)) == []
    clock.forward(minutes=1)
    late = await calls(desk, alert.id)
    assert names(late) == [(100 + JINSHUI, "overdue"), (100 + WENHUA, "overdue"), (100 + BLOCK, "overdue")]
    assert late.answer_within == timedelta(minutes=30)


async def test_who_has_answered_is_not_called(desk: Desk, city: City, sms: Dispatcher, clock: Clock) -> None:
    alert = await issued(desk, city)
    await drain(sms)
    await desk.acknowledge(alert.id, 100 + WENHUA, "desk", account=1)
    clock.forward(hours=1)
    assert names(await calls(desk, alert.id)) == [(100 + JINSHUI, "overdue"), (100 + BLOCK, "overdue")]


async def test_who_has_no_phone_and_no_terminal_is_called_at_once_with_the_reason(
    desk: Desk, city: City, connection: Connection
) -> None:
    await a_member(connection, 400, unit=BLOCK, role="leader", phone=None)
    alert = await issued(desk, city)
    [call] = (await calls(desk, alert.id)).calls
    assert (call.person.member, call.why, call.told_at) == (400, "failed", None)
    assert [message.detail for message in call.person.deliveries] == ["no phone number and no terminal"]


async def test_who_gave_no_receipt_is_called(
    desk: Desk, city: City, sms: Dispatcher, clock: Clock, connection: Connection
) -> None:
    alert = await issued(desk, city, level=Level.BLUE)
    await drain(sms)
    await connection.execute("UPDATE delivery SET state = 'unknown' WHERE member = %s", [100 + BLOCK])
    clock.forward(days=2)  # nobody is chased for a blue one
    found = await calls(desk, alert.id)
    assert (names(found), found.counts) == ([(100 + BLOCK, "unknown")], {"unknown": 1})


async def test_the_list_names_the_superior_whom_the_viewer_may_see(
    desk: Desk, city: City, sms: Dispatcher, clock: Clock
) -> None:
    alert = await issued(desk, city)
    await drain(sms)
    clock.forward(hours=1)
    of_the_city = {call.person.member: call.superior for call in (await calls(desk, alert.id)).calls}
    of_the_street = {call.person.member: call.superior for call in (await calls(desk, alert.id, within=JINSHUI)).calls}
    assert of_the_city == {
        100 + JINSHUI: f"张{100 + WEST}",
        100 + WENHUA: f"张{100 + JINSHUI}",
        100 + BLOCK: f"张{100 + WENHUA}",
    }
    assert of_the_street == {**of_the_city, 100 + JINSHUI: None}


async def test_the_list_is_narrowed_by_unit_level_reason_and_channel(
    desk: Desk, city: City, sms: Dispatcher, clock: Clock, connection: Connection
) -> None:
    await a_member(connection, 400, unit=BLOCK, role="leader", phone=None)
    alert = await issued(desk, city)
    await drain(sms)
    clock.forward(hours=1)
    block, street = [(100 + BLOCK, "overdue"), (400, "failed")], (100 + JINSHUI, "overdue")
    assert names(await calls(desk, alert.id, unit=BLOCK)) == block
    assert names(await calls(desk, alert.id, level="grid-1")) == [street]
    assert names(await calls(desk, alert.id, why="failed")) == [(400, "failed")]
    assert names(await calls(desk, alert.id, channel="none")) == [(400, "failed")]
    assert names(await calls(desk, alert.id, channel="sms", state="failed")) == []
    assert (await calls(desk, alert.id, why="failed")).counts == {"failed": 1, "overdue": 3}


async def test_a_page_of_the_list_says_how_many_there_are(
    desk: Desk, city: City, sms: Dispatcher, clock: Clock
) -> None:
    alert = await issued(desk, city)
    await drain(sms)
    clock.forward(hours=1)
    found = await desk.calls(alert.id, Wanted(within=CITY), limit=1, offset=1)
    assert (found.total, names(found)) == (3, [(100 + WENHUA, "overdue")])


async def test_no_sms_of_a_drill_reaches_a_carrier(
    desk: Desk, city: City, clock: Clock, pool: Pool, bus: LocalBus, watch: Watch, connection: Connection
) -> None:
    carrier = Carrier()
    lane = Dispatcher(pool, bus, clock, carrier, links=LINKS)
    outbox = Dispatcher(pool, bus, clock, Outbox(pool, clock, channel="outbox"), links=LINKS)
    drill = await issued(desk, city, is_drill=True)
    assert (await drain(lane), await drain(outbox)) == (0, 3)
    clock.forward(hours=1)
    while await watch.fire_due():  # reminders, then digests to superiors and the issuer
        assert await drain(lane) == 0
        await drain(outbox)
        clock.forward(hours=1)
    await desk.lift(drill.id, city.county, drill.version)
    assert await drain(lane) == 0
    assert await drain(outbox) > 0
    assert carrier.seen == []
    kinds = await all_of(connection, "SELECT DISTINCT kind FROM delivery ORDER BY kind")
    bodies = await all_of(connection, "SELECT body FROM outbox_message")
    assert kinds == ["digest", "follow_up", "reminder", "telling"]
    assert [body for body in bodies if "（演练）" not in body] == []


async def test_a_city_may_choose_to_send_the_sms_of_drills(
    city: City, clock: Clock, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    carrier = Carrier()
    desk = Desk(pool, bus, clock, Policy(sends_drill_sms=True))
    await issued(desk, city, is_drill=True)
    assert await drain(Dispatcher(pool, bus, clock, carrier, links=LINKS)) == 3
    assert [message.body for message in carrier.seen if "（演练）" not in message.body] == []


async def test_a_red_drill_waits_until_a_blue_warning_has_left(
    desk: Desk, city: City, clock: Clock, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    desk_that_sends = Desk(pool, bus, clock, Policy(sends_drill_sms=True))
    drill = await issued(desk_that_sends, city, is_drill=True, level=Level.RED)
    real = await issued(desk, city, level=Level.BLUE)
    carrier = Carrier()
    await drain(Dispatcher(pool, bus, clock, carrier, links=LINKS))
    assert [message.alert for message in carrier.seen] == [real.id] * 3 + [drill.id] * 3

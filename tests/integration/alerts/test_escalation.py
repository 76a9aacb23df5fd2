"""What happens to those who do not answer, and to those who come late."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from alerts.core.levels import Level
from alerts.core.states import AlertState, DeliveryMove
from alerts.desk import Desk
from alerts.dispatch import Dispatcher
from alerts.escalation import Watch
from alerts.providers.interface import Outcome, Outgoing
from tests.integration.alerts.builders import (
    BLOCK,
    HUAYUAN,
    JINSHUI,
    LINKS,
    NOON,
    WENHUA,
    WEST,
    City,
    Clock,
    a_last_fix,
    a_member,
    a_square,
    a_terminal,
    all_of,
    drain,
    issued,
)
from tracker.bus.local import LocalBus
from tracker.bus.messages import AlertAcknowledged

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]


async def test_who_does_not_answer_is_reminded_then_their_superior_then_the_issuer(
    desk: Desk, city: City, sms: Dispatcher, watch: Watch, clock: Clock, connection: Connection
) -> None:
    alert = await issued(desk, city, level=Level.RED)
    await drain(sms)
    await desk.acknowledge(alert.id, 100 + JINSHUI, "desk")
    clock.forward(minutes=5)
    assert [(fired.step, fired.messages) for fired in await watch.fire_due()] == [("remind", 2)]
    clock.forward(minutes=5)
    assert [(fired.step, fired.messages) for fired in await watch.fire_due()] == [("superior", 2)]
    digests = "SELECT member, body FROM delivery WHERE kind = 'digest' ORDER BY id"
    told = dict(await all_of(connection, digests))
    assert set(told) == {100 + JINSHUI, 100 + WENHUA}  # of the community and of the block
    assert f"1人尚未确认：张{100 + WENHUA}" in told[100 + JINSHUI]
    clock.forward(minutes=5)
    assert [(fired.step, fired.messages) for fired in await watch.fire_due()] == [("issuer", 1)]
    assert (await all_of(connection, digests))[-1][0] == 100 + WEST


async def test_a_superior_hears_once_of_many(
    desk: Desk, city: City, sms: Dispatcher, watch: Watch, clock: Clock, connection: Connection
) -> None:
    for member in range(300, 320):
        await a_member(connection, member, unit=BLOCK, role="leader")
    await issued(desk, city, level=Level.RED)
    await drain(sms)
    clock.forward(minutes=5)
    await watch.fire_due()
    clock.forward(minutes=5)
    await watch.fire_due()
    told = await all_of(connection, "SELECT member, body FROM delivery WHERE kind = 'digest'")
    digests = [body for member, body in told if member == 100 + WENHUA]
    assert len(digests) == 1
    assert f"21人尚未确认：张{100 + BLOCK}、张300、张301等" in digests[0]


async def test_an_answer_stops_the_timer(
    desk: Desk, city: City, sms: Dispatcher, watch: Watch, clock: Clock, connection: Connection
) -> None:
    alert = await issued(desk, city, level=Level.RED)
    await drain(sms)
    for unit in (JINSHUI, WENHUA, BLOCK):
        await desk.acknowledge(alert.id, 100 + unit, "link")
    clock.forward(hours=1)
    assert await watch.fire_due() == []
    assert await all_of(connection, "SELECT count(*) FROM delivery WHERE kind = 'reminder'") == [0]


async def test_an_answer_from_a_terminal_takes_back_the_waiting_reminder(
    desk: Desk, city: City, sms: Dispatcher, watch: Watch, clock: Clock, connection: Connection
) -> None:
    alert = await issued(desk, city, level=Level.RED)
    await drain(sms)
    clock.forward(minutes=5)
    await watch.fire_due()
    await watch.hear(AlertAcknowledged(alert=str(alert.id), version=2, member=100 + BLOCK))
    waiting = "SELECT member FROM delivery WHERE kind = 'reminder' AND state = 'queued' ORDER BY member"
    assert await all_of(connection, waiting) == [100 + JINSHUI, 100 + WENHUA]


async def test_nobody_is_chased_for_a_blue_one(
    desk: Desk, city: City, sms: Dispatcher, watch: Watch, clock: Clock, connection: Connection
) -> None:
    await issued(desk, city, level=Level.BLUE)
    await drain(sms)
    clock.forward(hours=12)
    assert await watch.fire_due() == []


async def test_reminders_wait_until_every_first_telling_has_left(
    desk: Desk, city: City, sms: Dispatcher, watch: Watch, clock: Clock, connection: Connection
) -> None:
    await issued(desk, city, level=Level.RED)
    await drain(sms)
    clock.forward(minutes=5)
    await watch.fire_due()
    await issued(desk, city, level=Level.BLUE, targets=(HUAYUAN,))
    kinds = await all_of(connection, "SELECT kind FROM delivery WHERE state = 'queued' ORDER BY priority, id")
    assert kinds == ["telling", "reminder", "reminder", "reminder"]


async def test_timers_missed_in_an_outage_fire_once_each_and_in_order(
    desk: Desk, city: City, sms: Dispatcher, watch: Watch, clock: Clock
) -> None:
    await issued(desk, city, level=Level.RED)
    await drain(sms)
    await issued(desk, city, level=Level.YELLOW, targets=(HUAYUAN,))
    clock.forward(minutes=1)
    await drain(sms)
    clock.forward(hours=3)
    fired = await watch.fire_due()
    assert [(one.step, one.timers) for one in fired] == [("remind", 3), ("remind", 1)]
    assert await watch.fire_due() == []


async def test_an_alert_expires_by_itself_and_nobody_is_told(
    desk: Desk, city: City, sms: Dispatcher, watch: Watch, clock: Clock, connection: Connection
) -> None:
    alert = await issued(desk, city, level=Level.BLUE)
    await drain(sms)
    clock.forward(hours=24)
    await watch.fire_due()
    assert (await desk.get(alert.id)).state is AlertState.EXPIRED
    assert await all_of(connection, "SELECT count(*) FROM delivery WHERE kind = 'follow_up'") == [0]
    assert await all_of(connection, "SELECT DISTINCT length(payload) FROM retained") == [0]


async def test_who_enters_the_area_while_it_is_in_force_is_told_too_and_once(
    desk: Desk, city: City, watch: Watch, clock: Clock, connection: Connection
) -> None:
    member = await a_member(connection, 201, unit=HUAYUAN)
    await a_terminal(connection, 1, member=member)
    alert = await issued(desk, city, area=a_square(west=113.6, south=34.7))
    assert await watch.admit_entrants() == []
    await a_last_fix(connection, 1, lon=113.605, lat=34.705, at=NOON, grid=HUAYUAN)
    assert await watch.admit_entrants() == [member]
    assert await watch.admit_entrants() == []
    person = next(one for one in (await desk.audience(alert.id)).people if one.member == member)
    assert person.reasons == ({"why": "entered", "fix_age_s": 0},)
    assert sorted(line.channel for line in person.deliveries) == ["sms", "terminal"]


async def test_nobody_enters_an_alert_that_was_lifted(
    desk: Desk, city: City, watch: Watch, connection: Connection
) -> None:
    member = await a_member(connection, 201, unit=HUAYUAN)
    await a_terminal(connection, 1, member=member)
    alert = await issued(desk, city, area=a_square(west=113.6, south=34.7))
    await desk.lift(alert.id, city.county, alert.version)
    await a_last_fix(connection, 1, lon=113.605, lat=34.705, at=NOON, grid=HUAYUAN)
    assert await watch.admit_entrants() == []


async def test_whom_nothing_reaches_their_superior_hears_of(
    desk: Desk, city: City, pool: Pool, bus: LocalBus, watch: Watch, clock: Clock, connection: Connection
) -> None:
    """Every message was refused, so that nothing was ever sent: no clock of theirs has begun."""
    alert = await issued(desk, city, level=Level.RED)
    await drain(Dispatcher(pool, bus, clock, Refusing(), links=LINKS))
    assert await watch.fire_due() == []
    clock.forward(minutes=2)
    assert [(fired.step, fired.timers) for fired in await watch.fire_due()] == [("superior", 3)]
    digests = "SELECT member FROM delivery WHERE kind = 'digest' ORDER BY member"
    assert await all_of(connection, digests) == [100 + WEST, 100 + JINSHUI, 100 + WENHUA]
    clock.forward(minutes=15)
    assert [(fired.step, fired.messages) for fired in await watch.fire_due()] == [("issuer", 1)]
    assert (await desk.get(alert.id)).state is AlertState.ISSUED


async def test_who_can_be_told_in_no_way_is_said_to_their_superior(
    desk: Desk, city: City, sms: Dispatcher, watch: Watch, clock: Clock, connection: Connection
) -> None:
    await connection.execute("UPDATE member SET phone = NULL WHERE id = %s", [100 + BLOCK])
    await issued(desk, city, level=Level.RED)
    await drain(sms)
    clock.forward(minutes=2)
    assert [(fired.step, fired.timers) for fired in await watch.fire_due()] == [("superior", 1)]
    assert await all_of(connection, "SELECT member FROM delivery WHERE kind = 'digest'") == [100 + WENHUA]


async def test_of_a_blue_one_that_reaches_nobody_no_superior_hears(
    desk: Desk, city: City, pool: Pool, bus: LocalBus, watch: Watch, clock: Clock, connection: Connection
) -> None:
    await issued(desk, city, level=Level.BLUE)
    await drain(Dispatcher(pool, bus, clock, Refusing(), links=LINKS))
    clock.forward(minutes=5)
    await watch.fire_due()
    assert await all_of(connection, "SELECT count(*) FROM delivery WHERE kind = 'digest'") == [0]


async def test_nobody_is_chased_for_what_waits_while_their_terminal_may_be_off(
    desk: Desk, city: City, sms: Dispatcher, terminals: Dispatcher, watch: Watch, clock: Clock, connection: Connection
) -> None:
    await a_terminal(connection, 1, member=100 + BLOCK)
    await issued(desk, city, level=Level.RED)
    await drain(terminals)
    clock.forward(minutes=6)
    assert await watch.fire_due() == []
    await drain(sms)
    clock.forward(minutes=5)
    assert [(fired.step, fired.timers) for fired in await watch.fire_due()] == [("remind", 3)]


async def test_who_is_told_by_the_terminal_alone_is_chased_when_the_message_is_lost(
    desk: Desk,
    city: City,
    pool: Pool,
    bus: LocalBus,
    terminals: Dispatcher,
    watch: Watch,
    clock: Clock,
    connection: Connection,
) -> None:
    await a_terminal(connection, 1, member=100 + BLOCK)
    await issued(desk, city, level=Level.RED)
    await drain(terminals)
    await drain(Dispatcher(pool, bus, clock, Refusing(), links=LINKS))
    clock.forward(minutes=5)
    fired = {(fired.step, fired.timers) for fired in await watch.fire_due()}
    assert fired == {("remind", 1), ("superior", 2)}


async def test_a_terminal_that_comes_back_hears_of_no_warning_that_is_over(
    desk: Desk, city: City, terminals: Dispatcher, clock: Clock, connection: Connection
) -> None:
    await a_terminal(connection, 1, member=100 + BLOCK)
    alert = await issued(desk, city, level=Level.RED)
    await drain(terminals)
    await connection.execute(  # of another channel, whose ids are no numbers
        """
        INSERT INTO delivery (alert, version, member, kind, channel, address, body, priority, state, queued_at,
                              provider_id)
        SELECT alert, version, member, kind, 'push', n::text, '', 1, 'sent', now(), 'https://push.example/' || n
        FROM delivery, generate_series(1, 200) n WHERE channel = 'terminal'
        """
    )
    await desk.cancel(alert.id, city.county, alert.version, note="a mistake")
    await drain(terminals)
    cursor = await connection.execute("SELECT id FROM downlink WHERE expires_at > %s", [clock()])
    assert len(await cursor.fetchall()) == 1
    assert await all_of(connection, "SELECT state FROM delivery WHERE channel = 'terminal' ORDER BY id") == [
        "expired",
        "sent",
    ]


class Refusing:
    """A provider whose operator refuses every number."""

    name = "refusing"
    channel = "sms"

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        return [Outcome(delivery=message.delivery, move=DeliveryMove.REFUSED) for message in messages]

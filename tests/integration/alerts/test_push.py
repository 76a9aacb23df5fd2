"""Warnings pushed to phones: encrypted, signed, settled, forgotten; and nobody who answered is chased elsewhere."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from alerts import dispatch
from alerts.core import webpush
from alerts.core.errors import UnknownAlert
from alerts.core.levels import Level
from alerts.core.links import Link
from alerts.core.records import Alert
from alerts.desk import Desk
from alerts.dispatch import Dispatcher
from alerts.escalation import Watch
from alerts.phones import Phones
from alerts.providers.push import Push
from alerts.store.phones import Phone
from tests.integration.alerts.builders import (
    BLOCK,
    JINSHUI,
    LINKS,
    WENHUA,
    City,
    Clock,
    a_terminal,
    all_of,
    drain,
    issued,
)
from tests.push_service import Browser, PushService, push_service
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]
KEY = webpush.sender_key(b"of the installation, for pushes!")
LEADER = 100 + JINSHUI
# Without those of the warnings by which phones were opened
OF_PUSHES = "SELECT state, detail FROM delivery WHERE channel = 'push' AND state <> 'expired' ORDER BY id"
STATES = "SELECT DISTINCT state FROM delivery WHERE channel = 'push' AND state <> 'expired'"


@pytest.fixture
def service(clock: Clock) -> Iterator[PushService]:
    with push_service(clock) as running:
        yield running
        assert running.complaints == []


@pytest.fixture
def phones(pool: Pool, bus: LocalBus, clock: Clock) -> Phones:
    return Phones(pool, bus, clock)


@pytest.fixture
async def pushes(pool: Pool, bus: LocalBus, clock: Clock) -> AsyncIterator[Dispatcher]:
    async with Push(pool, clock, key=KEY, subject="mailto:duty@grid.example") as provider:
        yield Dispatcher(pool, bus, clock, provider, links=LINKS)


@dataclass(frozen=True)
class Pocket:
    """A phone in somebody's pocket, and the browser in it."""

    phone: Phone
    browser: Browser


class Pockets:
    """Opens phones by the links of a first warning, which is lifted and forgotten."""

    def __init__(self, desk: Desk, city: City, phones: Phones, service: PushService, clock: Clock) -> None:
        self.desk, self.city, self.phones, self.service, self.clock = desk, city, phones, service, clock

    async def of(self, member: int) -> Pocket:
        first = await issued(self.desk, self.city, level=Level.BLUE)
        await self.desk.lift(first.id, self.city.county, first.version)
        token = await self.phones.open(Link(first.id, member, self.clock() + timedelta(hours=1)), user_agent="a phone")
        assert token
        phone = await self.phones.find(token)
        assert phone
        browser = self.service.browser(webpush.encoded(webpush.point_of(KEY)))
        said = self.service.subscription(browser)
        to = webpush.subscription(endpoint=said["endpoint"], **said["keys"], services={self.service.origin})
        await self.phones.subscribe(phone, to)
        return Pocket(phone, browser)


@pytest.fixture
def pockets(desk: Desk, city: City, phones: Phones, service: PushService, clock: Clock) -> Pockets:
    return Pockets(desk, city, phones, service, clock)


async def delivery_of(connection: Connection, alert: Alert, channel: str = "push") -> int:
    cursor = await connection.execute(
        "SELECT id FROM delivery WHERE alert = %s AND channel = %s ORDER BY id DESC LIMIT 1", [alert.id, channel]
    )
    row = await cursor.fetchone()
    assert row
    return int(row[0])


async def test_a_warning_is_pushed_to_whom_it_is_told_and_arrives_when_the_phone_says_so(
    desk: Desk,
    city: City,
    pockets: Pockets,
    phones: Phones,
    pushes: Dispatcher,
    service: PushService,
    connection: Connection,
) -> None:
    pocket = await pockets.of(LEADER)
    alert = await issued(desk, city)
    assert await drain(pushes) == 1
    (pushed,) = service.pushed
    assert pushed.browser is pocket.browser
    assert (pushed.said["title"], pushed.said["alert"]) == ("暴雨黄色预警[III级/较重]", str(alert.id))
    assert await all_of(connection, STATES) == ["sent"]
    assert await phones.shown(pocket.phone, pushed.said["delivery"]) == alert.id
    assert await all_of(connection, STATES) == ["delivered"]


async def test_only_the_phone_itself_says_that_a_push_arrived(
    desk: Desk, city: City, pockets: Pockets, phones: Phones, pushes: Dispatcher, connection: Connection
) -> None:
    await pockets.of(LEADER)
    other = await pockets.of(100 + WENHUA)
    alert = await issued(desk, city)
    await drain(pushes)
    mine = await connection.execute(
        "SELECT id FROM delivery WHERE alert = %s AND channel = 'push' AND member = %s", [alert.id, LEADER]
    )
    (delivery,) = await mine.fetchone() or (0,)
    for number in (delivery, await delivery_of(connection, alert, "sms"), 2**62):
        with pytest.raises(UnknownAlert):
            await phones.shown(other.phone, number)
    assert await all_of(connection, STATES) == ["sent"]


async def test_urgency_and_lifetime_follow_the_level_and_a_newer_version_takes_the_older_one_s_place(
    desk: Desk, city: City, pockets: Pockets, pushes: Dispatcher, service: PushService
) -> None:
    await pockets.of(LEADER)
    alert = await issued(desk, city, level=Level.BLUE)
    await drain(pushes)
    await desk.change_level(alert.id, city.county, alert.version, Level.RED, override_reason="the dike leaks")
    await drain(pushes)
    first, second = (pushed.headers for pushed in service.pushed)
    assert [(one["urgency"], one["ttl"]) for one in (first, second)] == [("low", "21600"), ("high", "86400")]
    assert first["topic"] == second["topic"]


async def test_a_subscription_that_has_ended_is_forgotten_and_the_push_has_failed(
    desk: Desk, city: City, pockets: Pockets, pushes: Dispatcher, service: PushService, connection: Connection
) -> None:
    for status in (410, 404):
        await pockets.of(LEADER)
        service.answers = [(status, {})]
        alert = await issued(desk, city)
        await drain(pushes)
        assert await all_of(connection, "SELECT count(*) FROM push_subscription") == [0]
        assert (await desk.get(alert.id)).reach.failed == 0  # the SMS is still on its way
    states = await all_of(connection, OF_PUSHES)
    assert states == [
        ("failed", f"127.0.0.1: the browser's subscription has ended ({status})") for status in (410, 404)
    ]


async def test_a_service_that_wants_a_pause_gets_it(
    desk: Desk,
    city: City,
    pockets: Pockets,
    pushes: Dispatcher,
    service: PushService,
    clock: Clock,
    pool: Pool,
    connection: Connection,
) -> None:
    await pockets.of(LEADER)
    service.answers = [(429, {"Retry-After": "120"}), (503, {"Retry-After": "Mon, 20 Jul 2026 04:10:00 GMT"})]
    await issued(desk, city)
    await drain(pushes)
    waits = "SELECT not_before FROM delivery WHERE channel = 'push' AND state = 'queued'"
    assert await all_of(connection, waits) == [clock() + timedelta(seconds=120)]
    clock.forward(seconds=120)
    await dispatch.sweep(pool, clock)
    await drain(pushes)
    assert await all_of(connection, waits) == [clock() + timedelta(minutes=8)]
    clock.forward(minutes=8)
    await dispatch.sweep(pool, clock)
    await drain(pushes)
    assert len(service.pushed) == 1


async def test_what_the_service_will_never_take_has_failed_and_the_subscription_stays(
    desk: Desk, city: City, pockets: Pockets, pushes: Dispatcher, service: PushService, connection: Connection
) -> None:
    await pockets.of(LEADER)
    service.answers = [(413, {})]
    await issued(desk, city)
    await drain(pushes)
    assert await all_of(connection, OF_PUSHES) == [("failed", "127.0.0.1: 413 as the test wishes")]
    assert await all_of(connection, "SELECT count(*) FROM push_subscription") == [1]


async def test_a_message_signed_with_another_key_is_refused(
    desk: Desk,
    city: City,
    pockets: Pockets,
    service: PushService,
    pool: Pool,
    bus: LocalBus,
    clock: Clock,
    connection: Connection,
) -> None:
    """Or the stranger would take anything."""
    await pockets.of(LEADER)
    await issued(desk, city)
    async with Push(pool, clock, key=webpush.sender_key(b"another"), subject="mailto:duty@grid.example") as provider:
        await drain(Dispatcher(pool, bus, clock, provider, links=LINKS))
    ((state, detail),) = await all_of(connection, OF_PUSHES)
    assert (state, detail) == ("failed", "127.0.0.1: 403 another key than the one subscribed with")
    assert [word.split(": ")[1] for word in service.complaints] == ["another key than the one subscribed with"]
    service.complaints.clear()


async def test_a_service_that_is_away_is_asked_again(
    desk: Desk, city: City, pockets: Pockets, pushes: Dispatcher, connection: Connection
) -> None:
    await pockets.of(LEADER)
    await connection.execute("UPDATE push_subscription SET endpoint = 'http://127.0.0.1:9/away'")
    await issued(desk, city)
    await drain(pushes)
    ((state, detail),) = await all_of(connection, OF_PUSHES)
    assert (state, detail) == ("queued", "127.0.0.1 did not answer (ConnectError)")


async def test_reach_counts_people_and_not_their_messages(
    desk: Desk, city: City, pockets: Pockets, sms: Dispatcher, pushes: Dispatcher
) -> None:
    await pockets.of(LEADER)
    await pockets.of(LEADER)
    alert = await issued(desk, city)
    await drain(sms)
    assert await drain(pushes) == 2
    reach = (await desk.get(alert.id)).reach
    assert (reach.audience, reach.told, reach.failed) == (3, 3, 0)


async def test_somebody_with_nothing_but_a_phone_s_page_is_reached(
    desk: Desk, city: City, pockets: Pockets, pushes: Dispatcher, connection: Connection
) -> None:
    await pockets.of(LEADER)
    await connection.execute("UPDATE member SET phone = NULL WHERE id = %s", [LEADER])
    await connection.execute("UPDATE phone SET number = NULL")
    alert = await issued(desk, city, depth="grid-1")
    assert await drain(pushes) == 1
    assert (await desk.get(alert.id)).reach.told == 1
    assert await all_of(connection, "SELECT channel FROM delivery WHERE version = 2 AND channel = 'none'") == []


@pytest.mark.parametrize("end", ["closed", "another number", "left"])
async def test_a_phone_that_is_no_more_is_not_pushed_to(
    desk: Desk,
    city: City,
    pockets: Pockets,
    phones: Phones,
    pushes: Dispatcher,
    service: PushService,
    connection: Connection,
    end: str,
) -> None:
    pocket = await pockets.of(LEADER)
    await issued(desk, city)  # queued before it ends
    if end == "closed":
        await phones.close(pocket.phone)
    elif end == "left":
        await connection.execute("UPDATE member SET closed_at = now() WHERE id = %s", [LEADER])
    else:
        await connection.execute("UPDATE member SET phone = '+8613900000000' WHERE id = %s", [LEADER])
    await drain(pushes)
    assert service.pushed == []
    await issued(desk, city)
    assert await drain(pushes) == 0


async def test_the_end_of_a_warning_is_pushed_to_whom_it_was_pushed(
    desk: Desk, city: City, pockets: Pockets, pushes: Dispatcher, service: PushService
) -> None:
    await pockets.of(LEADER)
    alert = await issued(desk, city)
    await drain(pushes)
    await desk.lift(alert.id, city.county, alert.version, "雨停了")
    await drain(pushes)
    assert [pushed.said["confirm"] for pushed in service.pushed] == [True, False]
    assert service.pushed[1].said["body"].endswith("雨停了")


@pytest.mark.parametrize("channel", ["push", "phone", "link", "terminal"])
async def test_who_answers_on_one_channel_is_chased_on_none(
    desk: Desk,
    city: City,
    pockets: Pockets,
    phones: Phones,
    sms: Dispatcher,
    terminals: Dispatcher,
    pushes: Dispatcher,
    watch: Watch,
    service: PushService,
    clock: Clock,
    connection: Connection,
    channel: str,
) -> None:
    """Two leaders with SMS, terminal and push each: one answers, the other is reminded on all three."""
    silent = 100 + WENHUA
    pocket = await pockets.of(LEADER)
    await pockets.of(silent)
    await a_terminal(connection, 1, member=LEADER)
    await a_terminal(connection, 2, member=silent)
    alert = await issued(desk, city)
    for lane in (sms, terminals, pushes):
        await drain(lane)
    if channel == "push":
        (mine,) = [pushed for pushed in service.pushed if pushed.browser is pocket.browser]
        assert await phones.shown(pocket.phone, mine.said["delivery"]) == alert.id
    assert await desk.acknowledge(alert.id, LEADER, channel)
    clock.forward(minutes=31)
    await watch.fire_due()
    reminded = await all_of(connection, "SELECT member, channel FROM delivery WHERE kind = 'reminder' ORDER BY 1, 2")
    assert (silent, "push") in reminded
    assert [row for row in reminded if row[0] == silent] == [(silent, "push"), (silent, "sms"), (silent, "terminal")]
    assert [row for row in reminded if row[0] == LEADER] == []
    clock.forward(minutes=31)
    await watch.fire_due()
    assert LEADER not in await all_of(connection, "SELECT member FROM alert_timer WHERE kind = 'superior'")


async def test_an_answer_takes_back_reminders_that_wait_on_every_channel(
    desk: Desk,
    city: City,
    pockets: Pockets,
    sms: Dispatcher,
    pushes: Dispatcher,
    watch: Watch,
    clock: Clock,
    connection: Connection,
) -> None:
    await pockets.of(LEADER)
    alert = await issued(desk, city)
    for lane in (sms, pushes):
        await drain(lane)
    clock.forward(minutes=31)
    await watch.fire_due()
    await desk.acknowledge(alert.id, LEADER, "phone")
    waiting = await connection.execute(
        "SELECT channel, state FROM delivery WHERE kind = 'reminder' AND member = %s ORDER BY channel", [LEADER]
    )
    assert await waiting.fetchall() == [("push", "expired"), ("sms", "expired")]


async def test_a_phone_that_answers_before_we_have_settled_starts_its_person_s_clock(
    desk: Desk, city: City, pockets: Pockets, phones: Phones, pushes: Dispatcher, connection: Connection
) -> None:
    pocket = await pockets.of(LEADER)
    await issued(desk, city)
    claimed = await pushes.claim(10)
    await phones.shown(pocket.phone, claimed[0].id)
    timers = "SELECT member FROM alert_timer WHERE kind = 'remind'"
    assert await all_of(connection, timers) == [LEADER]
    await pushes.send(claimed)
    assert await all_of(connection, STATES) == ["delivered"]
    assert await all_of(connection, timers) == [LEADER]


async def test_a_browser_that_changes_hands_is_pushed_to_its_new_owner_only(
    desk: Desk, city: City, pockets: Pockets, phones: Phones, pushes: Dispatcher, service: PushService
) -> None:
    old = await pockets.of(LEADER)
    new = await pockets.of(100 + BLOCK)
    said = service.subscription(old.browser)
    to = webpush.subscription(endpoint=said["endpoint"], **said["keys"], services={service.origin})
    await phones.subscribe(new.phone, to)
    await issued(desk, city)
    assert await drain(pushes) == 1
    assert service.pushed[0].browser is old.browser

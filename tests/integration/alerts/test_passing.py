"""Leaders pass warnings down: to their own leaders below, with own words, on record, each person once."""

from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from alerts.changes.passing import MOST_CHARACTERS, MOST_PASSINGS
from alerts.core.errors import BadContent, IllegalMove, NotAllowed, UnknownAlert
from alerts.core.levels import Level
from alerts.desk import Desk
from alerts.dispatch import Dispatcher
from alerts.escalation import Watch
from alerts.phones import Phones
from alerts.store.reach import Wanted
from tests.integration.alerts.builders import (
    BLOCK,
    CITY,
    EAST_STREET,
    HUAYUAN,
    JINSHUI,
    WENHUA,
    City,
    Clock,
    a_member,
    a_terminal,
    all_of,
    an_id,
    drain,
    issued,
)
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
STREET, COMMUNITY, LEAF = 100 + JINSHUI, 100 + WENHUA, 100 + BLOCK
WORDS = "请把地下车库的车挪走"
OF_PASSED = "SELECT member, channel FROM delivery WHERE kind = 'passed_down' ORDER BY member, channel"


@pytest.fixture
def phones(pool: AsyncConnectionPool[Any], bus: LocalBus, clock: Clock) -> Phones:
    return Phones(pool, bus, clock)


async def test_the_leaders_below_hear_it_once_with_the_leader_s_own_words(
    desk: Desk, city: City, phones: Phones, sms: Dispatcher, terminals: Dispatcher, connection: Connection
) -> None:
    await a_terminal(connection, 1, member=LEAF)
    alert = await issued(desk, city)
    passed = await phones.pass_down(STREET, alert.id, passing_id=an_id(), words=f"  {WORDS}\n")
    assert (passed.people, passed.is_repeat) == (2, False)
    assert await all_of(connection, OF_PASSED) == [(COMMUNITY, "sms"), (LEAF, "sms"), (LEAF, "terminal")]
    await drain(sms)
    await drain(terminals)
    bodies = await all_of(connection, "SELECT body FROM outbox_message WHERE body LIKE '%转达%'")
    assert len(bodies) == 2
    said = f"【网格预警】上级转达：暴雨黄色预警[III级/较重]张{STREET}（经八路街道）：{WORDS}。未来6小时强降雨。"
    assert all(body.startswith(said) and "/ack/" in body for body in bodies)
    (payload,) = await all_of(
        connection,
        "SELECT convert_from(payload, 'UTF8') FROM downlink WHERE payload::text LIKE '%' ORDER BY id DESC LIMIT 1",
    )
    assert '"kind":"passed_down"' in payload
    assert WORDS in payload


async def test_it_is_on_record_who_passed_what_to_how_many(
    desk: Desk, city: City, phones: Phones, connection: Connection
) -> None:
    alert = await issued(desk, city)
    await phones.pass_down(STREET, alert.id, passing_id=an_id(), words=WORDS)
    (passing,) = await desk.passings(alert.id)
    assert (passing.member, passing.unit.id, passing.words, passing.people) == (STREET, JINSHUI, WORDS, 2)
    detail = await all_of(connection, "SELECT detail FROM audit WHERE action = 'alert.passed_down'")
    assert [(one["member"], one["words"], one["people"]) for one in detail] == [(STREET, WORDS, 2)]
    with pytest.raises(psycopg.errors.RestrictViolation):
        await connection.execute("UPDATE passing SET words = 'nothing'")


async def test_the_form_sent_twice_tells_nobody_twice(
    desk: Desk, city: City, phones: Phones, connection: Connection
) -> None:
    alert, form = await issued(desk, city), an_id()
    await phones.pass_down(STREET, alert.id, passing_id=form, words=WORDS)
    again = await phones.pass_down(STREET, alert.id, passing_id=form, words=WORDS)
    assert again.is_repeat
    assert len(await all_of(connection, OF_PASSED)) == 2
    with pytest.raises(BadContent):
        await phones.pass_down(COMMUNITY, alert.id, passing_id=form, words=WORDS)


async def test_nobody_beside_or_above_is_told(desk: Desk, city: City, phones: Phones, connection: Connection) -> None:
    alert = await issued(desk, city, targets=(JINSHUI, HUAYUAN))
    await phones.pass_down(COMMUNITY, alert.id, passing_id=an_id(), words=WORDS)
    assert await all_of(connection, OF_PASSED) == [(LEAF, "sms")]
    told = await all_of(connection, "SELECT told FROM passing")
    assert told == [[LEAF]]


async def test_what_was_not_warned_is_not_told_of_it(
    desk: Desk, city: City, phones: Phones, connection: Connection
) -> None:
    """A leader of two streets, of which one was warned, passes it down in that one."""
    await connection.execute(
        "INSERT INTO assignment (member, unit, role, is_primary) VALUES (%s, %s, 'leader', false)",
        [100 + HUAYUAN, JINSHUI],
    )
    alert = await issued(desk, city, targets=(HUAYUAN, JINSHUI))
    await desk.lift(alert.id, city.county, alert.version)
    alert = await issued(desk, city, targets=(HUAYUAN,))
    with pytest.raises(NotAllowed, match="nobody to pass it down to"):
        await phones.pass_down(100 + HUAYUAN, alert.id, passing_id=an_id(), words=WORDS)
    assert (await phones.read(100 + HUAYUAN, alert.id)).may_tell == 0


async def test_those_whom_the_issuer_left_out_join_the_audience_and_are_told_of_its_end(
    desk: Desk, city: City, phones: Phones, sms: Dispatcher, connection: Connection
) -> None:
    alert = await issued(desk, city, depth="grid-1")
    assert (await desk.get(alert.id)).reach.audience == 1
    assert (await phones.read(STREET, alert.id)).may_tell == 2
    await phones.pass_down(STREET, alert.id, passing_id=an_id(), words=WORDS)
    await drain(sms)
    reach = (await desk.get(alert.id)).reach
    assert (reach.audience, reach.told, reach.failed) == (3, 3, 0)
    total = (await desk.reach(alert.id)).within(1, 16).total
    assert (total.audience, total.told, total.failed) == (3, 3, 0)
    assert (await desk.calls(alert.id, Wanted(within=CITY))).total == 0  # they were told, by their leader
    reasons = await all_of(connection, "SELECT reasons FROM audience ORDER BY member OFFSET 1")
    assert [reason[0] for reason in reasons] == [
        {"why": "passed_down", "unit": unit, "by": STREET} for unit in (WENHUA, BLOCK)
    ]
    assert await desk.acknowledge(alert.id, LEAF, "link")
    await desk.lift(alert.id, city.county, alert.version)
    follow_ups = await all_of(connection, "SELECT member FROM delivery WHERE kind = 'follow_up' ORDER BY member")
    assert follow_ups == [STREET, COMMUNITY, LEAF]


async def test_who_heard_it_from_their_leader_is_reminded_like_everybody(
    desk: Desk, city: City, phones: Phones, sms: Dispatcher, watch: Watch, clock: Clock, connection: Connection
) -> None:
    alert = await issued(desk, city, depth="grid-1")
    await phones.pass_down(STREET, alert.id, passing_id=an_id(), words=WORDS)
    await drain(sms)
    await desk.acknowledge(alert.id, COMMUNITY, "phone")
    clock.forward(minutes=31)
    await watch.fire_due()
    reminded = await all_of(connection, "SELECT member FROM delivery WHERE kind = 'reminder' ORDER BY member")
    assert reminded == [STREET, LEAF]
    await drain(sms)
    clock.forward(minutes=60)
    await watch.fire_due()
    digests = await all_of(connection, "SELECT member FROM delivery WHERE kind = 'digest' ORDER BY member")
    assert COMMUNITY in digests  # the superior of the block


async def test_a_new_level_silences_what_was_passed_down_before(
    desk: Desk, city: City, phones: Phones, connection: Connection
) -> None:
    alert = await issued(desk, city)
    await phones.pass_down(STREET, alert.id, passing_id=an_id(), words=WORDS)
    lifted = await desk.lift(alert.id, city.county, alert.version)
    states = await all_of(connection, "SELECT DISTINCT state FROM delivery WHERE kind = 'passed_down'")
    assert states == ["expired"]
    with pytest.raises(IllegalMove, match="over"):
        await phones.pass_down(STREET, lifted.id, passing_id=an_id(), words=WORDS)


async def test_people_who_share_a_phone_hear_it_once(
    desk: Desk, city: City, phones: Phones, connection: Connection
) -> None:
    phone = f"+86138{LEAF:08d}"
    await a_member(connection, 120, unit=BLOCK, role="leader", phone=phone)
    await a_member(connection, 121, unit=WENHUA, role="leader", phone=f"+86138{STREET:08d}")  # of the passer
    alert = await issued(desk, city)
    await phones.pass_down(STREET, alert.id, passing_id=an_id(), words=WORDS)
    assert await all_of(connection, OF_PASSED) == [(COMMUNITY, "sms"), (LEAF, "sms")]


@pytest.mark.parametrize("words", ["", "  \n\t", "\0", "雨" * (MOST_CHARACTERS + 1)])
async def test_words_that_say_nothing_or_too_much_are_refused(
    desk: Desk, city: City, phones: Phones, words: str
) -> None:
    alert = await issued(desk, city)
    with pytest.raises(BadContent):
        await phones.pass_down(STREET, alert.id, passing_id=an_id(), words=words)


async def test_who_leads_nothing_below_or_was_not_told_passes_nothing_down(
    desk: Desk, city: City, phones: Phones, connection: Connection
) -> None:
    alert = await issued(desk, city)
    with pytest.raises(NotAllowed):
        await phones.pass_down(LEAF, alert.id, passing_id=an_id(), words=WORDS)
    for member in (100 + EAST_STREET, 100 + HUAYUAN, 4_000):
        with pytest.raises(UnknownAlert):
            await phones.pass_down(member, alert.id, passing_id=an_id(), words=WORDS)
        with pytest.raises(UnknownAlert):
            await phones.read(member, alert.id)
    with pytest.raises(UnknownAlert):
        await phones.pass_down(STREET, an_id(), passing_id=an_id(), words=WORDS)
    assert await all_of(connection, OF_PASSED) == []


async def test_a_leader_does_not_flood_their_people(desk: Desk, city: City, phones: Phones) -> None:
    alert = await issued(desk, city)
    for _ in range(MOST_PASSINGS):
        await phones.pass_down(STREET, alert.id, passing_id=an_id(), words=WORDS)
    with pytest.raises(NotAllowed, match="telephone"):
        await phones.pass_down(STREET, alert.id, passing_id=an_id(), words=WORDS)


async def test_each_reads_what_they_said_or_heard(desk: Desk, city: City, phones: Phones) -> None:
    alert = await issued(desk, city)
    await phones.pass_down(COMMUNITY, alert.id, passing_id=an_id(), words=WORDS)
    read = {member: (await phones.read(member, alert.id)).passings for member in (STREET, COMMUNITY, LEAF)}
    assert {member: [one.words for one in heard] for member, heard in read.items()} == {
        STREET: [],
        COMMUNITY: [WORDS],
        LEAF: [WORDS],
    }


async def test_the_list_has_the_gravest_first_and_forgets_after_a_fortnight(
    desk: Desk, city: City, phones: Phones, clock: Clock
) -> None:
    over = await issued(desk, city, headline="past")
    await desk.lift(over.id, city.county, over.version)
    await issued(desk, city, headline="yellow")
    clock.forward(minutes=1)
    await issued(desk, city, headline="red", level=Level.RED)
    clock.forward(minutes=1)
    await issued(desk, city, headline="not for Wenhua", targets=(HUAYUAN,))
    assert [one.headline for one in await phones.list(COMMUNITY)] == ["red", "yellow", "past"]
    clock.forward(days=14)
    assert [one.headline for one in await phones.list(COMMUNITY)] == ["red", "yellow"]

"""Texts of phones: where they are about, the cases they make, and who wants no circulars any more."""

import uuid
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from alerts.changes.sending import Asked
from alerts.core.circulars import ConfirmBy
from alerts.desk import Desk
from alerts.dispatch import Dispatcher
from alerts.inbox import Inbox
from alerts.message_desk import MessageDesk
from alerts.replies import Replies
from alerts.store import inbound, text_cases
from alerts.store.inbound import Part
from tests.integration.alerts.builders import (
    BLOCK,
    CITY,
    EAST,
    EAST_STREET,
    HUAYUAN,
    JINSHUI,
    WENHUA,
    City,
    Clock,
    a_member,
    a_square,
    drain,
    issued,
)
from tests.integration.alerts.test_circulars import preview, rows, send, set_limits
from tracker.bus.local import LocalBus
from tracker.organisation.errors import Conflict

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]
RESIDENT = "+8613911110001"
LEADER = 100 + BLOCK
LEADERS_NUMBER = f"+86138{LEADER:08d}"
ABOUT = "SELECT place, place_by, place_said, candidates FROM sms_inbound ORDER BY id"
CASES = "SELECT unit, number, texts, opened_by FROM text_case ORDER BY id"
TO_LEADER = Asked(unit=CITY, left=1, right=16, text_zh="今晚八点开会", members=[LEADER])


@pytest.fixture
def replies(pool: Pool, bus: LocalBus, clock: Clock) -> Replies:
    return Replies(pool, bus, clock)


@pytest.fixture
def messages(clock: Clock) -> MessageDesk:
    return MessageDesk(clock, ZoneInfo("Asia/Shanghai"))


@pytest.fixture(autouse=True)
async def grids(connection: Connection, city: City) -> None:
    """The block is a square, the east street the one beside it."""
    await connection.execute("INSERT INTO grid_set (takes_effect_at) VALUES ('2026-01-01')")
    for unit, west in ((BLOCK, 113.60), (EAST_STREET, 113.61)):
        await connection.execute(
            "INSERT INTO grid VALUES (1, %s, true, %s, %s, 34.70, %s, 34.71)",
            [unit, a_square(west=west, south=34.70), west, west + 0.01],
        )


async def heard(connection: Connection, replies: Replies, clock: Clock, *texts: str, source: str = RESIDENT) -> None:
    parts = [Part(source, "10690001", text, None, 1, 1) for text in texts]
    await inbound.keep(connection, parts, provider="operator", now=clock())
    assert await replies.round() == len(texts)


@pytest.mark.parametrize(
    ("text", "place", "by", "said"),
    [
        ("文化社区地下室进水", WENHUA, "name", "文化社区"),
        ("Wenhua Block 1: water", BLOCK, "name", "wenhuablock1"),
        ("网格410104001有人受伤", EAST_STREET, "code", "410104001"),
        ("34.705,113.605 进水", BLOCK, "coordinates", "34.705,113.605"),
        ("文化社区 geo:34.705,113.615", EAST_STREET, "coordinates", "geo:34.705,113.615"),  # exact before landmarks
        ("北纬40.10 东经116.10", None, "coordinates", "北纬40.10 东经116.10"),  # outside the city, and says so
        ("共12.50,13.60元", None, None, ""),  # two bare numbers outside the city are prices
        ("郑州市进水了", None, None, ""),  # the whole city is no place
        ("救命", None, None, ""),
    ],
)
async def test_a_text_is_about_the_place_that_it_names(
    connection: Connection,
    replies: Replies,
    clock: Clock,
    text: str,
    place: int | None,
    by: str | None,
    said: str,
) -> None:
    await heard(connection, replies, clock, text)
    assert await rows(connection, ABOUT) == [(place, by, said, [])]
    assert await rows(connection, CASES) == ([] if place is None else [(place, RESIDENT, 1, None)])


async def test_of_several_places_none_is_taken_and_all_are_kept(
    connection: Connection, replies: Replies, clock: Clock
) -> None:
    await heard(connection, replies, clock, "文化社区到管城区的路断了", "34.705,113.605 34.705,113.615")
    assert await rows(connection, ABOUT) == [(None, None, "", [WENHUA, EAST]), (None, None, "", [BLOCK, EAST_STREET])]
    assert await rows(connection, CASES) == []


async def test_a_department_and_a_closed_unit_are_no_places(
    connection: Connection, replies: Replies, clock: Clock
) -> None:
    await connection.execute("UPDATE unit SET closed_at = now() WHERE id = %s", [HUAYUAN])
    await connection.execute("UPDATE unit SET level = 'department' WHERE id = %s", [EAST])
    await heard(connection, replies, clock, "花园路街道", "管城区")
    assert await rows(connection, ABOUT) == [(None, None, "", [])] * 2


async def test_who_writes_again_about_the_place_joins_the_open_case(
    connection: Connection, replies: Replies, clock: Clock, city: City
) -> None:
    await heard(connection, replies, clock, "文化社区进水", "文化社区停电")
    await heard(connection, replies, clock, "文化社区进水", source=LEADERS_NUMBER)  # somebody else's is another case
    assert await rows(connection, CASES) == [(WENHUA, RESIDENT, 2, None), (WENHUA, LEADERS_NUMBER, 1, None)]
    inbox = Inbox(clock)
    mine = (await inbox.cases(connection, left=1, right=16, only_open=True, limit=10))[1]
    assert [text.text for text in mine.texts] == ["文化社区停电", "文化社区进水"]
    await inbox.take(connection, mine.row, city.county)
    with pytest.raises(Conflict):
        await inbox.take(connection, mine.row, city.county)
    await inbox.close(connection, mine.row, city.county)
    await heard(connection, replies, clock, "文化社区又进水")
    assert await rows(connection, CASES + " OFFSET 2") == [(WENHUA, RESIDENT, 1, None)]


async def test_a_yes_behind_a_circular_acknowledges_no_warning_until_it_is_told_again(
    desk: Desk,
    city: City,
    sms: Dispatcher,
    connection: Connection,
    replies: Replies,
    clock: Clock,
    messages: MessageDesk,
) -> None:
    await issued(desk, city)
    await drain(sms)
    clock.forward(hours=3)
    await send(connection, messages, TO_LEADER, city)
    await drain(sms)
    await heard(connection, replies, clock, "收到", source=LEADERS_NUMBER)
    assert await rows(connection, "SELECT count(*) FROM acknowledgement") == [(0,)]
    identifier = (await rows(connection, "SELECT identifier FROM alert"))[0][0]
    await heard(connection, replies, clock, identifier, source=LEADERS_NUMBER)
    assert await rows(connection, "SELECT member FROM acknowledgement") == [(LEADER,)]
    clock.forward(minutes=1)
    last = await issued(desk, city)
    await drain(sms)
    await heard(connection, replies, clock, "1", source=LEADERS_NUMBER)
    assert await rows(connection, "SELECT member FROM acknowledgement WHERE alert = %s", last.id) == [(LEADER,)]
    routes = [row[0] for row in await rows(connection, "SELECT route FROM sms_inbound ORDER BY id")]
    assert routes == ["resident", "acknowledgement", "acknowledgement"]


async def test_a_yes_in_one_batch_with_a_circular_and_one_to_what_may_have_left_are_kept_for_people(
    desk: Desk,
    city: City,
    sms: Dispatcher,
    connection: Connection,
    replies: Replies,
    clock: Clock,
    messages: MessageDesk,
) -> None:
    await issued(desk, city)
    await send(connection, messages, TO_LEADER, city)
    await drain(sms)
    await heard(connection, replies, clock, "收到", source=LEADERS_NUMBER)
    await connection.execute(
        "UPDATE delivery SET state = 'queued', sent_at = NULL, settled_at = NULL, is_possible_duplicate = true"
        " WHERE circular IS NOT NULL"
    )
    clock.forward(minutes=1)
    await heard(connection, replies, clock, "收到", source=LEADERS_NUMBER)
    assert await rows(connection, "SELECT route FROM sms_inbound") == [("resident",)] * 2


@pytest.mark.parametrize(("hours", "route"), [(23, "acknowledgement"), (24.5, "acknowledgement"), (72, "resident")])
async def test_a_yes_acknowledges_a_warning_in_force_or_one_that_has_just_ended(
    desk: Desk,
    city: City,
    sms: Dispatcher,
    connection: Connection,
    replies: Replies,
    clock: Clock,
    hours: float,
    route: str,
) -> None:
    await issued(desk, city)
    await drain(sms)
    clock.forward(hours=hours)
    await heard(connection, replies, clock, "收到", source=LEADERS_NUMBER)
    assert await rows(connection, "SELECT route FROM sms_inbound") == [(route,)]


async def test_an_acknowledgement_and_a_services_short_number_make_no_case(
    desk: Desk, city: City, sms: Dispatcher, connection: Connection, replies: Replies, clock: Clock
) -> None:
    await issued(desk, city)
    await drain(sms)
    await heard(connection, replies, clock, "收到", source=LEADERS_NUMBER)
    await heard(connection, replies, clock, "文化社区网络维护", source="10086")
    assert await rows(connection, "SELECT route, place FROM sms_inbound ORDER BY id") == [
        ("acknowledgement", None),
        ("resident", WENHUA),
    ]
    assert await rows(connection, CASES) == []


async def test_a_person_makes_a_case_of_a_text_once(
    connection: Connection, replies: Replies, clock: Clock, city: City
) -> None:
    await heard(connection, replies, clock, "家里进水了")
    message = (await rows(connection, "SELECT id FROM sms_inbound"))[0][0]
    inbox = Inbox(clock)
    async with connection.transaction():
        case = await inbox.open_case(connection, city.county, message=message, number=RESIDENT, unit=JINSHUI)
    found = await text_cases.find(connection, case)
    assert found is not None
    assert (found.unit, found.opened_by, found.texts) == (JINSHUI, city.county.account, 1)
    assert await rows(connection, "SELECT place, place_by FROM sms_inbound") == [(JINSHUI, "person")]
    with pytest.raises(Conflict):
        await inbox.open_case(connection, city.county, message=message, number=RESIDENT, unit=JINSHUI)


async def test_who_wrote_stop_gets_no_circulars_until_start_and_warnings_all_the_same(
    desk: Desk,
    city: City,
    sms: Dispatcher,
    connection: Connection,
    replies: Replies,
    clock: Clock,
    messages: MessageDesk,
) -> None:
    await set_limits(connection, quiet_from=None, quiet_to=None)
    await heard(connection, replies, clock, "退订", source=LEADERS_NUMBER)
    plan = await preview(connection, messages, TO_LEADER)
    assert (plan.counted.recipients, plan.counted.left_out) == (0, {"stopped": 1})
    await a_member(connection, 300, unit=BLOCK, phone=LEADERS_NUMBER)  # whoever shares the number is left out with it
    shared = await preview(connection, messages, Asked(unit=CITY, left=1, right=16, text_zh="x", members=[LEADER, 300]))
    assert shared.counted.left_out == {"stopped": 2}
    await issued(desk, city)
    await drain(sms)
    told = await rows(connection, "SELECT count(*) FROM delivery WHERE address = %s", LEADERS_NUMBER)
    assert told == [(1,)]
    await heard(connection, replies, clock, "恢复", source=LEADERS_NUMBER)
    plan = await preview(connection, messages, TO_LEADER)
    assert (plan.counted.recipients, plan.counted.left_out) == (1, {})


async def test_stop_withdraws_circulars_that_have_not_left_and_no_warning(
    desk: Desk, city: City, connection: Connection, replies: Replies, clock: Clock, messages: MessageDesk
) -> None:
    await set_limits(connection, quiet_from=None, quiet_to=None)
    await issued(desk, city)
    await send(connection, messages, TO_LEADER, city)
    await heard(connection, replies, clock, "TD", source=LEADERS_NUMBER)
    left = "SELECT circular IS NOT NULL, state FROM delivery WHERE address = %s ORDER BY id"
    assert await rows(connection, left, LEADERS_NUMBER) == [(False, "queued"), (True, "expired")]


async def test_a_circular_that_waited_for_a_second_person_leaves_out_who_stopped_meanwhile(
    city: City, connection: Connection, replies: Replies, clock: Clock, messages: MessageDesk
) -> None:
    await set_limits(connection, quiet_from=None, quiet_to=None, confirm_above=0, confirm_by=ConfirmBy.PERSON)
    both = Asked(unit=CITY, left=1, right=16, text_zh="今晚八点开会", members=[LEADER, 100 + HUAYUAN])
    circular: uuid.UUID = await send(connection, messages, both, city)
    await heard(connection, replies, clock, "STOP", source=LEADERS_NUMBER)
    async with connection.transaction():
        await messages.release(connection, circular, city.county)
    assert await rows(connection, "SELECT recipients, left_out, parts FROM circular") == [(1, 1, 1)]
    assert await rows(connection, "SELECT count(*) FROM delivery") == [(1,)]
    assert await messages.reasons(connection, circular) == {"stopped": 1}


async def test_the_last_word_counts_in_whatever_order_words_are_looked_at(
    connection: Connection, replies: Replies, clock: Clock, messages: MessageDesk
) -> None:
    """Two programs look at texts of one number: the one that comes late has the older text."""
    parts = [Part(LEADERS_NUMBER, "1", text, None, 1, 1) for text in ("TD", "START")]
    await inbound.keep(connection, parts, provider="operator", now=clock())
    async with connection.transaction():
        await connection.execute("SELECT FROM sms_inbound WHERE body = 'TD' FOR UPDATE")
        assert await replies.round() == 1
    assert await replies.round() == 1
    assert (await preview(connection, messages, TO_LEADER)).counted.left_out == {}


async def test_a_stop_is_lifted_once(connection: Connection, replies: Replies, clock: Clock, city: City) -> None:
    await heard(connection, replies, clock, "TD")
    inbox = Inbox(clock)
    await inbox.lift(connection, city.county, number=RESIDENT)
    with pytest.raises(Conflict):
        await inbox.lift(connection, city.county, number=RESIDENT)
    assert await rows(connection, "SELECT is_stopped, changed_by FROM sms_stop") == [(False, city.county.account)]

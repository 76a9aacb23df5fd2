"""Circulars on the real database: who gets one and who does not, once, when, and what becomes of it."""

import random
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from alerts import dispatch
from alerts.changes.sending import Asked
from alerts.core import texts
from alerts.core.circulars import ConfirmBy, Limits
from alerts.core.errors import IllegalMove, NotAllowed
from alerts.desk import Desk
from alerts.dispatch import Dispatcher
from alerts.message_desk import MessageDesk
from alerts.message_watch import MessageWatch
from alerts.store import message_limits
from alerts.store.message_groups import Group
from alerts.store.recipients import Units
from tests.integration.alerts.builders import (
    BLOCK,
    CITY,
    EAST_STREET,
    JINSHUI,
    NOON,
    WENHUA,
    WEST,
    City,
    Clock,
    a_member,
    a_team,
    drain,
    issued,
)
from tracker.organisation.errors import Conflict, Invalid

Connection = psycopg.AsyncConnection[Any]
ZONE = ZoneInfo("Asia/Shanghai")


def asked(**changed: Any) -> Asked:
    given: dict[str, Any] = {"unit": CITY, "left": 1, "right": 16, "text_zh": "今晚八点开会", **changed}
    return Asked(**given)


@pytest.fixture
def messages(clock: Clock) -> MessageDesk:
    return MessageDesk(clock, ZONE)


async def set_limits(connection: Connection, **changed: Any) -> None:
    before = await message_limits.read(connection)
    values = {name: getattr(before, name) for name in Limits.__slots__} | changed
    await message_limits.change(connection, Limits(**values))


async def send(
    connection: Connection, desk: MessageDesk, what: Asked, city: City, *, confirmed: int | None = None
) -> uuid.UUID:
    circular = uuid.uuid4()
    async with connection.transaction():
        assert await desk.send(connection, circular, what, city.mayor, confirmed=confirmed)
    return circular


async def preview(connection: Connection, desk: MessageDesk, what: Asked) -> Any:
    async with connection.transaction():
        return await desk.preview(connection, what)


async def rows(connection: Connection, statement: Any, *values: Any) -> list[Any]:
    return await (await connection.execute(statement, values)).fetchall()


async def test_each_number_is_sent_to_once_and_nobody_valid_is_lost(
    connection: Connection, city: City, messages: MessageDesk
) -> None:
    await a_member(connection, 300, unit=BLOCK, phone="+8613800000106")  # the block's own phone, shared
    await a_member(connection, 301, unit=BLOCK, phone=None)
    typed = ["13912345678", "+86 139-1234-5678", "0086 139 1234 5678", "12", "+8613800000107"]
    what = asked(units=[Units(unit=WENHUA, who="members")], numbers=typed)
    plan = await preview(connection, messages, what)
    assert plan.counted.recipients == 3  # two leaders, one of whom was typed as well, and the strange number
    assert plan.counted.left_out == {"bad_number": 1, "duplicate": 1, "no_phone": 1}
    assert plan.repeated == 1  # one number, three times
    assert [each.number for each in plan.left_out if each.left_out == "bad_number"] == ["12"]


async def test_parts_and_price_are_those_of_the_signed_text(
    connection: Connection, city: City, messages: MessageDesk
) -> None:
    await set_limits(connection, signature_zh="郑州网格")
    what = asked(text_zh="好" * 65, numbers=["13912345678", "13912345679"])
    plan = await preview(connection, messages, what)
    assert (plan.parts_zh, plan.counted.parts, str(plan.cost)) == (2, 4, "0.2000")
    assert plan.sample_zh.startswith("【郑州网格】")


async def test_parts_are_counted_in_sql_as_in_python(connection: Connection) -> None:
    draw = random.Random(7)
    alphabets = ["ab c", "a€[]^", "好a", "好🚨", "é~好", "@\n\f|\\-'"]
    bodies = [
        "".join(
            draw.choices(draw.choice(alphabets), k=draw.choice([0, 1, 69, 70, 71, 134, 135, 159, 160, 161, 306, 400]))
        )
        for _ in range(300)
    ]
    found = await rows(connection, "SELECT sms_parts(body) FROM unnest(%s::text[]) AS body", bodies)
    assert [row[0] for row in found] == [texts.parts(body) for body in bodies]


async def test_a_reader_is_named_and_a_bare_number_is_left_out_of_what_names_its_reader(
    connection: Connection, city: City, messages: MessageDesk
) -> None:
    circular = await send(
        connection,
        messages,
        asked(text_zh="{name}，请到{unit}", members=[100 + BLOCK], numbers=["13912345678"]),
        city,
    )
    found = await rows(connection, "SELECT body, priority, kind, alert FROM delivery WHERE circular = %s", circular)
    assert found == [("【网格预警】张107，请到文化一格", 20, "manual", None)]
    assert await messages.reasons(connection, circular) == {"no_value": 1}


async def test_a_retry_sends_once_and_another_text_under_the_same_id_is_refused(
    connection: Connection, city: City, messages: MessageDesk
) -> None:
    circular = await send(connection, messages, asked(members=[100 + WEST]), city)
    async with connection.transaction():
        assert not await messages.send(connection, circular, asked(members=[100 + WEST]), city.mayor, confirmed=None)
    with pytest.raises(Conflict, match="something else"):
        async with connection.transaction():
            await messages.send(connection, circular, asked(members=[100 + BLOCK]), city.mayor, confirmed=None)
    assert await rows(connection, "SELECT count(*) FROM delivery") == [(1,)]


async def test_teams_groups_and_grids_are_one_audience_within_the_senders_units(
    connection: Connection, city: City, messages: MessageDesk
) -> None:
    await a_team(connection, 5, unit=CITY, members=[100 + JINSHUI, 100 + EAST_STREET])
    group = await messages.add_group(
        connection,
        Group(unit=WEST, name="西区网格长", kind="rule", who="leaders", within=WEST, at_level="grid-2"),
        [],
        left=1,
        right=16,
    )
    what = asked(unit=WEST, left=2, right=11, teams=[5], groups=[group], units=[Units(unit=JINSHUI, who="leaders")])
    plan = await preview(connection, messages, what)
    assert sorted(each.member for each in plan.people) == [100 + JINSHUI, 100 + WENHUA, 100 + BLOCK]
    assert plan.counted.left_out == {"not_yours": 1}
    assert [(each.name, each.number) for each in plan.left_out] == [("", None)]


async def test_quiet_hours_hold_a_circular_and_not_a_warning(
    connection: Connection, city: City, messages: MessageDesk, desk: Desk, sms: Dispatcher, clock: Clock
) -> None:
    clock.now = datetime(2026, 7, 20, 15, 30, tzinfo=UTC)  # 23:30
    circular = await send(connection, messages, asked(members=[100 + WEST]), city)
    await issued(desk, city, targets=(JINSHUI,))
    await drain(sms)
    left = await rows(connection, "SELECT DISTINCT kind FROM delivery WHERE state = 'delivered'")
    assert left == [("telling",)]
    clock.now = datetime(2026, 7, 20, 23, 0, 1, tzinfo=UTC)
    await connection.execute("UPDATE delivery SET not_before = NULL WHERE not_before <= %s", [clock.now])
    await drain(sms)
    assert await rows(connection, "SELECT state FROM delivery WHERE circular = %s", circular) == [("delivered",)]


async def test_what_has_not_left_when_quiet_hours_begin_waits_and_stays_valid(
    connection: Connection, pool: Any, city: City, messages: MessageDesk, sms: Dispatcher, clock: Clock
) -> None:
    await send(connection, messages, asked(members=[100 + WEST]), city)
    clock.now = datetime(2026, 7, 20, 14, 30, tzinfo=UTC)  # 22:30
    watch = MessageWatch(pool, clock, ZONE)
    assert (await watch.hold(), await watch.hold()) == (1, 0)
    assert await sms.claim(10) == []
    until = datetime(2026, 7, 20, 23, 0, tzinfo=UTC)
    found = await rows(connection, "SELECT not_before, expires_at FROM delivery")
    assert found == [(until, until + timedelta(hours=24))]
    assert await rows(connection, "SELECT day::text FROM circular_recipient") == [("2026-07-21",)]
    await set_limits(connection, daily_cap=1, quiet_from=None, quiet_to=None)
    clock.now = until
    plan = await preview(connection, messages, asked(members=[100 + WEST]))
    assert plan.counted.left_out == {"over_cap": 1}


async def test_a_person_is_sent_no_more_than_the_daily_cap_and_a_warning_all_the_same(
    connection: Connection, city: City, messages: MessageDesk, desk: Desk, clock: Clock
) -> None:
    await set_limits(connection, daily_cap=1)
    await send(connection, messages, asked(members=[100 + JINSHUI]), city)
    plan = await preview(connection, messages, asked(members=[100 + JINSHUI, 100 + WEST]))
    assert (plan.counted.recipients, plan.counted.left_out) == (1, {"over_cap": 1})
    with pytest.raises(Invalid, match="nobody"):
        await send(connection, messages, asked(members=[100 + JINSHUI]), city)
    await issued(desk, city, targets=(JINSHUI,))
    told = await rows(connection, "SELECT count(*) FROM delivery WHERE kind = 'telling' AND member = %s", 100 + JINSHUI)
    assert told == [(1,)]
    clock.now = NOON + timedelta(days=1)
    await send(connection, messages, asked(members=[100 + JINSHUI]), city)


async def test_what_left_before_its_circular_was_cancelled_counts_towards_the_cap(
    connection: Connection, city: City, messages: MessageDesk, sms: Dispatcher
) -> None:
    await set_limits(connection, daily_cap=1)
    circular = await send(connection, messages, asked(members=[100 + JINSHUI, 100 + WEST, 100 + BLOCK]), city)
    await sms.send(await sms.claim(1))
    await sms.claim(1)  # it may leave
    async with connection.transaction():
        assert await messages.cancel(connection, circular, city.mayor) == 1
    plan = await preview(connection, messages, asked(members=[100 + JINSHUI, 100 + WEST, 100 + BLOCK]))
    assert (plan.counted.recipients, plan.counted.left_out) == (1, {"over_cap": 2})


async def test_what_a_second_person_lets_go_late_counts_on_the_day_it_leaves(
    connection: Connection, city: City, messages: MessageDesk, clock: Clock
) -> None:
    await set_limits(connection, daily_cap=1, confirm_above=0, confirm_by=ConfirmBy.PERSON)
    circular = await send(connection, messages, asked(members=[100 + WEST]), city)
    clock.forward(days=1)
    async with connection.transaction():
        await messages.release(connection, circular, city.county)
    plan = await preview(connection, messages, asked(members=[100 + WEST]))
    assert plan.counted.left_out == {"over_cap": 1}


async def test_many_are_confirmed_by_typing_how_many(connection: Connection, city: City, messages: MessageDesk) -> None:
    await set_limits(connection, confirm_above=1)
    what = asked(members=[100 + WEST, 100 + BLOCK])
    with pytest.raises(Conflict, match="2 people"):
        await send(connection, messages, what, city, confirmed=3)
    assert await rows(connection, "SELECT count(*) FROM circular_recipient") == [(0,)]
    await send(connection, messages, what, city, confirmed=2)


async def test_or_by_a_second_person_to_the_recipients_of_then(
    connection: Connection, city: City, messages: MessageDesk, clock: Clock
) -> None:

    await set_limits(connection, confirm_above=0, confirm_by=ConfirmBy.PERSON)
    circular = await send(connection, messages, asked(units=[Units(unit=WENHUA, who="leaders")]), city)
    assert await rows(connection, "SELECT count(*) FROM delivery") == [(0,)]
    await a_member(connection, 310, unit=BLOCK, role="leader")
    with pytest.raises(NotAllowed):
        async with connection.transaction():
            await messages.release(connection, circular, city.mayor)
    async with connection.transaction():
        await messages.release(connection, circular, city.county)
    assert await rows(connection, "SELECT count(*), min(state) FROM delivery") == [(2, "queued")]
    with pytest.raises(IllegalMove):
        async with connection.transaction():
            await messages.decline(connection, circular, city.county)


async def test_in_test_mode_only_the_list_is_sent_to(connection: Connection, city: City, messages: MessageDesk) -> None:
    await set_limits(connection, is_test=True, test_numbers=("+8613800000102",))
    plan = await preview(connection, messages, asked(units=[Units(unit=WEST, who="leaders")]))
    assert (plan.counted.recipients, plan.counted.left_out) == (1, {"test_mode": 4})


async def switch_on_test_mode(connection: Connection, messages: MessageDesk, *numbers: str) -> None:
    limits = replace(await messages.limits(connection), is_test=True, test_numbers=numbers)
    async with connection.transaction():
        await messages.change_limits(connection, limits, revision=limits.revision)


async def test_who_waits_for_a_second_person_in_test_mode_is_sent_to_only_on_the_list(
    connection: Connection, city: City, messages: MessageDesk
) -> None:
    await set_limits(connection, confirm_above=0, confirm_by=ConfirmBy.PERSON)
    circular = await send(connection, messages, asked(units=[Units(unit=WEST, who="leaders")]), city)
    await switch_on_test_mode(connection, messages, "+8613800000102")
    async with connection.transaction():
        await messages.release(connection, circular, city.county)
    assert await rows(connection, "SELECT address FROM delivery") == [("+8613800000102",)]
    assert await messages.reasons(connection, circular) == {"test_mode": 4}
    assert await rows(connection, "SELECT recipients, left_out, parts FROM circular") == [(1, 4, 1)]


async def test_what_is_queued_for_others_when_test_mode_is_switched_on_does_not_leave_and_warnings_do(
    connection: Connection,
    pool: Any,
    city: City,
    messages: MessageDesk,
    desk: Desk,
    sms: Dispatcher,
    clock: Clock,
) -> None:
    await send(connection, messages, asked(members=[100 + WEST, 100 + BLOCK]), city)
    under_way = await sms.claim(1)
    later = NOON + timedelta(hours=2)
    await send(connection, messages, asked(members=[100 + WEST, 100 + EAST_STREET], due_at=later), city)
    await issued(desk, city, targets=(JINSHUI,))
    await switch_on_test_mode(connection, messages, "+8613800000108")
    await sms.send(under_way)
    clock.now = later
    await dispatch.sweep(pool, clock)
    await drain(sms)
    found = await rows(
        connection, "SELECT DISTINCT address, state, detail FROM delivery WHERE alert IS NULL ORDER BY 1"
    )
    why = "test mode: the number is not on its list"
    assert found == [
        ("+8613800000102", "expired", why),
        ("+8613800000107", "expired", why),
        ("+8613800000108", "delivered", ""),
    ]
    assert await rows(connection, "SELECT DISTINCT state FROM delivery WHERE alert IS NOT NULL") == [("delivered",)]


async def test_a_circular_is_put_off_and_what_has_not_left_is_cancelled(
    connection: Connection, city: City, messages: MessageDesk, sms: Dispatcher, clock: Clock
) -> None:
    later = NOON + timedelta(hours=2)
    circular = await send(connection, messages, asked(members=[100 + WEST], due_at=later), city)
    assert await sms.claim(10) == []
    async with connection.transaction():
        assert await messages.cancel(connection, circular, city.mayor) == 1
    found = await rows(connection, "SELECT state, detail FROM delivery")
    assert found == [("expired", "cancelled before it left")]
    with pytest.raises(Invalid, match="passed"):
        await preview(connection, messages, asked(members=[100 + WEST], due_at=NOON - timedelta(hours=1)))


async def test_a_template_keeps_every_version_and_a_circular_names_its_own(
    connection: Connection, city: City, messages: MessageDesk
) -> None:
    given: dict[str, Any] = {"unit": CITY, "name": "集合", "text_zh": "请于{when}集合", "text_en": "Meet at {when}"}
    template = await messages.add_template(connection, city.mayor, **given)
    what = asked(text_zh="", template=template, values={"when": "18时"}, members=[100 + WEST])
    circular = await send(connection, messages, what, city)
    await messages.change_template(connection, template, city.mayor, revision=1, text_zh="请于{when}到{place}集合")
    versions = await messages.template_versions(connection, template)
    assert [(one.version, list(one.variables)) for one in versions] == [(2, ["when", "place"]), (1, ["when"])]
    found = await messages.find(connection, circular)
    assert found is not None
    assert (found.row.template_version, found.row.text_zh) == (1, "请于18时集合")
    with pytest.raises(Invalid, match="fill in: place"):
        await preview(connection, messages, what)
    with pytest.raises(psycopg.errors.RestrictViolation):
        await connection.execute("UPDATE message_template_version SET text_zh = ''")


async def test_figures_are_kept_by_day_with_the_times_of_what_arrived(
    connection: Connection, pool: Any, city: City, messages: MessageDesk, sms: Dispatcher, clock: Clock
) -> None:
    await send(connection, messages, asked(units=[Units(unit=WEST, who="leaders")], numbers=["13912345678"]), city)
    clock.forward(seconds=30)
    await drain(sms)
    assert await MessageWatch(pool, clock, ZONE).count() == 1
    found = await rows(
        connection, "SELECT day::text, unit, state, messages, times[28:29] FROM delivery_rollup ORDER BY unit"
    )
    day = "2026-07-20"
    assert [(row[0], row[1], row[2], row[3]) for row in found] == [
        (day, CITY, "delivered", 1),
        (day, WEST, "delivered", 1),
        (day, JINSHUI, "delivered", 3),
        (day, 5, "delivered", 1),
    ]
    times = await rows(
        connection, "SELECT cardinality(times), (SELECT sum(t) FROM unnest(times) t) FROM delivery_rollup"
    )
    assert {row[0] for row in times} == {41}
    assert sum(row[1] for row in times) == 6
